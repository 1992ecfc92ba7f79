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
	none    chan struct{}              // closed when the last has gone, for who waits for it
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
	_ = longest.conn.Close()
	return true
}

// track is told what becomes of a connection. It is net/http's ConnState.
func (c *connections) track(conn net.Conn, state http.ConnState) {
	c.lock.Lock()
	defer c.lock.Unlock()
	switch state {
	case http.StateNew:
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
	if len(c.open) == 0 && c.none != nil {
		close(c.none)
		c.none = nil
	}
}

func (c *connections) count() int {
	c.lock.Lock()
	defer c.lock.Unlock()
	return len(c.open)
}

// gone returns a channel that is closed once there is no connection.
func (c *connections) gone() <-chan struct{} {
	c.lock.Lock()
	defer c.lock.Unlock()
	if c.none == nil {
		c.none = make(chan struct{})
	}
	none := c.none
	if len(c.open) == 0 {
		close(none)
		c.none = nil
	}
	return none
}
