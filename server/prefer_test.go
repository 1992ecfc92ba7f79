package server_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/turbosmtp-go/billing/gen/httpserver"
	"github.com/turbosmtp-go/billing/server"
)

// TestPrefer asks for every example of the document by its name, with no credentials and no body.
func TestPrefer(t *testing.T) {
	t.Parallel()
	called := behave(func(context.Context) (httpserver.BuyEmailValidatorCreditsResponseObject, error) {
		t.Error("the implementation was called")
		return nil, nil
	})
	s, err := server.New(called, letIn, server.WithPrefer())
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		prefer string
		status int
		body   string
	}{
		{"code=200", 200, `{"url":"https://billing.example.com/checkout/5f1d7a84c0b94b6e"}`},
		{"code=400", 400, `{"message":"missing_required_parameter_amount"}`},
		{"code=401", 401, `{"message":"missing_authorization_key"}`},
		{"code=503", 503, `{"message":"No such path."}`},
		{"example=success", 200, `{"url":"https://billing.example.com/checkout/5f1d7a84c0b94b6e"}`},
		{"example=account_is_inactive", 401, `{"message":"account_is_inactive"}`},
		{"example=can_not_buy_extra_credit_without_active_plan", 400, `{"message":"can_not_buy_extra_credit_without_active_plan"}`},
		{"example=not_found", 500, `{"message":"No such path."}`},
		{"code=404, example=not_found", 404, `{"message":"No such path."}`},
		{"code=401, example=other", 422, `{"message":"The document has no example other for the response 401 of this operation. It has: missing_authorization_key, invalid_authorization_key, account_is_inactive."}`},
	} {
		r := httptest.NewRequest(http.MethodPost, s.BasePath()+"/billing/buy_emailvalidation_credits", nil)
		r.Header.Set("Prefer", row.prefer)
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, r)
		if w.Code != row.status || w.Body.String() != row.body || w.Header().Get("Content-Type") != "application/json" {
			t.Errorf("%s: %d %q %s", row.prefer, w.Code, w.Header().Get("Content-Type"), w.Body)
		}
	}
}

// TestPreferIsOffByDefault buys although the request prefers an example.
func TestPreferIsOffByDefault(t *testing.T) {
	t.Parallel()
	s, err := server.New(behave(func(context.Context) (httpserver.BuyEmailValidatorCreditsResponseObject, error) {
		return httpserver.BuyEmailValidatorCredits200JSONResponse{URL: "https://x.example"}, nil
	}), letIn)
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, order("Prefer", "code=401"))
	if w.Code != http.StatusOK || w.Header().Get("Preference-Applied") != "" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
}

func ExampleWithPrefer() {
	s, err := server.New(stub{}, letIn, server.WithPrefer())
	if err != nil {
		fmt.Println(err)
		return
	}
	r := httptest.NewRequest(http.MethodPost, s.BasePath()+"/billing/buy_emailvalidation_credits", nil)
	r.Header.Set("Prefer", "example=account_is_inactive")
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, r)
	fmt.Println(w.Code, w.Body, w.Header().Get("Preference-Applied"))
	// Output: 401 {"message":"account_is_inactive"} example=account_is_inactive
}
