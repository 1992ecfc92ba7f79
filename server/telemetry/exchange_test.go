package telemetry_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/turbosmtp-go/billing/gen/httpserver"
	"github.com/turbosmtp-go/billing/gen/model"
)

// TestOneOfEach: a request is one line, one count and one span, with the status that it was answered with.
func TestOneOfEach(t *testing.T) {
	t.Parallel()
	const valid, active = `{"amount":320,"note":"` + secret + `"}`, "active-" + secret
	page := func(query string) *http.Request {
		return httptest.NewRequest(http.MethodGet, "/checkout/"+secret+query, nil)
	}
	fail := func(context.Context) (httpserver.BuyEmailValidatorCreditsResponseObject, error) {
		return nil, errors.New("an error about a disk")
	}
	for _, row := range []struct {
		name, method, route string
		request             func() *http.Request
		sells               implementation
		status              int
		code, account       string
	}{
		{"200", "POST", buyPath, func() *http.Request { return purchase(active, valid) }, sell, 200, "", "ann"},
		{"400", "POST", buyPath, func() *http.Request { return purchase(active, `{"amount":1}`) }, sell, 400, string(model.AmountShouldNotBeLessThan15), "ann"},
		{"401 denied", "POST", buyPath, func() *http.Request { return purchase("inactive-"+secret, valid) }, sell, 401, string(model.AccountIsInactive), "ian"},
		{"401 unknown", "POST", buyPath, func() *http.Request { return purchase(secret, valid) }, sell, 401, string(model.InvalidAuthorizationKey), ""},
		{"404", "GET", "unmatched", func() *http.Request { return httptest.NewRequest("GET", "/"+secret, nil) }, sell, 404, "", ""},
		{"405", "DELETE", buyPath, func() *http.Request { return httptest.NewRequest("DELETE", buyPath+"?"+secret, nil) }, sell, 405, "", ""},
		{"413", "POST", buyPath, func() *http.Request { return purchase(active, valid+strings.Repeat(" ", 2000)) }, sell, 413, "", "ann"},
		{"500", "POST", buyPath, func() *http.Request { return purchase(active, valid) }, fail, 500, "", "ann"},
		{"panic", "POST", buyPath, func() *http.Request { return purchase(active, valid) },
			func(context.Context) (httpserver.BuyEmailValidatorCreditsResponseObject, error) { panic("at the disk") }, 500, "", "ann"},
		{"page", "GET", "/checkout/:token", func() *http.Request { return page("?" + secret) }, sell, 200, "", ""},
		{"method", "other", "unmatched", func() *http.Request { return httptest.NewRequest("S3CR3T", "/"+secret, nil) }, sell, 404, "", ""},
	} {
		// Whatever the order, one that answers failures by itself included; only when that one is within
		// all others do they not see the code.
		for _, order := range []string{"tml", "lmt", "jtml", "tjml", "tmjl", "lmtj"} {
			t.Run(row.name+" "+order, func(t *testing.T) {
				t.Parallel()
				o, w := observe(t, order, row.sells), httptest.NewRecorder()
				o.handler.ServeHTTP(w, row.request())
				if w.Code != row.status {
					t.Fatalf("%d %s", w.Code, w.Body)
				}
				code := row.code
				if order == "lmtj" {
					code = ""
				}
				id := w.Header().Get("X-Request-Id")
				if got := o.logged(t); len(got) != 1 {
					t.Errorf("logged %v", got)
				} else {
					for name, want := range map[string]any{
						"msg": "request", "level": "INFO", "request_id": id, "method": row.method, "route": row.route, "status": float64(row.status),
						"code": code, "account": row.account, "address": "192.0.2.1",
					} {
						if have, there := got[0][name]; (want != "" || there) && have != want {
							t.Errorf("logged %s=%v, want %v", name, have, want)
						}
					}
					if took, ok := got[0]["duration_ms"].(float64); !ok || took <= 0 || took > 60_000 {
						t.Errorf("it took %v", got[0]["duration_ms"])
					}
				}
				series := fmt.Sprintf("code=%s,method=%s,route=%s,status=%d", code, row.method, row.route, row.status)
				if got := counted(t, o.metrics.Registry(), "billing_http_requests_total"); len(got) != 1 || got[series] != 1 {
					t.Errorf("counted %v, want %s", got, series)
				}
				if got := counted(t, o.metrics.Registry(), "billing_http_request_duration_seconds"); len(got) != 1 || got["method="+row.method+",route="+row.route] != 1 {
					t.Errorf("timed %v", got)
				}
				if got := counted(t, o.metrics.Registry(), "billing_http_requests_in_flight")[""]; got != 0 {
					t.Errorf("%v are in flight", got)
				}
				checkSpan(t, o.ended(t), id, row.method, row.route, row.status, row.account)
				if strings.Contains(order, "j") && (len(o.answers) != 1 || o.answers[0] != row.status) {
					t.Errorf("the other middleware saw %v", o.answers)
				}
				if failures := strings.Count(o.own.String(), "\n"); (row.status == 500) != (failures == 1) || failures > 1 {
					t.Errorf("the server logged %s", o.own)
				}
				for _, text := range []string{o.log.String(), fmt.Sprint(counted(t, o.metrics.Registry(), "billing_http_requests_total")), describe(o.spans)} {
					if strings.Contains(strings.ToLower(text), "s3cr3t") || strings.Contains(text, "disk") {
						t.Errorf("a secret is told: %s", text)
					}
				}
			})
		}
	}
}

// TestOverTheWire: a client that is still sending what is refused gets its answer.
func TestOverTheWire(t *testing.T) {
	t.Parallel()
	o := observe(t, "tml", sell)
	listening := httptest.NewServer(o.handler)
	t.Cleanup(listening.Close)
	for i := range 5 {
		r := purchase("active-"+secret, "")
		sent, err := http.NewRequestWithContext(t.Context(), r.Method, listening.URL+buyPath, strings.NewReader(strings.Repeat(secret, 100_000)))
		if err != nil {
			t.Fatal(err)
		}
		sent.Header = r.Header
		answer, err := http.DefaultClient.Do(sent)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		if answer.StatusCode != http.StatusRequestEntityTooLarge {
			t.Errorf("request %d: %d", i, answer.StatusCode)
		}
	}
	listening.Close()
	if lines := o.logged(t); len(lines) != 5 || len(o.ended(t)) != 5 {
		t.Errorf("logged %v", lines)
	}
}
