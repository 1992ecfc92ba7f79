package main

import (
	"io"
	"path/filepath"
	"strings"
	"testing"
)

// TestUsage checks the exit code and the output of command lines that fail or print help.
func TestUsage(t *testing.T) {
	t.Parallel()
	s := serveIn(t, none, io.Discard, "--addr", "127.0.0.1:0", "--database", "sqlite::memory:")
	taken := strings.TrimPrefix(s.origin(), "http://")
	missing := filepath.Join(t.TempDir(), "missing", "x.db")
	cert, key := filepath.Join(t.TempDir(), "cert.pem"), filepath.Join(t.TempDir(), "key.pem")
	writeCertificate(t, cert, key, 1)
	for _, row := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"--help"}, 0, "Usage: sandbox"},
		{[]string{"serve", "--help"}, 0, "for 2 seconds"},
		{[]string{"serve", "--help"}, 0, "$SANDBOX_DATABASE"},
		{nil, 2, "expected one of"},
		{[]string{"sell"}, 2, "sell"},
		{[]string{"serve", "--no-such"}, 2, "no-such"},
		{[]string{"serve", "--no-such"}, 2, "Run `sandbox --help` for usage."},
		{[]string{"serve", "now"}, 2, "now"},
		{[]string{"purchases", "list", "-o", "xml"}, 2, "xml"},
		{[]string{"accounts", "plan", "acme", "perhaps"}, 2, `"on","off"`},
		{[]string{"keys", "add", "acme", "--kind", "password"}, 2, "kind"},
		{[]string{"serve", "--tls-cert", cert}, 2, "--tls-key"},
		{[]string{"serve", "--tls-key", key}, 2, "--tls-cert"},
		{[]string{"serve", "--addr", "127.0.0.1:0", "--tls-cert", key, "--tls-key", cert}, 1, "read the TLS certificate"},
		{[]string{"serve", "--addr", "127.0.0.1:0", "--tls-cert", "nowhere", "--tls-key", "nowhere"}, 1, "nowhere"},
		{[]string{"serve", "--addr", taken}, 1, "--addr"},
		{[]string{"serve", "--addr", "127.0.0.1:0", "--metrics-addr", taken}, 1, "--metrics-addr"},
		{[]string{"serve", "--addr", "nowhere"}, 1, "nowhere"},
		{[]string{"serve", "--addr", "127.0.0.1:0", "--public-url", "ftp://x"}, 1, "http"},
		{[]string{"serve", "--addr", "127.0.0.1:0", "--control-token", "short"}, 1, "16 characters"},
		{[]string{"serve", "--database", "mysql://ann:hunter22@db/x"}, 1, "sqlite:PATH"},
		{[]string{"serve", "--database", "sqlite:"}, 1, "sqlite:PATH"},
		{[]string{"serve", "--database", "sqlite:" + missing}, 1, "missing"},
		{[]string{"purchases", "list", "--database", "sqlite:" + missing}, 1, missing},
		{[]string{"purchases", "list", "--database", "sqlite::memory:"}, 1, "memory"},
		{[]string{"purchases", "list", "--database", "x"}, 1, "sqlite:PATH"},
	} {
		var output strings.Builder
		err := run(t.Context(), row.args, vars("SANDBOX_DATABASE", "sqlite:"+filepath.Join(t.TempDir(), "x.db")), &output, &output)
		text := output.String()
		if code := exitCode(err); code != row.code || !strings.Contains(text, row.want) || strings.Contains(text, "hunter22") {
			t.Errorf("%v: %d %s, want %d with %q", row.args, code, text, row.code, row.want)
		}
	}
}
