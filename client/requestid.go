package client

import (
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
)

const requestIDHeader = "X-Request-Id"

// newRequestID returns 128 random bits as text. They name a request and are no secret, so the
// runtime's generator is enough.
func newRequestID() string {
	var b [16]byte
	binary.NativeEndian.PutUint64(b[:8], rand.Uint64()) //nolint:gosec // no secret
	binary.NativeEndian.PutUint64(b[8:], rand.Uint64()) //nolint:gosec // no secret
	return hex.EncodeToString(b[:])
}
