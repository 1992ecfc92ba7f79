package server

import (
	"errors"
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// turnAwayNew keeps new connections from being made to a listener, and lets those be made that are under
// way. To close a listener resets the connections that nobody has accepted yet, even when their clients
// have sent a request by then and cannot know that nobody has read it. A client whose first packet is
// dropped sends it again after a second, finds nobody, and knows that it has sent nothing.
func turnAwayNew(listener net.Listener) error {
	socket, ok := listener.(syscall.Conn)
	if !ok {
		return errors.New("server: the listener is no socket")
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return err
	}
	const flags, syn = 13, 0x02 // of a TCP header (RFC 9293, section 3.1)
	filter := [4]unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_B | unix.BPF_ABS, K: flags},
		{Code: unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K, K: syn, Jt: 0, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: 0},          // drop it
		{Code: unix.BPF_RET | unix.BPF_K, K: 0xffffffff}, // take all of it
	}
	var failed error
	err = raw.Control(func(fd uintptr) {
		failed = unix.SetsockoptSockFprog(int(fd), unix.SOL_SOCKET, unix.SO_ATTACH_FILTER,
			&unix.SockFprog{Len: 4, Filter: &filter[0]})
	})
	return errors.Join(err, failed)
}
