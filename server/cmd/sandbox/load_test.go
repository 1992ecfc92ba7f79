package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/turbosmtp-go/billing/client"
)

// counts are the results of purchases.
type counts struct {
	bought     int // responses with a payment link
	rejected   int // errors that say that nothing was bought
	unknown    int // errors that leave the outcome open
	noResponse int // requests without a response
}

func (c counts) failed() int { return c.rejected + c.unknown + c.noResponse }

func (c counts) String() string {
	return fmt.Sprintf("%d bought, %d rejected, %d unknown, %d without a response", c.bought, c.rejected, c.unknown, c.noResponse)
}

// load buys credits continuously over several connections and records the results.
type load struct {
	t    testing.TB
	stop func()

	lock     sync.Mutex
	base     string
	counts   counts
	tokens   map[string]bool // of the payment links
	awaited  int             // counts.bought at the end of the last waitFor
	stopping context.Context
	buyers   sync.WaitGroup
}

// startLoad starts a load of 8 buyers.
func startLoad(t testing.TB, base string) *load {
	t.Helper()
	l := &load{t: t, base: base, tokens: map[string]bool{}}
	ctx, cancel := context.WithCancel(context.Background())
	l.stopping, l.stop = ctx, func() { cancel(); l.buyers.Wait() }
	t.Cleanup(l.stop)
	for range 8 {
		l.buyers.Go(l.run)
	}
	return l
}

func (l *load) run() {
	// With all tests at once, buyers that retry without a pause would keep a killed sandbox from starting.
	pause := 250 * time.Millisecond
	if os.Getenv("SOAK") != "" {
		pause = 20 * time.Millisecond
	}
	var c *client.Client
	for base := ""; l.stopping.Err() == nil; {
		l.lock.Lock()
		if base != l.base {
			base, c = l.base, customer(l.t, l.base, demoCredentials())
		}
		l.lock.Unlock()
		began := time.Now()
		link, err := buy(c)
		if took := time.Since(began); took > maxResponseTime {
			l.t.Errorf("a response took %v: %v", took, err)
		}
		l.record(link, err)
		if err != nil {
			select {
			case <-l.stopping.Done():
			case <-time.After(pause):
			}
		}
	}
}

// record counts the result of a purchase. A failure must be a 5xx response as the document describes it.
func (l *load) record(link string, err error) {
	l.lock.Lock()
	defer l.lock.Unlock()
	var failure *client.Error
	switch {
	case err == nil:
		l.counts.bought++
		l.tokens[link[strings.LastIndexByte(link, '/')+1:]] = true
	case !errors.As(err, &failure):
		l.counts.noResponse++
	case failure.StatusCode < 500 || failure.Code != "" || failure.Message == "":
		l.t.Errorf("a response that the document does not contain: %v", err)
	case errors.Is(err, client.ErrOutcomeUnknown):
		l.counts.unknown++
	default:
		l.counts.rejected++
	}
}

// redirect sends the following purchases to another sandbox.
func (l *load) redirect(base string) {
	l.lock.Lock()
	defer l.lock.Unlock()
	l.base = base
}

func (l *load) current() counts {
	l.lock.Lock()
	defer l.lock.Unlock()
	return l.counts
}

// waitFor waits for n more purchases than at the end of its last call.
func (l *load) waitFor(n int) {
	l.t.Helper()
	waitUntil(l.t, fmt.Sprintf("%d more purchases", n), func() bool { return l.current().bought >= l.awaited+n })
	l.awaited = l.current().bought
}

// waitForFailures waits for n more failures.
func (l *load) waitForFailures(n int) {
	l.t.Helper()
	before := l.current()
	waitUntil(l.t, fmt.Sprintf("%d failures after %v", n, before), func() bool { return l.current().failed() >= before.failed()+n })
}

// check stops the load and compares its results with the database: each purchase with a payment link is
// stored exactly once, and no rejected purchase is stored.
func (l *load) check(database string) {
	l.t.Helper()
	l.stop()
	stored := map[string]int{}
	for line := range strings.Lines(command(l.t, database, "purchases", "list", "-o", "json")) {
		stored[parse[purchaseView](l.t, line).Token]++
	}
	for token := range l.tokens {
		if stored[token] != 1 {
			l.t.Errorf("the purchase %s is stored %d times, want once", token, stored[token])
		}
	}
	if extra := len(stored) - l.counts.bought; extra > l.counts.unknown+l.counts.noResponse {
		l.t.Errorf("%d purchases without a payment link are stored", extra)
	}
	l.t.Logf("%v; %d stored", l.counts, len(stored))
}

// rounds yields few times, or for as long as the variable SOAK says. It ends when the test has failed.
func rounds(t testing.TB, few int) func(yield func() bool) {
	t.Helper()
	soak, _ := time.ParseDuration(os.Getenv("SOAK")) // 0 if it is not set
	return func(yield func() bool) {
		for began, round := time.Now(), 0; round < few || time.Since(began) < soak; round++ {
			if !yield() || t.Failed() {
				return
			}
		}
	}
}

// waitReady waits until /readyz responds with a status.
func waitReady(t testing.TB, base string, status int) {
	t.Helper()
	waitUntil(t, fmt.Sprintf("/readyz with %d", status), func() bool {
		response, err := http.Get(strings.TrimSuffix(base, "/api/v2") + "/readyz")
		if err != nil {
			return false
		}
		_ = response.Body.Close()
		return response.StatusCode == status
	})
}

func waitUntil(t testing.TB, state string, reached func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(2 * time.Minute); !reached(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", state)
		}
	}
}
