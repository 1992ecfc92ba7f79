package sandbox_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/turbosmtp-go/billing/client"
	"github.com/turbosmtp-go/billing/gen/model"
	"github.com/turbosmtp-go/billing/server"
	"github.com/turbosmtp-go/billing/server/sandbox"
)

// TestClient gets every code of the document with the client of this module.
func TestClient(t *testing.T) {
	t.Parallel()
	r, codes := start(t), documentCodes(t)
	newClient := func(option client.Option) *client.Client {
		c, err := client.New(client.WithBaseURL("http://"+r.address+r.BasePath()), option)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	received := map[string]bool{incomplete: true} // the client always sends complete credentials
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
		{client.WithAPIKey("unknown"), 320, invalid},
		{client.WithConsumerKey("sandbox-active-key", "wrong"), 320, invalid},
	} {
		payment, err := newClient(row.option).BuyEmailValidatorCredits(t.Context(), client.BuyEmailValidatorCreditsRequest{Amount: row.amount})
		if row.code == "" {
			if err != nil || !strings.HasPrefix(payment.URL, "http://"+r.address+"/checkout/") {
				t.Errorf("%d: %v, %v", row.amount, payment, err)
			}
			continue
		}
		received[row.code] = true
		var failure *client.Error
		if !errors.As(err, &failure) || failure.Code != row.code || errors.Is(err, client.ErrOutcomeUnknown) || failure.RequestID == "" {
			t.Errorf("%d: %v, want %s", row.amount, err, row.code)
		}
	}
	raw := newClient(client.WithAPIKey("sandbox-active-token")).Raw()
	for body, want := range map[string]string{`{}`: noAmount, `{"amount":"320"}`: noInteger, `{"amount":320`: noAmount} {
		_, err := raw.BuyEmailValidatorCreditsWithBodyWithResponse(t.Context(), "application/json", strings.NewReader(body))
		if !client.HasCode(err, model.BuyEmailValidatorCreditsErrorCode(want)) {
			t.Errorf("%s: %v, want %s", body, err, want)
		}
		received[want] = true
	}
	_, err := raw.BuyEmailValidatorCreditsWithBodyWithResponse(t.Context(), "text/plain", strings.NewReader("x"))
	var failure *client.Error
	if !errors.As(err, &failure) || failure.StatusCode != http.StatusUnsupportedMediaType || failure.Code != "" || failure.Message == "" {
		t.Errorf("text/plain: %v", err)
	}
	for _, list := range codes {
		for _, code := range list {
			if !received[code] {
				t.Errorf("no request got the code %s", code)
			}
		}
	}
	if n := len(r.purchases(t)); n != 3 {
		t.Errorf("%d purchases", n)
	}
}

func TestPaymentLink(t *testing.T) {
	t.Parallel()
	r := start(t)
	link := "/checkout/" + r.buy(t, "sandbox-active-token")
	created := r.purchases(t)[0].CreatedAt.Format("2006-01-02T15:04:05.999999Z07:00")
	want := `{"status":"pending","amount":320,"currency":"USD","created_at":"` + created + `"}`
	if response, body := r.request(t, "GET", link, "", "Accept", "application/json"); response.StatusCode != 200 || body != want {
		t.Errorf("%d %s, want %s", response.StatusCode, body, want)
	}
	if response, body := r.request(t, "GET", link, "", "Accept", "text/html"); !strings.Contains(body, "320") || !strings.HasPrefix(response.Header.Get("Content-Type"), "text/html") {
		t.Errorf("%d %s", response.StatusCode, body)
	}
	if response, body := r.request(t, "GET", link+"x", ""); response.StatusCode != 404 {
		t.Errorf("another token: %d %s", response.StatusCode, body)
	}
}

// TestWithoutDemoAccounts uses a store to which an earlier run added the demo accounts.
func TestWithoutDemoAccounts(t *testing.T) {
	t.Parallel()
	with := start(t)
	without, err := sandbox.New(t.Context(), with.store, "http://"+with.address)
	if err != nil {
		t.Fatal(err)
	}
	request := httptest.NewRequest("POST", path, strings.NewReader(validOrder))
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "sandbox-active-token")
	response := httptest.NewRecorder()
	without.Handler().ServeHTTP(response, request)
	if response.Code != 401 || !strings.Contains(response.Body.String(), invalid) {
		t.Errorf("%d %s", response.Code, response.Body)
	}
}

func TestNewRejectsInvalidArguments(t *testing.T) {
	t.Parallel()
	store := start(t).store
	if _, err := sandbox.New(t.Context(), nil, "http://x"); err == nil {
		t.Error("no error without a store")
	}
	for _, url := range []string{"", "localhost:8080", "http://x/?y", "http://u:p@x", "http://["} {
		if _, err := sandbox.New(t.Context(), store, url); err == nil {
			t.Errorf("no error for the URL %q", url)
		}
	}
	for name, option := range map[string]sandbox.Option{
		"no logger":            sandbox.WithLogger(nil),
		"no clock":             sandbox.WithClock(nil),
		"an invalid limit":     sandbox.WithServer(server.WithMaxBody(-1)),
		"a token of 1 byte":    sandbox.WithControlToken("x"),
		"a token of 15 bytes":  sandbox.WithControlToken(controlToken[:15]),
		"16 bytes are enough":  sandbox.WithControlToken(controlToken),
		"100 bytes are enough": sandbox.WithControlToken(strings.Repeat("x", 100)),
	} {
		_, err := sandbox.New(t.Context(), store, "http://x", option)
		if valid := strings.HasSuffix(name, "enough"); (err == nil) != valid {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && strings.Contains(err.Error(), controlToken[:15]) {
			t.Errorf("the error contains the token: %v", err)
		}
	}
}

// TestStoreFails closes the store: the response has a plain sentence, and only the log has the details.
func TestStoreFails(t *testing.T) {
	t.Parallel()
	r := start(t)
	for _, probe := range []string{"/livez", "/readyz"} {
		if response, body := r.request(t, "GET", probe, ""); response.StatusCode != 200 || body != `{"status":"ok"}` {
			t.Errorf("%s: %d %s", probe, response.StatusCode, body)
		}
	}
	_ = r.store.Close()
	response, body := r.request(t, "POST", path, validOrder, active...)
	if response.StatusCode != 500 || !strings.HasPrefix(body, `{"message":"The server failed.`) || strings.Contains(body, "store") {
		t.Errorf("%d %s", response.StatusCode, body)
	}
	log := r.log.String()
	if strings.Contains(log, "sandbox-active-secret") || strings.Contains(log, "sandbox-active-key") || !strings.Contains(log, "closed") {
		t.Errorf("the log is %s", log)
	}
	if response, _ := r.request(t, "GET", "/readyz", ""); response.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("/readyz: %d", response.StatusCode)
	}
}
