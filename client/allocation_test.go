//go:build !race

package client_test

import (
	"bytes"
	"net"
	"testing"
)

// TestAllocations has a budget of allocations for one order, net/http's own on both sides of the
// connection's goroutines included. The race detector allocates as well, so it is not run with it.
//
//nolint:paralleltest // others' allocations would be counted
func TestAllocations(t *testing.T) {
	const budget = 78
	c := newClient(t, "http://"+sellWithoutAllocating(t))
	got := testing.AllocsPerRun(200, func() {
		if err := buy(t, c); err != nil {
			t.Fatal(err)
		}
	})
	if got > budget {
		t.Errorf("%v allocations, more than %v", got, budget)
	}
	t.Logf("%v allocations", got)
}

// sellWithoutAllocating serves one connection after the other, with the same response to every order.
func sellWithoutAllocating(t testing.TB) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			sold := []byte("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 27\r\n\r\n{\"url\":\"https://x.example\"}")
			for room, n := make([]byte, 4096), 0; ; {
				more, err := conn.Read(room[n:])
				if err != nil {
					break
				}
				if n += more; bytes.HasSuffix(room[:n], []byte("}")) { // the end of the order's body
					n = 0
					_, _ = conn.Write(sold)
				}
			}
			_ = conn.Close()
		}
	}()
	return listener.Addr().String()
}
