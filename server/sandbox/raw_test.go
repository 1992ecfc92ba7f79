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

// dial opens a connection that the test writes to byte by byte.
func dial(t testing.TB, r *running) *net.TCPConn {
	t.Helper()
	var d net.Dialer
	c, err := d.DialContext(t.Context(), "tcp", r.address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return c.(*net.TCPConn)
}

const keys = "Host: x\r\nconsumerKey: sandbox-active-key\r\nconsumerSecret: sandbox-active-secret\r\nContent-Type: application/json\r\n"

// TestRawRequests sends what no HTTP library would: the answers are the document's all the same.
func TestRawRequests(t *testing.T) {
	t.Parallel()
	r, codes := start(t), documentCodes(t)
	post := "POST " + path + " HTTP/1.1\r\n" + keys
	for _, row := range []struct {
		name, text string
		status     int
		message    string // a part
	}{
		{"well-formed", post + "Content-Length: 14\r\n\r\n{\"amount\":320}", 200, "http"},
		{"absolute form", "POST http://elsewhere" + path + " HTTP/1.1\r\n" + keys + "Content-Length: 14\r\n\r\n{\"amount\":320}", 200, "http"},
		{"HTTP/1.0", "POST " + path + " HTTP/1.0\r\n" + keys + "Content-Length: 14\r\n\r\n{\"amount\":320}", 200, "http"},
		{"chunked", post + "Transfer-Encoding: chunked\r\n\r\n7\r\n{\"amoun\r\n7\r\nt\":320}\r\n0\r\n\r\n", 200, "http"},
		{"continue", post + "Expect: 100-continue\r\nContent-Length: 14\r\n\r\n{\"amount\":320}", 200, "http"},
		{"no length", post + "\r\n", 400, noAmount},
		{"a body that ends early", post + "Content-Length: 50\r\n\r\n{\"amount\":320}", 400, noAmount},
		{"a longer body than its length", post + "Content-Length: 13\r\n\r\n{\"amount\":320}", 400, noAmount},
		{"a bad chunk", post + "Transfer-Encoding: chunked\r\n\r\nzz\r\n{\"amount\":320}\r\n0\r\n\r\n", 400, noAmount},
		{"a cut chunk", post + "Transfer-Encoding: chunked\r\n\r\n50\r\n{\"amount\":320}", 400, noAmount},
		{"not HTTP", "hello\r\n\r\n", 400, noAmount},
		{"TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400, noAmount},
		{"a bad version", "POST " + path + " HTTP/7.7\r\nHost: x\r\n\r\n", 400, noAmount},
		{"a bad header", "POST " + path + " HTTP/1.1\r\nHost: x\r\nbad header\r\n\r\n", 400, noAmount},
		{"a space before the colon", "POST " + path + " HTTP/1.1\r\nHost: x\r\nX : y\r\n\r\n", 400, noAmount},
		{"no host", "POST " + path + " HTTP/1.1\r\n\r\n", 400, noAmount},
		{"two hosts", "POST " + path + " HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400, noAmount},
		{"a bad path", "POST /%zz HTTP/1.1\r\nHost: x\r\n\r\n", 400, noAmount},
		{"two lengths", post + "Content-Length: 14\r\nContent-Length: 15\r\n\r\n{\"amount\":320}", 400, noAmount},
		{"a negative length", post + "Content-Length: -1\r\n\r\n", 400, noAmount},
		{"a header with NUL", "POST " + path + " HTTP/1.1\r\nHost: x\r\nAuthorization: a\x00b\r\n\r\n", 400, noAmount},
		{"headers too large", "POST " + path + " HTTP/1.1\r\nHost: x\r\nX-Large: " + strings.Repeat("x", 64<<10) + "\r\n\r\n", 431, "too large"},
		{"a transfer coding", post + "Transfer-Encoding: gzip\r\n\r\n", 415, "chunked"},
		{"an expectation", post + "Expect: miracles\r\nContent-Length: 14\r\n\r\n{\"amount\":320}", 417, "100-continue"},
		{"OPTIONS *", "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", 404, "No such path"},
		{"CONNECT", "CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n", 404, "No such path"},
		{"a payment link", "GET /checkout/" + strings.Repeat("a", 40) + " HTTP/1.1\r\nHost: x\r\nAccept: application/json\r\n\r\n", 404, "Purchase not found"},
		{"a probe", "GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n", 200, ""},
		{"an upgrade", "GET " + path + " HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", 405, "method"},
		{"HTTP/2 in the clear", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 404, "No such path"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			c := dial(t, r)
			if _, err := io.WriteString(c, row.text); err != nil {
				t.Logf("the server stopped reading: %v", err)
			}
			if err := c.CloseWrite(); err != nil {
				t.Log(err)
			}
			reader := bufio.NewReader(c)
			response, err := http.ReadResponse(reader, nil)
			if err == nil && response.StatusCode == http.StatusContinue {
				response, err = http.ReadResponse(reader, nil)
			}
			if err != nil {
				t.Fatalf("no answer: %v", err)
			}
			status, message := check(t, codes, row.name, response)
			if status != row.status || !strings.Contains(message, row.message) {
				t.Errorf("%d %q, want %d %q", status, message, row.status, row.message)
			}
		})
	}
}

// TestSlowBody has a body that never ends: it is given up in time, with an answer.
func TestSlowBody(t *testing.T) {
	t.Parallel()
	r, codes := start(t, sandbox.WithServer(server.WithReadTimeout(2*time.Second))), documentCodes(t)
	c := dial(t, r)
	if _, err := fmt.Fprintf(c, "POST %s HTTP/1.1\r\n%sContent-Length: 1000\r\n\r\n{\"amount\":", path, keys); err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatalf("no answer: %v", err)
	}
	if status, message := check(t, codes, "a slow body", response); status != http.StatusRequestTimeout || !strings.Contains(message, "in time") {
		t.Errorf("%d %s", status, message)
	}
	if n := len(purchases(t, r)); n != 0 {
		t.Errorf("%d bought", n)
	}
}

// TestKeepAlive sends good and bad requests over one connection: none disturbs the next.
func TestKeepAlive(t *testing.T) {
	t.Parallel()
	r, codes := start(t), documentCodes(t)
	c := dial(t, r)
	reader := bufio.NewReader(c)
	for i, row := range []struct {
		body   string
		status int
	}{{`{"amount":320}`, 200}, {`{"amount":1}`, 400}, {`{`, 400}, {``, 400}, {`{"amount":321}`, 200}, {strings.Repeat(" ", 300000), 400}, {`{"amount":322}`, 200}} {
		if _, err := fmt.Fprintf(c, "POST %s HTTP/1.1\r\n%sContent-Length: %d\r\n\r\n%s", path, keys, len(row.body), row.body); err != nil {
			t.Fatal(err)
		}
		response, err := http.ReadResponse(reader, nil)
		if err != nil {
			t.Fatal(err)
		}
		if status, message := check(t, codes, fmt.Sprint(i), response); status != row.status {
			t.Errorf("request %d: %d %s", i, status, message)
		}
	}
	if n := len(purchases(t, r)); n != 3 {
		t.Errorf("%d bought", n)
	}
}

// TestRefusalsCanBeRead sends all of a large body before it looks for an answer, as many clients do:
// a server that just closed the connection would have reset it.
func TestRefusalsCanBeRead(t *testing.T) {
	t.Parallel()
	r, codes := start(t), documentCodes(t)
	const size = 16 << 20
	for headers, want := range map[string]int{"Host: x\r\n": 401, keys: 413, keys + "Content-Encoding: gzip\r\n": 415} {
		c := dial(t, r)
		if _, err := fmt.Fprintf(c, "POST %s HTTP/1.1\r\n%sContent-Length: %d\r\n\r\n%s", path, headers, size, strings.Repeat(" ", size)); err != nil {
			t.Errorf("%d: the body could not be sent: %v", want, err)
			continue
		}
		response, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Errorf("%d: no answer: %v", want, err)
			continue
		}
		if status, message := check(t, codes, "a large body", response); status != want {
			t.Errorf("%d %s, want %d", status, message, want)
		}
	}
}

// TestRefusedExpectation is refused by its headers, and not asked for its body first.
func TestRefusedExpectation(t *testing.T) {
	t.Parallel()
	r, codes := start(t), documentCodes(t)
	c := dial(t, r)
	if _, err := fmt.Fprintf(c, "POST %s HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2000000\r\n\r\n", path); err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	if response.StatusCode == http.StatusContinue {
		t.Fatal("it was asked for its body")
	}
	if status, _ := check(t, codes, "an expectation", response); status != http.StatusUnauthorized {
		t.Error(status)
	}
}
