package sandbox_test

import (
	"io"
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

// TestFaultsActOnOperations has a fault that resets every connection of the API.
func TestFaultsActOnOperations(t *testing.T) {
	t.Parallel()
	r := start(t, sandbox.WithOpenControl())
	token := r.buy(t, "sandbox-active-token")
	r.fail(t, control.Fault{Kind: control.FailResetBefore})
	for _, row := range []struct {
		method, path string
		status       int
	}{
		{"GET", controlPath + "/clock", 200},
		{"POST", controlPath + "/faults", 400},
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
		response, body := r.request(t, row.method, row.path, "", withKey("sandbox-active-token")...)
		if row.status != 0 && response.StatusCode != row.status {
			t.Errorf("%s %s: %d %.100s", row.method, row.path, response.StatusCode, body)
		}
	}
	if f := r.Faults()[0]; f.Matched != 0 || f.Acted != 0 {
		t.Errorf("the fault is %+v", f)
	}
}

// TestFaultsOfAccount matches requests by their credentials.
func TestFaultsOfAccount(t *testing.T) {
	t.Parallel()
	requests := map[string][]string{
		"active, key":     active,
		"active, token":   withKey("sandbox-active-token"),
		"inactive":        withKey("sandbox-inactive-token"),
		"no plan":         withKey("sandbox-noplan-token"),
		"unknown":         withKey("unknown"),
		"no credentials":  asJSON,
		"incomplete":      append([]string{"consumerKey", "sandbox-active-key"}, asJSON...),
		"valid and wrong": append([]string{"Authorization", "unknown"}, active...),
	}
	for account, matching := range map[string]string{
		"sandbox-active": "active, key; active, token; valid and wrong", "sandbox-inactive": "inactive", "sandbox-noplan": "no plan", "nobody": "",
	} {
		r := start(t)
		r.fail(t, control.Fault{Kind: control.FailStatus, Status: 599, Account: account})
		acted := int64(0)
		for name, headers := range requests {
			response, body := r.request(t, "POST", path, validOrder, headers...)
			want := matching != "" && strings.Contains("; "+matching+";", "; "+name+";")
			if (response.StatusCode == 599) != want {
				t.Errorf("%s, for %s: %d %s", name, account, response.StatusCode, body)
			}
			if want {
				acted++
				if entry := r.Journal(1, 0)[0]; entry.Account != account || entry.Reason.Fault != "1" {
					t.Errorf("%s, for %s: the entry of the journal is %+v", name, account, entry)
				}
			}
		}
		if f := r.Faults()[0]; f.Matched != acted || f.Acted != acted {
			t.Errorf("%s: %+v", account, f)
		}
	}
}

// TestFaultsAreCounted sends a hundred orders at once: the fault acts on exactly as many as it should,
// and the others are bought. Package fault tests the counting.
func TestFaultsAreCounted(t *testing.T) {
	t.Parallel()
	r := start(t)
	r.fail(t, control.Fault{Kind: control.FailStatus, Every: 3, Times: 20})
	var failed atomic.Int64
	var group sync.WaitGroup
	for range 10 {
		group.Go(func() {
			for range 10 {
				response := r.send(t, "POST", path, strings.NewReader(validOrder), active...)
				_, _ = io.Copy(io.Discard, response.Body)
				_ = response.Body.Close()
				if response.StatusCode == 503 {
					failed.Add(1)
				}
			}
		})
	}
	group.Wait()
	if n := len(r.purchases(t)); failed.Load() != 20 || n != 80 {
		t.Errorf("%d orders failed, %d were bought", failed.Load(), n)
	}
}

// TestDelayKeepsBodyTime delays a request for longer than its body may take. Many HTTP libraries send the
// body after the headers, so that it is not read before the delay ends.
func TestDelayKeepsBodyTime(t *testing.T) {
	t.Parallel()
	r := start(t, sandbox.WithServer(server.WithReadTimeout(time.Second)))
	r.fail(t, control.Fault{Kind: control.FailDelay, DelayMs: 1200})
	body := `{"amount":320,"note":"` + strings.Repeat("x", 100<<10) + `"}`
	if response, text := r.request(t, "POST", path, body, active...); response.StatusCode != 200 {
		t.Errorf("%d %s", response.StatusCode, text)
	}
}

// TestStopEndsDelays stops a sandbox during a delay that is longer than the grace period.
func TestStopEndsDelays(t *testing.T) {
	t.Parallel()
	r := start(t)
	r.fail(t, control.Fault{Kind: control.FailDelay, DelayMs: 30000})
	c := r.dial(t)
	c.order(t, activeHeaders+"Content-Length: 14\r\n", validOrder)
	for r.Faults()[0].Acted == 0 {
		runtime.Gosched()
		if err := t.Context().Err(); err != nil {
			t.Fatal(err)
		}
	}
	_ = c.Close() // the cleanup of start stops the sandbox, and fails the test when the grace period is over
}

// TestFailureBehindFault has the store fail where the client does not receive the response of the API.
func TestFailureBehindFault(t *testing.T) {
	t.Parallel()
	r := start(t)
	r.fail(t, control.Fault{Kind: control.FailHTMLAfter})
	_ = r.store.Close()
	response, body := r.request(t, "POST", path, validOrder, append([]string{"X-Request-Id", "one-of-a-test"}, active...)...)
	if response.StatusCode != 500 || response.Header.Get("X-Request-Id") != "one-of-a-test" || !strings.Contains(body, "<h1>500 ") {
		t.Errorf("%d %v %s", response.StatusCode, response.Header, body)
	}
	if log := r.log.String(); !strings.Contains(log, "request_id=one-of-a-test") {
		t.Errorf("the log is %s", log)
	}
	if entry := r.newest(t, "a failure", 1); entry.Status != 500 || !strings.Contains(entry.Reason.Text, "The log contains the details.") || entry.Reason.Fault != "1" {
		t.Errorf("the entry of the journal is %+v", entry)
	}
}
