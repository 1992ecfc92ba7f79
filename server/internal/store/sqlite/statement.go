package sqlite

import "github.com/turbosmtp-go/billing/server/internal/store/schema"

// The statements of SQLite alone.
const (
	insertPurchase = "INSERT INTO purchases (" + schema.PurchaseColumns + ") VALUES (?, ?, ?, ?, ?, ?, ?)"
	settlePurchase = "UPDATE purchases SET status = $2, settled_at = $3 WHERE token = $1 AND status = 'pending' RETURNING " + schema.PurchaseColumns
	addToBalance   = "UPDATE accounts SET balance = balance + $2 WHERE id = $1"
)
