package server

import (
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// TestRoomForConnections has more connections come than there may be: the one that has waited longest goes,
// after a second at least, and none that has a request.
func TestRoomForConnections(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newConnections(4)
		var conns []*documentedConn
		var others []net.Conn
		join := func() *documentedConn {
			ours, theirs := net.Pipe()
			others = append(others, theirs)
			conn := &documentedConn{Conn: ours}
			conns = append(conns, conn)
			c.track(conn, http.StateNew)
			time.Sleep(time.Millisecond) // so that none came at the same time
			return conn
		}
		gone := func() (indexes []int) {
			synctest.Wait()
			for i, other := range others {
				_ = other.SetReadDeadline(time.Now())
				if _, err := other.Read(make([]byte, 1)); errors.Is(err, io.EOF) {
					indexes = append(indexes, i)
				}
			}
			return indexes
		}
		step := func(what string, wait time.Duration, admits bool, want ...int) {
			t.Helper()
			time.Sleep(wait)
			if got := c.admit(); got != admits {
				t.Fatalf("%s: admitted %v", what, got)
			}
			if got := gone(); !slices.Equal(got, want) {
				t.Fatalf("%s: %v are gone, want %v", what, got, want)
			}
		}
		first := join()
		time.Sleep(100 * time.Millisecond)
		second := join()
		time.Sleep(100 * time.Millisecond)
		third := join()
		step("there is room", 0, true)
		join()
		step("nobody has waited for a second", 790*time.Millisecond, false)
		c.track(first, http.StateActive)
		step("the first has a request, the second not waited long enough", 20*time.Millisecond, false)
		step("the second has", 100*time.Millisecond, true, 1)
		c.track(first, http.StateIdle)
		time.Sleep(time.Millisecond)
		join()
		step("then the third", 100*time.Millisecond, true, 1, 2)
		join()
		if c.count() != 4 || c.ever() != 6 {
			t.Errorf("%d are open of %d", c.count(), c.ever())
		}
		step("then the fourth", 10*time.Millisecond, true, 1, 2, 3)
		c.track(third, http.StateClosed) // as net/http says in the end
		c.track(second, http.StateClosed)
		step("there is room again", 0, true, 1, 2, 3)
		join()
		step("the first waits anew", 0, false, 1, 2, 3)
		step("longer than those that came after", 2*time.Second, true, 0, 1, 2, 3)

		// All others were found to wait then. What becomes of them since, counts.
		join()
		c.track(conns[4], http.StateActive)
		step("the fifth has a request since", 0, true, 0, 1, 2, 3, 5)
		c.track(conns[6], http.StateClosed)
		join()
		join()
		step("nobody else", 0, false, 0, 1, 2, 3, 5)
		step("the seventh is gone, and makes no room twice", time.Second, true, 0, 1, 2, 3, 5, 7)
		for _, conn := range conns {
			c.track(conn, http.StateClosed)
		}
		step("the crowd is gone", 0, true, 0, 1, 2, 3, 5, 7)
		if c.longest != nil {
			t.Error("it is remembered")
		}
	})
}
