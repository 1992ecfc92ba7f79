//go:build !linux

package server

import (
	"errors"
	"net"
)

// turnAwayNew is not possible here: a connection that is made in the moment in which the server stops to
// listen may be reset.
func turnAwayNew(net.Listener) error { return errors.ErrUnsupported }
