package billing

import "errors"

// What a Service refuses, for errors.Is. Any other error of its methods is a failure of the store
// or of the machine, and nothing that a client should read.
var (
	// ErrInvalidCredentials says that credentials are unknown or wrong, and not which of the two.
	ErrInvalidCredentials = errors.New("billing: invalid credentials")
	// ErrAccountInactive says that the account is known but not active.
	ErrAccountInactive = errors.New("billing: the account is inactive")
	// ErrNoActivePlan says that the account has no active plan, and so cannot buy.
	ErrNoActivePlan = errors.New("billing: the account has no active plan")
	// ErrInvalidAmount says that an amount is zero or negative.
	ErrInvalidAmount = errors.New("billing: the amount is not positive")
	// ErrNotPending says that a purchase was settled in another way, or has expired.
	ErrNotPending = errors.New("billing: the purchase is not pending")
	// ErrPurchaseNotFound says that there is no purchase with such a token.
	ErrPurchaseNotFound = errors.New("billing: no such purchase")
	// ErrAccountNotFound says that there is no account with such an ID.
	ErrAccountNotFound = errors.New("billing: no such account")
	// ErrKeyNotFound says that there is no key with such an ID.
	ErrKeyNotFound = errors.New("billing: no such key")
	// ErrUnavailable says that nothing was done, for a reason that passes: the store cannot be reached,
	// its disk is full, or too many wait for it. The same may succeed later, and is safe to do again.
	ErrUnavailable = errors.New("billing: not possible right now, and nothing was done")
)

// What a Store answers, for errors.Is.
var (
	// ErrNotFound is a Store's answer for a key, an account or a purchase that it does not hold.
	ErrNotFound = errors.New("billing: not in the store")
	// ErrTokenTaken is a Store's answer for a purchase whose token it holds already.
	ErrTokenTaken = errors.New("billing: the token is taken")
	// ErrAccountTaken is a Store's answer for a new account whose ID another one has.
	ErrAccountTaken = errors.New("billing: there is an account with this ID")
	// ErrKeyTaken is a Store's answer for a new key whose ID another one has.
	ErrKeyTaken = errors.New("billing: there is a key with this ID")
	// ErrUnknownAccount is a Store's answer for a purchase or a key of an account that it does not hold.
	ErrUnknownAccount = errors.New("billing: of an unknown account")
	// ErrSettled is a Store's answer for a purchase that is to be settled and is not pending.
	ErrSettled = errors.New("billing: the purchase was settled before")
	// ErrStoreClosed is a Store's answer to everything after its Close.
	ErrStoreClosed = errors.New("billing: the store is closed")
)
