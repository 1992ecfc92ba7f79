package sqlite

// The statements. They are the same as in package postgres, except for the placeholders and the storing of times.
const (
	keyColumns      = "k.id, k.secret_hash, k.account_id, k.created_at"
	accountColumns  = "accounts.id, name, currency, active, active_plan"
	purchaseColumns = "token, account_id, amount, currency, status, created_at, settled_at"

	keyByID        = "SELECT " + keyColumns + ", " + accountColumns + " FROM keys k JOIN accounts ON accounts.id = k.account_id WHERE k.id = ?"
	keysOfAccount  = "SELECT " + keyColumns + " FROM keys k WHERE k.account_id = ? ORDER BY k.id"
	balanceByID    = "SELECT " + accountColumns + ", balance FROM accounts WHERE id = ?"
	balancesByPage = "SELECT " + accountColumns + ", balance FROM accounts WHERE id > ? ORDER BY id LIMIT ?"

	purchaseByToken = "SELECT " + purchaseColumns + " FROM purchases WHERE token = ?"
	oldest          = "SELECT " + purchaseColumns + " FROM purchases WHERE" + oldestFirst
	newest          = "SELECT " + purchaseColumns + " FROM purchases WHERE" + newestFirst
	accountOldest   = "SELECT " + purchaseColumns + " FROM purchases WHERE account_id = ? AND" + oldestFirst
	accountNewest   = "SELECT " + purchaseColumns + " FROM purchases WHERE account_id = ? AND" + newestFirst
	// oldestFirst and newestFirst select and order the purchases after a cursor.
	oldestFirst = " (created_at, token) > (?, ?) ORDER BY created_at, token LIMIT ?"
	newestFirst = " (created_at, token) < (?, ?) ORDER BY created_at DESC, token DESC LIMIT ?"

	insertAccount = "INSERT INTO accounts (id, name, currency, active, active_plan) VALUES (?, ?, ?, ?, ?)"
	putAccount    = insertAccount + ` ON CONFLICT (id) DO UPDATE SET name = excluded.name, currency = excluded.currency,
		active = excluded.active, active_plan = excluded.active_plan`
	insertKey = "INSERT INTO keys (id, secret_hash, account_id, created_at) VALUES (?, ?, ?, ?)"
	putKey    = insertKey + ` ON CONFLICT (id) DO UPDATE SET secret_hash = excluded.secret_hash,
		account_id = excluded.account_id, created_at = excluded.created_at`
	deleteKey     = "DELETE FROM keys WHERE id = ?"
	updateAccount = `UPDATE accounts SET active = coalesce(?, active), active_plan = coalesce(?, active_plan)
		WHERE id = ? RETURNING ` + accountColumns

	insertPurchase = "INSERT INTO purchases (" + purchaseColumns + ") VALUES (?, ?, ?, ?, ?, ?, ?)"
	settlePurchase = "UPDATE purchases SET status = ?, settled_at = ? WHERE token = ? AND status = 'pending' RETURNING " + purchaseColumns
	addToBalance   = "UPDATE accounts SET balance = balance + ? WHERE id = ?"
)
