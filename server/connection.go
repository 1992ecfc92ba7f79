package server

import (
	"container/list"
	"net"
	"net/http"
	"sync"
	"time"
)

// connections are the open connections. There are at most max; when one more comes, the one that has
// waited longest for a request makes room for it.
type connections struct {
	max int

	lock    sync.Mutex
	open    map[net.Conn]*list.Element // nil: a request is under way
	waiting *list.List                 // of waiting, the longest in front
	total   int                        // that there have been
}

// waiting is a connection without a request.
type waiting struct {
	conn  net.Conn
	since time.Time
}

// minWait is how long a connection has waited at least before it makes room for another one: a request
// may be on its way.
const minWait = time.Second

func newConnections(most int) *connections {
	return &connections{max: most, open: map[net.Conn]*list.Element{}, waiting: list.New()}
}

// admit reports whether one more connection may be served, and closes another one for it if it must.
func (c *connections) admit() bool {
	c.lock.Lock()
	defer c.lock.Unlock()
	if len(c.open) < c.max {
		return true
	}
	front := c.waiting.Front()
	if front == nil {
		return false
	}
	longest, ok := front.Value.(waiting)
	if !ok || time.Since(longest.since) < minWait {
		return false
	}
	c.remove(longest.conn)
	go func() { _ = longest.conn.Close() }() // which TLS may take its time for
	return true
}

// track is told what becomes of a connection. It is net/http's ConnState.
func (c *connections) track(conn net.Conn, state http.ConnState) {
	c.lock.Lock()
	defer c.lock.Unlock()
	switch state {
	case http.StateNew:
		c.total++
		c.open[conn] = c.waiting.PushBack(waiting{conn, time.Now()})
	case http.StateIdle:
		if _, known := c.open[conn]; known {
			c.open[conn] = c.waiting.PushBack(waiting{conn, time.Now()})
		}
	case http.StateActive:
		if element := c.open[conn]; element != nil {
			c.waiting.Remove(element)
			c.open[conn] = nil
		}
	case http.StateClosed, http.StateHijacked:
		c.remove(conn)
	}
}

// remove forgets a connection. The lock is held.
func (c *connections) remove(conn net.Conn) {
	if element := c.open[conn]; element != nil {
		c.waiting.Remove(element)
	}
	delete(c.open, conn)
}

func (c *connections) count() int {
	c.lock.Lock()
	defer c.lock.Unlock()
	return len(c.open)
}

// ever returns how many connections there have been.
func (c *connections) ever() int {
	c.lock.Lock()
	defer c.lock.Unlock()
	return c.total
}
