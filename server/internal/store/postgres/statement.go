package postgres

import (
	"strings"
	"unicode/utf8"
)

// The statements. pgx prepares each of them once per connection.
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
	// oldestFirst and newestFirst select and order the purchases after a cursor.
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
	// settlePurchase is one statement, so that a client that is interrupted holds no lock. Of concurrent calls the
	// first locks the row; the others wait, check the status again and change nothing.
	settlePurchase = `WITH settled AS (
			UPDATE purchases SET status = $2, settled_at = $3 WHERE token = $1 AND status = 'pending'
			RETURNING ` + purchaseColumns + `
		), added AS (
			UPDATE accounts SET balance = balance + settled.amount FROM settled
			WHERE accounts.id = settled.account_id AND settled.status = 'paid'
		)
		SELECT ` + purchaseColumns + ` FROM settled`
)

// searchText returns an ID or token to search for. It replaces a text that PostgreSQL cannot store (with a NUL, or not
// UTF-8) by the empty text, which no row contains.
func searchText(text string) string {
	if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
		return ""
	}
	return text
}
