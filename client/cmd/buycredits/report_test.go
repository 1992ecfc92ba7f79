package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/turbosmtp-go/billing/client"
)

func TestRefusals(t *testing.T) {
	t.Parallel()
	type refusal struct {
		status   int
		body     string
		contains []string
	}
	cases := []refusal{
		{404, `{"message":"No such path."}`, []string{"404 Not Found: No such path", "Check the base URL"}},
		{405, `{"message":"Not so."}`, []string{"Check the base URL"}},
		{401, `<html>`, []string{"401 Unauthorized", "Check the credentials"}},
		{403, `{"message":"ip_not_allowed"}`, []string{"Code: ip_not_allowed", "Check the credentials"}},
		{400, `{"message":"moon_is_full"}`, []string{"Code: moon_is_full", "support, and include the request id id-1"}},
		{400, `{"error":"Out of order."}`, []string{`The server sent: {"error":"Out of order."}`}},
		{403, "<html>\n<h1>No  entry</h1>\x1b[2J", []string{"The server sent: <html> <h1>No entry</h1> [2J\n"}},
		{413, strings.Repeat("too large ", 100), []string{"The server sent: too large", "too large …\n"}},
		{429, ``, []string{"The server is busy. Run it again later"}},
		{301, ``, []string{"redirects to another address"}},
	}
	for _, code := range []string{string(client.AmountShouldBeInteger), string(client.AccountIsInactive), "amount_should_not_be_less_than_15"} {
		cases = append(cases, refusal{400, `{"message":"` + code + `"}`, []string{"Code: " + code, client.DescribeCode(code)}})
	}
	for _, tc := range cases {
		t.Run(fmt.Sprint(tc.status, " ", tc.body), func(t *testing.T) {
			t.Parallel()
			v := newVendor(t, tc.status, tc.body)
			contains := append(tc.contains, "Nothing was bought", fmt.Sprint(tc.status))
			runWith(t.Context(), pair(), "320", "--base-url", v.URL).want(t, 1, "", contains...)
			if o := runWith(t.Context(), pair(), "320", "--base-url", v.URL); strings.Count(o.stderr, "No such path") > 1 {
				t.Errorf("stderr %q: the server's words stand twice", o.stderr)
			}
			r := runWith(t.Context(), pair(), "320", "--base-url", v.URL, "--output", "json").wantError(t, 1, "not_ordered", contains...)
			if r.Status != tc.status || r.RequestID != "id-1" || r.Tries != 1 || r.Advice == "" {
				t.Errorf("%+v", r)
			}
			if got := v.orders.Load(); got != 3 {
				t.Errorf("%d orders in three runs", got)
			}
		})
	}
}

func TestHints(t *testing.T) {
	t.Parallel()
	v := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/busy/") {
			w.Header().Set("Retry-After", "120")
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		w.WriteHeader(http.StatusConflict)
	}))
	t.Cleanup(v.Close)
	runWith(t.Context(), pair(), "320", "--base-url", v.URL+"/busy").want(t, 1, "", "Nothing was bought", "Run it again in 2m0s.")
	runWith(t.Context(), pair(), "320", "--base-url", v.URL).want(t, 1, "", "409 Conflict", "Ask TurboSMTP's support, and include the request id ")
}

func TestNotReached(t *testing.T) {
	t.Parallel()
	v := newVendor(t, http.StatusOK, `{"url":"`+testLink+`"}`)
	// The timeout leaves no room to try again.
	for url, contains := range map[string]string{
		"http://127.0.0.1:1":                         "was not reached",
		strings.Replace(v.URL, "http:", "https:", 1): "does not speak https",
	} {
		runWith(t.Context(), pair(), "320", "--timeout=100ms", "--base-url", url).want(t, 1, "", "Nothing was bought", "nothing was sent", contains)
	}
	if got := v.orders.Load(); got != 0 {
		t.Errorf("%d orders", got)
	}
}

func TestUnknownOutcome(t *testing.T) {
	t.Parallel()
	for name, v := range map[string]*vendor{
		"failure":     newVendor(t, 500, `{"message":"It failed."}`),
		"proxy":       newVendor(t, 502, `<html>`),
		"busy":        newVendor(t, 503, ``),
		"no link":     newVendor(t, 200, `{}`),
		"no response": newVendor(t, 200, ``),
		"redirect":    newVendor(t, 303, ``),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			runWith(t.Context(), pair(), "320", "--base-url", v.URL, "--output=json").wantError(t, 3, "unknown",
				"It is unknown whether the order was carried out", "Check the billing account first", "billing account")
			if got := v.orders.Load(); got != 1 {
				t.Errorf("%d orders", got)
			}
		})
	}
}
