package sandbox

import (
	"context"
	"errors"
	"time"

	"github.com/turbosmtp-go/billing/gen/control"
	"github.com/turbosmtp-go/billing/server/internal/billing"
	"github.com/turbosmtp-go/billing/server/internal/fault"
)

// controller implements the operations of the control API with the methods of a Sandbox.
type controller struct{ *Sandbox }

var _ control.StrictServerInterface = controller{}

// defaultLimit is the default of the query parameter limit.
const defaultLimit = 100

func (c controller) ListJournal(_ context.Context, request control.ListJournalRequestObject) (control.ListJournalResponseObject, error) {
	return control.ListJournal200JSONResponse{Entries: c.Journal(valueOr(request.Params.Limit, defaultLimit), valueOr(request.Params.Before, 0))}, nil
}

func (c controller) ListPurchases(ctx context.Context, request control.ListPurchasesRequestObject) (control.ListPurchasesResponseObject, error) {
	purchases, err := c.Purchases(ctx, PurchaseFilter{
		Account: valueOr(request.Params.Account, ""), Before: valueOr(request.Params.Before, ""), Limit: valueOr(request.Params.Limit, defaultLimit),
	})
	if errors.Is(err, billing.ErrPurchaseNotFound) {
		return control.ListPurchases400JSONResponse{RefusedJSONResponse: refused("The query parameter before is not the token of a purchase.")}, nil
	}
	return control.ListPurchases200JSONResponse{Purchases: purchases}, err
}

func (c controller) SettlePurchase(ctx context.Context, request control.SettlePurchaseRequestObject) (control.SettlePurchaseResponseObject, error) {
	purchase, err := c.Settle(ctx, request.Token, request.Body.Status)
	switch {
	case errors.Is(err, billing.ErrPurchaseNotFound):
		return control.SettlePurchase404JSONResponse{Message: "The purchase does not exist."}, nil
	case errors.Is(err, billing.ErrNotPending):
		return control.SettlePurchase409JSONResponse{Message: "Nothing was changed: the purchase is already " + string(purchase.Status) + "."}, nil
	}
	return control.SettlePurchase200JSONResponse(purchase), err
}

func (c controller) ListAccounts(ctx context.Context, _ control.ListAccountsRequestObject) (control.ListAccountsResponseObject, error) {
	accounts, err := c.Accounts(ctx)
	return control.ListAccounts200JSONResponse{Accounts: accounts}, err
}

func (c controller) ListFaults(context.Context, control.ListFaultsRequestObject) (control.ListFaultsResponseObject, error) {
	return control.ListFaults200JSONResponse{Faults: c.Faults()}, nil
}

func (c controller) AddFault(_ context.Context, request control.AddFaultRequestObject) (control.AddFaultResponseObject, error) {
	added, err := c.Fail(*request.Body)
	if invalid := (*fault.InvalidError)(nil); errors.As(err, &invalid) {
		return control.AddFault400JSONResponse{RefusedJSONResponse: refused(invalid.Reason)}, nil
	}
	return control.AddFault201JSONResponse(added), err
}

func (c controller) RemoveFaults(context.Context, control.RemoveFaultsRequestObject) (control.RemoveFaultsResponseObject, error) {
	c.faults.Clear()
	return control.RemoveFaults204Response{}, nil
}

func (c controller) RemoveFault(_ context.Context, request control.RemoveFaultRequestObject) (control.RemoveFaultResponseObject, error) {
	if !c.Sandbox.RemoveFault(request.ID) {
		return control.RemoveFault404JSONResponse{Message: "The fault does not exist."}, nil
	}
	return control.RemoveFault204Response{}, nil
}

func (c controller) ReadClock(context.Context, control.ReadClockRequestObject) (control.ReadClockResponseObject, error) {
	return control.ReadClock200JSONResponse(c.time()), nil
}

func (c controller) AdvanceClock(_ context.Context, request control.AdvanceClockRequestObject) (control.AdvanceClockResponseObject, error) {
	err := c.Advance(time.Duration(request.Body.Seconds) * time.Second)
	if errors.Is(err, errClockRange) {
		return control.AdvanceClock400JSONResponse{RefusedJSONResponse: refused("The clock can be at most a hundred years ahead.")}, nil
	}
	return control.AdvanceClock200JSONResponse(c.time()), err
}

func (c controller) Reset(ctx context.Context, _ control.ResetRequestObject) (control.ResetResponseObject, error) {
	return control.Reset204Response{}, c.Sandbox.Reset(ctx)
}

func (c controller) time() control.Clock {
	return control.Clock{Now: c.Now(), AheadSeconds: int64(c.clock.offset() / time.Second)}
}

func refused(message string) control.RefusedJSONResponse {
	return control.RefusedJSONResponse{Message: message}
}

// valueOr returns the value of an optional parameter, or its default.
func valueOr[T any](parameter *T, value T) T {
	if parameter != nil {
		return *parameter
	}
	return value
}
