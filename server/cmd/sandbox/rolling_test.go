package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/turbosmtp-go/billing/client"
	"github.com/turbosmtp-go/billing/server/internal/store/postgrestest"
)

// TestRollingRestart replaces two replicas behind a proxy, one after the other, under load. No purchase of a
// client that retries as by default fails, and each replica serves the payment links of the other.
func TestRollingRestart(t *testing.T) {
	t.Parallel()
	database := postgrestest.Shared(t).NewDatabase(t)
	var proxy proxy
	front := proxy.start(t)
	var replicas [2]*process
	replace := func(i int) {
		address := freeAddress(t)
		replicas[i] = startProcess(t, "--addr", address, "--database", database, "--public-url", front)
		proxy.replicas[i].Store(&address)
	}
	replace(0)
	replace(1)
	ctx, cancel := context.WithCancel(t.Context())
	var bought atomic.Int64
	var buyers sync.WaitGroup
	stop := func() { cancel(); buyers.Wait() }
	defer stop()
	for range 8 {
		c, err := client.New(client.WithBaseURL(front+"/api/v2"), demoCredentials())
		if err != nil {
			t.Fatal(err)
		}
		buyers.Go(func() {
			for ctx.Err() == nil {
				link, err := buy(c)
				if err != nil {
					t.Errorf("a purchase failed: %v", err)
				} else if bought.Add(1)%10 == 0 {
					openLink(t, link)
				}
			}
		})
	}
	waitForPurchases := func() {
		before := bought.Load()
		waitUntil(t, "50 more purchases", func() bool { return bought.Load() >= before+50 })
	}
	for range rounds(t, 2) {
		for i := range replicas {
			waitForPurchases()
			if err := replicas[i].stop(); err != nil {
				t.Errorf("a replica did not stop gracefully: %v", err)
			}
			replace(i)
		}
	}
	waitForPurchases()
	stop()
	if stored := strings.Count(command(t, database, "purchases", "list", "-o", "json"), "\n"); int64(stored) != bought.Load() {
		t.Errorf("%d purchases succeeded, %d are stored", bought.Load(), stored)
	}
}

// openLink opens a payment link. It retries while a replica says that it is stopping.
func openLink(t *testing.T, link string) {
	for {
		response, body := send(t, http.MethodGet, link, "", "Accept", "application/json")
		if response.StatusCode == http.StatusServiceUnavailable && response.Header.Get("Retry-After") != "" {
			continue
		}
		if response.StatusCode != http.StatusOK {
			t.Errorf("the payment link responds with %d %s", response.StatusCode, body)
		}
		return
	}
}

// proxy is a reverse proxy with two replicas. It alternates between them, and uses the other one if it
// cannot connect.
type proxy struct {
	replicas [2]atomic.Pointer[string] // their addresses
	requests atomic.Int64
}

// start starts the proxy and returns its URL.
func (p *proxy) start(t *testing.T) string {
	server := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: "replicas"})
			r.Out.Host = r.In.Host
		},
		Transport: &http.Transport{DialContext: p.dial, DisableKeepAlives: true},
	})
	t.Cleanup(server.Close)
	return server.URL
}

func (p *proxy) dial(ctx context.Context, network, _ string) (net.Conn, error) {
	var dialer net.Dialer
	next := p.requests.Add(1)
	connection, first := dialer.DialContext(ctx, network, *p.replicas[next%2].Load())
	if first == nil {
		return connection, nil
	}
	connection, second := dialer.DialContext(ctx, network, *p.replicas[(next+1)%2].Load())
	if second != nil {
		return nil, errors.Join(first, second)
	}
	return connection, nil
}
