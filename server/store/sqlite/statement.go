package sqlite

import (
	"context"
	"database/sql"
	"errors"
)

// statements are prepared once; database/sql prepares them again on each connection that it makes.
type statements struct {
	all []*sql.Stmt

	key              *sql.Stmt
	account          *sql.Stmt
	createPurchase   *sql.Stmt
	purchase         *sql.Stmt
	purchases        *sql.Stmt
	accountPurchases *sql.Stmt
}

const (
	accountColumns  = "a.id, a.name, a.currency, a.active, a.active_plan"
	purchaseColumns = "token, account_id, amount, currency, status, created_at"
	// ledger is the order of purchases, from a cursor on.
	ledger = " (created_at, token) > (?, ?) ORDER BY created_at, token LIMIT ?"
)

func prepare(ctx context.Context, writer, reader *sql.DB) (statements, error) {
	var s statements
	for _, statement := range []struct {
		into **sql.Stmt
		db   *sql.DB
		text string
	}{
		{&s.createPurchase, writer, "INSERT INTO purchases (" + purchaseColumns + ") VALUES (?, ?, ?, ?, ?, ?)"},
		{&s.key, reader, "SELECT k.secret_hash, " + accountColumns +
			" FROM keys k JOIN accounts a ON a.id = k.account_id WHERE k.id = ?"},
		{&s.account, reader, "SELECT " + accountColumns + " FROM accounts a WHERE a.id = ?"},
		{&s.purchase, reader, "SELECT " + purchaseColumns + " FROM purchases WHERE token = ?"},
		{&s.purchases, reader, "SELECT " + purchaseColumns + " FROM purchases WHERE" + ledger},
		{&s.accountPurchases, reader, "SELECT " + purchaseColumns + " FROM purchases WHERE account_id = ? AND" + ledger},
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
