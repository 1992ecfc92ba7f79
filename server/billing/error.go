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
)

// What a Store answers, for errors.Is.
var (
	// ErrNotFound is a Store's answer for a key, an account or a purchase that it does not hold.
	ErrNotFound = errors.New("billing: not in the store")
	// ErrTokenTaken is a Store's answer for a purchase whose token it holds already.
	ErrTokenTaken = errors.New("billing: the token is taken")
	// ErrUnknownAccount is a Store's answer for a purchase of an account that it does not hold.
	ErrUnknownAccount = errors.New("billing: a purchase of an unknown account")
	// ErrSettled is a Store's answer for a purchase that is to be settled and is not pending.
	ErrSettled = errors.New("billing: the purchase was settled before")
	// ErrStoreClosed is a Store's answer to everything after its Close.
	ErrStoreClosed = errors.New("billing: the store is closed")
)
