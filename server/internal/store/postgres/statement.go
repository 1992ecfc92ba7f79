package postgres

import (
	"context"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
)

// The statements, each of which pgx prepares once on each connection.
const (
	keyColumns      = "k.id, k.secret_hash, k.account_id, k.created_at"
	accountColumns  = "accounts.id, name, currency, active, active_plan"
	purchaseColumns = "token, account_id, amount, currency, status, created_at, settled_at"

	keyByID        = "SELECT " + keyColumns + ", " + accountColumns + " FROM keys k JOIN accounts ON accounts.id = k.account_id WHERE k.id = $1"
	keysOfAccount  = "SELECT " + keyColumns + " FROM keys k WHERE k.account_id = $1 ORDER BY k.id"
	balanceByID    = "SELECT " + accountColumns + ", balance FROM accounts WHERE id = $1"
	balancesByPage = "SELECT " + accountColumns + ", balance FROM accounts WHERE id > $1 ORDER BY id LIMIT $2"

	purchaseByToken = "SELECT " + purchaseColumns + " FROM purchases WHERE token = $1"
	oldest          = "SELECT " + purchaseColumns + " FROM purchases WHERE" + oldestFirst
	newest          = "SELECT " + purchaseColumns + " FROM purchases WHERE" + newestFirst
	accountOldest   = "SELECT " + purchaseColumns + " FROM purchases WHERE account_id = $4 AND" + oldestFirst
	accountNewest   = "SELECT " + purchaseColumns + " FROM purchases WHERE account_id = $4 AND" + newestFirst
	// oldestFirst and newestFirst are the orders of purchases, from a cursor on.
	oldestFirst = " (created_at, token) > ($1, $2) ORDER BY created_at, token LIMIT $3"
	newestFirst = " (created_at, token) < ($1, $2) ORDER BY created_at DESC, token DESC LIMIT $3"

	insertAccount = "INSERT INTO accounts (id, name, currency, active, active_plan) VALUES ($1, $2, $3, $4, $5)"
	putAccount    = insertAccount + ` ON CONFLICT (id) DO UPDATE SET name = excluded.name, currency = excluded.currency,
		active = excluded.active, active_plan = excluded.active_plan`
	insertKey = "INSERT INTO keys (id, secret_hash, account_id, created_at) VALUES ($1, $2, $3, $4)"
	putKey    = insertKey + ` ON CONFLICT (id) DO UPDATE SET secret_hash = excluded.secret_hash,
		account_id = excluded.account_id, created_at = excluded.created_at`
	deleteKey     = "DELETE FROM keys WHERE id = $1"
	updateAccount = `UPDATE accounts SET active = coalesce($2, active), active_plan = coalesce($3, active_plan)
		WHERE id = $1 RETURNING ` + accountColumns

	insertPurchases = "INSERT INTO purchases (" + purchaseColumns + `)
		SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::timestamptz[], $7::timestamptz[])`
	// settlePurchase is one statement, so that no client that stops in the midst of it holds a lock that
	// others wait for. Of many at once the first locks the row; the others wait, look at the status again,
	// and find nothing to do.
	settlePurchase = `WITH settled AS (
			UPDATE purchases SET status = $2, settled_at = $3 WHERE token = $1 AND status = 'pending'
			RETURNING ` + purchaseColumns + `
		), added AS (
			UPDATE accounts SET balance = balance + settled.amount FROM settled
			WHERE accounts.id = settled.account_id AND settled.status = 'paid'
		)
		SELECT ` + purchaseColumns + ` FROM settled`
)

// tries is how often something is done at most when nothing is kept of it, for a reason that may be gone
// at once. Each broken connection costs one, and a server that restarts breaks all that are in use.
const tries = 4

// run does something on a connection, and again while that is worth it.
func (s *Store) run(ctx context.Context, do func(conn *pgx.Conn) error) error {
	for try := 1; ; try++ {
		conn, err := s.pool.Acquire(ctx)
		if err != nil {
			return unavailable(err)
		}
		err = do(conn.Conn())
		conn.Release()
		if !again(err) || try == tries || ctx.Err() != nil {
			return err
		}
	}
}

// write runs a single statement that writes.
func (s *Store) write(ctx context.Context, do func(conn *pgx.Conn) error) error {
	return s.run(ctx, func(conn *pgx.Conn) error { return judge(do(conn)) })
}

// read does what writes nothing, of which nothing can be kept however it ends.
func (s *Store) read(ctx context.Context, do func(conn *pgx.Conn) error) error {
	return s.run(ctx, func(conn *pgx.Conn) error { return harmless(conn, do(conn)) })
}

// transact does something in one transaction: all of it is on the disk when transact returns nil, and
// none of it is kept when do fails. Only what becomes of a COMMIT without an answer is not known.
func (s *Store) transact(ctx context.Context, do func(tx pgx.Tx) error) error {
	return s.run(ctx, func(conn *pgx.Conn) error {
		committing := false
		err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
			err := do(tx)
			committing = err == nil
			return err
		})
		if committing {
			return judge(err)
		}
		return harmless(conn, err)
	})
}

// harmless judges an error that has left nothing behind, whether the server has told it or the connection
// has broken.
func harmless(conn *pgx.Conn, err error) error {
	if err != nil && conn.IsClosed() {
		return unavailable(err)
	}
	return judge(err)
}

// lookup returns what to look for to find an ID or a token. What PostgreSQL cannot hold as a text, with
// a NUL or something that is not UTF-8, is looked for as the empty text, which no row has.
func lookup(text string) string {
	if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
		return ""
	}
	return text
}
