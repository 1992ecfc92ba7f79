package billing

import (
	"fmt"
	"io"
)

// Secret is a plain secret. It prints, logs and marshals as a placeholder; only Reveal returns it.
type Secret struct {
	// A pointer, because fmt does not call the methods of a Secret in an unexported field: it prints an address then.
	plain *string
}

const redacted = "[secret]"

// NewSecret returns a Secret with the value plain.
func NewSecret(plain string) Secret { return Secret{plain: &plain} }

// Reveal returns the plain secret, "" for the zero Secret.
func (s Secret) Reveal() string {
	if s.plain == nil {
		return ""
	}
	return *s.plain
}

// String returns a placeholder.
func (s Secret) String() string { return redacted }

// Format writes a placeholder for every verb of fmt.
func (s Secret) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, redacted) }

// MarshalText returns a placeholder, also in JSON.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }
