//go:build !unix

package postgres

import "net"

// quiet is false: whether something has arrived cannot be seen here, and so the server is asked.
func quiet(net.Conn) bool { return false }
