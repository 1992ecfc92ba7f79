package sandbox_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/turbosmtp-go/billing/server"
	"github.com/turbosmtp-go/billing/server/sandbox"
)

// connection is a TCP connection to a sandbox.
type connection struct {
	*net.TCPConn
	reader *bufio.Reader
}

func (r *running) dial(t testing.TB) connection {
	t.Helper()
	var dialer net.Dialer
	c, err := dialer.DialContext(t.Context(), "tcp", r.address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return connection{c.(*net.TCPConn), bufio.NewReader(c)}
}

// order sends the head of an order with some headers, and then a body.
func (c connection) order(t testing.TB, headers, body string) {
	t.Helper()
	if _, err := fmt.Fprintf(c, "POST %s HTTP/1.1\r\n%s\r\n%s", path, headers, body); err != nil {
		t.Fatal(err)
	}
}

// response reads a response and checks it.
func (c connection) response(t testing.TB, what string, codes map[int][]string) (status int, text string) {
	t.Helper()
	response, err := http.ReadResponse(c.reader, nil)
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	return response.StatusCode, message(t, codes, what, response)
}

const activeHeaders = "Host: x\r\nconsumerKey: sandbox-active-key\r\nconsumerSecret: sandbox-active-secret\r\nContent-Type: application/json\r\n"

// TestRawRequests sends requests that HTTP libraries do not send.
func TestRawRequests(t *testing.T) {
	t.Parallel()
	r, codes := start(t), documentCodes(t)
	post := "POST " + path + " HTTP/1.1\r\n" + activeHeaders
	for name, row := range map[string]struct {
		text    string
		status  int
		message string // a part
	}{
		"absolute form":                  {"POST http://elsewhere" + path + " HTTP/1.1\r\n" + activeHeaders + "Content-Length: 14\r\n\r\n{\"amount\":320}", 200, "http"},
		"HTTP/1.0":                       {"POST " + path + " HTTP/1.0\r\n" + activeHeaders + "Content-Length: 14\r\n\r\n{\"amount\":320}", 200, "http"},
		"chunked":                        {post + "Transfer-Encoding: chunked\r\n\r\n7\r\n{\"amoun\r\n7\r\nt\":320}\r\n0\r\n\r\n", 200, "http"},
		"no length":                      {post + "\r\n", 400, noAmount},
		"a body shorter than its length": {post + "Content-Length: 50\r\n\r\n{\"amount\":320}", 400, noAmount},
		"a body longer than its length":  {post + "Content-Length: 13\r\n\r\n{\"amount\":320}", 400, noAmount},
		"an invalid chunk":               {post + "Transfer-Encoding: chunked\r\n\r\nzz\r\n{\"amount\":320}\r\n0\r\n\r\n", 400, noAmount},
		"an incomplete chunk":            {post + "Transfer-Encoding: chunked\r\n\r\n50\r\n{\"amount\":320}", 400, noAmount},
		"OPTIONS *":                      {"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", 404, "Path not found"},
		"CONNECT":                        {"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n", 404, "Path not found"},
		"an upgrade":                     {"GET " + path + " HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", 405, "method"},
	} {
		c := r.dial(t)
		if _, err := io.WriteString(c, row.text); err != nil {
			t.Fatal(err)
		}
		if err := c.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		if status, text := c.response(t, name, codes); status != row.status || !strings.Contains(text, row.message) {
			t.Errorf("%s: %d %q, want %d %q", name, status, text, row.status, row.message)
		}
	}
}

func TestSlowBody(t *testing.T) {
	t.Parallel()
	r, codes := start(t, sandbox.WithServer(server.WithReadTimeout(2*time.Second))), documentCodes(t)
	c := r.dial(t)
	c.order(t, activeHeaders+"Content-Length: 1000\r\n", `{"amount":`)
	if status, text := c.response(t, "a slow body", codes); status != http.StatusRequestTimeout {
		t.Errorf("%d %s", status, text)
	}
	if n := len(r.purchases(t)); n != 0 {
		t.Errorf("%d purchases", n)
	}
}

// TestKeepAlive sends valid and invalid requests over one connection.
func TestKeepAlive(t *testing.T) {
	t.Parallel()
	r, codes := start(t), documentCodes(t)
	c := r.dial(t)
	for i, row := range []struct {
		body   string
		status int
	}{{validOrder, 200}, {`{"amount":1}`, 400}, {`{`, 400}, {``, 400}, {`{"amount":321}`, 200}, {strings.Repeat(" ", 300000), 400}, {`{"amount":322}`, 200}} {
		c.order(t, fmt.Sprintf("%sContent-Length: %d\r\n", activeHeaders, len(row.body)), row.body)
		if status, text := c.response(t, fmt.Sprint("request ", i), codes); status != row.status {
			t.Errorf("request %d: %d %s", i, status, text)
		}
	}
	if n := len(r.purchases(t)); n != 3 {
		t.Errorf("%d purchases", n)
	}
}

// TestResponseToLargeBody sends the whole body before it reads the response: the server must not reset the
// connection before.
func TestResponseToLargeBody(t *testing.T) {
	t.Parallel()
	r, codes := start(t), documentCodes(t)
	const size = 16 << 20
	for headers, want := range map[string]int{"Host: x\r\n": 401, activeHeaders: 413, activeHeaders + "Content-Encoding: gzip\r\n": 415} {
		c := r.dial(t)
		c.order(t, fmt.Sprintf("%sContent-Length: %d\r\n", headers, size), strings.Repeat(" ", size))
		if status, text := c.response(t, "a large body", codes); status != want {
			t.Errorf("%d %s, want %d", status, text, want)
		}
	}
}

// TestExpectContinue asks for the body only if the headers are accepted.
func TestExpectContinue(t *testing.T) {
	t.Parallel()
	r, codes := start(t), documentCodes(t)
	c := r.dial(t)
	c.order(t, activeHeaders+"Expect: 100-continue\r\nContent-Length: 14\r\n", "")
	if response, err := http.ReadResponse(c.reader, nil); err != nil || response.StatusCode != http.StatusContinue {
		t.Fatalf("%v, %v", response, err)
	}
	if _, err := io.WriteString(c, validOrder); err != nil {
		t.Fatal(err)
	}
	if status, text := c.response(t, "accepted headers", codes); status != http.StatusOK {
		t.Errorf("%d %s", status, text)
	}
	c = r.dial(t)
	c.order(t, "Host: x\r\nExpect: 100-continue\r\nContent-Length: 2000000\r\n", "")
	if status, text := c.response(t, "rejected headers", codes); status != http.StatusUnauthorized {
		t.Errorf("%d %s", status, text)
	}
}
