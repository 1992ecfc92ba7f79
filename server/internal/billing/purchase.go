package billing

import (
	"fmt"
	"io"
	"log/slog"
	"time"
)

// Purchase is an order of email-validation credits.
type Purchase struct {
	// Token names the purchase and lets whoever has it see its payment page. It belongs in that
	// page's address and not in any log: a Purchase prints and logs with ShortToken.
	Token string
	// AccountID is who buys.
	AccountID string
	// Amount is how much credit is bought for, in whole units of Currency.
	Amount int64
	// Currency is the ISO 4217 code that the account had when it bought.
	Currency string
	// Status is how far the purchase has come.
	Status Status
	// CreatedAt is when it was ordered: UTC, whole microseconds.
	CreatedAt time.Time
	// SettledAt is when it was paid or cancelled, in the same form. It is zero before that.
	SettledAt time.Time
}

// Status is how far a purchase has come.
type Status string

const (
	// StatusPending is a purchase that waits for its payment.
	StatusPending Status = "pending"
	// StatusPaid is a purchase whose amount was added to its account's balance.
	StatusPaid Status = "paid"
	// StatusCancelled is a purchase that its buyer does not want any more.
	StatusCancelled Status = "cancelled"
	// StatusExpired is a purchase that was neither paid nor cancelled within its Lifetime. It is never
	// stored: a Service finds it by the clock.
	StatusExpired Status = "expired"
)

// Lifetime is how long a purchase waits for its payment.
const Lifetime = 24 * time.Hour

// ExpiresAt is when the purchase can no longer be paid.
func (p Purchase) ExpiresAt() time.Time { return p.CreatedAt.Add(Lifetime) }

// Cursor returns the purchase's place in the list of all purchases.
func (p Purchase) Cursor() Cursor { return Cursor{CreatedAt: p.CreatedAt, Token: p.Token} }

// String describes the purchase with its token cut short.
func (p Purchase) String() string {
	return fmt.Sprintf("purchase(%s of %s: %d %s, %s, %s)", ShortToken(p.Token), p.AccountID,
		p.Amount, p.Currency, p.Status, p.CreatedAt.Format(time.RFC3339Nano))
}

// Format keeps the token out of every verb of fmt.
func (p Purchase) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, p.String()) }

// LogValue keeps the token out of logs.
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
