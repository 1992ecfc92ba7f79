package client_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/turbosmtp-go/billing/client"
)

// h2Server is a raw HTTP/2 server. A test decides what it does with each stream. It counts the orders: the complete
// streams, except those that it reports as not processed.
type h2Server struct {
	URL                 string
	orders, connections atomic.Int64
	roots               *x509.CertPool
	close               func()

	mu        sync.Mutex
	byRequest map[string]int // orders by their X-Request-Id
}

func (h *h2Server) count(request string, n int) {
	h.orders.Add(int64(n))
	h.mu.Lock()
	defer h.mu.Unlock()
	h.byRequest[request] += n
}

// ordersOf returns how often the server received the order with a request id.
func (h *h2Server) ordersOf(request string) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.byRequest[request]
}

// h2Stream is one stream of an h2Server. It may write, and end the connection by returning false.
type h2Stream struct {
	*http2.Framer
	id      uint32
	nth     int64  // connection, from 1
	request string // its X-Request-Id
	conn    net.Conn
	body    []byte
	server  *h2Server
	// refused: the server reported the stream as not processed. counted: it counted the stream as an order.
	refused, counted bool
}

// The moments at which an h2Server calls its test.
const (
	onConnect = "connection"
	onHeaders = "headers"
	onBody    = "whole body"
)

func newH2Server(t *testing.T, do func(moment string, s *h2Stream) (goOn bool)) *h2Server {
	t.Helper()
	certified := httptest.NewUnstartedServer(http.NotFoundHandler())
	certified.StartTLS()
	certified.Close()
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{
		MinVersion:   tls.VersionTLS12,
		Certificates: certified.TLS.Certificates,
		NextProtos:   []string{"h2"},
	})
	if err != nil {
		t.Fatal(err)
	}
	h := &h2Server{URL: "https://" + listener.Addr().String(), roots: x509.NewCertPool(), byRequest: map[string]int{}}
	h.roots.AddCert(certified.Certificate())
	h.close = serveEach(t, listener, func(conn net.Conn) { h.serve(conn, do) })
	return h
}

func (h *h2Server) serve(conn net.Conn, do func(string, *h2Stream) bool) {
	preface := make([]byte, len(http2.ClientPreface))
	if _, err := io.ReadFull(conn, preface); err != nil || !bytes.Equal(preface, []byte(http2.ClientPreface)) {
		return
	}
	nth := h.connections.Add(1)
	framer := http2.NewFramer(conn, conn)
	framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	if framer.WriteSettings() != nil || !do(onConnect, &h2Stream{Framer: framer, conn: conn, nth: nth}) {
		return
	}
	streams := map[uint32]*h2Stream{}
	for {
		frame, err := framer.ReadFrame()
		if err != nil {
			return
		}
		goOn := true
		switch f := frame.(type) {
		case *http2.SettingsFrame:
			goOn = f.IsAck() || framer.WriteSettingsAck() == nil
		case *http2.PingFrame:
			goOn = f.IsAck() || framer.WritePing(true, f.Data) == nil
		case *http2.MetaHeadersFrame:
			s := &h2Stream{Framer: framer, conn: conn, id: f.StreamID, nth: nth, server: h}
			s.request = requestIDOf(f)
			streams[s.id] = s
			goOn = do(onHeaders, s) && (!f.StreamEnded() || h.whole(s, do))
		case *http2.DataFrame:
			if s := streams[f.StreamID]; s != nil {
				s.body = append(s.body, f.Data()...)
				goOn = !f.StreamEnded() || h.whole(s, do)
			}
		}
		if !goOn {
			return
		}
	}
}

// requestIDOf returns the X-Request-Id of a request.
func requestIDOf(f *http2.MetaHeadersFrame) string {
	for _, field := range f.RegularFields() {
		if field.Name == "x-request-id" {
			return field.Value
		}
	}
	return ""
}

func (h *h2Server) whole(s *h2Stream, do func(string, *h2Stream) bool) bool {
	if s.refused {
		return true
	}
	h.count(s.request, 1) // before the client sees a response
	s.counted = true
	return do(onBody, s)
}

// refuse uncounts a stream that the server reports as not processed.
func (s *h2Stream) refuse() {
	s.refused = true
	if s.counted {
		s.server.count(s.request, -1)
	}
}

// reset resets the stream. With REFUSED_STREAM, it is not processed.
func (s *h2Stream) reset(code http2.ErrCode) bool {
	if code == http2.ErrCodeRefusedStream {
		s.refuse()
	}
	return s.WriteRSTStream(s.id, code) == nil
}

// goAway sends a GOAWAY. The stream is not processed if last is below it.
func (s *h2Stream) goAway(last uint32, code http2.ErrCode) bool {
	if last < s.id {
		s.refuse()
	}
	return s.WriteGoAway(last, code, []byte("REFUSED_STREAM")) == nil
}

// head writes the header of a success.
func (s *h2Stream) head() bool {
	var block bytes.Buffer
	encoder := hpack.NewEncoder(&block)
	err := errors.Join(
		encoder.WriteField(hpack.HeaderField{Name: ":status", Value: "200"}),
		encoder.WriteField(hpack.HeaderField{Name: "content-type", Value: "application/json"}),
		s.WriteHeaders(http2.HeadersFrameParam{StreamID: s.id, BlockFragment: block.Bytes(), EndHeaders: true}),
	)
	return err == nil
}

// sell writes a success.
func (s *h2Stream) sell() bool {
	return s.head() && s.WriteData(s.id, true, []byte(`{"url":"`+testLink+`"}`)) == nil
}

// trust makes the Client's own transport trust the server.
func (h *h2Server) trust() client.Option {
	return client.WithTransport(func(rt *http.Transport) {
		rt.TLSClientConfig = &tls.Config{RootCAs: h.roots, MinVersion: tls.VersionTLS12}
	})
}

// transport returns a transport of net/http's, as a caller would give it.
func (h *h2Server) transport(t *testing.T) *http.Transport {
	t.Helper()
	rt := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: h.roots, MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true}
	t.Cleanup(rt.CloseIdleConnections)
	return rt
}
