package server

import (
	"cmp"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// connections are the open connections. There are at most max; when one more comes, the one that has
// waited longest for a request makes room for it. A request costs no lock here: each connection knows by
// itself since when it waits, and they are looked through only when there is no room.
type connections struct {
	max  int
	born time.Time

	lock    sync.Mutex
	open    map[*documentedConn]bool
	total   int       // that there have been
	longest []waiting // that may make room, the longest last
	barren  time.Time // until when looking for more would find none
}

// waiting is a connection that has had no request since then.
type waiting struct {
	conn  *documentedConn
	since int64
}

// waits is since when a connection waits for a request, in nanoseconds since connections.born: 0 while
// a request is under way.
type waits struct{ atomic.Int64 }

// minWait is how long a connection has waited at least before it makes room for another one: a request
// may be on its way.
const minWait = time.Second

func newConnections(most int) *connections {
	return &connections{max: most, born: time.Now(), open: map[*documentedConn]bool{}}
}

// admit reports whether one more connection may be served, and closes another one for it if it must.
func (c *connections) admit() bool {
	c.lock.Lock()
	defer c.lock.Unlock()
	if len(c.open) < c.max {
		if len(c.open) < c.max/2 { // the crowd is gone: forget it
			c.longest, c.barren = nil, time.Time{}
		}
		return true
	}
	for len(c.longest) > 0 || c.look() {
		last := len(c.longest) - 1
		next := c.longest[last]
		c.longest = c.longest[:last]
		if c.open[next.conn] && next.conn.waits.CompareAndSwap(next.since, 0) {
			delete(c.open, next.conn)
			go func() { _ = next.conn.Close() }() // which TLS may take its time for
			return true
		}
	}
	return false
}

// look finds the connections that have waited long enough, and reports whether there are any. Those that it
// finds are for the next ones that come, too: nobody else can have waited longer.
func (c *connections) look() bool {
	if time.Now().Before(c.barren) {
		return false
	}
	first := c.now()
	for conn := range c.open {
		since := conn.waits.Load()
		switch {
		case since == 0:
		case c.now()-since >= int64(minWait):
			c.longest = append(c.longest, waiting{conn, since})
		default:
			first = min(first, since)
		}
	}
	slices.SortFunc(c.longest, func(a, b waiting) int { return cmp.Compare(b.since, a.since) })
	c.barren = c.born.Add(time.Duration(first) + minWait)
	return len(c.longest) > 0
}

func (c *connections) now() int64 { return max(1, int64(time.Since(c.born))) }

// track is told what becomes of a connection. It is net/http's ConnState.
func (c *connections) track(of net.Conn, state http.ConnState) {
	conn, ok := of.(*documentedConn)
	if !ok {
		return // it is not from our listener
	}
	switch state {
	case http.StateActive:
		conn.waits.Store(0)
	case http.StateIdle:
		conn.waits.Store(c.now())
	case http.StateNew:
		conn.waits.Store(c.now())
		c.lock.Lock()
		defer c.lock.Unlock()
		c.total++
		c.open[conn] = true
	case http.StateClosed, http.StateHijacked:
		c.lock.Lock()
		defer c.lock.Unlock()
		delete(c.open, conn)
	}
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
