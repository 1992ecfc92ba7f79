package client

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"regexp"
	"strings"
)

// isTransient reports whether a failure may be gone at the next try. It is false for what only a change
// of the configuration can mend: a certificate that is not trusted or for another host, a server that
// does not speak TLS, a host that does not exist, a proxy that refuses.
func isTransient(err error) bool {
	var name *net.DNSError
	var proxy *proxyError
	switch {
	case is[*tls.CertificateVerificationError](err), is[x509.UnknownAuthorityError](err), is[x509.HostnameError](err),
		is[x509.CertificateInvalidError](err), is[tls.RecordHeaderError](err), is[*tls.ECHRejectionError](err),
		errors.Is(err, http.ErrSchemeMismatch), is[*net.AddrError](err):
		return false
	case errors.As(err, &name):
		return !name.IsNotFound
	case errors.As(err, &proxy):
		return proxy.status >= 500 || proxy.status == http.StatusRequestTimeout || proxy.status == http.StatusTooManyRequests
	}
	return !proxyPasswordRefused(err) && !isTLSAlert(err)
}

// is reports whether an error of the type E is in err's chain.
func is[E error](err error) bool {
	var e E
	return errors.As(err, &e)
}

// isTLSAlert reports whether the server ended the TLS handshake with an alert, for example because it asks
// for a client certificate. Only an internal error of the server may pass.
func isTLSAlert(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "remote error" && !strings.Contains(op.Error(), "internal error")
}

// proxyError is a proxy's refusal to connect to the server.
type proxyError struct{ status int }

func (e *proxyError) Error() string {
	return strings.TrimSpace("the proxy did not connect: " + statusLine(e.status))
}

// proxyPasswordRefused recognizes the refusal of a proxy where only net/http's text names it: an HTTP
// proxy's behind a transport that is not the Client's own, and a SOCKS proxy's. It decides on retries
// alone: in all of these cases nothing was sent.
func proxyPasswordRefused(err error) bool {
	if err.Error() == http.StatusText(http.StatusProxyAuthRequired) {
		return true
	}
	var op *net.OpError
	return errors.As(err, &op) && strings.HasPrefix(op.Op, "socks") && strings.Contains(op.Err.Error(), "authentication")
}

// refusedByHTTP2 are the whole texts of net/http's errors for a request that the server, by RFC 9113
// section 8.7, did not process: a stream that it reset with REFUSED_STREAM, and one above the last
// stream of its GOAWAY. net/http has no other way to tell. A text that is not one of these leaves the
// outcome unknown, so a change of net/http's words costs a retry and nothing else.
var refusedByHTTP2 = regexp.MustCompile(`^http2: Transport(?:` +
	`: cannot retry err \[(?:stream error: stream ID \d+; REFUSED_STREAM; received from peer|http2: Transport received Server's graceful shutdown GOAWAY)\] after Request\.Body was written; define Request\.GetBody to avoid this error` +
	`| received GOAWAY from server ErrCode:[A-Z0-9_]+)$`)

// refusedError is a request that the server did not process.
type refusedError struct{ cause error }

func (refusedError) Error() string   { return "the server refused it, by HTTP/2, without processing it" }
func (e refusedError) Unwrap() error { return e.cause }
