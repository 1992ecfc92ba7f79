package sandbox_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"github.com/turbosmtp-go/billing/gen/control"
)

// outcome is the response that a client receives to an order, and the number of purchases.
type outcome struct {
	status     int
	media      string
	retryAfter string
	length     int64  // Content-Length
	body       string // the received part
	err        error  // ECONNRESET, ErrUnexpectedEOF, or another error
	purchases  int
}

// rawClient is an HTTP client that does not hide what happens on the connection.
type rawClient struct {
	r         *running
	transport *http.Transport
}

func (r *running) rawClient(t testing.TB) *rawClient {
	t.Helper()
	c := &rawClient{r, &http.Transport{DisableCompression: true}}
	t.Cleanup(c.transport.CloseIdleConnections)
	return c
}

// order sends an order over a new connection, or over one that was used before.
func (c *rawClient) order(t testing.TB, keepAlive bool, body string, headers ...string) outcome {
	t.Helper()
	c.transport.CloseIdleConnections()
	if keepAlive {
		c.send(t, "GET", "/livez", "")
	}
	before := len(c.r.purchases(t))
	o := c.send(t, "POST", path, body, headers...)
	o.purchases = len(c.r.purchases(t)) - before
	return o
}

func (c *rawClient) send(t testing.TB, method, target, body string, headers ...string) outcome {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, "http://"+c.r.address+target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := (&http.Client{Transport: c.transport}).Do(request)
	if err != nil {
		return outcome{err: cause(err)}
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	return outcome{
		status: response.StatusCode, media: response.Header.Get("Content-Type"), retryAfter: response.Header.Get("Retry-After"),
		length: response.ContentLength, body: string(text), err: cause(err),
	}
}

// cause returns the error that a fault caused.
func cause(err error) error {
	for _, known := range []error{syscall.ECONNRESET, io.ErrUnexpectedEOF} {
		if errors.Is(err, known) {
			return known
		}
	}
	return err
}

const (
	htmlMedia = "text/html; charset=UTF-8"
	jsonMedia = "application/json"
)

func htmlPage(status int) string {
	title := fmt.Sprint(status, " ", http.StatusText(status))
	return "<!DOCTYPE html>\n<html><head><title>" + title + "</title></head><body><h1>" + title + "</h1></body></html>\n"
}

func complete(status int, media, retryAfter, body string, purchases int) outcome {
	return outcome{status, media, retryAfter, int64(len(body)), body, nil, purchases}
}

// TestFaults has each kind of fault act on new connections and on used ones: the outcome is the same.
func TestFaults(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]faultTest{
		"status":                {control.Fault{Kind: control.FailStatus}, complete(503, jsonMedia, "", `{"message":"A fault of the sandbox caused this 503."}`, 0), 503, "the response was 503, and nothing was bought."},
		"another status":        {control.Fault{Kind: control.FailStatus, Status: 429, RetryAfter: 7}, complete(429, jsonMedia, "7", `{"message":"A fault of the sandbox caused this 429."}`, 0), 429, "nothing was bought."},
		"a documented status":   {control.Fault{Kind: control.FailStatus, Status: 400, RetryAfter: 86400}, complete(400, jsonMedia, "86400", `{"message":"A fault of the sandbox caused this 400."}`, 0), 400, "nothing was bought."},
		"HTML":                  {control.Fault{Kind: control.FailHTML}, complete(502, htmlMedia, "", htmlPage(502), 0), 502, "an HTML page, and nothing was bought."},
		"HTML with Retry-After": {control.Fault{Kind: control.FailHTML, Status: 503, RetryAfter: 1}, complete(503, htmlMedia, "1", htmlPage(503), 0), 503, "nothing was bought."},
		"HTML after":            {control.Fault{Kind: control.FailHTMLAfter}, complete(200, htmlMedia, "", htmlPage(200), 1), 200, "processed, and the response body was replaced by an HTML page. The request is valid."},
		"unknown code":          {control.Fault{Kind: control.FailUnknownCode}, complete(400, jsonMedia, "", `{"message":"sandbox_unknown_code"}`, 0), 400, "the error code sandbox_unknown_code"},
		"unknown code, 401":     {control.Fault{Kind: control.FailUnknownCode, Status: 401, Code: "key_expired"}, complete(401, jsonMedia, "", `{"message":"key_expired"}`, 0), 401, "the error code key_expired"},
		"reset before":          {control.Fault{Kind: control.FailResetBefore}, outcome{err: syscall.ECONNRESET}, 0, "reset, and nothing was bought."},
		"reset after":           {control.Fault{Kind: control.FailResetAfter}, outcome{err: syscall.ECONNRESET, purchases: 1}, 0, "processed, and the connection was reset instead of a response. The request is valid."},
		"cut body":              {control.Fault{Kind: control.FailCutBody}, outcome{status: 200, media: jsonMedia, err: io.ErrUnexpectedEOF, purchases: 1}, 200, "processed, and the response body was cut. The request is valid."},
		"delay":                 {control.Fault{Kind: control.FailDelay, DelayMs: 20}, outcome{status: 200, media: jsonMedia, purchases: 1}, 200, "after a delay of 20 ms, the request was processed as usual. The request is valid."},
		"delay, status":         {control.Fault{Kind: control.FailStatus, DelayMs: 20}, complete(503, jsonMedia, "", `{"message":"A fault of the sandbox caused this 503."}`, 0), 503, "after a delay of 20 ms, the response was 503"},
		"delay, reset":          {control.Fault{Kind: control.FailResetAfter, DelayMs: 20}, outcome{err: syscall.ECONNRESET, purchases: 1}, 0, "after a delay of 20 ms, the request was processed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			row.check(t, name)
		})
	}
}

// faultTest is a row of TestFaults.
type faultTest struct {
	fault  control.Fault
	want   outcome
	status int    // in the journal
	reason string // a part
}

// check orders before, with and after the fault, and compares the outcomes and the journal.
func (row faultTest) check(t *testing.T, name string) {
	t.Helper()
	r := start(t)
	c := r.rawClient(t)
	usual := c.order(t, false, validOrder, active...)
	fault := r.fail(t, row.fault)
	switch row.fault.Kind { // whose bodies contain a token, always of the same length
	case control.FailCutBody:
		row.want.length, row.want.body = usual.length, usual.body[:len(usual.body)/2]
	case control.FailDelay:
		row.want.length, row.want.body = usual.length, usual.body
	default:
	}
	for i := range 4 {
		got := c.order(t, i%2 == 1, validOrder, active...)
		got.body = replaceToken(got.body, row.want.body)
		if got != row.want {
			t.Errorf("%d: %+v, want %+v", i, got, row.want)
		}
		entry := r.newest(t, name, int64(i)+2)
		if entry.Status != row.status || entry.Reason.Fault != fault.ID || entry.Account != "sandbox-active" || !strings.Contains(entry.Reason.Text, row.reason) ||
			entry.DurationMs < float64(row.fault.DelayMs) {
			t.Errorf("%d: the entry of the journal is %+v", i, entry)
		}
	}
	if f := r.Faults()[0]; f.Matched != 4 || f.Acted != 4 {
		t.Errorf("the fault is %+v", f)
	}
	r.RemoveFault(fault.ID)
	if got := c.order(t, false, validOrder, active...); got.status != 200 || got.purchases != 1 {
		t.Errorf("without the fault: %+v", got)
	}
}

// replaceToken returns the body with the token of the payment link in want. A body without a link, or with
// another length, is returned unchanged.
func replaceToken(body, want string) string {
	const link = "/checkout/"
	if !strings.Contains(want, link) || len(body) != len(want) {
		return body
	}
	from := strings.Index(want, link) + len(link)
	to := min(len(body), from+40)
	return body[:from] + want[from:to] + body[to:]
}

// TestFaultsAndInvalidRequests has faults act on invalid requests. If the API processes the request, the
// journal also has the reason for the API's response.
func TestFaultsAndInvalidRequests(t *testing.T) {
	t.Parallel()
	r := start(t)
	c, sent := r.rawClient(t), int64(0)
	for name, row := range map[string]struct {
		fault   control.Fault
		body    string
		headers []string
		want    outcome
		reason  control.Reason
	}{
		"status":        {control.Fault{Kind: control.FailStatus}, "{", nil, outcome{status: 503}, control.Reason{}},
		"HTML":          {control.Fault{Kind: control.FailHTML}, "", []string{"Content-Type", "x"}, outcome{status: 502}, control.Reason{}},
		"unknown code":  {control.Fault{Kind: control.FailUnknownCode}, `{"amount":1}`, active, outcome{status: 400}, control.Reason{}},
		"reset before":  {control.Fault{Kind: control.FailResetBefore}, `{"amount":1}`, active, outcome{err: syscall.ECONNRESET}, control.Reason{}},
		"reset after":   {control.Fault{Kind: control.FailResetAfter}, `{"amount":1}`, active, outcome{err: syscall.ECONNRESET}, control.Reason{In: "body", Keyword: "minimum", Pointer: "/amount", Code: tooSmall}},
		"cut body":      {control.Fault{Kind: control.FailCutBody}, validOrder, nil, outcome{status: 401, err: io.ErrUnexpectedEOF}, control.Reason{In: "credentials", Keyword: "missing", Code: incomplete}},
		"HTML after":    {control.Fault{Kind: control.FailHTMLAfter}, validOrder, active[:4], outcome{status: 415}, control.Reason{In: "body", Keyword: "mediaType"}},
		"delay":         {control.Fault{Kind: control.FailDelay, DelayMs: 1}, `{}`, active, outcome{status: 400}, control.Reason{In: "body", Keyword: "required", Pointer: "/amount", Code: noAmount}},
		"delay, plan":   {control.Fault{Kind: control.FailDelay, DelayMs: 1}, validOrder, withKey("sandbox-noplan-token"), outcome{status: 400}, control.Reason{In: "account", Code: noPlan}},
		"delay, Prefer": {control.Fault{Kind: control.FailDelay, DelayMs: 1}, ``, []string{"Prefer", "code=401"}, outcome{status: 401}, control.Reason{In: "header Prefer"}},
	} {
		fault := r.fail(t, row.fault)
		for range 2 {
			got := c.order(t, false, row.body, row.headers...)
			if got.status != row.want.status || !errors.Is(got.err, row.want.err) || got.purchases != 0 {
				t.Errorf("%s: %+v", name, got)
			}
			sent++
			reason := r.newest(t, name, sent).Reason
			if !strings.HasPrefix(reason.Text, "Fault "+fault.ID+" acted on the request: ") || strings.Count(reason.Text, ".") < 2 && row.reason.In != "" {
				t.Errorf("%s: the reason is %s", name, reason.Text)
			}
			row.reason.Text, row.reason.Fault = reason.Text, fault.ID
			if reason != row.reason {
				t.Errorf("%s: the reason is %+v, want %+v", name, reason, row.reason)
			}
		}
		r.RemoveFault(fault.ID)
	}
}
