package sandbox_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/turbosmtp-go/billing/gen/control"
	"github.com/turbosmtp-go/billing/server"
	"github.com/turbosmtp-go/billing/server/sandbox"
)

// TestFaultsLeaveOthersAlone has a fault that would reset every connection of the API.
func TestFaultsLeaveOthersAlone(t *testing.T) {
	t.Parallel()
	r := start(t, sandbox.WithOpenControl())
	token := order(t, r, "sandbox-active-token")
	if _, err := r.Fail(control.Fault{Kind: control.FailResetBefore}); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		method, path string
		status       int
	}{
		{"GET", steering + "/clock", 200},
		{"GET", steering + "/faults", 200},
		{"GET", steering + "/journal", 200},
		{"POST", steering + "/faults", 400},
		{"GET", "/checkout/" + token, 200},
		{"POST", "/checkout/" + token, 415},
		{"GET", "/docs", 0},
		{"GET", "/openapi.json", 200},
		{"GET", "/livez", 200},
		{"GET", "/", 200},
		{"POST", "/nowhere", 404},
		{"POST", path + "/", 404},
		{"GET", path, 405},
		{"OPTIONS", path, 405},
	} {
		response, body := ask(t, r, row.method, row.path, "", "Content-Type", "application/json", "Authorization", "sandbox-active-token")
		if row.status != 0 && response.StatusCode != row.status {
			t.Errorf("%s %s: %d %.100s", row.method, row.path, response.StatusCode, body)
		}
	}
	if f := r.Faults()[0]; f.Matched != 0 || f.Acted != 0 {
		t.Errorf("the fault is %+v", f)
	}
}

// TestFaultsOfOneAccount tells requests apart by the credentials that they come with.
func TestFaultsOfOneAccount(t *testing.T) {
	t.Parallel()
	asJSON := []string{"Content-Type", "application/json"}
	requests := map[string][]string{
		"active, by key":     active,
		"active, by token":   append([]string{"Authorization", "sandbox-active-token"}, asJSON...),
		"inactive":           append([]string{"Authorization", "sandbox-inactive-token"}, asJSON...),
		"no plan":            append([]string{"Authorization", "sandbox-noplan-token"}, asJSON...),
		"unknown":            append([]string{"Authorization", "unknown"}, asJSON...),
		"none":               asJSON,
		"half":               append([]string{"consumerKey", "sandbox-active-key"}, asJSON...),
		"right beside wrong": append([]string{"Authorization", "unknown"}, active...),
	}
	for account, hit := range map[string]string{
		"sandbox-active": "active, by key; active, by token; right beside wrong", "sandbox-inactive": "inactive", "sandbox-noplan": "no plan", "nobody": "",
	} {
		r := start(t)
		if _, err := r.Fail(control.Fault{Kind: control.FailStatus, Status: 599, Account: account}); err != nil {
			t.Fatal(err)
		}
		acted := int64(0)
		for name, headers := range requests {
			response, body := ask(t, r, "POST", path, `{"amount":320}`, headers...)
			want := hit != "" && strings.Contains("; "+hit+";", "; "+name+";")
			if (response.StatusCode == 599) != want {
				t.Errorf("%s, for %s: %d %s", name, account, response.StatusCode, body)
			}
			if want {
				acted++
				if entry := r.Journal(1, 0)[0]; entry.Account != account || entry.Why.Fault != "1" {
					t.Errorf("%s, for %s: the journal has %+v", name, account, entry)
				}
			}
		}
		if f := r.Faults()[0]; f.Matched != acted || f.Acted != acted {
			t.Errorf("%s: %+v", account, f)
		}
	}
}

// TestFaultsAreCounted sends orders one after another and a hundred at once: as many fail as were asked
// for, and all others are bought.
func TestFaultsAreCounted(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		fault control.Fault
		order string // of ten orders, which fail
		many  int64  // of a hundred
	}{
		"next two":            {control.Fault{Times: 2}, "xx........", 2},
		"every third":         {control.Fault{Every: 3}, "..x..x..x.", 33},
		"every second, twice": {control.Fault{Every: 2, Times: 2}, ".x.x......", 2},
		"all":                 {control.Fault{}, "xxxxxxxxxx", 100},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			row.fault.Kind = control.FailStatus
			r := start(t)
			for range 2 {
				added, err := r.Fail(row.fault)
				if err != nil {
					t.Fatal(err)
				}
				got := ""
				for range 10 {
					response, _ := ask(t, r, "POST", path, `{"amount":320}`, active...)
					got += map[bool]string{true: "x", false: "."}[response.StatusCode == 503]
				}
				if got != row.order {
					t.Errorf("one after another: %s, want %s", got, row.order)
				}
				r.RemoveFault(added.ID)
			}
			before := len(purchases(t, r))
			added, err := r.Fail(row.fault)
			if err != nil {
				t.Fatal(err)
			}
			var failed atomic.Int64
			var wg sync.WaitGroup
			for range 10 {
				wg.Go(func() {
					for range 10 {
						response := send(t, r, "POST", path, strings.NewReader(`{"amount":320}`), active...)
						_, _ = io.Copy(io.Discard, response.Body)
						_ = response.Body.Close()
						if response.StatusCode == 503 {
							failed.Add(1)
						}
					}
				})
			}
			wg.Wait()
			if failed.Load() != row.many || len(purchases(t, r)) != before+100-int(row.many) || !r.RemoveFault(added.ID) {
				t.Errorf("at once: %d failed, %d were bought; want %d to fail", failed.Load(), len(purchases(t, r))-before, row.many)
			}
		})
	}
}

// TestDelayTakesNoTimeFromTheBody delays a request for longer than its body may take to arrive. Many
// HTTP libraries send the body apart from the headers, so that it is still to be read then.
func TestDelayTakesNoTimeFromTheBody(t *testing.T) {
	t.Parallel()
	r := start(t, sandbox.WithServer(server.WithReadTimeout(time.Second)))
	if _, err := r.Fail(control.Fault{Kind: control.FailDelay, DelayMs: 1200}); err != nil {
		t.Fatal(err)
	}
	body := `{"amount":320,"note":"` + strings.Repeat("x", 100<<10) + `"}`
	if response, answer := ask(t, r, "POST", path, body, active...); response.StatusCode != 200 {
		t.Errorf("%d %s", response.StatusCode, answer)
	}
}

// TestStopEndsDelays stops a sandbox that delays a request whose client has gone. It need not wait for
// the delay, which is longer than its grace.
func TestStopEndsDelays(t *testing.T) {
	t.Parallel()
	r := start(t)
	if _, err := r.Fail(control.Fault{Kind: control.FailDelay, DelayMs: 30000}); err != nil {
		t.Fatal(err)
	}
	c := dial(t, r)
	if _, err := fmt.Fprintf(c, "POST %s HTTP/1.1\r\n%sContent-Length: 14\r\n\r\n{\"amount\":320}", path, keys); err != nil {
		t.Fatal(err)
	}
	for r.Faults()[0].Acted == 0 { // until it waits
		runtime.Gosched()
		if err := t.Context().Err(); err != nil {
			t.Fatal(err)
		}
	}
	_ = c.Close() // and what start has put into Cleanup stops it, and fails when its grace was not enough
}

// TestResetWithoutAConnection serves from a handler that has none: there, too, no answer comes.
func TestResetWithoutAConnection(t *testing.T) {
	t.Parallel()
	r := start(t)
	for _, kind := range []control.FaultKind{control.FailResetBefore, control.FailResetAfter, control.FailCutBody} {
		added, err := r.Fail(control.Fault{Kind: kind})
		if err != nil {
			t.Fatal(err)
		}
		func() {
			defer func() {
				if err, _ := recover().(error); !errors.Is(err, http.ErrAbortHandler) {
					t.Errorf("%s: %v", kind, err)
				}
			}()
			request, err := http.NewRequestWithContext(context.Background(), "POST", path, strings.NewReader("{}"))
			if err != nil {
				t.Error(err)
			}
			r.Handler().ServeHTTP(&deaf{header: http.Header{}}, request)
		}()
		r.RemoveFault(added.ID)
	}
	if n := len(r.Journal(10, 0)); n != 3 {
		t.Errorf("%d entries", n)
	}
}

// deaf is an http.ResponseWriter that can do nothing more than it must, but flush.
type deaf struct{ header http.Header }

func (d *deaf) Header() http.Header         { return d.header }
func (d *deaf) WriteHeader(int)             {}
func (d *deaf) Write(p []byte) (int, error) { return len(p), nil }
func (d *deaf) Flush()                      {}

// TestFailuresBehindFaults has the store fail where a fault keeps the answer from the client: the log
// still says which request it was.
func TestFailuresBehindFaults(t *testing.T) {
	t.Parallel()
	r := start(t)
	if _, err := r.Fail(control.Fault{Kind: control.FailHTMLAfter}); err != nil {
		t.Fatal(err)
	}
	_ = r.store.Close()
	response, body := ask(t, r, "POST", path, `{"amount":320}`, append([]string{"X-Request-Id", "one-of-a-test"}, active...)...)
	if response.StatusCode != 500 || response.Header.Get("X-Request-Id") != "one-of-a-test" || !strings.Contains(body, "<h1>500 ") {
		t.Errorf("%d %v %s", response.StatusCode, response.Header, body)
	}
	if log := r.log.String(); !strings.Contains(log, "request_id=one-of-a-test") {
		t.Errorf("the log says %s", log)
	}
	if entry := r.Journal(1, 0)[0]; entry.Status != 500 || !strings.Contains(entry.Why.Text, "its log says how") || entry.Why.Fault != "1" {
		t.Errorf("the journal has %+v", entry)
	}
}
