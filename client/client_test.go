package client_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"testing"

	"github.com/turbosmtp-go/billing/api"
	"github.com/turbosmtp-go/billing/client"
	"github.com/turbosmtp-go/billing/gen/model"
)

func TestBuySendsTheDocumentedRequest(t *testing.T) {
	t.Parallel()
	v := newVendor(t, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || string(body) != `{"amount":320}` {
			t.Errorf("body %q, error %v", body, err)
		}
		if r.Method != http.MethodPost || r.URL.Path != "/billing/buy_emailvalidation_credits" || r.URL.RawQuery != "" {
			t.Errorf("request line: %s %s", r.Method, r.URL)
		}
		for name, want := range map[string]string{
			"Consumerkey":     testKey,
			"Consumersecret":  testSecret,
			"Authorization":   "",
			"Content-Type":    "application/json",
			"Accept":          "application/json",
			"User-Agent":      "turbosmtp-go-billing/devel", // the version of a test's build
			"Idempotency-Key": "",
		} {
			if got := r.Header.Get(name); got != want {
				t.Errorf("header %s: %q, want %q", name, got, want)
			}
		}
		sell(w)
	})
	payment, err := newClient(t, v.URL).BuyEmailValidatorCredits(t.Context(), client.BuyEmailValidatorCreditsRequest{Amount: 320})
	if err != nil {
		t.Fatal(err)
	}
	if payment.URL != testLink {
		t.Errorf("link %q: want %q", payment.URL, testLink)
	}
	wantRequests(t, v, 1)
}

func TestBuySendsAnyAmount(t *testing.T) {
	t.Parallel()
	for _, amount := range []int{-5, 0, 1, 1 << 40} {
		v := newVendor(t, func(w http.ResponseWriter, r *http.Request) {
			var got model.BuyEmailValidatorCreditsRequest
			if err := json.NewDecoder(r.Body).Decode(&got); err != nil || got.Amount != amount {
				t.Errorf("amount %d, error %v: want %d", got.Amount, err, amount)
			}
			sell(w)
		})
		if _, err := newClient(t, v.URL).BuyEmailValidatorCredits(t.Context(), client.BuyEmailValidatorCreditsRequest{Amount: amount}); err != nil {
			t.Error(err)
		}
	}
}

// TestEveryDocumentedResponse checks each example response of the document.
func TestEveryDocumentedResponse(t *testing.T) {
	t.Parallel()
	doc, err := api.Load()
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for status, response := range doc.Paths.Value(client.Documented().Path).Post.Responses.Map() {
		statuses := []int{404, 405, 413, 415, 429, 500, 503}
		if status != "default" {
			code, err := strconv.Atoi(status)
			if err != nil {
				t.Fatal(err)
			}
			statuses = []int{code}
		}
		for name, example := range response.Value.Content.Get("application/json").Examples {
			for _, code := range statuses {
				seen++
				t.Run(strconv.Itoa(code)+"/"+name, func(t *testing.T) {
					t.Parallel()
					testDocumentedResponse(t, code, status == "default", example.Value.Value)
				})
			}
		}
	}
	if seen < 10 {
		t.Errorf("%d responses in the document: want more", seen)
	}
}

func testDocumentedResponse(t *testing.T, status int, isDefault bool, value any) {
	body, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	var said struct{ URL, Message string }
	if err := json.Unmarshal(body, &said); err != nil {
		t.Fatal(err)
	}
	v := responding(t, status, "application/json; charset=utf-8", string(body))
	payment, err := newClient(t, v.URL).BuyEmailValidatorCredits(t.Context(), client.BuyEmailValidatorCreditsRequest{Amount: 320})
	wantRequests(t, v, 1)
	if status == http.StatusOK {
		if err != nil || payment.URL != said.URL {
			t.Errorf("link %v, error %v: want %q", payment, err, said.URL)
		}
		return
	}
	e := wantError(t, err, status, status >= 500)
	if isDefault {
		if e.Message != said.Message || e.Code != "" {
			t.Errorf("message %q and code %q: want the message %q", e.Message, e.Code, said.Message)
		}
		return
	}
	if e.Code != said.Message || e.Message != "" || !client.HasCode(err, said.Message) {
		t.Errorf("message %q and code %q: want the code %q", e.Message, e.Code, said.Message)
	}
	if model.DescribeCode(e.Code) == "" {
		t.Errorf("the document does not describe %q", e.Code)
	}
	if string(e.Body) != string(body) {
		t.Errorf("body %q: want %q", e.Body, body)
	}
}

func TestBasePath(t *testing.T) {
	t.Parallel()
	for base, want := range map[string]string{
		"":                "/billing/buy_emailvalidation_credits",
		"/":               "/billing/buy_emailvalidation_credits",
		"/api/v2":         "/api/v2/billing/buy_emailvalidation_credits",
		"/api/v2/":        "/api/v2/billing/buy_emailvalidation_credits",
		"/api/v2//":       "/api/v2/billing/buy_emailvalidation_credits",
		"/a/../api/./v2/": "/api/v2/billing/buy_emailvalidation_credits",
		"/a%2Fb/v2/":      "/a%2Fb/v2/billing/buy_emailvalidation_credits",
		"/a%2Fb/v2":       "/a%2Fb/v2/billing/buy_emailvalidation_credits",
	} {
		t.Run(base, func(t *testing.T) {
			t.Parallel()
			v := newVendor(t, func(w http.ResponseWriter, r *http.Request) {
				if got := r.URL.EscapedPath(); got != want {
					t.Errorf("path %q: want %q", got, want)
				}
				sell(w)
			})
			if err := buy(t, newClient(t, v.URL+base)); err != nil {
				t.Error(err)
			}
			wantRequests(t, v, 1)
		})
	}
}

func TestRawHasAllBehaviour(t *testing.T) {
	t.Parallel()
	v := newVendor(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get(model.ConsumerKeyHeader) == testKey {
			sell(w)
		}
	})
	raw := newClient(t, v.URL).Raw()
	response, err := raw.BuyEmailValidatorCreditsWithResponse(t.Context(), model.BuyEmailValidatorCreditsRequest{Amount: 320})
	if err != nil {
		t.Fatal(err)
	}
	if response.JSON200 == nil || response.JSON200.URL != testLink {
		t.Errorf("response %s: want the link", response.Body)
	}

	refusing := responding(t, http.StatusUnauthorized, "application/json", `{"message":"account_is_inactive"}`)
	response, err = newClient(t, refusing.URL).Raw().BuyEmailValidatorCreditsWithResponse(t.Context(), model.BuyEmailValidatorCreditsRequest{Amount: 320})
	if response != nil || !client.HasCode(err, model.AccountIsInactive) {
		t.Errorf("response %v, error %v: want the error", response, err)
	}
}

// A success that the document promises nothing of, and that the generated type cannot hold.
func TestSuccessThatCannotBeDecoded(t *testing.T) {
	t.Parallel()
	v := newVendor(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Request-Id", "r1")
		respondWith(w, http.StatusOK, "application/json", `{"url":5}`)
	})
	e := wantError(t, buy(t, newClient(t, v.URL, client.WithSuccesses())), http.StatusOK, true)
	if e.Path != client.Documented().Path || e.Method != client.Documented().Method || e.RequestID != "r1" {
		t.Errorf("%+v: want what it was a response to", e)
	}
}

var stockTransport = http.DefaultTransport.(*http.Transport)

// callersClient is an http.Client of the caller. It has a transport of its own, because parallel tests close the idle
// connections of a shared one.
func callersClient() client.Option {
	return client.WithHTTPClient(&http.Client{Transport: stockTransport.Clone()})
}
