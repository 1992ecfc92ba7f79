package billing

import (
	"encoding/base32"
	"encoding/binary"
	"io"
	"time"
)

const (
	// randomBytes is 160 bits: above the 128 that cannot be guessed, and whole in base32.
	randomBytes = 20
	// timeBytes before them hold when a token was made, in milliseconds, as in a UUID of version 7 (RFC
	// 9562). So the tokens of purchases that are made one after the other stand next to each other in a
	// store's index, and a new one costs the same after a million as after none.
	timeBytes = 5
	// timeLength and tokenLength are that in base32, in characters.
	timeLength  = timeBytes * 8 / 5
	tokenLength = timeLength + randomBytes*8/5
	// tokenAlphabet is base32's (RFC 4648, section 6) in lower case: it needs no escape in a URL, and
	// a double click selects all of it, as a dash of base64url would not let it.
	tokenAlphabet = "abcdefghijklmnopqrstuvwxyz234567"
	// shortToken is how much of a token may be logged: its time, and enough to tell it from others of that
	// time. It leaves 130 bits to guess.
	shortToken = timeLength + 6
)

// ShortToken returns the beginning of a token, which is enough to tell purchases apart in a log and
// too little to open a payment page.
func ShortToken(token string) string {
	short := shortToken
	if len(token) < tokenLength {
		short -= timeLength
	}
	if len(token) <= short {
		return "…"
	}
	return token[:short] + "…"
}

// newToken returns a token of a purchase that is made at a time.
func newToken(random io.Reader, at time.Time) (string, error) {
	var whole [8]byte
	binary.BigEndian.PutUint64(whole[:], uint64(at.UnixMilli()))
	secret, err := newText(random)
	return inBase32(whole[len(whole)-timeBytes:]) + secret, err
}

// newText returns randomBytes of random in base32.
func newText(random io.Reader) (string, error) {
	var bits [randomBytes]byte
	if _, err := io.ReadFull(random, bits[:]); err != nil {
		return "", err
	}
	return inBase32(bits[:]), nil
}

func inBase32(data []byte) string {
	return base32.NewEncoding(tokenAlphabet).WithPadding(base32.NoPadding).EncodeToString(data)
}

func validToken(token string) bool {
	if len(token) != tokenLength && len(token) != tokenLength-timeLength { // of a time when they had none
		return false
	}
	for i := range len(token) {
		c := token[i]
		if (c < 'a' || c > 'z') && (c < '2' || c > '7') {
			return false
		}
	}
	return true
}
