package main

import (
	"net/http"
	"strings"
	"testing"
)

// TestWhoMaySteer starts sandboxes with each combination of address and token, and steers them.
func TestWhoMaySteer(t *testing.T) {
	t.Parallel()
	const token = "a-token-of-24-characters"
	for name, test := range map[string]struct {
		addr   string
		lookup func(string) (string, bool)
		args   []string
		sent   string
		status int
	}{
		"on loopback":                 {"127.0.0.1:0", none, nil, "", 200},
		"on loopback, with a token":   {"127.0.0.1:0", none, []string{"--control-token", token}, "", 401},
		"on loopback, the token sent": {"127.0.0.1:0", none, []string{"--control-token", token}, token, 200},
		"elsewhere":                   {"0.0.0.0:0", none, nil, "", 404},
		"elsewhere, a token sent":     {"0.0.0.0:0", none, nil, token, 404},
		"elsewhere, with a token":     {"0.0.0.0:0", vars("SANDBOX_CONTROL_TOKEN", token), nil, "", 401},
		"elsewhere, another sent":     {"0.0.0.0:0", vars("SANDBOX_CONTROL_TOKEN", token), nil, token + "x", 401},
		"elsewhere, the token sent":   {"0.0.0.0:0", vars("SANDBOX_CONTROL_TOKEN", token), nil, token, 200},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serveIn(t, test.lookup, append([]string{"--addr", test.addr, "--database", "sqlite::memory:"}, test.args...)...)
			request, err := http.NewRequestWithContext(t.Context(), "GET", origin(s)+"/_sandbox/accounts", nil)
			if err != nil {
				t.Fatal(err)
			}
			if test.sent != "" {
				request.Header.Set("Authorization", "Bearer "+test.sent)
			}
			response, err := http.DefaultClient.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = response.Body.Close() }()
			if response.StatusCode != test.status {
				t.Errorf("answered %d, want %d", response.StatusCode, test.status)
			}
			if strings.Contains(s.output, token) {
				t.Errorf("the token is announced: %s", s.output)
			}
		})
	}
}

func TestPreferFlag(t *testing.T) {
	t.Parallel()
	for _, off := range []bool{false, true} {
		args := []string{"--addr", "127.0.0.1:0", "--database", "sqlite::memory:"}
		want := http.StatusTeapot
		if off {
			args = append(args, "--no-prefer")
			want = http.StatusUnauthorized
		}
		s := serveIn(t, none, args...)
		request, err := http.NewRequestWithContext(t.Context(), "POST", s.base+"/billing/buy_emailvalidation_credits", strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Prefer", "code=418")
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != want {
			t.Errorf("off %v: answered %d, want %d", off, response.StatusCode, want)
		}
	}
}

func TestAShortControlToken(t *testing.T) {
	t.Parallel()
	var stderr strings.Builder
	err := run(t.Context(), []string{"serve", "--addr", "127.0.0.1:0", "--database", "sqlite::memory:", "--control-token", "short"}, none, &stderr, &stderr)
	if err == nil || !strings.Contains(stderr.String(), "fewer than 16 characters") {
		t.Errorf("%v: %s", err, &stderr)
	}
}

// origin is where a sandbox's paths begin.
func origin(s *serving) string {
	at, _, _ := strings.Cut(strings.TrimPrefix(s.base, "http://"), "/")
	return "http://" + at
}
