package sandbox

import (
	"context"
	"errors"

	"github.com/turbosmtp-go/billing/gen/httpserver"
	"github.com/turbosmtp-go/billing/gen/model"
	"github.com/turbosmtp-go/billing/server"
	"github.com/turbosmtp-go/billing/server/contract"
	"github.com/turbosmtp-go/billing/server/internal/billing"
)

// purchaser implements the document's operations with the billing rules.
type purchaser struct {
	billing *billing.Service
	link    func(token string) string
}

var _ httpserver.StrictServerInterface = purchaser{}

// BuyEmailValidatorCredits orders credits for the authenticated account.
func (p purchaser) BuyEmailValidatorCredits(ctx context.Context, request httpserver.BuyEmailValidatorCreditsRequestObject) (httpserver.BuyEmailValidatorCreditsResponseObject, error) {
	account, ok := contract.Principal(ctx).(billing.Account)
	if !ok {
		return nil, errors.New("sandbox: a purchase without an account")
	}
	purchase, err := p.billing.Buy(ctx, account, int64(request.Body.Amount))
	switch {
	case errors.Is(err, billing.ErrNoActivePlan):
		return httpserver.BuyEmailValidatorCredits400JSONResponse{Message: model.CanNotBuyExtraCreditWithoutActivePlan}, nil
	case err != nil:
		return nil, unavailable(err)
	}
	return httpserver.BuyEmailValidatorCredits200JSONResponse{URL: p.link(purchase.Token)}, nil
}

// authenticator decides on credentials with the billing accounts.
type authenticator struct {
	billing *billing.Service
	demo    bool
}

var _ contract.Authenticator = authenticator{}

// Authenticate returns the billing.Account that the credentials belong to.
func (a authenticator) Authenticate(ctx context.Context, presented contract.Credentials) (any, error) {
	credentials := billing.ConsumerKey(presented.Value(model.ConsumerKeyScheme), presented.Value(model.ConsumerSecretScheme))
	if key := presented.Value(model.AuthorizationScheme); key != "" {
		credentials = billing.APIKey(key)
	}
	account, err := a.billing.Authenticate(ctx, credentials)
	switch {
	case errors.Is(err, billing.ErrInvalidCredentials):
		return nil, contract.ErrNotAccepted
	case errors.Is(err, billing.ErrAccountInactive):
		return account, &contract.DeniedError{Code: string(model.AccountIsInactive)}
	case err != nil:
		return nil, unavailable(err)
	case !a.demo && isDemo(account):
		return nil, contract.ErrNotAccepted
	}
	return account, nil
}

// unavailable tells the server of what can be sent again.
func unavailable(err error) error {
	if errors.Is(err, billing.ErrUnavailable) {
		return &server.UnavailableError{Err: err}
	}
	return err
}

// isDemo says whether an account is one of those whose credentials everybody knows.
func isDemo(account billing.Account) bool {
	for _, demo := range billing.DemoAccounts() {
		if demo.Account.ID == account.ID {
			return true
		}
	}
	return false
}
