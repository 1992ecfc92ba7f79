package contract

import (
	"bytes"
	"errors"
	"io"
	"sync"
	"sync/atomic"

	"github.com/go-json-experiment/json/jsontext"
)

var errTooLarge = errors.New("too large")

// budget is how much memory all large bodies may have together.
type budget struct {
	max  int64
	held atomic.Int64
}

// take reports whether there is room for so many bytes, which are given back by a negative number.
func (b *budget) take(bytes int64) bool {
	if b.held.Add(bytes) > b.max && bytes > 0 {
		b.held.Add(-bytes)
		return false
	}
	return true
}

// buffer holds a body while it is decoded.
type buffer struct {
	data   []byte
	bodies *budget
	taken  int64 // of bodies
	source bytes.Buffer
	json   jsontext.Decoder
}

var buffers = sync.Pool{New: func() any { return new(buffer) }}

// maxPooled is how large a buffer may be that is kept for the next request.
const maxPooled = 4 * DefaultMaxBody

func (b *buffer) release() {
	if b.taken > 0 {
		b.bodies.take(-b.taken)
		b.taken = 0
	}
	b.source = bytes.Buffer{}
	if cap(b.data) <= maxPooled {
		buffers.Put(b)
	}
}

// maxPromised is for how many bytes room is made before they arrive: a length is only a promise, and
// many slow senders must not hold what they have not sent.
const maxPromised = 16 << 10

// fill reads all of r. It fails with errTooLarge when that is more than limit bytes, and with ErrBusy
// when there is no room for it.
func (b *buffer) fill(r io.Reader, length, limit int64) error {
	b.data = b.data[:0]
	if room := min(length, maxPromised); int64(cap(b.data)) <= room {
		b.data = make([]byte, 0, room+1)
	}
	for {
		if len(b.data) == cap(b.data) {
			room := max(512, 2*cap(b.data))
			if length >= int64(len(b.data)) {
				room = int(min(int64(room), length+1))
			}
			b.data = append(make([]byte, 0, room), b.data...)
		}
		n, err := r.Read(b.data[len(b.data):cap(b.data)])
		b.data = b.data[:len(b.data)+n]
		if grown := int64(len(b.data)) - b.taken; grown > 0 && len(b.data) > maxPromised {
			if !b.bodies.take(grown) {
				return ErrBusy
			}
			b.taken += grown
		}
		switch {
		case int64(len(b.data)) > limit:
			return errTooLarge
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		}
	}
}

func (b *buffer) decoder() *jsontext.Decoder {
	b.source = *bytes.NewBuffer(b.data)
	b.json.Reset(&b.source)
	return &b.json
}
