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

// Load asks a server over loopback through many connections at once. It costs next to nothing besides its
// system calls, as what it takes of the machine is missing to the server.
type Load struct {
	// Key and Secret are sent as credentials. They are the peers', where nothing else is set.
	Key, Secret string

	address, path string
	of            peer.Case
	idle          chan *asking // as many as there are connections; nil: one that is not made yet
}

// asking is a connection, for one request after the other.
type asking struct {
	net.Conn
	answers *bufio.Reader
}

// NewLoad makes a load of a request, for a server at an address.
func NewLoad(address, path string, connections int, of peer.Case) *Load {
	l := &Load{Key: peer.Key, Secret: peer.Secret, address: address, path: path, of: of, idle: make(chan *asking, connections)}
	for range connections {
		l.idle <- nil
	}
	return l
}

// Do asks so many times, all connections together.
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
	if length < 0 { // it is not in one piece
		answer, err := http.ReadResponse(c.answers, nil)
		if err != nil {
			return err
		}
		status = answer.StatusCode
		_, err = io.Copy(io.Discard, answer.Body)
		if err = errors.Join(err, answer.Body.Close()); err != nil {
			return err
		}
	} else if _, err := c.answers.Discard(length); err != nil {
		return err
	}
	if status != of.Status {
		return fmt.Errorf("%s is answered with %d", of.Name, status)
	}
	return nil
}

// header looks at an answer's status, and at how much there is of it, header and all; that is -1 when it
// does not say so.
func (c *asking) header() (status, length int, err error) {
	for n := 1; ; n = c.answers.Buffered() + 1 {
		if _, err := c.answers.Peek(n); err != nil {
			return 0, 0, err
		}
		text, _ := c.answers.Peek(c.answers.Buffered())
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
