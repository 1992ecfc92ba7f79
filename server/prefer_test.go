package server_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/turbosmtp-go/billing/gen/model"
	"github.com/turbosmtp-go/billing/server"
	"github.com/turbosmtp-go/billing/server/contract"
)

func TestPreferIsIgnoredByDefault(t *testing.T) {
	t.Parallel()
	w := purchase(t, newServer(t, succeed), "Prefer", "code=401")
	if w.Code != http.StatusOK || w.Header().Get("Preference-Applied") != "" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
}

func ExampleWithPrefer() {
	s, err := server.New(shop{}, contract.AuthenticatorFunc(authenticate), server.WithPrefer())
	if err != nil {
		fmt.Println(err)
		return
	}
	r := httptest.NewRequest(http.MethodPost, s.BasePath()+"/billing/buy_emailvalidation_credits", nil)
	r.Header.Set("Prefer", "example="+string(model.AccountIsInactive))
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, r)
	fmt.Println(w.Code, w.Body, w.Header().Get("Preference-Applied"))
	// Output: 401 {"message":"account_is_inactive"} example=account_is_inactive
}
