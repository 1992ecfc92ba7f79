package server

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"sync"
	"time"
)

// connections are the open connections of a server, with the state that net/http reports.
type connections struct {
	mutex sync.Mutex
	open  map[net.Conn]state
	total int // since the start
}

type state struct {
	http.ConnState
	since time.Time
}

// track is the ConnState hook of the http.Server.
func (c *connections) track(conn net.Conn, to http.ConnState) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	switch to {
	case http.StateClosed, http.StateHijacked:
		delete(c.open, conn)
		return
	case http.StateNew:
		c.total++
	case http.StateActive, http.StateIdle:
	}
	if c.open == nil {
		c.open = map[net.Conn]state{}
	}
	c.open[conn] = state{to, time.Now()}
}

// count returns how many connections are open, and how many there have been.
func (c *connections) count() (open, total int) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return len(c.open), c.total
}

// finish waits until all HTTP/1.1 connections are closed, or ctx is done: a connection with a request is
// closed after the response, an idle one at once. http.Server.Shutdown would drop a request that it has
// just read, so this goes first. HTTP/2 connections are left to Shutdown, which announces their end by
// GOAWAY.
func (c *connections) finish(ctx context.Context) {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for c.endIdle() > 0 {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// firstRequest is how long a new connection may take to send its first request while the server stops.
const firstRequest = 500 * time.Millisecond

// endIdle ends the idle HTTP/1.1 connections and returns how many HTTP/1.1 connections are open. A read
// deadline ends only a connection that waits for a request. Closing the connection could cut off the
// response to a request that has just been read.
func (c *connections) endIdle() (remaining int) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	for conn, state := range c.open {
		isNew := state.ConnState == http.StateNew
		if !isNew && isHTTP2(conn) {
			continue
		}
		remaining++
		if state.ConnState == http.StateIdle || isNew && time.Since(state.since) > firstRequest {
			_ = conn.SetReadDeadline(time.Unix(0, 0)) // fails for a closed connection only
		}
	}
	return remaining
}

func isHTTP2(conn net.Conn) bool {
	secure, ok := conn.(*tls.Conn)
	return ok && secure.ConnectionState().NegotiatedProtocol == "h2"
}
