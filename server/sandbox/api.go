package sandbox

import (
	"context"
	"errors"
	"slices"

	"github.com/turbosmtp-go/billing/gen/httpserver"
	"github.com/turbosmtp-go/billing/gen/model"
	"github.com/turbosmtp-go/billing/server"
	"github.com/turbosmtp-go/billing/server/contract"
	"github.com/turbosmtp-go/billing/server/internal/billing"
)

// billingAPI implements the operations of the API with the billing service.
type billingAPI struct{ *Sandbox }

var _ httpserver.StrictServerInterface = billingAPI{}

// BuyEmailValidatorCredits creates a purchase for the authenticated account.
func (a billingAPI) BuyEmailValidatorCredits(ctx context.Context, request httpserver.BuyEmailValidatorCreditsRequestObject) (httpserver.BuyEmailValidatorCreditsResponseObject, error) {
	account, ok := contract.Principal(ctx).(billing.Account)
	if !ok {
		return nil, errors.New("sandbox: the request has no account")
	}
	purchase, err := a.billing.Buy(ctx, account, int64(request.Body.Amount))
	switch {
	case errors.Is(err, billing.ErrNoActivePlan):
		return httpserver.BuyEmailValidatorCredits400JSONResponse{Message: model.CanNotBuyExtraCreditWithoutActivePlan}, nil
	case err != nil:
		return nil, unavailable(err)
	}
	return httpserver.BuyEmailValidatorCredits200JSONResponse{URL: a.link(purchase.Token)}, nil
}

// authenticate returns the billing.Account that credentials belong to; see contract.Authenticator. It
// accepts the demo accounts only with WithDemoAccounts.
func (a billingAPI) authenticate(ctx context.Context, presented contract.Credentials) (any, error) {
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
	case !a.settings.demo && isDemo(account):
		return nil, contract.ErrNotAccepted
	}
	return account, nil
}

// AccountID returns the ID of the account that is the principal of a request, "" if it is not an account.
// It is the argument of the middlewares in package telemetry.
func AccountID(principal any) string {
	account, _ := principal.(billing.Account)
	return account.ID
}

// unavailable marks an error after which the client may send the request again.
func unavailable(err error) error {
	if errors.Is(err, billing.ErrUnavailable) {
		return &server.UnavailableError{Err: err}
	}
	return err
}

// isDemo reports whether an account is a demo account, whose credentials are public.
func isDemo(account billing.Account) bool {
	return slices.ContainsFunc(billing.DemoAccounts(), func(demo billing.SeedAccount) bool { return demo.Account.ID == account.ID })
}
