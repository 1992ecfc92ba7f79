package checkout

import (
	"context"
	"crypto/tls"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/turbosmtp-go/billing/server/internal/billing"
)

// browser is a client with a cookie jar. It does not follow redirects.
type browser struct {
	t      testing.TB
	client *http.Client
	page   string // the address of the payment page
}

func (f *fixture) serve(t testing.TB) string {
	t.Helper()
	server := httptest.NewServer(f.handler)
	t.Cleanup(server.Close)
	return server.URL + "/checkout/" + f.purchase.Token
}

func newBrowser(t testing.TB, page string) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &browser{t, &http.Client{Jar: jar, Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}, page}
}

// send sends a request and returns the response and its body.
func (b *browser) send(method string, form url.Values, change func(*http.Request)) (*http.Response, string) {
	b.t.Helper()
	request, err := http.NewRequestWithContext(b.t.Context(), method, b.page, strings.NewReader(form.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	if method == "POST" {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if change != nil {
		change(request)
	}
	response, err := b.client.Do(request)
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return response, string(body)
}

var hiddenToken = regexp.MustCompile(`name="form_token" value="([^"]+)"`)

// open loads the page and returns its form, with an action.
func (b *browser) open(action string) url.Values {
	b.t.Helper()
	_, body := b.send("GET", nil, nil)
	found := hiddenToken.FindStringSubmatch(body)
	if found == nil {
		b.t.Fatalf("the page contains no form: %s", body)
	}
	return url.Values{"form_token": {found[1]}, "action": {action}}
}

// paid returns the balance of all accounts.
func (f *fixture) paid(t testing.TB) int64 {
	t.Helper()
	var sum int64
	for balance, err := range f.billing.Balances(context.Background()) {
		if err != nil {
			t.Fatal(err)
		}
		sum += balance.Paid
	}
	return sum
}

func TestPayAndCancel(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]formTest{
		"pay":                  {"", "pay", 0, 303, 1320, []string{`<p class="state paid" role="status">Paid</p>`, "increased by 1,320 USD", "<dt>Paid</dt>"}},
		"cancel":               {"", "cancel", 0, 303, 0, []string{"Cancelled</p>", "Nothing was charged", "<dt>Cancelled</dt>"}},
		"pay again":            {"pay", "pay", 0, 303, 1320, []string{"Paid</p>"}},
		"cancel again":         {"cancel", "cancel", 0, 303, 0, []string{"Cancelled</p>"}},
		"cancel, already paid": {"pay", "cancel", 0, 409, 1320, []string{"Paid</p>", `role="alert">Nothing was cancelled: the purchase is already paid.`}},
		"pay, cancelled":       {"cancel", "pay", 0, 409, 0, []string{"Cancelled</p>", `role="alert">Nothing was paid: the purchase is already cancelled.`}},
		"pay, expired":         {"", "pay", 24 * time.Hour, 409, 0, []string{"Expired</p>", `role="alert">Nothing was changed: the purchase has expired.`, "Create a new purchase"}},
		"cancel, expired":      {"", "cancel", 24 * time.Hour, 409, 0, []string{"Expired</p>"}},
		"unknown action":       {"", "refund", 0, 400, 0, []string{"Waiting for payment</p>"}},
		"no action":            {"", "", 0, 400, 0, []string{"Waiting for payment</p>"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test.check(t)
		})
	}
}

// formTest is a row of TestPayAndCancel: the form of a page is sent after another tab may have sent its own.
type formTest struct {
	before, action string        // of the other tab ("": none) and of this form
	elapsed        time.Duration // between the page and the form
	status         int
	paid           int64
	shows          []string
}

func (test formTest) check(t *testing.T) {
	t.Helper()
	f := newFixture(t)
	page := f.serve(t)
	b := newBrowser(t, page)
	form := b.open(test.action)
	if test.before != "" {
		other := newBrowser(t, page) // another tab
		other.send("POST", other.open(test.before), nil)
	}
	f.elapsed.Store(int64(test.elapsed))
	response, body := b.send("POST", form, nil)
	if response.StatusCode != test.status {
		t.Errorf("response: %d %s, want %d", response.StatusCode, body, test.status)
	}
	if test.status == http.StatusSeeOther {
		to, err := response.Location()
		if err != nil || to.String() != b.page || response.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("redirect to %v, %v; want %s", to, err, b.page)
		}
	}
	if test.status != http.StatusConflict {
		_, body = b.send("GET", nil, nil)
	}
	for _, want := range test.shows {
		if !strings.Contains(body, want) {
			t.Errorf("the page does not contain %s: %s", want, body)
		}
	}
	if pending := strings.Contains(body, "Waiting for payment"); strings.Contains(body, "<form") != pending {
		t.Errorf("a form on the page: %v, want %v: %s", !pending, pending, body)
	}
	if got := f.paid(t); got != test.paid {
		t.Errorf("the balance is %d, want %d", got, test.paid)
	}
}

// A form that was not sent by the page changes nothing.
func TestForgedForm(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	page := f.serve(t)
	second, err := f.billing.Buy(t.Context(), billing.Account{ID: "acme", Currency: "USD", Active: true, ActivePlan: true}, 20)
	if err != nil {
		t.Fatal(err)
	}
	set := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	for name, test := range map[string]forgedFormTest{
		"no token":       {func(form url.Values) { form.Del("form_token") }, nil, false, 403},
		"an empty token": {func(form url.Values) { form.Set("form_token", "") }, nil, false, 403},
		"a wrong token":  {func(form url.Values) { form.Set("form_token", strings.Repeat("A", 43)) }, nil, false, 403},
		"no cookie":      {nil, nil, true, 403},
		"a wrong cookie": {nil, set("Cookie", "checkout="+strings.Repeat("A", 43)), true, 403},
		"a short cookie": {func(form url.Values) {
			form.Set("form_token", sign([]byte{0, 0, 0}, f.purchase.Token)) // even with the right HMAC
		}, set("Cookie", "checkout=AAAA"), true, 403},
		"an empty cookie":    {nil, set("Cookie", "checkout="), true, 403},
		"cross-site":         {nil, set("Sec-Fetch-Site", "cross-site"), false, 403},
		"same-site":          {nil, set("Sec-Fetch-Site", "same-site"), false, 403},
		"JSON":               {nil, set("Content-Type", "application/json"), false, 415},
		"no media type":      {nil, set("Content-Type", ""), false, 415},
		"a file upload":      {nil, set("Content-Type", "multipart/form-data; boundary=x"), false, 415},
		"too large":          {func(form url.Values) { form.Set("more", strings.Repeat("x", 20<<10)) }, nil, false, 413},
		"a malformed form":   {nil, func(r *http.Request) { r.Body, r.ContentLength = io.NopCloser(strings.NewReader("%zz")), 3 }, false, 400},
		"token in the query": {func(form url.Values) { form.Del("form_token") }, func(r *http.Request) { r.URL.RawQuery = "form_token=x&action=pay" }, false, 403},
		"purchase not found": {nil, func(r *http.Request) {
			r.URL.Path = "/checkout/" + strings.Repeat("a", 40)
		}, false, 404},
		"another purchase": {nil, func(r *http.Request) { r.URL.Path = "/checkout/" + second.Token }, false, 403},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test.check(t, page)
		})
	}
	t.Cleanup(func() {
		if got := f.paid(t); got != 0 {
			t.Errorf("the balance is %d, want 0", got)
		}
	})
}

// forgedFormTest is a row of TestForgedForm: the changes to the form of a page and to its request.
type forgedFormTest struct {
	change  func(form url.Values)
	request func(*http.Request)
	fresh   bool // send it from a browser without the cookie
	status  int
}

func (test forgedFormTest) check(t *testing.T, page string) {
	t.Helper()
	b := newBrowser(t, page)
	form := b.open("pay")
	if test.fresh {
		b = newBrowser(t, page)
	}
	if test.change != nil {
		test.change(form)
	}
	for _, accept := range []string{html, "application/json"} {
		response, body := b.send("POST", form, func(r *http.Request) {
			r.Header.Set("Accept", accept)
			if test.request != nil {
				test.request(r)
			}
		})
		if response.StatusCode != test.status || !strings.Contains(response.Header.Get("Content-Type"), accept[:9]) {
			t.Errorf("response: %d %q %s, want %d", response.StatusCode, response.Header.Get("Content-Type"), body, test.status)
		}
		if test.status == 403 && accept == html && !strings.Contains(body, `role="alert">Nothing was changed`) {
			t.Errorf("the page does not contain the notice: %s", body)
		}
	}
}

// The response to a refused form contains a valid form and the cookie.
func TestRetryAfterRefusal(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := newBrowser(t, f.serve(t))
	_, body := b.send("POST", url.Values{"action": {"pay"}}, nil)
	found := hiddenToken.FindStringSubmatch(body)
	if found == nil {
		t.Fatalf("the page contains no form: %s", body)
	}
	if response, body := b.send("POST", url.Values{"action": {"pay"}, "form_token": {found[1]}}, nil); response.StatusCode != 303 {
		t.Errorf("response: %d %s, want 303", response.StatusCode, body)
	}
	if got := f.paid(t); got != 1320 {
		t.Errorf("the balance is %d, want 1320", got)
	}
}

// All tabs of a browser share one cookie. It is Secure if the public URL begins with https or if the request arrives over TLS. A
// page without a form sets no cookie.
func TestCookie(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		publicURL string
		tls       bool
		secure    bool
	}{
		"default":    {publicURL, false, false},
		"public URL": {"https://sandbox.example", false, true},
		"TLS":        {publicURL, true, true},
	} {
		f := newFixtureAt(t, test.publicURL)
		get := func(cookies ...*http.Cookie) []*http.Cookie {
			request := httptest.NewRequestWithContext(t.Context(), "GET", "/checkout/"+f.purchase.Token, nil)
			if test.tls {
				request.TLS = &tls.ConnectionState{}
			}
			for _, cookie := range cookies {
				request.AddCookie(cookie)
			}
			recorder := httptest.NewRecorder()
			f.handler.ServeHTTP(recorder, request)
			return recorder.Result().Cookies()
		}
		cookies := get()
		if len(cookies) != 1 || !cookies[0].HttpOnly || cookies[0].SameSite != http.SameSiteLaxMode || cookies[0].Secure != test.secure || cookies[0].Path != "" {
			t.Fatalf("%s: cookies: %v", name, cookies)
		}
		if again := get(cookies...); len(again) != 0 {
			t.Errorf("%s: a second tab gets another cookie: %v", name, again)
		}
		if _, err := f.billing.Cancel(t.Context(), f.purchase.Token); err != nil {
			t.Fatal(err)
		}
		if cookies := get(); len(cookies) != 0 {
			t.Errorf("%s: cookies of a page without a form: %v", name, cookies)
		}
	}
}

func TestPayWithJSON(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := newBrowser(t, f.serve(t))
	form := b.open("pay")
	accept := func(r *http.Request) { r.Header.Set("Accept", "application/json") }
	response, body := b.send("POST", form, accept)
	want := `{"status":"paid","amount":1320,"currency":"USD","created_at":"2026-11-01T12:30:05.123456Z"}`
	if response.StatusCode != http.StatusOK || body != want {
		t.Errorf("response: %d %s, want 200 %s", response.StatusCode, body, want)
	}
	form.Set("action", "cancel")
	response, body = b.send("POST", form, accept)
	if response.StatusCode != http.StatusConflict || body != `{"message":"Nothing was cancelled: the purchase is already paid."}` {
		t.Errorf("response: %d %s, want 409", response.StatusCode, body)
	}
}

// A purchase is charged once, although a hundred tabs pay it ten times each.
func TestConcurrentPayments(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	page := f.serve(t)
	tabs, forms := make([]*browser, 100), make([]url.Values, 100)
	for i := range tabs {
		tabs[i] = newBrowser(t, page)
		forms[i] = tabs[i].open("pay")
	}
	var group sync.WaitGroup
	for i, b := range tabs {
		form := forms[i]
		for range 10 {
			group.Go(func() {
				if response, body := b.send("POST", form, nil); response.StatusCode != http.StatusSeeOther {
					t.Errorf("response: %d %s, want 303", response.StatusCode, body)
				}
			})
		}
	}
	group.Wait()
	if got := f.paid(t); got != 1320 {
		t.Errorf("the balance is %d, want 1320", got)
	}
}
