//go:build unix

package main

import (
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// isClosed reports whether the program was started with w closed. Go then opens the null
// device for reading and writing, whereas a shell redirection opens it for writing only.
func isClosed(w io.Writer) bool {
	file, ok := w.(*os.File)
	if !ok || !isNull(w) {
		return false
	}
	raw, err := file.SyscallConn()
	if err != nil {
		return false
	}
	flags := 0
	if raw.Control(func(fd uintptr) { flags, err = unix.FcntlInt(fd, unix.F_GETFL, 0) }) != nil || err != nil {
		return false
	}
	return flags&unix.O_ACCMODE == unix.O_RDWR
}
