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

// TestARollingRestart replaces two replicas, one after the other and again and again, behind a proxy
// and under load. The clients retry what says that it may be retried, as they do by default, and notice
// nothing else. A link that one replica has made opens at the other.
func TestARollingRestart(t *testing.T) {
	t.Parallel()
	database := postgrestest.Shared(t).NewDatabase(t)
	proxy := newProxy(t)
	replicas := make([]*process, 2)
	replace := func(i int) {
		address := freeAddress(t)
		replicas[i] = startProcess(t, "--addr", address, "--database", database, "--time-limit", limit.String(), "--public-url", proxy.URL)
		proxy.use(i, address)
	}
	for i := range replicas {
		replace(i)
	}
	ctx, stop := context.WithCancel(t.Context())
	var bought, opened atomic.Int64
	var buyers sync.WaitGroup
	for range 8 {
		c, err := client.New(client.WithBaseURL(proxy.URL+"/api/v2"), client.WithAPIKey("sandbox-active-token"))
		if err != nil {
			t.Fatal(err)
		}
		buyers.Go(func() {
			for ctx.Err() == nil {
				payment, err := c.BuyEmailValidatorCredits(context.Background(), client.BuyEmailValidatorCreditsRequest{Amount: 320})
				if err != nil {
					t.Errorf("a purchase failed: %v", err)
					continue
				}
				if bought.Add(1)%10 == 0 && opens(t, payment.URL) {
					opened.Add(1)
				}
			}
		})
	}
	defer buyers.Wait()
	defer stop()
	l := &load{t: t}
	for range rounds(t, 2) {
		for i := range replicas {
			before := bought.Load()
			l.until("purchases before a restart", func() bool { return bought.Load() >= before+50 })
			if err := replicas[i].stop(); err != nil {
				t.Errorf("a replica did not stop well: %v", err)
			}
			replace(i)
		}
	}
	before := bought.Load()
	l.until("purchases in the end", func() bool { return bought.Load() >= before+50 })
	stop()
	buyers.Wait()
	stored := strings.Count(command(t, database, "purchases", "list", "-o", "json"), "\n")
	if int64(stored) != bought.Load() {
		t.Errorf("%d purchases were answered, %d are stored", bought.Load(), stored)
	}
	if opened.Load() == 0 {
		t.Error("no link was opened")
	}
	t.Logf("%d bought, %d links opened, %d answers with 503", bought.Load(), opened.Load(), proxy.refused.Load())
}

// freeAddress returns an address that nobody listens on.
func freeAddress(t testing.TB) string {
	t.Helper()
	var config net.ListenConfig
	listener, err := config.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}

// opens reports whether a payment link shows its purchase; a refusal that passes is tried again.
func opens(t *testing.T, link string) bool {
	for {
		request, err := http.NewRequestWithContext(context.Background(), http.MethodGet, link, nil)
		if err != nil {
			t.Error(err)
			return false
		}
		request.Header.Set("Accept", "application/json")
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Error(err)
			return false
		}
		_ = response.Body.Close()
		if response.StatusCode == http.StatusServiceUnavailable && response.Header.Get("Retry-After") != "" {
			continue
		}
		if response.StatusCode != http.StatusOK {
			t.Errorf("a link shows %d", response.StatusCode)
		}
		return response.StatusCode == http.StatusOK
	}
}

// proxy is what a proxy in front of replicas does: it takes them in turn, and turns to the next when one
// cannot be connected to.
type proxy struct {
	*httptest.Server
	refused atomic.Int64

	lock     sync.Mutex
	replicas [2]string
	turn     int
}

func newProxy(t *testing.T) *proxy {
	p := &proxy{}
	var dialer net.Dialer
	reverse := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: "replicas"})
			r.Out.Host = r.In.Host
		},
		Transport: &http.Transport{
			// Each request has a connection of its own, to the replica whose turn it is.
			DisableKeepAlives: true,
			DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
				var errs []error
				for _, address := range p.next() {
					connection, err := dialer.DialContext(ctx, network, address)
					if err == nil {
						return connection, nil
					}
					errs = append(errs, err)
				}
				return nil, errors.Join(errs...)
			},
		},
		ModifyResponse: func(r *http.Response) error {
			if r.StatusCode == http.StatusServiceUnavailable {
				p.refused.Add(1)
			}
			return nil
		},
	}
	p.Server = httptest.NewServer(reverse)
	t.Cleanup(p.Close)
	return p
}

// use takes an address for a replica.
func (p *proxy) use(i int, address string) {
	p.lock.Lock()
	defer p.lock.Unlock()
	p.replicas[i] = address
}

// next returns the replicas, beginning with the one whose turn it is.
func (p *proxy) next() []string {
	p.lock.Lock()
	defer p.lock.Unlock()
	p.turn++
	return []string{p.replicas[p.turn%2], p.replicas[(p.turn+1)%2]}
}
