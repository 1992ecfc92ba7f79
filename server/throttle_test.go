package server_test

import (
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/turbosmtp-go/billing/gen/model"
	"github.com/turbosmtp-go/billing/server"
)

// buyFrom sends a purchase from an address, and returns the status and how long the response took.
func buyFrom(t testing.TB, s *server.Server, address, key string) (status int, took time.Duration) {
	t.Helper()
	request := newPurchase(t, "http://127.0.0.1"+s.BasePath()+"/")
	request.RemoteAddr = address
	request.Header.Set(model.AuthorizationHeader, key)
	began := time.Now()
	return record(s, request).Code, time.Since(began)
}

func TestManyWrongCredentialsAreDelayed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, succeed)
		wrong := func(address string, want time.Duration) {
			t.Helper()
			if status, took := buyFrom(t, s, address, "wrong"); status != http.StatusUnauthorized || took != want {
				t.Fatalf("wrong credentials from %s: %d after %v, want %v", address, status, took, want)
			}
		}
		for range 100 {
			wrong("192.0.2.1:5000", 0)
		}
		for range 50 {
			wrong("192.0.2.1:5001", 10*time.Millisecond)
		}
		for name, key := range map[string]string{"correct": annsKey, "missing": ""} {
			if _, took := buyFrom(t, s, "192.0.2.1:5000", key); took != 0 {
				t.Errorf("%s credentials from the same address were delayed by %v", name, took)
			}
		}
		wrong("192.0.2.2:5000", 0)
		wrong("[::ffff:192.0.2.1]:5000", 10*time.Millisecond) // the same address, written as IPv6
		time.Sleep(time.Second)
		wrong("192.0.2.1:5000", 0)
	})
}

func TestOneIPv6SubscriberIsThrottledAsOne(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, succeed)
		for range 100 {
			buyFrom(t, s, "[2001:db8:1:2::1]:5000", "wrong")
		}
		if _, took := buyFrom(t, s, "[2001:db8:1:2:3:4:5:6]:5000", "wrong"); took == 0 {
			t.Error("another address of the same /64 is not throttled")
		}
		if _, took := buyFrom(t, s, "[2001:db8:1:3::1]:5000", "wrong"); took != 0 {
			t.Error("an address of another /64 is throttled")
		}
	})
}

func TestADelayHasALimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, succeed)
		var group sync.WaitGroup
		for range 1000 {
			group.Go(func() {
				if _, took := buyFrom(t, s, "192.0.2.1:1", "wrong"); took > time.Second {
					t.Errorf("a response was delayed by %v", took)
				}
			})
		}
		group.Wait()
		if _, took := buyFrom(t, s, "192.0.2.1:1", "wrong"); took == 0 {
			t.Error("the next response is not delayed")
		}
	})
}

// TestTooManyDelayedResponses sends more wrong credentials at a time than the server delays.
func TestTooManyDelayedResponses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, succeed)
		statuses := make(chan int, 5000)
		var group sync.WaitGroup
		for range cap(statuses) {
			group.Go(func() {
				status, _ := buyFrom(t, s, "192.0.2.1:1", "wrong")
				statuses <- status
			})
		}
		group.Wait()
		close(statuses)
		count := map[int]int{}
		for status := range statuses {
			count[status]++
		}
		if count[http.StatusTooManyRequests] == 0 || count[http.StatusUnauthorized]+count[http.StatusTooManyRequests] != cap(statuses) {
			t.Errorf("responses by status: %v", count)
		}
		if status, _ := buyFrom(t, s, "192.0.2.1:1", "wrong"); status != http.StatusUnauthorized {
			t.Errorf("afterwards: %d", status)
		}
	})
}

func TestWithoutThrottle(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, succeed, server.WithoutThrottle())
		for range 200 {
			if _, took := buyFrom(t, s, "192.0.2.1:1", "wrong"); took != 0 {
				t.Fatalf("a response was delayed by %v", took)
			}
		}
	})
}
