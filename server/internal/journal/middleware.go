package journal

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/turbosmtp-go/billing/gen/control"
	"github.com/turbosmtp-go/billing/server/contract"
)

// maxBody is how much of a body is kept, in bytes.
const maxBody = 4 << 10

// Middleware keeps each request that passes, just before its answer leaves: who has read an answer
// finds its entry. It turns failures into answers, so that it sees those too.
func (j *Journal) Middleware(next echo.HandlerFunc) echo.HandlerFunc {
	return func(ec echo.Context) error {
		if j.settings.Skip(ec.Request().URL.Path) {
			return next(ec)
		}
		x := &exchange{journal: j, began: time.Now(), at: j.settings.Now(), request: ec.Request()}
		x.path = j.settings.Shorten(x.request.URL.Path)
		x.page = x.path != x.request.URL.Path
		ec.Set(exchangeKey, x)
		response := ec.Response()
		if x.page { // longer than what net/http holds back until a handler ends
			response.Before(func() { x.keep(ec, nil) })
		} else {
			// A copy, for net/http goes by the kind of the original's body when it ends the answer.
			copied := x.request.WithContext(x.request.Context())
			copied.Body = &tee{ReadCloser: x.request.Body, kept: &x.sent}
			ec.SetRequest(copied)
			response.Writer = &teeWriter{ResponseWriter: response.Writer, kept: &x.answered}
		}
		err := next(ec)
		if err != nil {
			ec.Error(err)
		}
		x.keep(ec, err)
		return nil
	}
}

// exchangeKey is where a request's exchange is found.
const exchangeKey = "journal.exchange"

// Keep keeps a request before its answer is flushed, or its connection is ended, by who handles it.
func Keep(ec echo.Context) {
	if x, ok := ec.Get(exchangeKey).(*exchange); ok {
		x.keep(ec, nil)
	}
}

// accountKey is where SetAccount puts an account.
const accountKey = "journal.account"

// SetAccount says whose request it is, for one that is answered before its credentials are looked at.
func SetAccount(ec echo.Context, id string) { ec.Set(accountKey, id) }

// exchange is a request on its way to be an entry.
type exchange struct {
	journal  *Journal
	began    time.Time
	at       time.Time
	request  *http.Request // as it came
	path     string
	page     bool
	sent     kept
	answered kept
	done     bool
}

// keep makes an entry of the exchange, once.
func (x *exchange) keep(ec echo.Context, err error) {
	if x.done {
		return
	}
	x.done = true
	j, response := x.journal, ec.Response()
	entry := control.JournalEntry{
		Time:           x.at.UTC(),
		DurationMs:     float64(time.Since(x.began).Microseconds()) / 1000,
		RequestID:      response.Header().Get(echo.HeaderXRequestID),
		Method:         x.request.Method,
		Path:           x.address(),
		RequestHeaders: j.headers(x.request.Header),
		RequestBody:    j.settings.Shorten(x.sent.String()),
		AnswerHeaders:  control.Headers{},
		AnswerBody:     x.answered.String(),
	}
	if response.Committed || x.page {
		entry.Status = response.Status
		entry.AnswerHeaders = j.headers(response.Header())
	}
	entry.Account = j.settings.Account(contract.Principal(ec.Request().Context()))
	if account, ok := ec.Get(accountKey).(string); ok && entry.Account == "" {
		entry.Account = account
	}
	if x.page {
		entry.Why = explainPage(entry.Method, entry.Status)
		x.hide(entry.RequestHeaders)
		x.hide(entry.AnswerHeaders)
	} else {
		entry.Why = explain(ec, entry.Status, err, x.answered.String())
	}
	j.add(entry)
}

// address is the path and the query as they were sent, without secrets.
func (x *exchange) address() string {
	path := x.path
	if !x.page {
		path = x.journal.settings.Shorten(x.request.URL.EscapedPath())
	}
	return clean(path + x.journal.query(x.request.URL.RawQuery))
}

// hide cuts the last part of a page's path short where it stands alone, as in an answer that leads to
// the page again.
func (x *exchange) hide(headers control.Headers) {
	whole, short := lastPart(x.request.URL.Path), lastPart(x.path)
	if len(whole) <= len(short) {
		return
	}
	for name, value := range headers {
		headers[name] = strings.ReplaceAll(value, whole, short)
	}
}

func lastPart(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }

// headers joins the values of each header, and masks those that are secret.
func (j *Journal) headers(header http.Header) control.Headers {
	headers := make(control.Headers, len(header))
	for name, values := range header {
		headers[name] = j.settings.Shorten(clean(strings.Join(values, ", ")))
		if j.secret(name) {
			headers[name] = mask
		}
	}
	return headers
}

// query returns a request's query as it is in its URL, with secrets masked.
func (j *Journal) query(raw string) string {
	if raw == "" {
		return ""
	}
	parts := strings.Split(raw, "&")
	for i, part := range parts {
		name, _, _ := strings.Cut(part, "=")
		if unescaped, err := url.QueryUnescape(name); err == nil && j.secret(unescaped) {
			parts[i] = name + "=" + mask
		}
	}
	return "?" + j.settings.Shorten(strings.Join(parts, "&"))
}

// kept is the beginning of a body.
type kept struct{ data []byte }

func (k *kept) add(data []byte) {
	if free := maxBody - len(k.data); free > 0 {
		k.data = append(k.data, data[:min(free, len(data))]...)
	}
}

func (k *kept) String() string { return clean(string(k.data)) }

// clean makes any bytes a text that JSON can hold.
func clean(text string) string { return strings.ToValidUTF8(text, "\uFFFD") }

// tee keeps what is read of a request's body.
type tee struct {
	io.ReadCloser
	kept *kept
}

func (t *tee) Read(p []byte) (int, error) {
	n, err := t.ReadCloser.Read(p)
	t.kept.add(p[:n])
	return n, err
}

// teeWriter keeps what is written of an answer's body.
type teeWriter struct {
	http.ResponseWriter
	kept *kept
}

func (t *teeWriter) Write(p []byte) (int, error) {
	t.kept.add(p)
	return t.ResponseWriter.Write(p)
}

// Unwrap is for http.ResponseController.
func (t *teeWriter) Unwrap() http.ResponseWriter { return t.ResponseWriter }
