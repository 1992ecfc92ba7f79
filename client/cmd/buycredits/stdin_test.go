package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/turbosmtp-go/billing/client"
)

func TestStandardInput(t *testing.T) {
	t.Parallel()
	v := newVendor(t, http.StatusOK, `{"url":"`+testLink+`"}`)
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte(testSecret), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		env    map[string]string
		stdin  string
		args   []string
		header string
		sent   string
	}{
		"amount":      {pair(), "320\n", []string{"-"}, client.ConsumerKeyHeader, testKey},
		"API key":     {nil, testAPIKey + "\n", []string{"320", "--api-key-file", "-"}, client.AuthorizationHeader, testAPIKey},
		"key of pair": {nil, testKey + "\r\n", []string{"320", "--consumer-key-file=-", "--consumer-secret-file", secret}, client.ConsumerKeyHeader, testKey},
	} {
		t.Run(name, func(t *testing.T) {
			runReading(t.Context(), tc.env, tc.stdin, append(tc.args, "--base-url", v.URL)...).want(t, 0, testLink+"\n")
			if got := v.header.Load().Get(tc.header); got != tc.sent || *v.body.Load() != `{"amount":320}` {
				t.Errorf("sent %s and %q: want %q", *v.body.Load(), got, tc.sent)
			}
		})
	}
}

// A usage error is JSON too where JSON is asked for, also where the arguments cannot be parsed.
func TestUsageErrorInJSON(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"many", "--output=json"},
		{"--output", "json"},
		{"320", "--output", "json", "--base-url", "x"},
		{"320", "--output=json", "--no-such-flag"},
	} {
		runWith(t.Context(), pair(), args...).wantError(t, 2, "not_ordered", "buycredits --help")
	}
}

func TestMaxRetries(t *testing.T) {
	t.Parallel()
	v := newVendor(t, http.StatusTooManyRequests, `{"message":"Slow down."}`)
	v.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		v.orders.Add(1)
		w.Header().Set("Retry-After", "0")
		w.WriteHeader(http.StatusTooManyRequests)
	})
	if r := runWith(t.Context(), pair(), "320", "--base-url", v.URL, "--max-retries=1", "--output=json").wantError(t, 1, "not_ordered", "2 tries"); r.Tries != 2 || v.orders.Load() != 2 {
		t.Errorf("%+v after %d orders: want two tries", r, v.orders.Load())
	}
	runWith(t.Context(), pair(), "320", "--base-url", v.URL, "--max-retries", "0").want(t, 1, "", "429")
	if v.orders.Load() != 3 {
		t.Errorf("%d orders", v.orders.Load())
	}
}

// TestStoppedWhileReading stops the program while it waits for its standard input.
func TestStoppedWhileReading(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"-"}, {"320", "--api-key-file", "-"}} {
		reader, writer := io.Pipe()
		ctx, cancel := context.WithCancelCause(t.Context())
		var stdout, stderr bytes.Buffer
		p := newProgram(func(name string) string { return pair()[name] }, reading{reader, func() { cancel(signalError{syscall.SIGTERM}) }}, &stdout, &stderr)
		err := p.run(ctx, append(args, "--base-url", "http://127.0.0.1:1"))
		outcome{exitCode(err), stdout.String(), stderr.String()}.want(t, 143, "", "Nothing was bought: the command was stopped before it sent the order.")
		_ = writer.Close()
	}
}

// reading reports the first read.
type reading struct {
	io.Reader
	begins func()
}

func (r reading) Read(p []byte) (int, error) {
	r.begins()
	return r.Reader.Read(p)
}

// TestTextThatCannotBePrinted has no room for a help text.
func TestTextThatCannotBePrinted(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"--help"}, {"--version"}, {"--completion", "bash"}} {
		var stderr bytes.Buffer
		err := newProgram(func(string) string { return "" }, nil, fullDisk{}, &stderr).run(t.Context(), args)
		outcome{exitCode(err), "", stderr.String()}.want(t, 1, "", "cannot write to standard output: no space left on device")
	}
}
