package main

import (
	"errors"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/turbosmtp-go/billing/gen/httpclient"
	"github.com/turbosmtp-go/billing/gen/model"
)

// TestStopUnderLoad stops a sandbox twenty times while 32 clients buy, half of them over a new connection
// per purchase. No client may lose the response to a purchase that the sandbox has stored. With a drain time, no
// request may be lost unread either.
func TestStopUnderLoad(t *testing.T) {
	t.Parallel()
	const rounds, clients = 20, 32
	var unread, rejected atomic.Int64
	for round := range rounds {
		drain, unreadHere := "100ms", &unread
		if round%2 == 1 {
			drain, unreadHere = "0s", new(atomic.Int64)
		}
		database := "sqlite:" + filepath.Join(t.TempDir(), "sandbox.db")
		p := startProcess(t, "--addr", "127.0.0.1:0", "--database", database, "--drain", drain, "--log-level", "warn")
		var bought atomic.Int64
		var buyers sync.WaitGroup
		for i := range clients {
			buyers.Go(func() {
				transport := &http.Transport{DisableKeepAlives: i%2 == 0}
				defer transport.CloseIdleConnections()
				for {
					status, err := buyOnce(t, transport, p.base)
					var dial *net.OpError
					switch {
					case status == http.StatusOK:
						bought.Add(1)
					case status == http.StatusServiceUnavailable:
						rejected.Add(1)
					case err == nil:
						t.Errorf("the response is %d", status)
					case errors.As(err, &dial) && dial.Op == "dial":
						return
					case i%2 == 0 && errors.Is(err, io.EOF):
						// A connection is reset if its request was not read, and ends regularly if it was.
						t.Errorf("a request was read and got no response: %v", err)
					default:
						unreadHere.Add(1)
					}
				}
			})
		}
		waitUntil(t, "100 purchases", func() bool { return bought.Load() >= 100 })
		if err := p.stop(); err != nil {
			t.Errorf("the sandbox ended with %v", err)
		}
		buyers.Wait()
		stored := int64(strings.Count(command(t, database, "purchases", "list", "-o", "json"), "\n"))
		if stored != bought.Load() {
			t.Errorf("%d purchases are stored, and %d got a response", stored, bought.Load())
		}
	}
	if unread.Load() > rounds { // rare on a busy machine, and many without the pause before the listener is closed
		t.Errorf("%d requests were reset before they were read", unread.Load())
	}
	t.Logf("in %d stops: %d requests got a 503, %d were sent and not read", rounds, rejected.Load(), unread.Load())
}

// buyOnce sends a purchase without any retry.
func buyOnce(t *testing.T, transport http.RoundTripper, base string) (status int, err error) {
	request, err := httpclient.NewBuyEmailValidatorCreditsRequest(base+"/", model.BuyEmailValidatorCreditsRequest{Amount: 320})
	if err != nil {
		t.Error(err)
		return 0, err
	}
	request.GetBody = nil
	request.Header.Set(model.AuthorizationHeader, "sandbox-active-token")
	response, err := transport.RoundTrip(request)
	if err != nil {
		return 0, err
	}
	return response.StatusCode, response.Body.Close()
}
