package sqlite

import (
	"context"
	"database/sql"
	"errors"
)

// statements are prepared once; database/sql prepares them again on each connection that it makes.
type statements struct {
	all []*sql.Stmt

	key            *sql.Stmt
	keys           *sql.Stmt
	balance        *sql.Stmt
	balances       *sql.Stmt
	createPurchase *sql.Stmt
	purchase       *sql.Stmt
	oldest         *sql.Stmt
	newest         *sql.Stmt
	accountOldest  *sql.Stmt
	accountNewest  *sql.Stmt
}

const (
	keyColumns      = "k.id, k.secret_hash, k.account_id, k.created_at"
	accountColumns  = "accounts.id, name, currency, active, active_plan"
	purchaseColumns = "token, account_id, amount, currency, status, created_at, settled_at"
	purchaseByToken = "SELECT " + purchaseColumns + " FROM purchases WHERE token = ?"
	// oldestFirst and newestFirst are the orders of purchases, from a cursor on.
	oldestFirst = " (created_at, token) > (?, ?) ORDER BY created_at, token LIMIT ?"
	newestFirst = " (created_at, token) < (?, ?) ORDER BY created_at DESC, token DESC LIMIT ?"
)

func prepare(ctx context.Context, writer, reader *sql.DB) (statements, error) {
	var s statements
	for _, statement := range []struct {
		into **sql.Stmt
		db   *sql.DB
		text string
	}{
		{&s.createPurchase, writer, "INSERT INTO purchases (" + purchaseColumns + ") VALUES (?, ?, ?, ?, ?, ?, ?)"},
		{&s.key, reader, "SELECT " + keyColumns + ", " + accountColumns +
			" FROM keys k JOIN accounts ON accounts.id = k.account_id WHERE k.id = ?"},
		{&s.keys, reader, "SELECT " + keyColumns + " FROM keys k WHERE k.account_id = ? ORDER BY k.id"},
		{&s.balance, reader, "SELECT " + accountColumns + ", balance FROM accounts WHERE id = ?"},
		{&s.purchase, reader, purchaseByToken},
		{&s.balances, reader, "SELECT " + accountColumns + ", balance FROM accounts WHERE id > ? ORDER BY id LIMIT ?"},
		{&s.oldest, reader, "SELECT " + purchaseColumns + " FROM purchases WHERE" + oldestFirst},
		{&s.newest, reader, "SELECT " + purchaseColumns + " FROM purchases WHERE" + newestFirst},
		{&s.accountOldest, reader, "SELECT " + purchaseColumns + " FROM purchases WHERE account_id = ? AND" + oldestFirst},
		{&s.accountNewest, reader, "SELECT " + purchaseColumns + " FROM purchases WHERE account_id = ? AND" + newestFirst},
	} {
		prepared, err := statement.db.PrepareContext(ctx, statement.text) //nolint:sqlclosecheck // close does it
		if err != nil {
			return s, err
		}
		*statement.into = prepared
		s.all = append(s.all, prepared)
	}
	return s, nil
}

func (s statements) close() error {
	var errs []error
	for _, prepared := range s.all {
		errs = append(errs, prepared.Close())
	}
	return errors.Join(errs...)
}
