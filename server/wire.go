package server

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"
)

// listen puts around a listener what the server answers below HTTP.
func (s *Server) listen(listener net.Listener) net.Listener {
	return documentedListener{Listener: listener, tls: s.settings.tls, refuse: s.refuse, admit: s.conns.admit, turned: make(chan struct{}, maxTurned)}
}

// documentedListener answers the requests that never reach a handler. net/http refuses by itself
// what it cannot parse or what is too long, in plain text or with no body at all; here those answers
// become the document's own, in JSON like all others.
type documentedListener struct {
	net.Listener
	tls    *tls.Config
	refuse refuser
	admit  func() bool
	turned chan struct{} // a place for each connection that is being turned away
}

// refuser returns the body of a refusal of net/http's own.
type refuser func(status int, sentence string) []byte

// Accept returns the next connection that is admitted.
func (l documentedListener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if !l.admit() {
			l.turnAway(c)
			continue
		}
		if l.tls != nil {
			c = tls.Server(c, l.tls)
		}
		return &documentedConn{Conn: c, refuse: l.refuse}, nil
	}
}

const (
	// maxTurned is how many connections are turned away with an answer at a time.
	maxTurned = 256
	// turnedLimit is how long that takes at most.
	turnedLimit = time.Second
)

// turnAway answers a connection for which there is no room, whatever it asks for. It reads what comes
// until the other side has the answer, as closing too early would take it away again.
func (l documentedListener) turnAway(c net.Conn) {
	select {
	case l.turned <- struct{}{}:
	default:
		_ = c.Close()
		return
	}
	go func() {
		defer func() { <-l.turned }()
		defer func() { _ = c.Close() }()
		if l.tls != nil {
			return // an answer would need a handshake first
		}
		_ = c.SetDeadline(time.Now().Add(turnedLimit))
		if _, err := c.Read(make([]byte, 512)); err != nil { // an answer before a question confuses clients
			return
		}
		d := &documentedConn{Conn: c, refuse: l.refuse}
		if _, err := c.Write(d.refusal(http.StatusServiceUnavailable)); err != nil {
			return
		}
		_ = d.CloseWrite()
		_, _ = io.Copy(io.Discard, c)
	}()
}

type documentedConn struct {
	net.Conn
	refuse refuser
	told   bool // that it must speak HTTPS: nothing more is written
	waits  waits
}

// NetConn returns the connection beneath, like tls.Conn's.
func (c *documentedConn) NetConn() net.Conn { return c.Conn }

// Read reads what the client sends. A client that speaks plain HTTP to a server of HTTPS is told so.
func (c *documentedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if _, secure := c.Conn.(*tls.Conn); err == nil || !secure {
		return n, err
	}
	var plain tls.RecordHeaderError
	if errors.As(err, &plain) && plain.Conn != nil && looksLikeHTTP(plain.RecordHeader) {
		body := c.refuse(http.StatusBadRequest, "This server speaks HTTPS, and the request came in the clear.")
		c.told = true
		_, _ = plain.Conn.Write(answer(http.StatusBadRequest, body, "")) // it has come to nothing either way
	}
	return n, err
}

// looksLikeHTTP reports whether what came instead of TLS begins with a method.
func looksLikeHTTP(header [5]byte) bool {
	for _, method := range []string{"GET /", "HEAD ", "POST ", "PUT /", "OPTIO", "DELET", "PATCH"} {
		if string(header[:]) == method {
			return true
		}
	}
	return false
}

var (
	httpVersion = []byte("HTTP/1.1 ")
	// plainRefusal is what follows the status line of net/http's own refusals, and of no answer that
	// a handler gave: those have a date.
	plainRefusal = []byte("\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n")
	// unmetExpectation is net/http's answer to an Expect header other than 100-continue (RFC 9110,
	// section 10.1.1). It has no body, and so, unlike a handler's, no media type.
	unmetExpectation = []byte("HTTP/1.1 417 ")
	contentType      = []byte("\r\nContent-Type: ")
)

// Write sends data, or the document's answer in place of a refusal of net/http's own, which it
// writes in one piece.
func (c *documentedConn) Write(data []byte) (int, error) {
	if c.told {
		return len(data), nil
	}
	if !bytes.HasPrefix(data, httpVersion) || len(data) < len(httpVersion)+3 {
		return c.Conn.Write(data)
	}
	line := bytes.IndexByte(data, '\r')
	unmet := bytes.HasPrefix(data, unmetExpectation) && !bytes.Contains(data, contentType)
	if !unmet && (line < 0 || !bytes.HasPrefix(data[line:], plainRefusal)) {
		return c.Conn.Write(data)
	}
	status, err := strconv.Atoi(string(data[len(httpVersion) : len(httpVersion)+3]))
	if err != nil {
		return c.Conn.Write(data)
	}
	if _, err := c.Conn.Write(c.refusal(status)); err != nil {
		return 0, err
	}
	return len(data), nil
}

// CloseWrite shuts down the writing side, which net/http does before it waits for a client to read a
// refusal.
func (c *documentedConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

func (c *documentedConn) refusal(status int) []byte {
	sentence, more := "The request is not well-formed HTTP/1.1.", ""
	switch status {
	case http.StatusServiceUnavailable:
		sentence, more = "There are too many connections. Nothing was done: please try again.", "Retry-After: 1\r\n"
	case http.StatusRequestHeaderFieldsTooLarge:
		sentence = "The request's headers are too large."
	case http.StatusExpectationFailed:
		sentence = "The only expectation that is met is 100-continue."
	case http.StatusNotImplemented:
		// A transfer coding that is not understood: the request's fault, not a failure of the server.
		status, sentence = http.StatusUnsupportedMediaType, "The only transfer coding that is understood is chunked."
	case http.StatusHTTPVersionNotSupported:
		status = http.StatusBadRequest
	}
	return answer(status, c.refuse(status, sentence), more)
}

// answer is a whole answer that ends its connection, with more headers.
func answer(status int, body []byte, more string) []byte {
	return fmt.Appendf(nil, "HTTP/1.1 %d %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n%sConnection: close\r\n\r\n%s",
		status, http.StatusText(status), len(body), more, body)
}

// refuse answers for net/http, and tells who wants to know.
func (s *Server) refuse(status int, sentence string) []byte {
	body := s.Contract().FailureBody(nil, sentence)
	if status == http.StatusBadRequest {
		body = s.Contract().FailureBody(nil, sentence)
	}
	for _, tell := range s.settings.refused {
		tell(status, sentence, body)
	}
	return body
}
