package server

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"strconv"
)

// documentedListener answers the requests that never reach a handler. net/http refuses by itself
// what it cannot parse or what is too long, in plain text or with no body at all; here those answers
// become the document's own, in JSON like all others.
type documentedListener struct {
	net.Listener
	refuse refuser
}

// refuser returns the body of a refusal of net/http's own.
type refuser func(status int, sentence string) []byte

// Accept returns the next connection.
func (l documentedListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &documentedConn{Conn: c, refuse: l.refuse}, nil
}

type documentedConn struct {
	net.Conn
	refuse refuser
}

// NetConn returns the connection beneath, like tls.Conn's.
func (c *documentedConn) NetConn() net.Conn { return c.Conn }

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
	sentence := "The request is not well-formed HTTP/1.1."
	switch status {
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
	body := c.refuse(status, sentence)
	return fmt.Appendf(nil, "HTTP/1.1 %d %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s",
		status, http.StatusText(status), len(body), body)
}

// refuse answers for net/http, and tells who wants to know.
func (s *Server) refuse(status int, sentence string) []byte {
	body := s.Contract().Failure(nil, sentence)
	if status == http.StatusBadRequest {
		body = s.Contract().Malformed(sentence)
	}
	if s.settings.refused != nil {
		s.settings.refused(status, sentence, body)
	}
	return body
}
