package schema

import "github.com/turbosmtp-go/billing/server/internal/billing"

const (
	keyColumns     = "k.id, k.secret_hash, k.account_id, k.created_at"
	accountColumns = "accounts.id, name, currency, active, active_plan"
	// PurchaseColumns are the columns of a purchase.
	PurchaseColumns = "token, account_id, amount, currency, status, created_at, settled_at"
)

// Statements of all stores. SQLite accepts the placeholders of PostgreSQL.
const (
	KeyByID        = "SELECT " + keyColumns + ", " + accountColumns + " FROM keys k JOIN accounts ON accounts.id = k.account_id WHERE k.id = $1"
	KeysOfAccount  = "SELECT " + keyColumns + " FROM keys k WHERE k.account_id = $1 ORDER BY k.id"
	BalanceByID    = "SELECT " + accountColumns + ", balance FROM accounts WHERE id = $1"
	BalancesByPage = "SELECT " + accountColumns + ", balance FROM accounts WHERE id > $1 ORDER BY id LIMIT $2"

	PurchaseByToken = "SELECT " + PurchaseColumns + " FROM purchases WHERE token = $1"
	Oldest          = "SELECT " + PurchaseColumns + " FROM purchases WHERE" + oldestFirst
	Newest          = "SELECT " + PurchaseColumns + " FROM purchases WHERE" + newestFirst
	AccountOldest   = "SELECT " + PurchaseColumns + " FROM purchases WHERE account_id = $4 AND" + oldestFirst
	AccountNewest   = "SELECT " + PurchaseColumns + " FROM purchases WHERE account_id = $4 AND" + newestFirst
	// oldestFirst and newestFirst select and order the purchases after a cursor.
	oldestFirst = " (created_at, token) > ($1, $2) ORDER BY created_at, token LIMIT $3"
	newestFirst = " (created_at, token) < ($1, $2) ORDER BY created_at DESC, token DESC LIMIT $3"

	InsertAccount = "INSERT INTO accounts (id, name, currency, active, active_plan) VALUES ($1, $2, $3, $4, $5)"
	PutAccount    = InsertAccount + ` ON CONFLICT (id) DO UPDATE SET name = excluded.name, currency = excluded.currency,
		active = excluded.active, active_plan = excluded.active_plan`
	InsertKey = "INSERT INTO keys (id, secret_hash, account_id, created_at) VALUES ($1, $2, $3, $4)"
	PutKey    = InsertKey + ` ON CONFLICT (id) DO UPDATE SET secret_hash = excluded.secret_hash,
		account_id = excluded.account_id, created_at = excluded.created_at`
	DeleteKey     = "DELETE FROM keys WHERE id = $1"
	UpdateAccount = `UPDATE accounts SET active = coalesce($2, active), active_plan = coalesce($3, active_plan)
		WHERE id = $1 RETURNING ` + accountColumns
)

// PageOf returns the statement for a page and its arguments. after is the time of the page's cursor and account its
// account, both as the store keeps them.
func PageOf(page billing.Page, after any, account string) (query string, arguments []any) {
	query, ofAccount := Oldest, AccountOldest
	if page.Newest {
		query, ofAccount = Newest, AccountNewest
	}
	arguments = []any{after, page.After.Token, page.Limit}
	if page.AccountID == "" {
		return query, arguments
	}
	return ofAccount, append(arguments, account)
}

// Row is a row of a result.
type Row interface{ Scan(fields ...any) error }

// ScanBalance reads the row of an account and its balance.
func ScanBalance(row Row) (billing.Balance, error) {
	var b billing.Balance
	err := row.Scan(append(AccountFields(&b.Account), &b.Paid)...)
	return b, err
}

// AccountFields returns the targets for the columns of an account.
func AccountFields(a *billing.Account) []any {
	return []any{&a.ID, &a.Name, &a.Currency, &a.Active, &a.ActivePlan}
}
