package sandbox_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/turbosmtp-go/billing/client"
	"github.com/turbosmtp-go/billing/gen/model"
	"github.com/turbosmtp-go/billing/server"
	"github.com/turbosmtp-go/billing/server/sandbox"
)

// buyer returns a client of a running sandbox.
func buyer(t testing.TB, r *running, options ...client.Option) *client.Client {
	t.Helper()
	c, err := client.New(append([]client.Option{client.WithBaseURL("http://" + r.address + r.BasePath())}, options...)...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestClientAndSandbox drives the client through every answer that the document has.
func TestClientAndSandbox(t *testing.T) {
	t.Parallel()
	r, codes := start(t), documentCodes(t)
	seen := map[string]bool{}
	for _, row := range []struct {
		option client.Option
		amount int
		code   string
	}{
		{client.WithConsumerKey("sandbox-active-key", "sandbox-active-secret"), 320, ""},
		{client.WithAPIKey("sandbox-active-token"), 15, ""},
		{client.WithAPIKey("sandbox-active-token"), 1800, ""},
		{client.WithAPIKey("sandbox-active-token"), 14, tooSmall},
		{client.WithAPIKey("sandbox-active-token"), -1, tooSmall},
		{client.WithAPIKey("sandbox-active-token"), 1801, tooLarge},
		{client.WithAPIKey("sandbox-noplan-token"), 320, noPlan},
		{client.WithConsumerKey("sandbox-noplan-key", "sandbox-noplan-secret"), 320, noPlan},
		{client.WithAPIKey("sandbox-inactive-token"), 320, inactive},
		{client.WithConsumerKey("sandbox-inactive-key", "sandbox-inactive-secret"), 320, inactive},
		{client.WithAPIKey("unknown"), 320, refused},
		{client.WithConsumerKey("sandbox-active-key", "wrong"), 320, refused},
	} {
		payment, err := buyer(t, r, row.option).BuyEmailValidatorCredits(t.Context(), client.BuyEmailValidatorCreditsRequest{Amount: row.amount})
		if row.code == "" {
			if err != nil || !strings.HasPrefix(payment.URL, "http://"+r.address+"/checkout/") {
				t.Errorf("%d: %v, %v", row.amount, payment, err)
			}
			continue
		}
		seen[row.code] = true
		var answer *client.Error
		if !errors.As(err, &answer) || answer.Code != row.code || errors.Is(err, client.ErrOutcomeUnknown) || answer.RequestID == "" {
			t.Errorf("%d: %v, want %s", row.amount, err, row.code)
		}
	}
	// What the typed client cannot send, its generated part can: bodies and headers of any kind.
	raw := buyer(t, r, client.WithAPIKey("sandbox-active-token")).Raw()
	for body, want := range map[string]string{`{}`: noAmount, `{"amount":"320"}`: noInteger, `{"amount":320`: noAmount} {
		_, err := raw.BuyEmailValidatorCreditsWithBodyWithResponse(t.Context(), "application/json", strings.NewReader(body))
		if !client.HasCode(err, model.BuyEmailValidatorCreditsErrorCode(want)) {
			t.Errorf("%s: %v, want %s", body, err, want)
		}
		seen[want] = true
	}
	_, err := raw.BuyEmailValidatorCreditsWithBodyWithResponse(t.Context(), "text/plain", strings.NewReader("x"))
	var answer *client.Error
	if !errors.As(err, &answer) || answer.StatusCode != http.StatusUnsupportedMediaType || answer.Code != "" || answer.Message == "" {
		t.Errorf("text/plain: %v", err)
	}
	for _, list := range codes {
		for _, code := range list {
			if !seen[code] && code != incomplete { // which the client cannot be made to cause
				t.Errorf("no row leads to the code %s", code)
			}
		}
	}
	if n := len(purchases(t, r)); n != 3 {
		t.Errorf("%d bought", n)
	}
}

// TestPaymentLink follows a link as a program does.
func TestPaymentLink(t *testing.T) {
	t.Parallel()
	r := start(t)
	payment, err := buyer(t, r, client.WithAPIKey("sandbox-active-token")).BuyEmailValidatorCredits(t.Context(), client.BuyEmailValidatorCreditsRequest{Amount: 320})
	if err != nil {
		t.Fatal(err)
	}
	link, err := url.Parse(payment.URL)
	if err != nil {
		t.Fatal(err)
	}
	response := send(t, r, "GET", link.Path, nil, "Accept", "application/json")
	body, _ := io.ReadAll(response.Body)
	_ = response.Body.Close()
	var state map[string]any
	if err := json.Unmarshal(body, &state); err != nil || response.StatusCode != 200 {
		t.Fatalf("%d %s", response.StatusCode, body)
	}
	created := purchases(t, r)[0].CreatedAt.Format("2006-01-02T15:04:05.999999Z07:00")
	if state["status"] != "pending" || state["amount"] != 320.0 || state["currency"] != "USD" || state["created_at"] != created || len(state) != 4 {
		t.Errorf("the state is %s, created at %s", body, created)
	}
	response = send(t, r, "GET", link.Path, nil, "Accept", "text/html")
	page, _ := io.ReadAll(response.Body)
	_ = response.Body.Close()
	if !strings.Contains(string(page), "320") || !strings.HasPrefix(response.Header.Get("Content-Type"), "text/html") {
		t.Errorf("the page is %d %q", response.StatusCode, page)
	}
	unknown := send(t, r, "GET", link.Path[:len(link.Path)-1]+"7", nil)
	_ = unknown.Body.Close()
	if unknown.StatusCode != 404 && !strings.HasSuffix(link.Path, "7") {
		t.Errorf("an unknown token: %d", unknown.StatusCode)
	}
}

// TestManyBuyers has many clients buy at once: everything that was answered is there, once.
func TestManyBuyers(t *testing.T) {
	t.Parallel()
	r := start(t)
	const buyers, each = 16, 20
	links := make(chan string, buyers*each)
	var wg sync.WaitGroup
	for i := range buyers {
		c := buyer(t, r, client.WithAPIKey("sandbox-active-token"))
		wg.Go(func() {
			for j := range each {
				payment, err := c.BuyEmailValidatorCredits(t.Context(), client.BuyEmailValidatorCreditsRequest{Amount: 100 + i*each + j})
				if err != nil {
					t.Errorf("buyer %d: %v", i, err)
					return
				}
				links <- payment.URL
			}
		})
	}
	wg.Wait()
	close(links)
	stored := map[string]int64{}
	for _, p := range purchases(t, r) {
		stored[p.Token] = p.Amount
	}
	amounts := map[int64]bool{}
	for link := range links {
		amount, ok := stored[link[strings.LastIndexByte(link, '/')+1:]]
		if !ok || amounts[amount] {
			t.Errorf("%s bought %d, stored %v", link, amount, ok)
		}
		amounts[amount] = true
	}
	if len(stored) != buyers*each || len(amounts) != buyers*each {
		t.Errorf("%d stored, %d different amounts", len(stored), len(amounts))
	}
}

// TestDemoAccountsStayOut starts without demo accounts over a store that has them from before.
func TestDemoAccountsStayOut(t *testing.T) {
	t.Parallel()
	with := start(t)
	without, err := sandbox.New(t.Context(), with.store, "http://"+with.address)
	if err != nil {
		t.Fatal(err)
	}
	request := httptest.NewRequest("POST", path, strings.NewReader(`{"amount":320}`))
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "sandbox-active-token")
	answer := httptest.NewRecorder()
	without.Handler().ServeHTTP(answer, request)
	if answer.Code != 401 || !strings.Contains(answer.Body.String(), refused) {
		t.Errorf("a demo account was let in: %d %s", answer.Code, answer.Body)
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	store := start(t).store
	for name, call := range map[string]func() (*sandbox.Sandbox, error){
		"no store":  func() (*sandbox.Sandbox, error) { return sandbox.New(t.Context(), nil, "http://x") },
		"no URL":    func() (*sandbox.Sandbox, error) { return sandbox.New(t.Context(), store, "") },
		"no scheme": func() (*sandbox.Sandbox, error) { return sandbox.New(t.Context(), store, "localhost:8080") },
		"a query":   func() (*sandbox.Sandbox, error) { return sandbox.New(t.Context(), store, "http://x/?y") },
		"a user":    func() (*sandbox.Sandbox, error) { return sandbox.New(t.Context(), store, "http://u:p@x") },
		"not a URL": func() (*sandbox.Sandbox, error) { return sandbox.New(t.Context(), store, "http://[") },
		"no logger": func() (*sandbox.Sandbox, error) {
			return sandbox.New(t.Context(), store, "http://x", sandbox.WithLogger(nil))
		},
		"no clock": func() (*sandbox.Sandbox, error) {
			return sandbox.New(t.Context(), store, "http://x", sandbox.WithClock(nil))
		},
		"server limit": func() (*sandbox.Sandbox, error) {
			return sandbox.New(t.Context(), store, "http://x", sandbox.WithServer(server.WithMaxBody(-1)))
		},
	} {
		if _, err := call(); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

// TestFailureOfTheStore is answered with a plain sentence; what failed is in the log alone.
func TestFailureOfTheStore(t *testing.T) {
	t.Parallel()
	r := start(t)
	_ = r.store.Close()
	response := send(t, r, "POST", path, strings.NewReader(`{"amount":320}`), active...)
	body, _ := io.ReadAll(response.Body)
	_ = response.Body.Close()
	if response.StatusCode != 500 || !strings.HasPrefix(string(body), `{"message":"The server failed.`) || strings.Contains(string(body), "store") {
		t.Errorf("%d %s", response.StatusCode, body)
	}
	for _, secret := range []string{"sandbox-active-secret", "sandbox-active-token"} {
		if strings.Contains(r.log.String(), secret) {
			t.Errorf("the log holds %s", secret)
		}
	}
	if !strings.Contains(r.log.String(), "closed") {
		t.Errorf("the log does not say what failed: %s", r.log)
	}
}
