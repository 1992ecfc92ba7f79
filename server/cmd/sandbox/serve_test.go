package main

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/turbosmtp-go/billing/client"
	"github.com/turbosmtp-go/billing/server/internal/store/postgrestest"
)

// TestAnnouncedCommand runs the curl command that sandbox serve prints.
func TestAnnouncedCommand(t *testing.T) {
	t.Parallel()
	s := serveIn(t, none, io.Discard, "--addr", "127.0.0.1:0", "--database", "sqlite::memory:")
	command, _, _ := strings.Cut(s.output[strings.Index(s.output, "curl -X"):], "\n\n")
	if path, err := exec.LookPath("curl"); err == nil {
		out, err := exec.CommandContext(t.Context(), "sh", "-c", strings.Replace(command, "curl", path+" -s", 1)).Output()
		if err != nil || !strings.HasPrefix(string(out), `{"url":"http://127.0.0.1:`) {
			t.Errorf("%s\nprinted %s, %v", command, out, err)
		}
	}
	if !strings.Contains(s.output, "buycredits --base-url "+s.base+" 320\n") {
		t.Error(s.output)
	}
}

// TestAccess checks, for each kind of address, the announcement and the access to the demo accounts and the
// control API.
func TestAccess(t *testing.T) {
	t.Parallel()
	const token = "a-token-of-24-characters"
	const memory = "sqlite::memory:"
	cert, key := filepath.Join(t.TempDir(), "cert.pem"), filepath.Join(t.TempDir(), "key.pem")
	trusting := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{
		RootCAs: writeCertificate(t, cert, key, 1), MinVersion: tls.VersionTLS12}}}
	database := postgrestest.Shared(t).NewDatabase(t)
	open, closed, guarded := []int{200, 200, 200}, []int{404, 404, 404}, []int{401, 401, 200}
	for name, row := range map[string]accessTest{
		"loopback":                   {"127.0.0.1", memory, none, nil, "only this machine", true, false, open},
		"loopback, token":            {"127.0.0.1", memory, none, []string{"--control-token", token}, "only this machine", true, false, guarded},
		"loopback, HTTPS":            {"127.0.0.1", memory, vars("SANDBOX_TLS_KEY", key), []string{"--tls-cert", cert}, "https://127.0.0.1:", true, false, open},
		"loopback, public URL":       {"127.0.0.1", memory, none, []string{"--public-url", "https://pay.example.com/x/"}, "https://pay.example.com/x/api/v2", true, false, open},
		"loopback, shared database":  {"127.0.0.1", database, none, nil, "disabled, because others may use the database", false, false, open},
		"loopback, shared, demo":     {"127.0.0.1", database, none, []string{"--demo-accounts"}, "The demo accounts are enabled", true, false, open},
		"all addresses":              {"0.0.0.0", memory, none, nil, "disabled, because others can reach the sandbox", false, true, closed},
		"all addresses, demo":        {"0.0.0.0", memory, none, []string{"--demo-accounts"}, "the demo keys are public", true, true, closed},
		"all addresses, token":       {"0.0.0.0", memory, vars("SANDBOX_CONTROL_TOKEN", token), nil, "disabled", false, true, guarded},
		"all addresses, HTTP proxy":  {"0.0.0.0", memory, none, []string{"--public-url", "http://pay.example.com"}, "disabled", false, true, closed},
		"all addresses, HTTPS proxy": {"0.0.0.0", memory, none, []string{"--public-url", "https://pay.example.com"}, "disabled", false, false, closed},
		"all addresses, HTTPS":       {"0.0.0.0", memory, none, []string{"--tls-cert", cert, "--tls-key", key}, "disabled", false, false, closed},
	} {
		t.Run(name, func(t *testing.T) {
			if row.database == memory { // the sandboxes with the shared database run one after the other
				t.Parallel()
			}
			row.check(t, trusting, token)
		})
	}
}

// accessTest is a row of TestAccess: the flags and variables of a sandbox, and the expected access to it.
type accessTest struct {
	host, database string
	getenv         func(string) string
	args           []string
	want           string // a part of the announcement
	demo           bool   // the demo accounts are enabled
	unencrypted    bool
	control        []int // the statuses without a token, with a wrong token and with the token
}

// check starts the sandbox, reads its announcement, buys with a demo account and calls the control API.
func (row accessTest) check(t *testing.T, trusting *http.Client, token string) {
	t.Helper()
	address := freeAddress(t)
	_, port, _ := net.SplitHostPort(address)
	s := serveIn(t, row.getenv, io.Discard, append(row.args, "--addr", row.host+":"+port, "--database", row.database)...)
	if !strings.Contains(s.output, row.want) || strings.Contains(s.output, "unencrypted") != row.unencrypted || strings.Contains(s.output, token) {
		t.Errorf("announced %s", s.output)
	}
	origin := "http://" + address
	if slices.Contains(row.args, "--tls-cert") {
		origin = "https://" + address
	}
	link, err := buy(customer(t, origin+"/api/v2", demoCredentials(), client.WithHTTPClient(trusting)))
	if (err == nil) != row.demo || err == nil && !strings.HasPrefix(link, strings.TrimSuffix(s.base, "/api/v2")+"/") {
		t.Errorf("%s, %v", link, err)
	}
	for i, authorization := range []string{"", "Bearer " + token + "x", "Bearer " + token} {
		if status := controlStatus(t, trusting, origin, authorization); status != row.control[i] {
			t.Errorf("the control API with %q: %d, want %d", authorization, status, row.control[i])
		}
	}
	if err := s.stop(); err != nil {
		t.Error(err)
	}
}

// controlStatus returns the status of a response of the control API. An empty authorization sends no header.
func controlStatus(t *testing.T, trusting *http.Client, origin, authorization string) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, origin+"/_sandbox/accounts", nil)
	if err != nil {
		t.Fatal(err)
	}
	if authorization != "" {
		request.Header.Set("Authorization", authorization)
	}
	response, err := trusting.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	return response.StatusCode
}

// TestPreferFlag checks that --no-prefer ignores the header Prefer.
func TestPreferFlag(t *testing.T) {
	t.Parallel()
	for want, args := range map[int][]string{http.StatusTeapot: nil, http.StatusUnauthorized: {"--no-prefer"}} {
		s := serveIn(t, none, io.Discard, append(args, "--addr", "127.0.0.1:0", "--database", "sqlite::memory:")...)
		if response, body := send(t, http.MethodPost, s.base+purchasePath, "{}", "Prefer", "code=418"); response.StatusCode != want {
			t.Errorf("%v: %d %s, want %d", args, response.StatusCode, body, want)
		}
	}
}
