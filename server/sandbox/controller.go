package sandbox

import (
	"context"
	"errors"
	"time"

	"github.com/turbosmtp-go/billing/gen/control"
	"github.com/turbosmtp-go/billing/server/internal/billing"
	"github.com/turbosmtp-go/billing/server/internal/fault"
)

// controller implements the operations of the control API.
type controller struct{ *Sandbox }

var _ control.StrictServerInterface = controller{}

// defaultLimit is how long a list is unless the request says otherwise.
const defaultLimit = 100

// ListJournal lists the requests that arrived.
func (c controller) ListJournal(_ context.Context, request control.ListJournalRequestObject) (control.ListJournalResponseObject, error) {
	return control.ListJournal200JSONResponse{Entries: c.Journal(orDefault(request.Params.Limit), orZero(request.Params.Before))}, nil
}

// ListPurchases lists what was bought.
func (c controller) ListPurchases(ctx context.Context, request control.ListPurchasesRequestObject) (control.ListPurchasesResponseObject, error) {
	purchases, err := c.Purchases(ctx, PurchaseFilter{
		Account: orZero(request.Params.Account), Before: orZero(request.Params.Before), Limit: orDefault(request.Params.Limit),
	})
	if errors.Is(err, billing.ErrPurchaseNotFound) {
		return control.ListPurchases400JSONResponse{RefusedJSONResponse: control.RefusedJSONResponse{
			Message: "The query parameter before is not the token of a purchase.",
		}}, nil
	}
	return control.ListPurchases200JSONResponse{Purchases: purchases}, err
}

// SettlePurchase pays or cancels a purchase.
func (c controller) SettlePurchase(ctx context.Context, request control.SettlePurchaseRequestObject) (control.SettlePurchaseResponseObject, error) {
	purchase, err := c.Settle(ctx, request.Token, request.Body.Status)
	switch {
	case errors.Is(err, billing.ErrPurchaseNotFound):
		return control.SettlePurchase404JSONResponse{Message: "There is no such purchase."}, nil
	case errors.Is(err, billing.ErrNotPending):
		return control.SettlePurchase409JSONResponse{Message: "Nothing was done: the purchase is " + string(purchase.Status) + " already."}, nil
	}
	return control.SettlePurchase200JSONResponse(purchase), err
}

// ListAccounts lists the accounts.
func (c controller) ListAccounts(ctx context.Context, _ control.ListAccountsRequestObject) (control.ListAccountsResponseObject, error) {
	accounts, err := c.Accounts(ctx)
	return control.ListAccounts200JSONResponse{Accounts: accounts}, err
}

// ListFaults lists the faults.
func (c controller) ListFaults(context.Context, control.ListFaultsRequestObject) (control.ListFaultsResponseObject, error) {
	return control.ListFaults200JSONResponse{Faults: c.Faults()}, nil
}

// AddFault adds a fault.
func (c controller) AddFault(_ context.Context, request control.AddFaultRequestObject) (control.AddFaultResponseObject, error) {
	added, err := c.Fail(*request.Body)
	var invalid *fault.InvalidError
	if errors.As(err, &invalid) {
		return control.AddFault400JSONResponse{RefusedJSONResponse: control.RefusedJSONResponse{Message: invalid.Reason}}, nil
	}
	return control.AddFault201JSONResponse(added), err
}

// RemoveFaults removes all faults.
func (c controller) RemoveFaults(context.Context, control.RemoveFaultsRequestObject) (control.RemoveFaultsResponseObject, error) {
	c.faults.Clear()
	return control.RemoveFaults204Response{}, nil
}

// RemoveFault removes a fault.
func (c controller) RemoveFault(_ context.Context, request control.RemoveFaultRequestObject) (control.RemoveFaultResponseObject, error) {
	if !c.Sandbox.RemoveFault(request.ID) {
		return control.RemoveFault404JSONResponse{Message: "There is no such fault."}, nil
	}
	return control.RemoveFault204Response{}, nil
}

// ReadClock tells the time.
func (c controller) ReadClock(context.Context, control.ReadClockRequestObject) (control.ReadClockResponseObject, error) {
	return control.ReadClock200JSONResponse(c.time()), nil
}

// AdvanceClock moves the clock forward.
func (c controller) AdvanceClock(_ context.Context, request control.AdvanceClockRequestObject) (control.AdvanceClockResponseObject, error) {
	err := c.Advance(time.Duration(request.Body.Seconds) * time.Second)
	if errors.Is(err, errTooFarAhead) {
		return control.AdvanceClock400JSONResponse{RefusedJSONResponse: control.RefusedJSONResponse{
			Message: "The clock can be moved by a hundred years in all.",
		}}, nil
	}
	return control.AdvanceClock200JSONResponse(c.time()), err
}

// Reset sets the sandbox to what it was.
func (c controller) Reset(ctx context.Context, _ control.ResetRequestObject) (control.ResetResponseObject, error) {
	return control.Reset204Response{}, c.Sandbox.Reset(ctx)
}

func (c controller) time() control.Clock {
	return control.Clock{Now: c.Now(), AheadSeconds: int64(c.clock.offset() / time.Second)}
}

func orDefault(limit *int) int {
	if limit == nil {
		return defaultLimit
	}
	return *limit
}

func orZero[T any](parameter *T) (value T) {
	if parameter != nil {
		value = *parameter
	}
	return value
}
