package sandbox_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/turbosmtp-go/billing/gen/control"
	"github.com/turbosmtp-go/billing/server/internal/billing"
	"github.com/turbosmtp-go/billing/server/sandbox"
)

// controlClient returns a generated client of the control API.
func (r *running) controlClient(t testing.TB) *control.ClientWithResponses {
	t.Helper()
	c, err := control.NewClientWithResponses("http://" + r.address + controlPath)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// query sets the query of a request of the generated client.
func query(raw string) control.RequestEditorFn {
	return func(_ context.Context, request *http.Request) error {
		request.URL.RawQuery = raw
		return nil
	}
}

// began is the time of the clocks in tests.
var began = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func fixedClock() time.Time { return began }

// addAccount adds the account acme to the store, with an API key.
func (r *running) addAccount(t testing.TB, key string) {
	t.Helper()
	account := billing.Account{ID: "acme", Name: "Acme", Currency: "EUR", Active: true, ActivePlan: true}
	if err := r.store.PutAccount(t.Context(), account, billing.APIKey(key).Key("acme")); err != nil {
		t.Fatal(err)
	}
}

// demoAccounts returns the demo accounts, of which the active one has a balance.
func demoAccounts(balance int64) []control.Account {
	return []control.Account{
		{ID: "sandbox-active", Name: "Active demo account", Currency: "USD", Active: true, ActivePlan: true, Balance: balance},
		{ID: "sandbox-inactive", Name: "Inactive demo account", Currency: "USD", ActivePlan: true},
		{ID: "sandbox-noplan", Name: "Demo account without a plan", Currency: "USD", Active: true},
	}
}

func TestSettlePurchase(t *testing.T) {
	t.Parallel()
	r := start(t, sandbox.WithOpenControl())
	c := r.controlClient(t)
	paid, cancelled, late := r.buy(t, "sandbox-active-token"), r.buy(t, "sandbox-active-token"), r.buy(t, "sandbox-active-token")
	settle := func(token string, status control.SettlementStatus, code int, want control.PurchaseStatus) {
		t.Helper()
		response, err := c.SettlePurchaseWithResponse(t.Context(), token, control.Settlement{Status: status})
		if err != nil || response.StatusCode() != code {
			t.Fatalf("%s: %v %d %s", status, err, response.StatusCode(), response.Body)
		}
		switch {
		case response.JSON200 != nil && (response.JSON200.Status != want || response.JSON200.SettledAt.IsZero() || response.JSON200.Token != token):
			t.Errorf("%s: %+v", status, response.JSON200)
		case response.JSON409 != nil && !strings.Contains(response.JSON409.Message, string(want)):
			t.Errorf("%s: %s", status, response.JSON409.Message)
		}
	}
	for range 2 { // the operation is idempotent
		settle(paid, control.SettlePaid, 200, control.Paid)
		settle(cancelled, control.SettleCancelled, 200, control.Cancelled)
	}
	settle(paid, control.SettleCancelled, 409, control.Paid)
	settle(cancelled, control.SettlePaid, 409, control.Cancelled)
	if err := r.Advance(24 * time.Hour); err != nil {
		t.Fatal(err)
	}
	settle(late, control.SettlePaid, 409, control.Expired)
	settle(late, control.SettleCancelled, 409, control.Expired)
	settle(paid, control.SettlePaid, 200, control.Paid)

	accounts, err := c.ListAccountsWithResponse(t.Context())
	if err != nil || accounts.JSON200 == nil || !slices.Equal(accounts.JSON200.Accounts, demoAccounts(320)) {
		t.Fatalf("%v %s", err, accounts.Body)
	}
	if _, err := r.Settle(t.Context(), paid, "expired"); err == nil {
		t.Error("no error for a status that does not settle")
	}
}

func TestClock(t *testing.T) {
	t.Parallel()
	r := start(t, sandbox.WithOpenControl(), sandbox.WithClock(fixedClock))
	c := r.controlClient(t)
	is := func(got *control.Clock, ahead time.Duration) bool {
		return got != nil && got.Now.Equal(began.Add(ahead)) && got.AheadSeconds == int64(ahead/time.Second)
	}
	const most = 366 * 24 * time.Hour
	var ahead time.Duration
	for _, d := range slices.Concat([]time.Duration{time.Second, time.Hour, most - time.Hour - time.Second}, slices.Repeat([]time.Duration{most}, 99)) {
		ahead += d
		if response, err := c.AdvanceClockWithResponse(t.Context(), control.Advance{Seconds: int64(d / time.Second)}); err != nil || !is(response.JSON200, ahead) {
			t.Fatalf("%v: %v %s", d, err, response.Body)
		}
	}
	r.buy(t, "sandbox-active-token") // the sandbox works a hundred years later
	response, err := c.AdvanceClockWithResponse(t.Context(), control.Advance{Seconds: 1})
	if err != nil || response.JSON400 == nil || !strings.Contains(response.JSON400.Message, "hundred years") {
		t.Errorf("more than a hundred years: %v %s", err, response.Body)
	}
	if response, err := c.ReadClockWithResponse(t.Context()); err != nil || !is(response.JSON200, ahead) {
		t.Errorf("%v %s", err, response.Body)
	}
	if err := r.Advance(-time.Second); err == nil {
		t.Error("the clock went back")
	}
}

func TestFaultOperations(t *testing.T) {
	t.Parallel()
	r := start(t, sandbox.WithOpenControl())
	c := r.controlClient(t)
	add := func(body string, want control.Fault) {
		t.Helper()
		response, err := c.AddFaultWithBodyWithResponse(t.Context(), "application/json", strings.NewReader(body))
		if err != nil || response.JSON201 == nil || *response.JSON201 != want {
			t.Fatalf("%s: %v %s, want %+v", body, err, response.Body, want)
		}
	}
	list := func(want ...control.Fault) {
		t.Helper()
		response, err := c.ListFaultsWithResponse(t.Context())
		if err != nil || response.JSON200 == nil || !slices.Equal(response.JSON200.Faults, want) {
			t.Fatalf("%v %s, want %+v", err, response.Body, want)
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
		r.request(t, "POST", path, validOrder, active...)
	}
	status.Matched, status.Acted, code.Matched, code.Acted, html.Matched, html.Acted = 1, 1, 2, 1, 1, 1
	list(status, delay, code, html)
	if response, err := c.RemoveFaultWithResponse(t.Context(), "2"); err != nil || response.StatusCode() != 204 || len(response.Body) != 0 {
		t.Errorf("%v %d %s", err, response.StatusCode(), response.Body)
	}
	list(status, code, html)
	if response, err := c.RemoveFaultWithResponse(t.Context(), "2"); err != nil || response.JSON404 == nil {
		t.Errorf("a fault that was removed: %v %s", err, response.Body)
	}
	for range 2 {
		if response, err := c.RemoveFaultsWithResponse(t.Context()); err != nil || response.StatusCode() != 204 {
			t.Errorf("%v %d %s", err, response.StatusCode(), response.Body)
		}
		list()
	}
	r.buy(t, "sandbox-active-token")
	add(`{"kind":"cut_body"}`, control.Fault{ID: "5", Kind: control.FailCutBody})
}

func TestListPurchases(t *testing.T) {
	t.Parallel()
	var ticks atomic.Int64 // each purchase gets a time of its own
	r := start(t, sandbox.WithOpenControl(), sandbox.WithClock(func() time.Time { return began.Add(time.Duration(ticks.Add(1)) * time.Second) }))
	r.addAccount(t, "acme-key-of-a-test")
	var tokens []string // newest first
	for _, key := range []string{"sandbox-active-token", "acme-key-of-a-test", "sandbox-active-token", "acme-key-of-a-test", "sandbox-active-token"} {
		tokens = append([]string{r.buy(t, key)}, tokens...)
	}
	c := r.controlClient(t)
	for parameters, want := range map[string][]string{
		"":                                     tokens,
		"limit=2":                              tokens[:2],
		"limit=1000":                           tokens,
		"before=" + tokens[0]:                  tokens[1:],
		"limit=2&before=" + tokens[1]:          tokens[2:4],
		"before=" + tokens[4]:                  nil,
		"account=acme":                         {tokens[1], tokens[3]},
		"account=acme&limit=1":                 {tokens[1]},
		"account=acme&before=" + tokens[1]:     {tokens[3]},
		"account=acme&before=" + tokens[2]:     {tokens[3]}, // the token is of another account
		"account=nobody":                       nil,
		"unknown=1&limit=1&other=" + tokens[0]: tokens[:1],
		"limit=%31&account=%61cme":             {tokens[1]},
	} {
		response, err := c.ListPurchasesWithResponse(t.Context(), nil, query(parameters))
		if err != nil || response.JSON200 == nil {
			t.Errorf("%s: %v %s", parameters, err, response.Body)
			continue
		}
		var got []string
		for _, p := range response.JSON200.Purchases {
			got = append(got, p.Token)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", parameters, got, want)
		}
	}
	list, err := r.Purchases(t.Context(), sandbox.PurchaseFilter{Account: "acme", Limit: 1})
	if err != nil || len(list) != 1 {
		t.Fatalf("%v %v", list, err)
	}
	if p := list[0]; p.URL != "http://"+r.address+"/checkout/"+p.Token || p.Account != "acme" || p.Amount != 320 || p.Currency != "EUR" ||
		p.Status != control.Pending || !p.ExpiresAt.Equal(p.CreatedAt.Add(24*time.Hour)) || !p.SettledAt.IsZero() {
		t.Errorf("%+v", p)
	}
}

func TestListJournal(t *testing.T) {
	t.Parallel()
	r := start(t, sandbox.WithOpenControl(), sandbox.WithClock(fixedClock))
	c := r.controlClient(t)
	for range 1105 { // the journal keeps the last 1000
		r.Handler().ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), "GET", "/nowhere", nil))
	}
	for parameters, test := range map[string]struct{ first, last int64 }{
		"":                                   {1105, 1006}, // the default limit
		"limit=3":                            {1105, 1103},
		"limit=1000":                         {1105, 106},
		"before=1103":                        {1102, 1003},
		"before=1103&limit=2":                {1102, 1101},
		"before=107":                         {106, 106},
		"before=106":                         {105, 106}, // an empty list
		"before=9223372036854775807&limit=1": {1105, 1105},
	} {
		response, err := c.ListJournalWithResponse(t.Context(), nil, query(parameters))
		if err != nil || response.JSON200 == nil || len(response.JSON200.Entries) != int(test.first-test.last+1) {
			t.Errorf("%s: %v %.100s", parameters, err, response.Body)
			continue
		}
		for i, entry := range response.JSON200.Entries {
			if entry.ID != test.first-int64(i) || entry.Path != "/nowhere" || !entry.Time.Equal(began) {
				t.Errorf("%s: the entry %d is %+v", parameters, i, entry)
			}
		}
	}
}

func TestReset(t *testing.T) {
	t.Parallel()
	r := start(t, sandbox.WithOpenControl(), sandbox.WithClock(fixedClock))
	r.addAccount(t, "acme-key-of-a-test")
	for _, key := range []string{"sandbox-active-token", "acme-key-of-a-test"} {
		if _, err := r.Settle(t.Context(), r.buy(t, key), control.SettlePaid); err != nil {
			t.Fatal(err)
		}
		r.buy(t, key) // stays pending
	}
	changed := billing.Account{ID: "sandbox-active", Name: "Changed", Currency: "EUR"}
	if err := r.store.PutAccount(t.Context(), changed); err != nil {
		t.Fatal(err)
	}
	r.fail(t, control.Fault{Kind: control.FailStatus})
	if err := r.Advance(time.Hour); err != nil {
		t.Fatal(err)
	}
	last := r.Journal(1, 0)[0].ID

	response, err := r.controlClient(t).ResetWithResponse(t.Context())
	if err != nil || response.StatusCode() != 204 || len(response.Body) != 0 {
		t.Fatalf("%v %d %s", err, response.StatusCode(), response.Body)
	}
	accounts, err := r.Accounts(t.Context())
	want := append([]control.Account{{ID: "acme", Name: "Acme", Currency: "EUR", Active: true, ActivePlan: true}}, demoAccounts(0)...)
	if err != nil || !slices.Equal(accounts, want) {
		t.Errorf("the accounts are %+v, %v", accounts, err)
	}
	if p, j, f := r.purchases(t), r.Journal(1000, 0), r.Faults(); len(p) != 0 || len(j) != 0 || len(f) != 0 || !r.Now().Equal(began) {
		t.Errorf("after the reset: purchases %v, journal %v, faults %v, time %v", p, j, f, r.Now())
	}
	r.buy(t, "sandbox-active-token")
	r.buy(t, "acme-key-of-a-test") // Reset keeps the keys
	if entries := r.Journal(1000, 0); len(entries) != 2 || entries[1].ID != last+1 {
		t.Errorf("the last entry before the reset was %d, the journal is %+v", last, entries)
	}
	if f := r.fail(t, control.Fault{Kind: control.FailStatus}); f.ID != "2" {
		t.Errorf("the fault after the reset is %+v", f)
	}
}

// TestResetWithoutDemoAccounts does not restore the demo accounts.
func TestResetWithoutDemoAccounts(t *testing.T) {
	t.Parallel()
	with := start(t)
	changed := billing.Account{ID: "sandbox-active", Name: "Changed", Currency: "EUR"}
	if err := with.store.PutAccount(t.Context(), changed); err != nil {
		t.Fatal(err)
	}
	box, err := sandbox.New(t.Context(), with.store, "http://sandbox.example")
	if err != nil {
		t.Fatal(err)
	}
	if err := box.Reset(t.Context()); err != nil {
		t.Fatal(err)
	}
	if account, err := with.store.Balance(t.Context(), "sandbox-active"); err != nil || account.Account != changed {
		t.Errorf("%+v, %v", account, err)
	}
}
