package billing

import (
	"fmt"
	"io"
	"log/slog"
)

// Secret is a plain secret on its way to somebody who must see it once. It prints, logs and
// marshals as a placeholder; only Reveal returns it.
type Secret struct {
	// A pointer, because fmt does not ask a Secret in an unexported field for its String: it prints
	// what it finds there, which then is an address.
	plain *string
}

const redacted = "[secret]"

// NewSecret returns a Secret that hides plain.
func NewSecret(plain string) Secret { return Secret{plain: &plain} }

// Reveal returns the secret in the clear, "" for the zero Secret.
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

// LogValue keeps the secret out of logs.
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText keeps the secret out of JSON and the like.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }
