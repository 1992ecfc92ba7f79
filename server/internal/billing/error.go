package billing

import "errors"

// Errors of a Service, for errors.Is. Any other error is a failure of the store or of the machine, which clients should
// not see.
var (
	// ErrInvalidCredentials reports that credentials are unknown or wrong, without the distinction.
	ErrInvalidCredentials = errors.New("billing: invalid credentials")
	// ErrAccountInactive reports that the account is not active.
	ErrAccountInactive = errors.New("billing: the account is inactive")
	// ErrNoActivePlan reports that the account has no active plan, and so may not buy.
	ErrNoActivePlan = errors.New("billing: the account has no active plan")
	// ErrInvalidAmount reports that an amount is zero or negative.
	ErrInvalidAmount = errors.New("billing: the amount is not positive")
	// ErrNotPending reports that a purchase is settled in another way, or expired.
	ErrNotPending = errors.New("billing: the purchase is not pending")
	// ErrPurchaseNotFound reports an unknown token.
	ErrPurchaseNotFound = errors.New("billing: purchase not found")
	// ErrAccountNotFound reports an unknown account ID.
	ErrAccountNotFound = errors.New("billing: account not found")
	// ErrKeyNotFound reports an unknown key ID.
	ErrKeyNotFound = errors.New("billing: key not found")
	// ErrUnavailable reports that nothing was stored for a temporary reason: the store cannot be reached, its disk is
	// full, or there are too many concurrent calls. It is safe to repeat the call.
	ErrUnavailable = errors.New("billing: the store is temporarily unavailable and has stored nothing")
)

// Errors of a Store, for errors.Is.
var (
	// ErrNotFound reports a key, an account or a purchase that is not stored.
	ErrNotFound = errors.New("billing: not found in the store")
	// ErrTokenTaken reports a new purchase whose token exists.
	ErrTokenTaken = errors.New("billing: the token exists already")
	// ErrAccountTaken reports a new account whose ID exists.
	ErrAccountTaken = errors.New("billing: the account ID exists already")
	// ErrKeyTaken reports a new key whose ID exists.
	ErrKeyTaken = errors.New("billing: the key ID exists already")
	// ErrUnknownAccount reports a new purchase or key whose account is not stored.
	ErrUnknownAccount = errors.New("billing: the account does not exist")
	// ErrSettled reports that a purchase to settle is not pending.
	ErrSettled = errors.New("billing: the purchase is settled already")
	// ErrStoreClosed reports a call after Close.
	ErrStoreClosed = errors.New("billing: the store is closed")
)
