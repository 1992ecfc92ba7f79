package main

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestLook(t *testing.T) {
	t.Parallel()
	s := newSandbox(t, state("paid"))
	s.hand(strings.Replace(s.link, "://", "://user:password@", 1) + "#fragment")
	s.wait(t.Context(), t).want(t, 0, s.link+"\n", "The purchase was paid")
	s.wantLooks(t, 0)
	r := s.looks[0]
	if r.Method != http.MethodGet || r.Header.Get("Accept") != "application/json" || r.RequestURI != "/checkout/token?a=1&b=2" {
		t.Errorf("%s %s, Accept %q", r.Method, r.RequestURI, r.Header["Accept"])
	}
	for name := range r.Header {
		switch name {
		case "Accept", "Accept-Encoding", "User-Agent":
		default:
			t.Errorf("sent the header %s", name)
		}
	}
}

// TestTransientPollErrors has what is waited out: it may be gone at the next look.
func TestTransientPollErrors(t *testing.T) {
	t.Parallel()
	after := func(value string) map[string]string { return map[string]string{"Retry-After": value} }
	for name, tc := range map[string]struct {
		reply reply
		next  int // When it is looked at again.
	}{
		"500":                   {reply{status: 500, body: `{"message":"It failed."}`}, 1},
		"502":                   {reply{status: 502, body: "<html>"}, 1},
		"503":                   {reply{status: 503}, 1},
		"504":                   {reply{status: 504}, 1},
		"599":                   {reply{status: 599}, 1},
		"408":                   {reply{status: 408}, 1},
		"429":                   {reply{status: 429}, 1},
		"seconds":               {reply{status: 429, header: after("7")}, 7},
		"seconds of 503":        {reply{status: 503, header: after("7")}, 7},
		"date":                  {reply{status: 429, header: after("Sun, 01 Mar 2026 12:00:09 GMT")}, 9},
		"past":                  {reply{status: 429, header: after("Sun, 01 Mar 2026 11:00:00 GMT")}, 1},
		"no time":               {reply{status: 429, header: after("0")}, 1},
		"no number":             {reply{status: 429, header: after("soon")}, 1},
		"negative":              {reply{status: 429, header: after("-7")}, 1},
		"a day":                 {reply{status: 429, header: after("86400")}, 3600},
		"a date of another day": {reply{status: 429, header: after("Tue, 03 Mar 2026 12:00:00 GMT")}, 3600},
		"past 64 bits":          {reply{status: 429, header: after("99999999999999999999")}, 3600},
		"no response":           {reply{instead: func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }}, 1},
		"half a response": {reply{instead: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, `{"status":"paid"}`)
		}}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSandbox(t, tc.reply, state("paid"))
			s.wait(t.Context(), t).want(t, 0, s.link+"\n", "The purchase was paid")
			s.wantLooks(t, 0, tc.next)
		})
	}
}

// TestPermanentPollErrors has what no waiting makes right. It is looked at once.
func TestPermanentPollErrors(t *testing.T) {
	t.Parallel()
	ok := func(body string) reply { return reply{status: 200, body: body} }
	for name, tc := range map[string]struct {
		reply    reply
		contains string
	}{
		"no such purchase":   {reply{status: 404, body: `{"message":"There is no such purchase."}`}, "response is 404 Not Found, so the link is not from a sandbox"},
		"gone":               {reply{status: 410}, "410 Gone"},
		"not let in":         {reply{status: 401, header: map[string]string{"Retry-After": "1"}}, "401 Unauthorized"},
		"other success":      {reply{status: 201, body: state("paid").body}, "201 Created"},
		"no content":         {reply{status: 204}, "204 No Content"},
		"redirect":           {reply{status: 302, header: map[string]string{"Location": "/checkout/token"}}, "302 Found"},
		"lasting redirect":   {reply{status: 308, header: map[string]string{"Location": "/checkout/token"}}, "308 Permanent Redirect"},
		"not modified":       {reply{status: 304}, "304 Not Modified"},
		"page":               {reply{status: 200, body: "<html>", header: map[string]string{"Content-Type": "text/html"}}, "is not a purchase in JSON, so the link is not from a sandbox"},
		"nothing":            {ok(""), "is not a purchase in JSON"},
		"cut":                {ok(`{"status":"paid"`), "is not a purchase in JSON"},
		"two values":         {ok(`{"status":"paid"}{}`), "is not a purchase in JSON"},
		"invalid UTF-8":      {ok("{\"status\":\"paid\",\"currency\":\"\xff\"}"), "is not a purchase in JSON"},
		"list":               {ok(`[{"status":"paid"}]`), "is not a purchase in JSON"},
		"null":               {ok(`null`), "is not a purchase in JSON"},
		"no status":          {ok(`{"message":"Welcome"}`), "is not a purchase in JSON"},
		"null for a status":  {ok(`{"status":null}`), "is not a purchase in JSON"},
		"number":             {ok(`{"status":200}`), "is not a purchase in JSON"},
		"empty status":       {ok(`{"status":""}`), "is not a purchase in JSON"},
		"name of other case": {ok(`{"STATUS":"paid"}`), "is not a purchase in JSON"},
		"too large":          {ok(`{"status":"paid"}` + strings.Repeat(" ", maxState)), "more than 64 KiB, so the link is not from a sandbox"},
		"unknown status":     {state("refunded"), `the status "refunded", which this program does not know`},
		"status that acts":   {state(`\u001b[2J`), `the status "\x1b[2J"`},
		"other case":         {state("PAID"), `the status "PAID"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSandbox(t, tc.reply)
			s.wait(t.Context(), t).want(t, 6, s.link+"\n", tc.contains, "The order was carried out, but the status of its payment is unknown", "Do not run this command again", "Open the link")
			s.wantLooks(t, 0)
		})
	}
}

func TestLargestResponse(t *testing.T) {
	t.Parallel()
	body := state("paid").body
	s := newSandbox(t, reply{status: 200, body: body + strings.Repeat(" ", maxState-len(body))})
	s.wait(t.Context(), t).want(t, 0, s.link+"\n", "The purchase was paid")
}

// TestBounds: an endless response is not read to its end, and a poll has a time limit.
func TestBounds(t *testing.T) {
	t.Parallel()
	s := newSandbox(t, reply{instead: func(w http.ResponseWriter, _ *http.Request) {
		for text := strings.Repeat(" ", 4<<10); ; {
			if _, err := io.WriteString(w, text); err != nil {
				return
			}
		}
	}})
	s.wait(t.Context(), t).want(t, 6, s.link+"\n", "more than 64 KiB")

	hang := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	s = newSandbox(t, reply{instead: hang}, state("paid"))
	p := s.program(t, io.Discard, io.Discard)
	if p.polls.Timeout != pollTimeout {
		t.Errorf("a look may take %v", p.polls.Timeout)
	}
	p.polls.Timeout = 200 * time.Millisecond
	if err := p.run(t.Context(), []string{"320", "--wait", "--base-url", s.URL}); err != nil { // It asked again.
		t.Error(err)
	}
}

// TestNoSuchLink: a link that cannot be polled is an error.
func TestNoSuchLink(t *testing.T) {
	t.Parallel()
	secure := httptest.NewUnstartedServer(http.NotFoundHandler())
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	t.Cleanup(secure.Close)
	for name, tc := range map[string]struct{ link, contains string }{
		"certificate": {secure.URL, "certificate"},
		"no https":    {strings.Replace(newVendor(t, 200, "").URL, "http:", "https:", 1), "HTTP response to HTTPS client"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSandbox(t, state("paid"))
			s.hand(tc.link)
			s.wait(t.Context(), t).want(t, 6, s.link+"\n", tc.contains, "Do not run this command again")
			if s.clock.waits != 0 {
				t.Errorf("%d waits", s.clock.waits)
			}
		})
	}
}
