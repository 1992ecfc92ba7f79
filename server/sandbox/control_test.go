package sandbox_test

import (
	"context"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/turbosmtp-go/billing/gen/control"
	"github.com/turbosmtp-go/billing/server/internal/billing"
	"github.com/turbosmtp-go/billing/server/sandbox"
)

const steering = "/_sandbox"

// steer returns a client of a running sandbox's control API, by its generated code.
func steer(t testing.TB, r *running) *control.ClientWithResponses {
	t.Helper()
	c, err := control.NewClientWithResponses("http://" + r.address + steering)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// query is for a call of the generated client without parameters, to which it adds them: they are what
// the test says and no other.
func query(raw string) control.RequestEditorFn {
	return func(_ context.Context, request *http.Request) error {
		request.URL.RawQuery = raw
		return nil
	}
}

// ask sends a request and returns its answer and the body.
func ask(t testing.TB, r *running, method, path, body string, headers ...string) (*http.Response, string) {
	t.Helper()
	response := send(t, r, method, path, strings.NewReader(body), headers...)
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatalf("%s %s: the answer breaks off: %v", method, path, err)
	}
	_ = response.Body.Close()
	return response, string(answer)
}

// order buys for 320 with the credentials of an API key, and returns the payment link's token.
func order(t testing.TB, r *running, apiKey string) string {
	t.Helper()
	response, body := ask(t, r, "POST", path, `{"amount":320}`, "Authorization", apiKey, "Content-Type", "application/json")
	_, rest, ok := strings.Cut(body, "/checkout/")
	if response.StatusCode != bought || !ok {
		t.Fatalf("%d %s", response.StatusCode, body)
	}
	return strings.TrimSuffix(strings.TrimSpace(rest), `"}`)
}

// began is when the clocks of tests begin.
var began = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// ticking is a clock that goes a second further whenever it is looked at, so that everything happens
// at a time of its own.
func ticking() func() time.Time {
	var ticks atomic.Int64
	return func() time.Time { return began.Add(time.Duration(ticks.Add(1)) * time.Second) }
}

// addAccount puts an account that is no demo account into the store, with an API key.
func addAccount(t testing.TB, r *running, apiKey string) {
	t.Helper()
	account := billing.Account{ID: "acme", Name: "Acme", Currency: "EUR", Active: true, ActivePlan: true}
	if err := r.store.PutAccount(t.Context(), account, billing.APIKey(apiKey).Key("acme")); err != nil {
		t.Fatal(err)
	}
}

func TestControlSettles(t *testing.T) {
	t.Parallel()
	r := start(t, sandbox.WithOpenControl())
	c := steer(t, r)
	paid, cancelled, late := order(t, r, "sandbox-active-token"), order(t, r, "sandbox-active-token"), order(t, r, "sandbox-active-token")
	settle := func(token string, status control.SettlementStatus, want int, is control.PurchaseStatus) {
		t.Helper()
		answer, err := c.SettlePurchaseWithResponse(t.Context(), token, control.Settlement{Status: status})
		if err != nil || answer.StatusCode() != want {
			t.Fatalf("%s: %v %d %s", status, err, answer.StatusCode(), answer.Body)
		}
		switch {
		case answer.JSON200 != nil && (answer.JSON200.Status != is || answer.JSON200.SettledAt.IsZero() || answer.JSON200.Token != token):
			t.Errorf("%s: %+v", status, answer.JSON200)
		case answer.JSON409 != nil && !strings.Contains(answer.JSON409.Message, string(is)):
			t.Errorf("%s: %s", status, answer.JSON409.Message)
		}
	}
	for range 2 { // to do again what was done is no failure
		settle(paid, control.SettlePaid, 200, control.Paid)
		settle(cancelled, control.SettleCancelled, 200, control.Cancelled)
	}
	settle(paid, control.SettleCancelled, 409, control.Paid)
	settle(cancelled, control.SettlePaid, 409, control.Cancelled)
	if answer, err := c.AdvanceClockWithResponse(t.Context(), control.Advance{Seconds: 24 * 60 * 60}); err != nil || answer.StatusCode() != 200 {
		t.Fatalf("%v %s", err, answer.Body)
	}
	settle(late, control.SettlePaid, 409, control.Expired)
	settle(late, control.SettleCancelled, 409, control.Expired)
	settle(paid, control.SettlePaid, 200, control.Paid)

	answer, err := c.ListAccountsWithResponse(t.Context())
	if err != nil || answer.JSON200 == nil {
		t.Fatalf("%v %s", err, answer.Body)
	}
	want := []control.Account{
		{ID: "sandbox-active", Name: "Active demo account", Currency: "USD", Active: true, ActivePlan: true, Balance: 320},
		{ID: "sandbox-inactive", Name: "Inactive demo account", Currency: "USD", ActivePlan: true},
		{ID: "sandbox-noplan", Name: "Demo account without a plan", Currency: "USD", Active: true},
	}
	if !slices.Equal(answer.JSON200.Accounts, want) {
		t.Errorf("the accounts are %+v", answer.JSON200.Accounts)
	}
}

func TestControlClock(t *testing.T) {
	t.Parallel()
	r := start(t, sandbox.WithOpenControl(), sandbox.WithClock(func() time.Time { return began }))
	c := steer(t, r)
	read := func(ahead time.Duration) {
		t.Helper()
		answer, err := c.ReadClockWithResponse(t.Context())
		if err != nil || answer.JSON200 == nil || !answer.JSON200.Now.Equal(began.Add(ahead)) || answer.JSON200.AheadSeconds != int64(ahead/time.Second) {
			t.Fatalf("%v ahead: %v %s", ahead, err, answer.Body)
		}
	}
	read(0)
	const most = 366 * 24 * time.Hour
	ahead := time.Duration(0)
	for _, d := range []time.Duration{time.Second, time.Hour, most - time.Hour - time.Second} {
		answer, err := c.AdvanceClockWithResponse(t.Context(), control.Advance{Seconds: int64(d / time.Second)})
		ahead += d
		if err != nil || answer.JSON200 == nil || !answer.JSON200.Now.Equal(began.Add(ahead)) || answer.JSON200.AheadSeconds != int64(ahead/time.Second) {
			t.Fatalf("%v: %v %s", d, err, answer.Body)
		}
		read(ahead)
	}
	for range 99 {
		if answer, err := c.AdvanceClockWithResponse(t.Context(), control.Advance{Seconds: int64(most / time.Second)}); err != nil || answer.StatusCode() != 200 {
			t.Fatalf("%v %s", err, answer.Body)
		}
	}
	order(t, r, "sandbox-active-token") // still works, a hundred years later
	answer, err := c.AdvanceClockWithResponse(t.Context(), control.Advance{Seconds: 1})
	if err != nil || answer.JSON400 == nil || !strings.Contains(answer.JSON400.Message, "hundred years") {
		t.Errorf("past a hundred years: %v %s", err, answer.Body)
	}
	read(100 * most)
}

func TestControlFaults(t *testing.T) {
	t.Parallel()
	r := start(t, sandbox.WithOpenControl())
	c := steer(t, r)
	add := func(body string, want control.Fault) {
		t.Helper()
		answer, err := c.AddFaultWithBodyWithResponse(t.Context(), "application/json", strings.NewReader(body))
		if err != nil || answer.JSON201 == nil || *answer.JSON201 != want {
			t.Fatalf("%s: %v %s, want %+v", body, err, answer.Body, want)
		}
	}
	list := func(want ...control.Fault) {
		t.Helper()
		answer, err := c.ListFaultsWithResponse(t.Context())
		if err != nil || answer.JSON200 == nil || !slices.Equal(answer.JSON200.Faults, want) {
			t.Fatalf("%v %s, want %+v", err, answer.Body, want)
		}
	}
	list()
	status := control.Fault{ID: "1", Kind: control.FailStatus, Status: 503, RetryAfter: 7, Times: 1}
	delay := control.Fault{ID: "2", Kind: control.FailDelay, DelayMs: 30000, Account: "nobody"}
	code := control.Fault{ID: "3", Kind: control.FailUnknownCode, Status: 400, Code: "sandbox_unknown_code", Every: 2}
	html := control.Fault{ID: "4", Kind: control.FailHTML, Status: 502}
	add(`{"kind":"status","retry_after":7,"times":1}`, status)
	add(`{"kind":"delay","delay_ms":30000,"account":"nobody"}`, delay)
	add(`{"kind":"unknown_code","every":2}`, code)
	add(`{"kind":"html"}`, html)
	for range 3 {
		ask(t, r, "POST", path, `{"amount":320}`, active...)
	}
	status.Matched, status.Acted, code.Matched, code.Acted, html.Matched, html.Acted = 1, 1, 2, 1, 1, 1
	list(status, delay, code, html)
	if answer, err := c.RemoveFaultWithResponse(t.Context(), "2"); err != nil || answer.StatusCode() != 204 || len(answer.Body) != 0 {
		t.Errorf("%v %d %s", err, answer.StatusCode(), answer.Body)
	}
	list(status, code, html)
	if answer, err := c.RemoveFaultWithResponse(t.Context(), "2"); err != nil || answer.JSON404 == nil {
		t.Errorf("twice: %v %s", err, answer.Body)
	}
	for range 2 {
		if answer, err := c.RemoveFaultsWithResponse(t.Context()); err != nil || answer.StatusCode() != 204 {
			t.Errorf("%v %d %s", err, answer.StatusCode(), answer.Body)
		}
		list()
	}
	order(t, r, "sandbox-active-token")
	add(`{"kind":"cut_body"}`, control.Fault{ID: "5", Kind: control.FailCutBody}) // an id is not given again
}
