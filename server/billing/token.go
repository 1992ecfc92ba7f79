package billing

import (
	"encoding/base32"
	"io"
)

const (
	// tokenBytes is 160 bits: above the 128 that cannot be guessed, and whole in base32.
	tokenBytes = 20
	// tokenLength is that in base32, in characters.
	tokenLength = tokenBytes * 8 / 5
	// tokenAlphabet is base32's (RFC 4648, section 6) in lower case: it needs no escape in a URL, and
	// a double click selects all of it, as a dash of base64url would not let it.
	tokenAlphabet = "abcdefghijklmnopqrstuvwxyz234567"
	// shortToken is how much of a token may be logged. It leaves 130 bits to guess.
	shortToken = 6
)

// ShortToken returns the beginning of a token, which is enough to tell purchases apart in a log and
// too little to open a payment page.
func ShortToken(token string) string {
	if len(token) <= shortToken {
		return "…"
	}
	return token[:shortToken] + "…"
}

// newText returns tokenBytes of random in base32.
func newText(random io.Reader) (string, error) {
	var bits [tokenBytes]byte
	if _, err := io.ReadFull(random, bits[:]); err != nil {
		return "", err
	}
	return base32.NewEncoding(tokenAlphabet).WithPadding(base32.NoPadding).EncodeToString(bits[:]), nil
}

func validToken(token string) bool {
	if len(token) != tokenLength {
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
