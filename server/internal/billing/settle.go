package billing

import (
	"context"
	"errors"
	"fmt"
)

// Pay pays the purchase with a token, and returns the paid purchase. It adds the amount to the balance of the account
// once, also if it is called again or concurrently. It fails with ErrNotPending, and returns the purchase, if that is
// cancelled or expired, and with ErrPurchaseNotFound for an unknown token.
//
// After an error of the store the purchase may be paid. It is safe to call Pay again.
func (s *Service) Pay(ctx context.Context, token string) (Purchase, error) {
	return s.settle(ctx, token, StatusPaid)
}

// Cancel cancels the purchase with a token, so that it can no longer be paid. Its results are those of Pay.
func (s *Service) Cancel(ctx context.Context, token string) (Purchase, error) {
	return s.settle(ctx, token, StatusCancelled)
}

func (s *Service) settle(ctx context.Context, token string, status Status) (Purchase, error) {
	purchase, err := s.Purchase(ctx, token)
	if err != nil {
		return Purchase{}, err
	}
	// The expiry depends on the time of the purchase, which does not change. The store checks the status atomically.
	if purchase.Status == StatusPending {
		if !s.calls.TryAcquire(1) {
			return Purchase{}, tooManyCalls("settle a purchase")
		}
		defer s.calls.Release(1)
		purchase, err = s.store.Settle(ctx, token, status, s.timestamp())
		switch {
		case errors.Is(err, ErrNotFound): // deleted by Reset since the read
			return Purchase{}, ErrPurchaseNotFound
		case err != nil && !errors.Is(err, ErrSettled):
			return Purchase{}, fmt.Errorf("billing: settle a purchase: %w", err)
		}
	}
	if purchase.Status != status {
		return purchase, ErrNotPending
	}
	return purchase, nil
}
