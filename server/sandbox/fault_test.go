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

// outcome is what a client sees of an order, and what became of it.
type outcome struct {
	status     int
	media      string
	retryAfter string
	length     int64  // by the answer's header
	body       string // what arrived of it
	broke      error  // one of the two below, or another
	stored     int
}

// wire is an HTTP client that a test can look behind: it sends nothing twice.
type wire struct {
	r         *running
	transport *http.Transport
}

func newWire(t testing.TB, r *running) *wire {
	t.Helper()
	w := &wire{r, &http.Transport{DisableCompression: true}}
	t.Cleanup(w.transport.CloseIdleConnections)
	return w
}

// order sends an order, also over a connection that was used before, and returns its outcome.
func (w *wire) order(t testing.TB, keepAlive bool, body string, headers ...string) outcome {
	t.Helper()
	w.transport.CloseIdleConnections()
	if keepAlive {
		w.send(t, "GET", "/livez", "")
	}
	before := len(purchases(t, w.r))
	o := w.send(t, "POST", path, body, headers...)
	o.stored = len(purchases(t, w.r)) - before
	return o
}

func (w *wire) send(t testing.TB, method, target, body string, headers ...string) (o outcome) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, "http://"+w.r.address+target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := (&http.Client{Transport: w.transport}).Do(request)
	if err != nil {
		return outcome{broke: known(err)}
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	return outcome{
		status: response.StatusCode, media: response.Header.Get("Content-Type"), retryAfter: response.Header.Get("Retry-After"),
		length: response.ContentLength, body: string(text), broke: known(err),
	}
}

// known returns what an error is of those that faults cause.
func known(err error) error {
	for _, one := range []error{syscall.ECONNRESET, io.ErrUnexpectedEOF} {
		if errors.Is(err, one) {
			return one
		}
	}
	return err
}

const (
	htmlMedia = "text/html; charset=UTF-8"
	jsonMedia = "application/json"
)

func proxyPage(status int) string {
	title := fmt.Sprint(status, " ", http.StatusText(status))
	return "<!DOCTYPE html>\n<html><head><title>" + title + "</title></head><body><h1>" + title + "</h1></body></html>\n"
}

func answered(status int, media, retryAfter, body string, stored int) outcome {
	return outcome{status, media, retryAfter, int64(len(body)), body, nil, stored}
}

// TestFaultsOnTheWire has each kind of fault act twice over new connections and twice over used ones:
// what arrives is the same each time.
func TestFaultsOnTheWire(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		fault control.Fault
		want  outcome
		kept  int    // the status in the journal
		why   string // a part of the reason
	}{
		"status":                {control.Fault{Kind: control.FailStatus}, answered(503, jsonMedia, "", `{"message":"The sandbox was told to answer with 503."}`, 0), 503, "answered with 503, and nothing was bought"},
		"another status":        {control.Fault{Kind: control.FailStatus, Status: 429, RetryAfter: 7}, answered(429, jsonMedia, "7", `{"message":"The sandbox was told to answer with 429."}`, 0), 429, "nothing was bought"},
		"a status of the API's": {control.Fault{Kind: control.FailStatus, Status: 400, RetryAfter: 86400}, answered(400, jsonMedia, "86400", `{"message":"The sandbox was told to answer with 400."}`, 0), 400, "nothing was bought"},
		"HTML":                  {control.Fault{Kind: control.FailHTML}, answered(502, htmlMedia, "", proxyPage(502), 0), 502, "a page of HTML, and nothing was bought"},
		"HTML, later":           {control.Fault{Kind: control.FailHTML, Status: 503, RetryAfter: 1}, answered(503, htmlMedia, "1", proxyPage(503), 0), 503, "nothing was bought"},
		"HTML after":            {control.Fault{Kind: control.FailHTMLAfter}, answered(200, htmlMedia, "", proxyPage(200), 1), 200, "carried out, and answered with a page of HTML. The request is as the document has it."},
		"an unknown code":       {control.Fault{Kind: control.FailUnknownCode}, answered(400, jsonMedia, "", `{"message":"sandbox_unknown_code"}`, 0), 400, "the code sandbox_unknown_code"},
		"an unknown code, 401":  {control.Fault{Kind: control.FailUnknownCode, Status: 401, Code: "key_expired"}, answered(401, jsonMedia, "", `{"message":"key_expired"}`, 0), 401, "the code key_expired"},
		"reset before":          {control.Fault{Kind: control.FailResetBefore}, outcome{broke: syscall.ECONNRESET}, 0, "reset, and nothing was bought"},
		"reset after":           {control.Fault{Kind: control.FailResetAfter}, outcome{broke: syscall.ECONNRESET, stored: 1}, 0, "carried out, and the connection was reset"},
		"cut":                   {control.Fault{Kind: control.FailCutBody}, outcome{status: 200, media: jsonMedia, broke: io.ErrUnexpectedEOF, stored: 1}, 200, "carried out, and the answer's body was cut"},
		"delay":                 {control.Fault{Kind: control.FailDelay, DelayMs: 20}, outcome{status: 200, media: jsonMedia, stored: 1}, 200, "waited for 20 ms, and went on as usual. The request is as the document has it."},
		"delay, then status":    {control.Fault{Kind: control.FailStatus, DelayMs: 20}, answered(503, jsonMedia, "", `{"message":"The sandbox was told to answer with 503."}`, 0), 503, "waited for 20 ms, and then it was answered with 503"},
		"delay, then reset":     {control.Fault{Kind: control.FailResetAfter, DelayMs: 20}, outcome{broke: syscall.ECONNRESET, stored: 1}, 0, "waited for 20 ms, and then"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := start(t)
			w := newWire(t, r)
			usual := w.order(t, false, `{"amount":320}`, active...)
			fault, err := r.Fail(row.fault)
			if err != nil {
				t.Fatal(err)
			}
			switch row.fault.Kind { // whose bodies hold a token, of one length
			case control.FailCutBody:
				row.want.length, row.want.body = usual.length, usual.body[:len(usual.body)/2]
			case control.FailDelay:
				row.want.length, row.want.body = usual.length, usual.body
			default:
			}
			for i := range 4 {
				got := w.order(t, i%2 == 1, `{"amount":320}`, active...)
				if link := "/checkout/"; strings.Contains(row.want.body, link) && len(got.body) == len(row.want.body) {
					from := strings.Index(row.want.body, link) + len(link)
					got.body = got.body[:from] + row.want.body[from:min(len(row.want.body), from+40)] + got.body[min(len(got.body), from+40):]
				}
				if got != row.want {
					t.Errorf("%d: %+v, want %+v", i, got, row.want)
				}
				entry := newest(t, r, name, int64(i)+1)
				if entry.Status != row.kept || entry.Why.Fault != fault.ID || entry.Account != "sandbox-active" || !strings.Contains(entry.Why.Text, row.why) {
					t.Errorf("%d: the journal has %+v", i, entry)
				}
				if entry.DurationMs < float64(row.fault.DelayMs) {
					t.Errorf("%d: it took %v ms, with a delay of %d", i, entry.DurationMs, row.fault.DelayMs)
				}
			}
			if f := r.Faults()[0]; f.Matched != 4 || f.Acted != 4 {
				t.Errorf("the fault is %+v", f)
			}
			r.RemoveFault(fault.ID)
			if got := w.order(t, false, `{"amount":320}`, active...); got.status != 200 || got.stored != 1 {
				t.Errorf("without the fault: %+v", got)
			}
		})
	}
}

// TestFaultsAndInvalidRequests has faults act on requests that would be refused. Where they take their
// way, the journal says also why.
func TestFaultsAndInvalidRequests(t *testing.T) {
	t.Parallel()
	r := start(t)
	w, sent := newWire(t, r), int64(0)
	for name, row := range map[string]struct {
		fault   control.Fault
		body    string
		headers []string
		want    outcome
		why     control.Why
	}{
		"status":        {control.Fault{Kind: control.FailStatus}, "{", nil, outcome{status: 503}, control.Why{}},
		"html":          {control.Fault{Kind: control.FailHTML}, "", []string{"Content-Type", "x"}, outcome{status: 502}, control.Why{}},
		"unknown code":  {control.Fault{Kind: control.FailUnknownCode}, `{"amount":1}`, active, outcome{status: 400}, control.Why{}},
		"reset before":  {control.Fault{Kind: control.FailResetBefore}, `{"amount":1}`, active, outcome{broke: syscall.ECONNRESET}, control.Why{}},
		"reset after":   {control.Fault{Kind: control.FailResetAfter}, `{"amount":1}`, active, outcome{broke: syscall.ECONNRESET}, control.Why{In: "body", Keyword: "minimum", Pointer: "/amount", Code: tooSmall}},
		"cut body":      {control.Fault{Kind: control.FailCutBody}, `{"amount":320}`, nil, outcome{status: 401, broke: io.ErrUnexpectedEOF}, control.Why{In: "credentials", Keyword: "missing", Code: incomplete}},
		"html after":    {control.Fault{Kind: control.FailHTMLAfter}, `{"amount":320}`, active[:4], outcome{status: 415}, control.Why{In: "body", Keyword: "mediaType"}},
		"delay":         {control.Fault{Kind: control.FailDelay, DelayMs: 1}, `{}`, active, outcome{status: 400}, control.Why{In: "body", Keyword: "required", Pointer: "/amount", Code: noAmount}},
		"delay, rules":  {control.Fault{Kind: control.FailDelay, DelayMs: 1}, `{"amount":320}`, []string{"Authorization", "sandbox-noplan-token", "Content-Type", "application/json"}, outcome{status: 400}, control.Why{In: "account", Code: noPlan}},
		"delay, Prefer": {control.Fault{Kind: control.FailDelay, DelayMs: 1}, ``, []string{"Prefer", "code=401"}, outcome{status: 401}, control.Why{In: "header Prefer"}},
	} {
		fault, err := r.Fail(row.fault)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			got := w.order(t, false, row.body, row.headers...)
			if got.status != row.want.status || !errors.Is(got.broke, row.want.broke) || got.stored != 0 {
				t.Errorf("%s: %+v", name, got)
			}
			sent++
			why := newest(t, r, name, sent-1).Why
			if !strings.HasPrefix(why.Text, "The fault "+fault.ID+" acted on it: ") || strings.Count(why.Text, ".") < 2 && row.why.In != "" {
				t.Errorf("%s: the reason is %s", name, why.Text)
			}
			row.why.Text, row.why.Fault = why.Text, fault.ID
			if why != row.why {
				t.Errorf("%s: the reason is %+v, want %+v", name, why, row.why)
			}
		}
		r.RemoveFault(fault.ID)
	}
}
