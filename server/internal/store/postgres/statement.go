package postgres

import (
	"strings"
	"unicode/utf8"

	"github.com/turbosmtp-go/billing/server/internal/store/schema"
)

// The statements of PostgreSQL alone. pgx prepares each statement once per connection.
const (
	insertPurchases = "INSERT INTO purchases (" + schema.PurchaseColumns + `)
		SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::timestamptz[], $7::timestamptz[])`
	// settlePurchase is one statement, so that a client that is interrupted holds no lock. Of concurrent calls the
	// first locks the row; the others wait, check the status again and change nothing.
	settlePurchase = `WITH settled AS (
			UPDATE purchases SET status = $2, settled_at = $3 WHERE token = $1 AND status = 'pending'
			RETURNING ` + schema.PurchaseColumns + `
		), added AS (
			UPDATE accounts SET balance = balance + settled.amount FROM settled
			WHERE accounts.id = settled.account_id AND settled.status = 'paid'
		)
		SELECT ` + schema.PurchaseColumns + ` FROM settled`
)

// searchText returns an ID or token to search for. It replaces a text that PostgreSQL cannot store (with a NUL, or not
// UTF-8) by the empty text, which no row contains.
func searchText(text string) string {
	if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
		return ""
	}
	return text
}
