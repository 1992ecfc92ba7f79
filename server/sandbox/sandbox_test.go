package sandbox_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/turbosmtp-go/billing/api"
	"github.com/turbosmtp-go/billing/server"
	"github.com/turbosmtp-go/billing/server/internal/billing"
	"github.com/turbosmtp-go/billing/server/internal/store/sqlite"
	"github.com/turbosmtp-go/billing/server/sandbox"
)

const path = "/api/v2/billing/buy_emailvalidation_credits"

// running is a sandbox on a port of its own.
type running struct {
	*sandbox.Sandbox
	address string
	store   billing.Store
	log     *strings.Builder
}

// start serves a sandbox in memory until the test ends.
func start(t testing.TB, options ...sandbox.Option) *running {
	t.Helper()
	store, err := sqlite.Open(t.Context(), sqlite.Memory)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	return startOn(t, store, options...)
}

func startOn(t testing.TB, store billing.Store, options ...sandbox.Option) *running {
	t.Helper()
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &running{address: listener.Addr().String(), store: store, log: &strings.Builder{}}
	options = append([]sandbox.Option{sandbox.WithDemoAccounts(), sandbox.WithLogger(slog.New(slog.NewTextHandler(r.log, nil))),
		sandbox.WithServer(server.WithDrain(0), server.WithoutThrottle())}, options...)
	r.Sandbox, err = sandbox.New(t.Context(), store, "http://"+r.address, options...)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- r.Serve(ctx, listener) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("the sandbox did not stop well: %v", err)
		}
	})
	return r
}

// documentCodes reads the closed codes of the answers 400 and 401 out of the document.
func documentCodes(t testing.TB) map[int][]string {
	t.Helper()
	document, err := api.Load()
	if err != nil {
		t.Fatal(err)
	}
	codes := map[int][]string{}
	for status, name := range map[int]string{400: "BuyEmailValidatorCreditsErrorCode", 401: "AuthorizationErrorCode"} {
		for _, value := range document.Components.Schemas[name].Value.Enum {
			codes[status] = append(codes[status], value.(string))
		}
	}
	if len(codes[400]) != 5 || len(codes[401]) != 3 {
		t.Fatalf("the document has the codes %v", codes)
	}
	return codes
}

// check holds an answer against what is true of all answers: one JSON object, documented, never a 5xx.
func check(t testing.TB, codes map[int][]string, what string, response *http.Response) (status int, message string) {
	t.Helper()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Errorf("%s: the answer breaks off: %v", what, err)
	}
	_ = response.Body.Close()
	if response.StatusCode >= 500 {
		t.Errorf("%s: %d %s", what, response.StatusCode, body)
	}
	if response.Header.Get("Content-Type") != "application/json" {
		t.Errorf("%s: %d is %q: %s", what, response.StatusCode, response.Header.Get("Content-Type"), body)
	}
	var object map[string]any
	if err := json.Unmarshal(body, &object); err != nil || len(object) != 1 {
		t.Errorf("%s: %d %q is no object with one member", what, response.StatusCode, body)
		return response.StatusCode, ""
	}
	if response.StatusCode == http.StatusOK {
		link, _ := object["url"].(string)
		return response.StatusCode, link
	}
	message, _ = object["message"].(string)
	if message == "" {
		t.Errorf("%s: %d %q has no message", what, response.StatusCode, body)
	}
	if closed := codes[response.StatusCode]; closed != nil && !slices.Contains(closed, message) {
		t.Errorf("%s: %d %q is not a code of the document", what, response.StatusCode, message)
	}
	return response.StatusCode, message
}

// headers are pairs of names and values.
func send(t testing.TB, r *running, method, path string, body io.Reader, headers ...string) *http.Response {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, "http://"+r.address+path, body)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header[headers[i]] = append(request.Header[headers[i]], headers[i+1])
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	return response
}

func purchases(t testing.TB, r *running) []billing.Purchase {
	t.Helper()
	service, err := billing.New(r.store)
	if err != nil {
		t.Fatal(err)
	}
	var list []billing.Purchase
	for p, err := range service.Purchases(t.Context(), billing.Filter{}) {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, p)
	}
	return list
}
