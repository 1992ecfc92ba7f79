package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// crowd occupies a sandbox with idle connections, slow senders and requests with wrong keys.
type crowd struct {
	t       testing.TB
	address string
	ctx     context.Context
	members sync.WaitGroup
	dialing chan struct{} // limits how many members connect at a time
}

// startCrowd starts a crowd and returns when it is connected. Leave ends it.
func startCrowd(t testing.TB, base string, idle, slow, guessing int) (leave func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	c := &crowd{t: t, address: strings.TrimSuffix(strings.TrimPrefix(base, "http://"), "/api/v2"), ctx: ctx, dialing: make(chan struct{}, 64)}
	leave = func() { cancel(); c.members.Wait() }
	t.Cleanup(leave)
	var connected sync.WaitGroup
	for i := range idle + slow {
		request := "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"
		if i >= idle {
			request = "POST /api/v2" + purchasePath + " HTTP/1.1\r\nHost: x\r\n" +
				"Authorization: sandbox-active-token\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n{"
		}
		connected.Add(1)
		c.members.Go(func() { c.occupy(request, i >= idle, sync.OnceFunc(connected.Done)) })
	}
	connected.Wait()
	for range guessing {
		c.members.Go(c.guess)
	}
	return leave
}

// occupy connects and sends a request. If it is slow, it sends one more byte of the body per second, and
// starts again when the sandbox closes the connection.
func (c *crowd) occupy(request string, slow bool, connected func()) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for c.ctx.Err() == nil {
		c.dialing <- struct{}{}
		var dialer net.Dialer
		connection, err := dialer.DialContext(context.Background(), "tcp", c.address)
		<-c.dialing
		if err != nil {
			connected()
			c.t.Errorf("a member of the crowd cannot connect: %v", err)
			return
		}
		_, err = io.WriteString(connection, request)
		connected()
		for err == nil && c.ctx.Err() == nil {
			select {
			case <-c.ctx.Done():
			case <-tick.C:
				if slow {
					_, err = io.WriteString(connection, " ")
				}
			}
		}
		_ = connection.Close()
	}
}

// guess sends one wrong key after the other.
func (c *crowd) guess() {
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	for i := 0; c.ctx.Err() == nil; i++ {
		request, err := http.NewRequestWithContext(c.ctx, http.MethodPost, "http://"+c.address+"/api/v2"+purchasePath, strings.NewReader(`{"amount":320}`))
		if err != nil {
			c.t.Error(err)
			return
		}
		request.Header.Set("Authorization", fmt.Sprintf("wrong-%d", i))
		request.Header.Set("Content-Type", "application/json")
		response, err := transport.RoundTrip(request)
		if err != nil {
			continue
		}
		_, _ = io.Copy(io.Discard, response.Body)
		_ = response.Body.Close()
		if response.StatusCode != http.StatusUnauthorized && response.StatusCode != http.StatusTooManyRequests {
			c.t.Errorf("the response to a wrong key is %d", response.StatusCode)
		}
	}
}

// latency makes purchases with a well-behaved client and returns the 99th percentile of their durations.
func latency(t testing.TB, base string, purchases int) time.Duration {
	t.Helper()
	c := customer(t, base, demoCredentials())
	durations := make([]time.Duration, purchases)
	for i := range durations {
		began := time.Now()
		if _, err := buy(c); err != nil {
			t.Fatalf("a well-behaved client was rejected: %v", err)
		}
		durations[i] = time.Since(began)
	}
	slices.Sort(durations)
	return durations[purchases*99/100]
}

// TestCrowd checks that a sandbox with few connections serves a well-behaved client beside a crowd.
func TestCrowd(t *testing.T) {
	t.Parallel()
	p := startProcess(t, "--addr", "127.0.0.1:0", "--database", "sqlite:"+filepath.Join(t.TempDir(), "x.db"), "--max-connections", "700")
	startCrowd(t, p.base, 500, 100, 16)
	latency(t, p.base, 200)
	p.checkMemory(t)
}

// BenchmarkCrowd compares the latency of a well-behaved client beside a crowd, of 10,000 idle connections,
// 1,000 slow senders and 64 guessers, with its latency alone. It also measures the memory of the sandbox.
func BenchmarkCrowd(b *testing.B) {
	p := startProcess(b, "--addr", "127.0.0.1:0", "--database", "sqlite:"+filepath.Join(b.TempDir(), "x.db"))
	const purchases = 3000
	latency(b, p.base, purchases) // warms up
	for b.Loop() {
		alone := latency(b, p.base, purchases)
		leave := startCrowd(b, p.base, 10_000, 1_000, 64)
		crowded := latency(b, p.base, purchases)
		leave()
		b.ReportMetric(float64(alone.Microseconds()), "µs-p99-alone")
		b.ReportMetric(float64(crowded.Microseconds()), "µs-p99-crowded")
		b.ReportMetric(float64(crowded)/float64(alone), "×alone")
		b.ReportMetric(float64(p.checkMemory(b)), "MiB")
	}
	b.ReportMetric(0, "ns/op") // one iteration is a whole comparison
}
