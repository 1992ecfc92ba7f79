package fault

import (
	"net"
	"net/http"
	"sync"

	"github.com/labstack/echo/v4"
)

// Listener returns inner with connections that faults can reset. A server must accept its connections
// from it; without that, a reset fault closes the connection in the regular way.
func (l *List) Listener(inner net.Listener) net.Listener {
	return listener{inner, &l.connections}
}

type listener struct {
	net.Listener
	connections *sync.Map
}

// Accept returns the next connection.
func (l listener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return conn, err
	}
	address := conn.RemoteAddr().String()
	l.connections.Store(address, tcp)
	return &connection{tcp, func() { l.connections.CompareAndDelete(address, tcp) }}, nil
}

type connection struct {
	*net.TCPConn
	forget func()
}

// Close closes the connection.
func (c *connection) Close() error {
	c.forget()
	return c.TCPConn.Close()
}

// reset closes the connection of a request with a TCP reset, as a crash does. Over HTTP/2 it resets the
// stream.
func (l *List) reset(ec echo.Context) {
	conn, _, err := http.NewResponseController(ec.Response().Writer).Hijack()
	if err == nil {
		if open, ok := l.connections.Load(conn.RemoteAddr().String()); ok {
			tcp := open.(*net.TCPConn)
			_ = tcp.SetLinger(0) // Close sends a reset instead of a regular end
			_ = tcp.Close()
		}
		_ = conn.Close()
	}
	panic(http.ErrAbortHandler) // ends the handler, and an HTTP/2 stream with RST_STREAM
}
