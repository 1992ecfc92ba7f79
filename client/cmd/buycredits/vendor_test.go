package main

import (
	"bytes"
	"context"
	"encoding/json"
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

// outcome is the result of a run of the command.
type outcome struct {
	code           int
	stdout, stderr string
}

func runWith(ctx context.Context, env map[string]string, args ...string) outcome {
	return runReading(ctx, env, "", args...)
}

// runReading runs the command with a text on its standard input.
func runReading(ctx context.Context, env map[string]string, stdin string, args ...string) outcome {
	var stdout, stderr bytes.Buffer
	err := newProgram(func(name string) string { return env[name] }, strings.NewReader(stdin), &stdout, &stderr).run(ctx, args)
	return outcome{exitCode(err), stdout.String(), stderr.String()}
}

// wantError checks an outcome of --output json: the last line of stdout is the error. It returns it.
func (o outcome) wantError(t *testing.T, code int, kind string, contains ...string) failure {
	t.Helper()
	lines := strings.Split(strings.TrimSuffix(o.stdout, "\n"), "\n")
	var document struct{ Error failure }
	decoder := json.NewDecoder(strings.NewReader(lines[len(lines)-1]))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&document); err != nil {
		t.Errorf("stdout %q: %v", o.stdout, err)
	}
	if r := document.Error; r.Outcome != kind || r.ExitCode != code || r.Message == "" {
		t.Errorf("%+v: want the outcome %s", r, kind)
	}
	o.want(t, code, o.stdout, contains...)
	return document.Error
}

// want checks an outcome: the code, all of stdout, and parts of stderr. A success that is to print
// nothing must be silent.
func (o outcome) want(t *testing.T, code int, stdout string, contains ...string) {
	t.Helper()
	if o.code != code || o.stdout != stdout {
		t.Errorf("exit code %d, stdout %q: want %d, %q", o.code, o.stdout, code, stdout)
	}
	if silent := code == 0 && len(contains) == 0; silent && o.stderr != "" || !silent && !strings.HasPrefix(o.stderr, "buycredits: ") {
		t.Errorf("stderr %q", o.stderr)
	}
	for _, text := range contains {
		if !strings.Contains(o.stderr, text) {
			t.Errorf("stderr %q: want it to say %q", o.stderr, text)
		}
	}
	for _, secret := range []string{testKey, testSecret, testAPIKey} {
		if strings.Contains(o.stdout+o.stderr, secret) {
			t.Errorf("printed %q: it contains the secret %q", o.stdout+o.stderr, secret)
		}
	}
}
