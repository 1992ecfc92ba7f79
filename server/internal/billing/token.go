package billing

import (
	"encoding/base32"
	"encoding/binary"
	"io"
	"strings"
	"time"
)

const (
	// randomBytes are 160 bits: more than the 128 that cannot be guessed, and a whole number of base32 characters.
	randomBytes = 20
	// timeBytes before them contain the time of the token in milliseconds, as in a UUID of version 7 (RFC 9562). So
	// successive tokens are neighbours in the index of a store, and a new one costs the same after a million.
	timeBytes = 5
	// timeLength and tokenLength are the lengths in base32, in characters.
	timeLength  = timeBytes * 8 / 5
	tokenLength = timeLength + randomBytes*8/5
	// tokenAlphabet is the base32 alphabet (RFC 4648, section 6) in lower case. It needs no escapes in a URL, and a
	// double click selects all of it, unlike base64url with its dash.
	tokenAlphabet = "abcdefghijklmnopqrstuvwxyz234567"
	// shortLength is how many characters may be logged: the time, and enough to distinguish tokens of that time.
	// 130 random bits stay secret.
	shortLength = timeLength + 6
)

// ShortToken returns the beginning of a token, which identifies a purchase in a log but gives no access to it.
func ShortToken(token string) string {
	short := shortLength
	if len(token) < tokenLength { // of an earlier version, without a time
		short -= timeLength
	}
	if len(token) <= short {
		return "…"
	}
	return token[:short] + "…"
}

// newToken returns the token of a purchase at a time.
func newToken(random io.Reader, at time.Time) (string, error) {
	var whole [8]byte
	binary.BigEndian.PutUint64(whole[:], uint64(at.UnixMilli()))
	secret, err := randomText(random)
	return encodeBase32(whole[len(whole)-timeBytes:]) + secret, err
}

// randomText returns randomBytes of random in base32.
func randomText(random io.Reader) (string, error) {
	var bits [randomBytes]byte
	if _, err := io.ReadFull(random, bits[:]); err != nil {
		return "", err
	}
	return encodeBase32(bits[:]), nil
}

func encodeBase32(data []byte) string {
	return base32.NewEncoding(tokenAlphabet).WithPadding(base32.NoPadding).EncodeToString(data)
}

// isToken reports whether a text has the form of a token, with a time or, as in an earlier version, without.
func isToken(text string) bool {
	return (len(text) == tokenLength || len(text) == tokenLength-timeLength) && strings.Trim(text, tokenAlphabet) == ""
}
