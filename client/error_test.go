package client_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/turbosmtp-go/billing/client"
	"github.com/turbosmtp-go/billing/gen/model"
)

func TestHasCode(t *testing.T) {
	t.Parallel()
	err := fmt.Errorf("buy: %w", &client.Error{StatusCode: 401, Code: string(model.AccountIsInactive)})
	for name, tc := range map[string]struct{ got, want bool }{
		"the code":     {client.HasCode(err, model.AccountIsInactive), true},
		"a string":     {client.HasCode(err, "account_is_inactive"), true},
		"another code": {client.HasCode(err, model.InvalidAuthorizationKey), false},
		"another type": {client.HasCode(err, model.AmountShouldBeInteger), false},
		"no code":      {client.HasCode(&client.Error{StatusCode: 500}, ""), false},
		"no response":  {client.HasCode(errors.New("x"), model.AccountIsInactive), false},
		"no error":     {client.HasCode(nil, model.AccountIsInactive), false},
	} {
		if tc.got != tc.want {
			t.Errorf("%s: %t", name, tc.got)
		}
	}
}

func TestErrorSays(t *testing.T) {
	t.Parallel()
	const at = "client: POST /billing/buy_emailvalidation_credits: "
	const unknown = ": the outcome is unknown, the request may have been carried out"
	for name, tc := range map[string]struct {
		status        int
		body          string
		code, message string
		contains      string
	}{
		"code":             {400, `{"message":"amount_should_be_integer"}`, "amount_should_be_integer", "", "400 Bad Request: amount_should_be_integer"},
		"unknown code":     {400, `{"message":"moon_is_full_2"}`, "moon_is_full_2", "", "400 Bad Request: moon_is_full_2"},
		"other members":    {400, `{"message":"moon_is_full","more":[1]}`, "moon_is_full", "", "400 Bad Request: moon_is_full"},
		"sentence":         {404, `{"message":"No such path."}`, "", "No such path.", "404 Not Found: No such path"},
		"long code":        {400, `{"message":"` + strings.Repeat("a", 600) + `"}`, "", strings.Repeat("a", 500) + "…", "400 Bad Request: " + strings.Repeat("a", 500) + "…"},
		"control":          {400, `{"message":"a\r\nb\u001b[2Jc\u202ed "}`, "", "a  b [2Jc d", "400 Bad Request: a  b [2Jc d"},
		"no string":        {400, `{"message":5}`, "", "", "400 Bad Request"},
		"no message":       {400, `{"error":"x"}`, "", "", "400 Bad Request"},
		"no object":        {400, `"amount_should_be_integer"`, "", "", "400 Bad Request"},
		"array":            {400, `[{"message":"amount_should_be_integer"}]`, "", "", "400 Bad Request"},
		"null":             {400, `null`, "", "", "400 Bad Request"},
		"trailing garbage": {400, `{"message":"amount_should_be_integer"} x`, "", "", "400 Bad Request"},
		"empty":            {403, ``, "", "", "403 Forbidden"},
		"odd status":       {499, ``, "", "", "499"},
		"odd failure":      {599, `{"message":"Down."}`, "", "Down.", "599: Down" + unknown},
		"failure":          {500, `{"message":"It failed."}`, "", "It failed.", "500 Internal Server Error: It failed" + unknown},
		"success":          {202, `{"message":"accepted"}`, "", "", "202 Accepted: the document does not contain this success" + unknown},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := newVendor(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("X-Request-Id", "id-1")
				respondWith(w, tc.status, "application/json", tc.body)
			})
			_, err := newClient(t, v.URL).BuyEmailValidatorCredits(t.Context(), client.BuyEmailValidatorCreditsRequest{Amount: 320}, client.WithHeader("X-Request-Id", "id-1"))
			e := wantError(t, err, tc.status, strings.HasSuffix(tc.contains, unknown))
			if want := at + tc.contains + " (request id-1)"; err.Error() != want {
				t.Errorf("contains %q: want %q", err, want)
			}
			if e.Code != tc.code || e.Message != tc.message || e.RequestID != "id-1" || e.Method != http.MethodPost || e.Path != "/billing/buy_emailvalidation_credits" {
				t.Errorf("code %q, message %q, request id %q, method %q, path %q", e.Code, e.Message, e.RequestID, e.Method, e.Path)
			}
			wantRequests(t, v, 1)
		})
	}
}

func TestErrorKeepsABoundedBodyAndNeverPrintsIt(t *testing.T) {
	t.Parallel()
	const page = "<html>wonderful"
	v := responding(t, http.StatusForbidden, "text/html", page+strings.Repeat(".", 10_000))
	err := buy(t, newClient(t, v.URL))
	e := wantError(t, err, http.StatusForbidden, false)
	if len(e.Body) != 4<<10 || !strings.HasPrefix(string(e.Body), page) {
		t.Errorf("%d bytes of body", len(e.Body))
	}
	encoded, jsonErr := json.Marshal(e)
	if jsonErr != nil {
		t.Fatal(jsonErr)
	}
	texts := []string{string(encoded), fmt.Sprintf("%v %+v %#v %s %d %x", e, e, e, e, e, e)}
	for _, text := range texts {
		if strings.Contains(text, "wonderful") || strings.Contains(text, fmt.Sprintf("%x", "wonderful")) || strings.Contains(text, "Body") {
			t.Errorf("%q holds the body", text)
		}
	}
	if want := fmt.Sprintf("%q", err.Error()); fmt.Sprintf("%q", err) != want {
		t.Errorf("%q: want %s", err, want)
	}
}
