package contest

import (
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/valyala/fasthttp"

	"github.com/turbosmtp-go/billing/gen/model"
	"github.com/turbosmtp-go/billing/server/benchmarks/peer"
)

// Load asks a server over loopback through many connections at once. It is made by a client that costs
// little, as it takes its time from the server's machine.
type Load struct {
	// Key and Secret are sent as credentials. They are the peers', where nothing else is set.
	Key, Secret string

	client      fasthttp.HostClient
	connections int
	url         string
	of          peer.Case
}

// NewLoad makes a load of a request, for a server at an address.
func NewLoad(address, path string, connections int, of peer.Case) *Load {
	return &Load{
		Key: peer.Key, Secret: peer.Secret,
		client:      fasthttp.HostClient{Addr: address, MaxConns: connections, NoDefaultUserAgentHeader: true},
		connections: connections, url: "http://" + address + path, of: of,
	}
}

// Do asks so many times, all connections together.
func (l *Load) Do(times int) error {
	var left atomic.Int64
	left.Store(int64(times))
	failures := make(chan error, l.connections)
	var running sync.WaitGroup
	for range min(times, l.connections) {
		running.Go(func() {
			request, answer := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
			defer fasthttp.ReleaseRequest(request)
			defer fasthttp.ReleaseResponse(answer)
			request.SetRequestURI(l.url)
			request.Header.SetMethod(fasthttp.MethodPost)
			request.Header.SetContentType("application/json")
			request.Header.Set(model.ConsumerKeyHeader, l.Key)
			request.Header.Set(model.ConsumerSecretHeader, l.Secret)
			request.SetBodyString(l.of.Body)
			for left.Add(-1) >= 0 {
				if err := l.client.Do(request, answer); err != nil {
					failures <- err
					return
				}
				if answer.StatusCode() != l.of.Status {
					failures <- fmt.Errorf("%s is answered with %d: %.200s", l.of.Name, answer.StatusCode(), answer.Body())
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

// Close closes the connections.
func (l *Load) Close() { l.client.CloseIdleConnections() }
