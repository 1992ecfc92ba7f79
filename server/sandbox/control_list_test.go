package sandbox_test

import (
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/turbosmtp-go/billing/gen/control"
	"github.com/turbosmtp-go/billing/server/sandbox"
)

func TestControlPurchases(t *testing.T) {
	t.Parallel()
	r := start(t, sandbox.WithOpenControl(), sandbox.WithClock(ticking()))
	addAccount(t, r, "acme-key-of-a-test")
	c := steer(t, r)
	tokens := []string{order(t, r, "sandbox-active-token"), order(t, r, "acme-key-of-a-test"), order(t, r, "sandbox-active-token"), order(t, r, "acme-key-of-a-test"), order(t, r, "sandbox-active-token")}
	slices.Reverse(tokens) // newest first
	for parameters, want := range map[string][]string{
		"":                                         tokens,
		"limit=2":                                  tokens[:2],
		"limit=5":                                  tokens,
		"limit=1000":                               tokens,
		"before=" + tokens[0]:                      tokens[1:],
		"limit=2&before=" + tokens[1]:              tokens[2:4],
		"before=" + tokens[4]:                      nil,
		"account=acme":                             {tokens[1], tokens[3]},
		"account=acme&limit=1":                     {tokens[1]},
		"account=acme&before=" + tokens[1]:         {tokens[3]},
		"account=acme&before=" + tokens[2]:         {tokens[3]}, // another's
		"account=sandbox-active&limit=2":           {tokens[0], tokens[2]},
		"account=nobody":                           nil,
		"account=nobody&before=" + tokens[0]:       nil,
		"unknown=1&limit=1&other=" + tokens[0]:     tokens[:1],
		"limit=%31&account=%61cme":                 {tokens[1]},
		"account=acme&limit=2&before=" + tokens[0]: {tokens[1], tokens[3]},
	} {
		answer, err := c.ListPurchasesWithResponse(t.Context(), nil, query(parameters))
		if err != nil || answer.JSON200 == nil {
			t.Errorf("%s: %v %s", parameters, err, answer.Body)
			continue
		}
		var got []string
		for _, p := range answer.JSON200.Purchases {
			got = append(got, p.Token)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", parameters, got, want)
		}
	}
	answer, err := c.ListPurchasesWithResponse(t.Context(), nil, query("account=acme&limit=1"))
	if err != nil || answer.JSON200 == nil {
		t.Fatalf("%v %s", err, answer.Body)
	}
	p := answer.JSON200.Purchases[0]
	if p.URL != "http://"+r.address+"/checkout/"+p.Token || p.Account != "acme" || p.Amount != 320 || p.Currency != "EUR" ||
		p.Status != control.Pending || !p.ExpiresAt.Equal(p.CreatedAt.Add(24*time.Hour)) || !p.SettledAt.IsZero() {
		t.Errorf("a purchase is %+v", p)
	}
}

func TestControlJournal(t *testing.T) {
	t.Parallel()
	r := start(t, sandbox.WithOpenControl(), sandbox.WithClock(func() time.Time { return began }))
	c := steer(t, r)
	for range 1105 { // of which a thousand are kept
		r.Handler().ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), "GET", "/nowhere", nil))
	}
	for parameters, test := range map[string]struct{ first, last int64 }{
		"":                                   {1105, 1006}, // a hundred
		"limit=3":                            {1105, 1103},
		"limit=1000":                         {1105, 106},
		"before=1103":                        {1102, 1003},
		"before=109":                         {108, 106},
		"before=1103&limit=2":                {1102, 1101},
		"before=107":                         {106, 106},
		"before=106":                         {105, 106}, // none
		"before=1":                           {105, 106},
		"before=4611686018427387904&limit=1": {1105, 1105}, // of an id to come
		"before=9223372036854775807&limit=1": {1105, 1105},
	} {
		answer, err := c.ListJournalWithResponse(t.Context(), nil, query(parameters))
		if err != nil || answer.JSON200 == nil {
			t.Errorf("%s: %v %s", parameters, err, answer.Body)
			continue
		}
		entries := answer.JSON200.Entries
		if len(entries) != int(test.first-test.last+1) {
			t.Errorf("%s: %d entries", parameters, len(entries))
			continue
		}
		for i, entry := range entries {
			if entry.ID != test.first-int64(i) || entry.Path != "/nowhere" || !entry.Time.Equal(began) {
				t.Errorf("%s: the entry %d is %+v", parameters, i, entry)
			}
		}
	}
}
