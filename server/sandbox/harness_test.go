package sandbox_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/turbosmtp-go/billing/api"
	"github.com/turbosmtp-go/billing/gen/control"
	"github.com/turbosmtp-go/billing/gen/model"
	"github.com/turbosmtp-go/billing/server"
	"github.com/turbosmtp-go/billing/server/internal/billing"
	"github.com/turbosmtp-go/billing/server/internal/store/sqlite"
	"github.com/turbosmtp-go/billing/server/sandbox"
)

// The paths of the operation of the API and of the control API.
const (
	path        = "/api/v2/billing/buy_emailvalidation_credits"
	controlPath = "/_sandbox"
)

// The error codes of the API.
const (
	incomplete = string(model.MissingAuthorizationKey)
	invalid    = string(model.InvalidAuthorizationKey)
	inactive   = string(model.AccountIsInactive)
	noAmount   = string(model.MissingRequiredParameterAmount)
	noInteger  = string(model.AmountShouldBeInteger)
	tooSmall   = string(model.AmountShouldNotBeLessThan15)
	noPlan     = string(model.CanNotBuyExtraCreditWithoutActivePlan)
)

// amount is the schema of an amount in the document.
var amount = func() *openapi3.Schema {
	document, err := api.Document()
	if err != nil {
		panic(err)
	}
	return document.Components.Schemas["BuyEmailValidatorCreditsRequest"].Value.Properties["amount"].Value
}()

var (
	minAmount, maxAmount = int64(*amount.Min), int64(*amount.Max)
	// tooLarge is the code of an amount above the maximum, and tooLargeOrder a body with such an amount.
	tooLarge      = amount.Extensions["x-error-codes"].(map[string]any)["maximum"].(string)
	tooLargeOrder = fmt.Sprintf(`{"amount":%d}`, maxAmount+1)
)

const validOrder = `{"amount":320}`

var (
	asJSON = []string{"Content-Type", "application/json"}
	active = []string{"consumerKey", "sandbox-active-key", "consumerSecret", "sandbox-active-secret", "Content-Type", "application/json"}
)

// withKey returns the headers of a JSON request with an API key.
func withKey(key string) []string { return append([]string{"Authorization", key}, asJSON...) }

// running is a sandbox on a free port.
type running struct {
	*sandbox.Sandbox
	address string
	store   billing.Store
	log     *strings.Builder
}

// start serves a sandbox in memory, with demo accounts, until the test ends.
func start(t testing.TB, options ...sandbox.Option) *running {
	t.Helper()
	store, err := sqlite.Open(t.Context(), sqlite.Memory)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
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
	served := make(chan error, 1)
	go func() { served <- r.Serve(ctx, listener) }()
	t.Cleanup(func() {
		stop()
		if err := <-served; err != nil {
			t.Errorf("the sandbox did not stop cleanly: %v", err)
		}
	})
	return r
}

// send sends a request. headers are pairs of names and values.
func (r *running) send(t testing.TB, method, path string, body io.Reader, headers ...string) *http.Response {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, "http://"+r.address+path, body)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header[headers[i]] = append(request.Header[headers[i]], headers[i+1])
		if headers[i] == "Host" {
			request.Host = headers[i+1]
		}
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	return response
}

// request sends a request and reads the response body.
func (r *running) request(t testing.TB, method, path, body string, headers ...string) (*http.Response, string) {
	t.Helper()
	response := r.send(t, method, path, strings.NewReader(body), headers...)
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatalf("%s %s: read the response: %v", method, path, err)
	}
	_ = response.Body.Close()
	return response, string(text)
}

// buy buys for 320 with an API key and returns the token of the payment link.
func (r *running) buy(t testing.TB, key string) string {
	t.Helper()
	response, body := r.request(t, "POST", path, validOrder, withKey(key)...)
	_, rest, ok := strings.Cut(body, "/checkout/")
	if response.StatusCode != 200 || !ok {
		t.Fatalf("%d %s", response.StatusCode, body)
	}
	return strings.TrimSuffix(strings.TrimSpace(rest), `"}`)
}

// fail adds a fault.
func (r *running) fail(t testing.TB, fault control.Fault) control.Fault {
	t.Helper()
	added, err := r.Fail(fault)
	if err != nil {
		t.Fatal(err)
	}
	return added
}

// purchases returns the purchases in the store, oldest first.
func (r *running) purchases(t testing.TB) []billing.Purchase {
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

// newest returns the newest entry of the journal, and fails the test unless its ID is the given one.
func (r *running) newest(t testing.TB, what string, id int64) control.JournalEntry {
	t.Helper()
	list := r.Journal(1, 0)
	if len(list) == 0 || list[0].ID != id {
		t.Fatalf("%s: the newest entry of the journal is %+v, want the ID %d", what, list, id)
	}
	return list[0]
}

// documentCodes returns the error codes of the document by status.
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
		t.Fatalf("the codes of the document are %v", codes)
	}
	return codes
}

// message checks the rules for all responses of the API: a JSON object with one member, a code of the
// document, never a 5xx. It returns the message, or the payment link.
func message(t testing.TB, codes map[int][]string, what string, response *http.Response) string {
	t.Helper()
	body, err := io.ReadAll(response.Body)
	_ = response.Body.Close()
	var object map[string]string
	if err != nil || json.Unmarshal(body, &object) != nil || len(object) != 1 || response.StatusCode >= 500 || response.Header.Get("Content-Type") != "application/json" {
		t.Errorf("%s: %d %q %s, %v", what, response.StatusCode, response.Header.Get("Content-Type"), body, err)
	}
	if response.StatusCode == http.StatusOK {
		return object["url"]
	}
	text := object["message"]
	if closed := codes[response.StatusCode]; text == "" || closed != nil && !slices.Contains(closed, text) {
		t.Errorf("%s: %d %s is not in the document", what, response.StatusCode, body)
	}
	return text
}

func short(text string) string { return text[:min(len(text), 80)] }
