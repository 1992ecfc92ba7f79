package billing

import (
	"context"
	"errors"
	"fmt"
)

// Pay pays the purchase behind a token: its amount is added to the balance of its account, once,
// however often and from however many places it is paid. It returns the paid purchase, also when it
// was paid before. It fails with ErrNotPending, and returns the purchase, when that is cancelled or
// has expired, and with ErrPurchaseNotFound when there is none.
//
// An error of the store leaves open whether the purchase was paid; to pay again is safe.
func (s *Service) Pay(ctx context.Context, token string) (Purchase, error) {
	return s.settle(ctx, token, StatusPaid)
}

// Cancel ends the purchase behind a token so that it cannot be paid any more. It returns and fails as
// Pay does.
func (s *Service) Cancel(ctx context.Context, token string) (Purchase, error) {
	return s.settle(ctx, token, StatusCancelled)
}

func (s *Service) settle(ctx context.Context, token string, status Status) (Purchase, error) {
	purchase, err := s.Purchase(ctx, token)
	if err != nil {
		return Purchase{}, err
	}
	// That a purchase has expired depends on when it was ordered, which never changes. All else that
	// decides, the store compares as it writes.
	if purchase.Status == StatusPending {
		if err := s.line.enter(); err != nil {
			return Purchase{}, fmt.Errorf("billing: settle a purchase: %w", err)
		}
		defer s.line.leave()
		purchase, err = s.store.Settle(ctx, token, status, s.timestamp())
		switch {
		case errors.Is(err, ErrNotFound): // reset meanwhile
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
