package billing

import (
	"context"
	"time"
)

// Store keeps accounts, their keys and their purchases. The package storetest checks one against
// all that is said here.
//
// Every method is safe for concurrent use and gives up when its context ends, with an error that
// wraps the context's; what a method was writing then may or may not have been kept. An error that
// wraps ErrUnavailable says that nothing was kept, and that the same may succeed later. What a method
// that writes returned nil for is durable: it is there after a crash of the process, of the machine
// and after a power cut, and every later read sees it. After Close every method fails with
// ErrStoreClosed.
type Store interface {
	// Key returns the key with an ID and the account that it belongs to, both as they were at one
	// moment. It fails with ErrNotFound when there is no such key.
	Key(ctx context.Context, id string) (Key, Account, error)

	// Keys returns the keys of an account, by ID. There are none for an account that does not exist.
	Keys(ctx context.Context, accountID string) ([]Key, error)

	// AddKey gives a new key to an account. It fails with ErrKeyTaken, and changes nothing, when there
	// is one with its ID, and with ErrUnknownAccount when there is no such account.
	AddKey(ctx context.Context, key Key) error

	// DeleteKey deletes the key with an ID. It fails with ErrNotFound when there is no such key.
	DeleteKey(ctx context.Context, id string) error

	// Balance returns the account with an ID and what it has paid for. It fails with ErrNotFound when
	// there is none.
	Balance(ctx context.Context, id string) (Balance, error)

	// CreateAccount stores a new account and gives it new keys, all or nothing. It fails with
	// ErrAccountTaken or ErrKeyTaken when there is one with an ID of theirs.
	CreateAccount(ctx context.Context, account Account, keys ...Key) error

	// UpdateAccount changes an account in one step, and returns it as it is then. It fails with
	// ErrNotFound when there is none.
	UpdateAccount(ctx context.Context, id string, change AccountChange) (Account, error)

	// PutAccount stores an account and gives it keys, all or nothing. An account with the same ID is
	// overwritten, a key with the same ID too, even if it was another account's; the account's other
	// keys stay. Every key's AccountID is the account's ID.
	PutAccount(ctx context.Context, account Account, keys ...Key) error

	// Balances returns at most limit accounts, which is positive, with their balances: those whose ID
	// sorts after the given one, by byte, in that order.
	Balances(ctx context.Context, after string, limit int) ([]Balance, error)

	// CreatePurchase stores a new purchase. It fails with ErrTokenTaken, and changes nothing, when
	// there is one with its token, and with ErrUnknownAccount when there is no such account.
	CreatePurchase(ctx context.Context, purchase Purchase) error

	// Purchase returns the purchase with a token. It fails with ErrNotFound when there is none.
	Purchase(ctx context.Context, token string) (Purchase, error)

	// Settle ends a pending purchase: it sets its status and its SettledAt, and adds the amount to the
	// account's balance when the status is StatusPaid, all or nothing. It returns the purchase as it
	// is then. Of all calls for one purchase, however many come at once, one does so; every other one
	// changes nothing, returns the purchase as it was found, and fails with ErrSettled. It fails with
	// ErrNotFound when there is none.
	Settle(ctx context.Context, token string, status Status, at time.Time) (Purchase, error)

	// Purchases returns a page of purchases.
	Purchases(ctx context.Context, page Page) ([]Purchase, error)

	// Reset deletes all purchases and sets all balances to zero, all or nothing. Accounts and their
	// keys stay.
	Reset(ctx context.Context) error

	// Ping returns an error when the store cannot be read.
	Ping(ctx context.Context) error

	// Close lets what is under way end and gives everything back. Further calls do nothing.
	Close() error
}

// Page says which purchases a Store returns: oldest first, those of the same microsecond by token.
type Page struct {
	// AccountID, unless it is empty, leaves only the purchases of that account.
	AccountID string
	// Newest turns the order around: newest first.
	Newest bool
	// After is the place after which the page begins, in the page's order; the zero Cursor is before
	// all purchases.
	After Cursor
	// Limit is how many purchases the page holds at most. It is positive.
	Limit int
}

// Cursor is a place in the list of purchases.
type Cursor struct {
	CreatedAt time.Time
	Token     string
}
