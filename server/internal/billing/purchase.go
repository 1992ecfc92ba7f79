package billing

import (
	"fmt"
	"io"
	"log/slog"
	"time"
)

// Purchase is a purchase of email-validation credits.
type Purchase struct {
	// Token identifies the purchase and gives access to its payment page. It must not appear in logs, so a Purchase
	// prints and logs its ShortToken.
	Token string
	// AccountID is the ID of the buying account.
	AccountID string
	// Amount is the price, in whole units of Currency.
	Amount int64
	// Currency is the ISO 4217 code of the account's currency at the time of the purchase.
	Currency string
	// Status is the state of the purchase.
	Status Status
	// CreatedAt is the time of the purchase, in UTC and whole microseconds.
	CreatedAt time.Time
	// SettledAt is the time of the payment or cancellation, in the same form, or the zero time.
	SettledAt time.Time
}

// Status is the state of a purchase.
type Status string

const (
	// StatusPending is a purchase that is neither paid nor cancelled.
	StatusPending Status = "pending"
	// StatusPaid is a purchase whose amount is in the balance of its account.
	StatusPaid Status = "paid"
	// StatusCancelled is a purchase that can no longer be paid.
	StatusCancelled Status = "cancelled"
	// StatusExpired is a pending purchase after its Lifetime. It is not stored: a Service derives it from the clock.
	StatusExpired Status = "expired"
)

// Lifetime is how long a pending purchase can be paid.
const Lifetime = 24 * time.Hour

// ExpiresAt returns the time after which the purchase can no longer be paid.
func (p Purchase) ExpiresAt() time.Time { return p.CreatedAt.Add(Lifetime) }

// Cursor returns the position of the purchase in the list of all purchases.
func (p Purchase) Cursor() Cursor { return Cursor{CreatedAt: p.CreatedAt, Token: p.Token} }

// String describes the purchase with its ShortToken.
func (p Purchase) String() string {
	return fmt.Sprintf("purchase(%s of %s: %d %s, %s, %s)", ShortToken(p.Token), p.AccountID,
		p.Amount, p.Currency, p.Status, p.CreatedAt.Format(time.RFC3339Nano))
}

// Format writes String for every verb of fmt.
func (p Purchase) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, p.String()) }

// LogValue returns the purchase with its ShortToken.
func (p Purchase) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("token", ShortToken(p.Token)),
		slog.String("account", p.AccountID),
		slog.Int64("amount", p.Amount),
		slog.String("currency", p.Currency),
		slog.String("status", string(p.Status)),
		slog.Time("created_at", p.CreatedAt),
	)
}
