package main

import (
	"bufio"
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

	"github.com/turbosmtp-go/billing/client"
)

// crowd are bad neighbours of a good client: connections that are only held, senders that take their
// time, and wrong keys without a pause.
type crowd struct {
	address string
	ctx     context.Context
	leave   func()
	members sync.WaitGroup
}

func newCrowd(tb testing.TB, base string, idle, slow, flood int) *crowd {
	tb.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	c := &crowd{address: strings.TrimSuffix(strings.TrimPrefix(base, "http://"), "/api/v2"), ctx: ctx}
	c.leave = func() { cancel(); c.members.Wait() }
	tb.Cleanup(c.leave)
	var ready sync.WaitGroup
	places := make(chan struct{}, 64) // who connects at a time
	for range idle {
		ready.Add(1)
		c.members.Go(func() { c.hold(tb, places, ready.Done) })
	}
	for range slow {
		ready.Add(1)
		c.members.Go(func() { c.trickle(tb, places, ready.Done) })
	}
	ready.Wait()
	for range flood {
		c.members.Go(func() { c.guess(tb) })
	}
	return c
}

func (c *crowd) dial(tb testing.TB, places chan struct{}) net.Conn {
	places <- struct{}{}
	defer func() { <-places }()
	var dialer net.Dialer
	connection, err := dialer.DialContext(context.Background(), "tcp", c.address)
	if err != nil {
		tb.Errorf("a neighbour does not get in: %v", err)
		return nil
	}
	return connection
}

// hold asks once, and keeps the connection.
func (c *crowd) hold(tb testing.TB, places chan struct{}, ready func()) {
	connection := c.dial(tb, places)
	if connection == nil {
		ready()
		return
	}
	defer func() { _ = connection.Close() }()
	_, _ = io.WriteString(connection, "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
	_, _ = connection.Read(make([]byte, 1024))
	ready()
	<-c.ctx.Done()
}

// trickle sends a purchase a byte a second, again and again.
func (c *crowd) trickle(tb testing.TB, places chan struct{}, ready func()) {
	first := sync.OnceFunc(ready)
	defer first()
	for c.ctx.Err() == nil {
		connection := c.dial(tb, places)
		if connection == nil {
			return
		}
		_, err := io.WriteString(connection, "POST /api/v2/billing/buy_emailvalidation_credits HTTP/1.1\r\nHost: x\r\n"+
			"Authorization: sandbox-active-token\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n{")
		first()
		tick := time.NewTicker(time.Second)
		for err == nil && c.ctx.Err() == nil {
			select {
			case <-c.ctx.Done():
			case <-tick.C:
				_, err = io.WriteString(connection, " ")
			}
		}
		tick.Stop()
		_ = connection.Close()
	}
}

// guess sends one wrong key after the other.
func (c *crowd) guess(tb testing.TB) {
	places := make(chan struct{}, 1)
	for c.ctx.Err() == nil {
		connection := c.dial(tb, places)
		if connection == nil {
			return
		}
		reader := bufio.NewReader(connection)
		for i := 0; c.ctx.Err() == nil; i++ {
			_, err := fmt.Fprintf(connection, "POST /api/v2/billing/buy_emailvalidation_credits HTTP/1.1\r\nHost: x\r\n"+
				"Authorization: wrong-%d\r\nContent-Type: application/json\r\nContent-Length: 14\r\n\r\n{\"amount\":320}", i)
			if err != nil {
				break
			}
			response, err := http.ReadResponse(reader, nil)
			if err != nil {
				break
			}
			_, _ = io.Copy(io.Discard, response.Body)
			if response.StatusCode != http.StatusUnauthorized && response.StatusCode != http.StatusTooManyRequests {
				tb.Errorf("a wrong key got %d", response.StatusCode)
			}
			if response.Close {
				break
			}
		}
		_ = connection.Close()
	}
}

// latency buys so many times with a good client, and returns the 99th percentile of how long it took.
func latency(tb testing.TB, base string, purchases int) time.Duration {
	tb.Helper()
	c := customer(tb, base, client.WithAPIKey("sandbox-active-token"))
	took := make([]time.Duration, purchases)
	for i := range took {
		began := time.Now()
		if _, err := c.BuyEmailValidatorCredits(context.Background(), client.BuyEmailValidatorCreditsRequest{Amount: 320}); err != nil {
			tb.Fatalf("a good client was refused: %v", err)
		}
		took[i] = time.Since(began)
	}
	slices.Sort(took)
	return took[purchases*99/100]
}

// TestBadNeighbours has a small crowd in front of a sandbox that allows few connections: the good client
// is served all the same.
func TestBadNeighbours(t *testing.T) {
	t.Parallel()
	p := startProcess(t, "--addr", "127.0.0.1:0", "--database", "sqlite:"+filepath.Join(t.TempDir(), "x.db"), "--max-connections", "700")
	newCrowd(t, p.base, 500, 100, 16)
	latency(t, p.base, 200)
	if n := p.resident(); n > memory {
		t.Errorf("it has had %d MiB", n)
	}
}

// BenchmarkBadNeighbours compares a good client's 99th percentile among 10,000 idle connections, 1,000
// slow senders and a flood of wrong keys with that at rest, and says how much memory the sandbox took.
func BenchmarkBadNeighbours(b *testing.B) {
	p := startProcess(b, "--addr", "127.0.0.1:0", "--database", "sqlite:"+filepath.Join(b.TempDir(), "x.db"))
	const purchases = 3000
	latency(b, p.base, purchases)
	for b.Loop() {
		rest := latency(b, p.base, purchases)
		crowd := newCrowd(b, p.base, 10_000, 1_000, 64)
		crowded := latency(b, p.base, purchases)
		crowd.leave()
		b.ReportMetric(float64(rest.Microseconds()), "µs-p99-at-rest")
		b.ReportMetric(float64(crowded.Microseconds()), "µs-p99-crowded")
		b.ReportMetric(float64(crowded)/float64(rest), "×rest")
		b.ReportMetric(float64(p.resident()), "MiB")
	}
	b.ReportMetric(0, "ns/op") // of a whole comparison
}
