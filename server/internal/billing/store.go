package billing

import (
	"context"
	"time"
)

// Store stores accounts, their keys and their purchases. Package storetest tests implementations of these rules.
//
// Every method is safe for concurrent use. It fails with an error that wraps the context's error when its context
// ends; an interrupted write may or may not be stored. An error that wraps ErrUnavailable reports that nothing was
// stored and that the call may succeed later. A write that returned nil is durable: it survives a crash of the process
// or the machine and a power failure, and every later read returns it. After Close every method fails with
// ErrStoreClosed.
type Store interface {
	// Key returns the key with an ID and its account, both as of one moment. It fails with ErrNotFound for an unknown
	// ID.
	Key(ctx context.Context, id string) (Key, Account, error)

	// Keys returns the keys of an account, ordered by ID. An unknown account has none.
	Keys(ctx context.Context, accountID string) ([]Key, error)

	// AddKey stores a new key. It fails with ErrKeyTaken if the ID exists, and with ErrUnknownAccount if the account
	// does not exist.
	AddKey(ctx context.Context, key Key) error

	// DeleteKey deletes the key with an ID. It fails with ErrNotFound for an unknown ID.
	DeleteKey(ctx context.Context, id string) error

	// Balance returns the account with an ID and the sum of its payments. It fails with ErrNotFound for an unknown ID.
	Balance(ctx context.Context, id string) (Balance, error)

	// CreateAccount stores a new account and its new keys, all or nothing. It fails with ErrAccountTaken or
	// ErrKeyTaken if one of the IDs exists.
	CreateAccount(ctx context.Context, account Account, keys ...Key) error

	// UpdateAccount changes an account in one step, and returns the changed account. It fails with ErrNotFound for an
	// unknown ID.
	UpdateAccount(ctx context.Context, id string, change AccountChange) (Account, error)

	// PutAccount stores an account and its keys, all or nothing. It overwrites an account with the same ID, and a key
	// with the same ID even if it belongs to another account. Other keys of the account are kept. The AccountID of
	// every key must be the ID of the account.
	PutAccount(ctx context.Context, account Account, keys ...Key) error

	// Balances returns at most limit accounts with their balances, ordered by the bytes of their IDs, beginning after
	// an ID. It fails if limit is not positive.
	Balances(ctx context.Context, after string, limit int) ([]Balance, error)

	// CreatePurchase stores a new purchase. It fails with ErrTokenTaken if the token exists, and with
	// ErrUnknownAccount if the account does not exist.
	CreatePurchase(ctx context.Context, purchase Purchase) error

	// Purchase returns the purchase with a token. It fails with ErrNotFound for an unknown token.
	Purchase(ctx context.Context, token string) (Purchase, error)

	// Settle ends a pending purchase, all or nothing: it sets Status and SettledAt and, for StatusPaid, adds the
	// amount to the balance of the account. It returns the changed purchase. Of concurrent calls for one purchase one
	// succeeds. A call for a purchase that is not pending changes nothing, returns the purchase and fails with
	// ErrSettled. Settle fails with ErrNotFound for an unknown token.
	Settle(ctx context.Context, token string, status Status, at time.Time) (Purchase, error)

	// Purchases returns a page of purchases.
	Purchases(ctx context.Context, page Page) ([]Purchase, error)

	// Reset deletes all purchases and sets all balances to zero, all or nothing. It keeps accounts and keys.
	Reset(ctx context.Context) error

	// Ping fails if the store cannot be reached.
	Ping(ctx context.Context) error

	// Close waits for running calls and releases all resources. Further calls have no effect.
	Close() error
}

// Page selects the first purchases of a Filter.
type Page struct {
	Filter
	// Limit is the maximum number of purchases. It must be positive.
	Limit int
}

// Cursor is the position of a purchase in the list of all purchases.
type Cursor struct {
	CreatedAt time.Time
	Token     string
}
