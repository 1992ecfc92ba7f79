package server

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/turbosmtp-go/billing/server/contract"
)

var errWrongKey = &contract.Error{Status: http.StatusUnauthorized, In: "credentials", Keyword: "invalid"}

func from(address string) echo.Context {
	r := httptest.NewRequest(http.MethodPost, "/", nil)
	r.RemoteAddr = address
	return echo.New().NewContext(r, httptest.NewRecorder())
}

// held returns how long the answer to an error is held back.
func held(t *testing.T, s *slower, address string, failure error) time.Duration {
	t.Helper()
	began := time.Now()
	if err := s.hold(from(address), failure); !errors.Is(err, failure) {
		t.Errorf("%v became %v", failure, err)
	}
	return time.Since(began)
}

func TestFailuresAreFreeAtFirst(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSlower(nil)
		for i := range freeFailures {
			if wait := held(t, s, "192.0.2.1:1", errWrongKey); wait != 0 {
				t.Fatalf("the failure %d was held for %v", i, wait)
			}
		}
		for range 50 {
			if wait := held(t, s, "192.0.2.1:1", errWrongKey); wait != failurePace {
				t.Fatalf("a failure was held for %v, want %v", wait, failurePace)
			}
		}
		for _, other := range []error{
			&contract.Error{Status: http.StatusUnauthorized, In: "credentials", Keyword: "missing"},
			&contract.Error{Status: http.StatusUnauthorized, In: "credentials", Keyword: "denied"},
			&contract.Error{Status: http.StatusBadRequest, In: "body", Keyword: "invalid"},
			errors.New("something else"),
		} {
			if wait := held(t, s, "192.0.2.1:1", other); wait != 0 {
				t.Errorf("%v was held for %v", other, wait)
			}
		}
		time.Sleep(freeFailures * failurePace)
		if wait := held(t, s, "192.0.2.1:1", errWrongKey); wait != 0 {
			t.Errorf("after a rest it was held for %v", wait)
		}
	})
}

func TestNoFailureIsHeldForLong(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSlower(nil)
		var group sync.WaitGroup
		for range 1000 {
			group.Go(func() {
				if wait := held(t, s, "192.0.2.1:1", errWrongKey); wait > maxSlowed {
					t.Errorf("it was held for %v", wait)
				}
			})
		}
		group.Wait()
		if wait := held(t, s, "192.0.2.1:1", errWrongKey); wait == 0 || wait > maxSlowed {
			t.Errorf("the next one was held for %v", wait)
		}
	})
}

func TestOneSubscriberIsOneAddress(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"192.0.2.1": "192.0.2.1/32", "::ffff:192.0.2.1": "192.0.2.1/32", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64",
		"fe80::1%eth0": "fe80::/64", "": "invalid Prefix", "nonsense": "invalid Prefix",
	} {
		if got := networkOf(address).String(); got != want {
			t.Errorf("%q is watched as %s, want %s", address, got, want)
		}
	}
}

func TestNobodyIsHeldWhenTheServerStops(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hurry := make(chan struct{})
		s := newSlower(hurry)
		for range freeFailures + 50 {
			s.failed("192.0.2.1")
		}
		close(hurry)
		if wait := held(t, s, "192.0.2.1:1", errWrongKey); wait != 0 {
			t.Errorf("it was held for %v", wait)
		}
	})
}

func TestTooManyAreNotHeld(t *testing.T) {
	t.Parallel()
	s := newSlower(nil)
	for range freeFailures + 50 {
		s.failed("192.0.2.1")
	}
	s.held.Store(maxHeld)
	var refused *statusError
	if err := s.hold(from("192.0.2.1:1"), errWrongKey); !errors.As(err, &refused) || refused.status != http.StatusTooManyRequests || !refused.close {
		t.Errorf("one too many got %v", err)
	}
	if s.held.Load() != maxHeld {
		t.Errorf("%d are held", s.held.Load())
	}
}
