package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

const (
	testKey    = "test-consumer-key"
	testSecret = "test-consumer-secret"
	testAPIKey = "test-authorization-token"
	testLink   = "https://billing.example.com/checkout?a=1&b=2"
)

func pair() map[string]string {
	return map[string]string{"TURBOSMTP_CONSUMER_KEY": testKey, "TURBOSMTP_CONSUMER_SECRET": testSecret}
}

// vendor stands in for TurboSMTP. It counts the orders and keeps the last one.
type vendor struct {
	*httptest.Server
	orders atomic.Int64
	header atomic.Pointer[http.Header]
	body   atomic.Pointer[string]
}

func newVendor(t *testing.T, status int, body string) *vendor {
	t.Helper()
	v := &vendor{}
	v.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v.orders.Add(1)
		got, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		text := string(got)
		v.body.Store(&text)
		v.header.Store(&r.Header)
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("X-Request-Id", "id-1")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(v.Close)
	return v
}

// outcome is what a run of the command comes to.
type outcome struct {
	code           int
	stdout, stderr string
}

func runWith(ctx context.Context, env map[string]string, args ...string) outcome {
	var stdout, stderr bytes.Buffer
	err := run(ctx, args, func(name string) string { return env[name] }, &stdout, &stderr)
	return outcome{exitCode(err), stdout.String(), stderr.String()}
}

// want checks an outcome: the code, all of stdout, and what stderr says. A success that is to say
// nothing must be silent.
func (o outcome) want(t *testing.T, code int, stdout string, says ...string) {
	t.Helper()
	if o.code != code || o.stdout != stdout {
		t.Errorf("exit code %d, stdout %q: want %d, %q", o.code, o.stdout, code, stdout)
	}
	if silent := code == 0 && len(says) == 0; silent && o.stderr != "" || !silent && !strings.HasPrefix(o.stderr, "buycredits: ") {
		t.Errorf("stderr %q", o.stderr)
	}
	for _, text := range says {
		if !strings.Contains(o.stderr, text) {
			t.Errorf("stderr %q: want it to say %q", o.stderr, text)
		}
	}
	for _, secret := range []string{testKey, testSecret, testAPIKey} {
		if strings.Contains(o.stdout+o.stderr, secret) {
			t.Errorf("printed %q: it holds the secret %q", o.stdout+o.stderr, secret)
		}
	}
}
