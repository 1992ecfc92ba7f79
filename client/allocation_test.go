//go:build !race

package client_test

import (
	"bytes"
	"net"
	"testing"
)

// TestAllocations limits the allocations of one order. About 70 of them are net/http's own. It does not run with
// the race detector, which allocates too.
//
//nolint:paralleltest // it would count the allocations of other tests
func TestAllocations(t *testing.T) {
	const budget = 105
	c := newClient(t, "http://"+sellWithoutAllocating(t))
	got := testing.AllocsPerRun(200, func() {
		if err := buy(t, c); err != nil {
			t.Fatal(err)
		}
	})
	if got > budget {
		t.Errorf("got %v allocations, want at most %v", got, budget)
	}
}

// sellWithoutAllocating serves one connection after another with one fixed response.
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
