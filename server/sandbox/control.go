package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/turbosmtp-go/billing/gen/control"
	"github.com/turbosmtp-go/billing/server/internal/billing"
	"github.com/turbosmtp-go/billing/server/internal/fault"
	"github.com/turbosmtp-go/billing/server/internal/journal"
)

// The methods in this file control a sandbox from a Go program. The operations of the control API have
// the same effects over HTTP.

// Journal returns up to limit of the received requests, newest first. If before is not 0, it returns
// only requests that are older than the entry with that id.
func (s *Sandbox) Journal(limit int, before int64) []control.JournalEntry {
	return convert(s.journal.List(limit, before), controlEntry)
}

// Fail adds a fault, as described in the document of the control API, and returns it with its ID and
// its defaults. It returns an error for an invalid fault.
func (s *Sandbox) Fail(f control.Fault) (control.Fault, error) {
	if err := s.validateFault(f); err != nil {
		return control.Fault{}, err
	}
	added, err := s.faults.Add(fault.Fault{
		Kind: fault.Kind(f.Kind), Status: f.Status, RetryAfter: f.RetryAfter, Delay: time.Duration(f.DelayMs) * time.Millisecond,
		Code: f.Code, Account: f.Account, Times: f.Times, Every: f.Every,
	})
	if err != nil {
		return control.Fault{}, err
	}
	return controlFault(added), nil
}

// validateFault checks a fault against the schema of the document, which alone contains the limits. The
// contract does the same for a fault of an HTTP request.
func (s *Sandbox) validateFault(f control.Fault) error {
	var value any
	text, err := json.Marshal(f)
	if err == nil {
		err = json.Unmarshal(text, &value)
	}
	if err == nil {
		err = s.faultSchema.VisitJSON(value)
	}
	if violation := (*openapi3.SchemaError)(nil); errors.As(err, &violation) {
		return fmt.Errorf("sandbox: the field %s of the fault is invalid: %s", strings.Join(violation.JSONPointer(), "/"), violation.Reason)
	}
	return err
}

// Faults returns the faults in the order in which they were added, including those that are used up.
func (s *Sandbox) Faults() []control.Fault { return convert(s.faults.All(), controlFault) }

// RemoveFault removes the fault with an ID, and reports whether it existed.
func (s *Sandbox) RemoveFault(id string) bool { return s.faults.Remove(id) }

// Advance moves the sandbox's clock forward. It returns an error when d is negative or when the clock
// would be more than a hundred years ahead.
func (s *Sandbox) Advance(d time.Duration) error { return s.clock.advance(d) }

// Now returns the sandbox's time in UTC.
func (s *Sandbox) Now() time.Time { return s.clock.now().UTC() }

// PurchaseFilter selects purchases. The zero value selects all of them.
type PurchaseFilter struct {
	// Account, if not empty, selects the purchases of the account with this ID.
	Account string
	// Before, if not empty, selects the purchases that are older than the purchase with this token.
	Before string
	// Limit, if not 0, is the maximum number of purchases.
	Limit int
}

// Purchases lists purchases, newest first. It returns billing.ErrPurchaseNotFound when filter.Before
// is not the token of a purchase.
func (s *Sandbox) Purchases(ctx context.Context, filter PurchaseFilter) ([]control.Purchase, error) {
	selected := billing.Filter{AccountID: filter.Account, Newest: true}
	if filter.Before != "" {
		before, err := s.billing.Purchase(ctx, filter.Before)
		if err != nil {
			return nil, err
		}
		selected.After = before.Cursor()
	}
	list := []control.Purchase{}
	for purchase, err := range s.billing.Purchases(ctx, selected) {
		if err != nil {
			return nil, err
		}
		list = append(list, s.controlPurchase(purchase))
		if filter.Limit > 0 && len(list) == filter.Limit {
			break
		}
	}
	return list, nil
}

// Settle pays or cancels the purchase with a token, as its payment page does. See billing.Service.Pay
// for its errors.
func (s *Sandbox) Settle(ctx context.Context, token string, status control.SettlementStatus) (control.Purchase, error) {
	var purchase billing.Purchase
	var err error
	switch status {
	case control.SettlePaid:
		purchase, err = s.billing.Pay(ctx, token)
	case control.SettleCancelled:
		purchase, err = s.billing.Cancel(ctx, token)
	default:
		err = fmt.Errorf("sandbox: the status %q does not settle a purchase; use paid or cancelled", status)
	}
	return s.controlPurchase(purchase), err
}

// Accounts lists the accounts with their balances, sorted by ID.
func (s *Sandbox) Accounts(ctx context.Context) ([]control.Account, error) {
	list := []control.Account{}
	for balance, err := range s.billing.Balances(ctx) {
		if err != nil {
			return nil, err
		}
		a := balance.Account
		list = append(list, control.Account{
			ID: a.ID, Name: a.Name, Currency: a.Currency, Active: a.Active, ActivePlan: a.ActivePlan, Balance: balance.Paid,
		})
	}
	return list, nil
}

// Reset deletes all purchases, sets all balances to zero, restores the demo accounts, clears the journal,
// removes all faults, and sets the clock to the real time.
func (s *Sandbox) Reset(ctx context.Context) error {
	var seed []billing.SeedAccount
	if s.settings.demo {
		seed = billing.DemoAccounts()
	}
	if err := s.billing.Reset(ctx, seed); err != nil {
		return err
	}
	s.faults.Clear()
	s.clock.reset()
	s.journal.Clear()
	return nil
}

// The functions below convert to the types of the control API.

func convert[T, U any](list []T, element func(T) U) []U {
	converted := make([]U, len(list)) // never nil, which JSON writes as null
	for i := range list {
		converted[i] = element(list[i])
	}
	return converted
}

func controlEntry(e journal.Entry) control.JournalEntry {
	return control.JournalEntry{
		ID: e.ID, Time: e.Time, DurationMs: float64(e.Duration.Microseconds()) / 1000, RequestID: e.RequestID,
		Method: e.Method, Path: e.Path, Account: e.Account, Status: e.Status,
		RequestHeaders: e.RequestHeaders, RequestBody: e.RequestBody,
		ResponseHeaders: e.ResponseHeaders, ResponseBody: e.ResponseBody,
		Reason: control.Reason{
			Text: e.Reason.Text, In: e.Reason.In, Keyword: e.Reason.Keyword, Pointer: e.Reason.Pointer, Code: e.Reason.Code, Fault: e.Reason.Fault,
		},
	}
}

func controlFault(f fault.Fault) control.Fault {
	return control.Fault{
		ID: f.ID, Kind: control.FaultKind(f.Kind), Status: f.Status, RetryAfter: f.RetryAfter, DelayMs: int(f.Delay / time.Millisecond),
		Code: f.Code, Account: f.Account, Times: f.Times, Every: f.Every, Matched: f.Matched, Acted: f.Acted,
	}
}

func (s *Sandbox) controlPurchase(p billing.Purchase) control.Purchase {
	return control.Purchase{
		Token: p.Token, URL: s.link(p.Token), Account: p.AccountID, Amount: p.Amount, Currency: p.Currency,
		Status: control.PurchaseStatus(p.Status), CreatedAt: p.CreatedAt, ExpiresAt: p.ExpiresAt(), SettledAt: p.SettledAt,
	}
}
