package contract

import (
	"errors"
	"io"
	"slices"

	"golang.org/x/sync/semaphore"
)

var errTooLarge = errors.New("the body is too large")

// maxUncounted is the size in bytes up to which a body does not count against the memory of all bodies, and
// also the most that is allocated because of a Content-Length alone: a client may promise bytes that it
// never sends.
const maxUncounted = 16 << 10

// bodyBuffer contains a request body that is being read.
type bodyBuffer struct {
	data   []byte
	memory *semaphore.Weighted // in bytes, for all bodies
	held   int64               // of memory
}

// fill reads all of r. length is the Content-Length, -1 if it is unknown. fill returns errTooLarge if r has more
// than limit bytes, and ErrBusy if there is no memory for it.
func (b *bodyBuffer) fill(r io.Reader, length, limit int64) error {
	const unknown = 512
	if length < 0 {
		length = unknown
	}
	b.data = make([]byte, 0, min(length, maxUncounted)+1) // one more to read io.EOF
	for {
		if len(b.data) == cap(b.data) {
			b.data = slices.Grow(b.data, len(b.data))
		}
		n, err := r.Read(b.data[len(b.data):cap(b.data)])
		b.data = b.data[:len(b.data)+n]
		size := int64(len(b.data))
		if grown := size - b.held; grown > 0 && size > maxUncounted {
			if !b.memory.TryAcquire(grown) {
				return ErrBusy
			}
			b.held += grown
		}
		switch {
		case size > limit:
			return errTooLarge
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
	}
}

// release returns the memory. The data may still be used.
func (b *bodyBuffer) release() { b.memory.Release(b.held) }
