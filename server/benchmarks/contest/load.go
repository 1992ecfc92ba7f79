package contest

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/turbosmtp-go/billing/gen/model"
	"github.com/turbosmtp-go/billing/server/benchmarks/peer"
)

// Load sends requests to a server over many loopback connections at once. Besides system calls it costs
// almost nothing, because it shares the processors with the server.
type Load struct {
	// Key and Secret are the credentials to send. NewLoad sets the peers'.
	Key, Secret string

	address, path string
	of            peer.Case
	idle          chan *asking // one entry per connection; nil if it is not open yet
}

// asking is a connection that sends one request after another.
type asking struct {
	net.Conn
	responses *bufio.Reader
}

// NewLoad returns a Load that sends the request of a case to the server at an address.
func NewLoad(address, path string, connections int, of peer.Case) *Load {
	l := &Load{Key: peer.Key, Secret: peer.Secret, address: address, path: path, of: of, idle: make(chan *asking, connections)}
	for range connections {
		l.idle <- nil
	}
	return l
}

// Do sends n requests over all connections together.
func (l *Load) Do(times int) error {
	request := fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\n%s: %s\r\n%s: %s\r\nContent-Length: %d\r\n\r\n%s",
		l.path, l.address, model.ConsumerKeyHeader, l.Key, model.ConsumerSecretHeader, l.Secret, len(l.of.Body), l.of.Body)
	var left atomic.Int64
	left.Store(int64(times))
	failures := make(chan error, cap(l.idle))
	var running sync.WaitGroup
	for range min(times, cap(l.idle)) {
		running.Go(func() {
			c := <-l.idle
			defer func() { l.idle <- c }()
			if c == nil {
				made, err := net.Dial("tcp", l.address)
				if err != nil {
					failures <- err
					return
				}
				c = &asking{made, bufio.NewReader(made)}
			}
			for left.Add(-1) >= 0 {
				if err := c.ask(request, l.of); err != nil {
					failures <- err
					return
				}
			}
		})
	}
	running.Wait()
	select {
	case err := <-failures:
		return err
	default:
		return nil
	}
}

func (c *asking) ask(request []byte, of peer.Case) error {
	if _, err := c.Write(request); err != nil {
		return err
	}
	status, length, err := c.header()
	if err != nil {
		return err
	}
	if length < 0 { // chunked
		response, err := http.ReadResponse(c.responses, nil)
		if err != nil {
			return err
		}
		status = response.StatusCode
		_, err = io.Copy(io.Discard, response.Body)
		if err = errors.Join(err, response.Body.Close()); err != nil {
			return err
		}
	} else if _, err := c.responses.Discard(length); err != nil {
		return err
	}
	if status != of.Status {
		return fmt.Errorf("contest: request %s got status %d", of.Name, status)
	}
	return nil
}

// header reads the status of a response and its length with the header. The length is -1 without
// Content-Length.
func (c *asking) header() (status, length int, err error) {
	for n := 1; ; n = c.responses.Buffered() + 1 {
		if _, err := c.responses.Peek(n); err != nil {
			return 0, 0, err
		}
		text, _ := c.responses.Peek(c.responses.Buffered())
		end := bytes.Index(text, []byte("\r\n\r\n"))
		if end < 0 {
			continue
		}
		text = text[:end+len("\r\n")]
		if status, err = strconv.Atoi(string(text[len("HTTP/1.1 ") : len("HTTP/1.1 ")+3])); err != nil {
			return 0, 0, err
		}
		_, rest, found := bytes.Cut(text, []byte("\r\nContent-Length: "))
		if !found {
			return status, -1, nil
		}
		digits, _, _ := bytes.Cut(rest, []byte("\r\n"))
		body, err := strconv.Atoi(string(digits))
		return status, end + len("\r\n\r\n") + body, err
	}
}

// Close closes the connections.
func (l *Load) Close() {
	for range cap(l.idle) {
		if c := <-l.idle; c != nil {
			_ = c.Close()
		}
	}
}
