package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestBuy(t *testing.T) {
	t.Parallel()
	v := newVendor(t, http.StatusOK, `{"url":"`+testLink+`"}`)
	for name, tc := range map[string]struct {
		args   []string
		stdout string
		amount string
	}{
		"link":                           {[]string{"320"}, testLink + "\n", "320"},
		"text":                           {[]string{"320", "--output", "text"}, testLink + "\n", "320"},
		"json":                           {[]string{"320", "--output=json"}, `{"url":"` + testLink + `"}` + "\n", "320"},
		"flags first":                    {[]string{"--output", "json", "--timeout", "1m", "7"}, `{"url":"` + testLink + `"}` + "\n", "7"},
		"flags around":                   {[]string{"--timeout=0", "9999999", "--output=text"}, testLink + "\n", "9999999"},
		"negative":                       {[]string{"-5"}, testLink + "\n", "-5"},
		"negative, with flags around it": {[]string{"--output", "text", "-5", "--timeout", "1m"}, testLink + "\n", "-5"},
		"negative, after --":             {[]string{"--output=text", "--", "-5"}, testLink + "\n", "-5"},
		"zero":                           {[]string{"0"}, testLink + "\n", "0"},
	} {
		t.Run(name, func(t *testing.T) {
			before := v.orders.Load()
			runWith(t.Context(), pair(), append([]string{"--base-url", v.URL}, tc.args...)...).want(t, 0, tc.stdout)
			if got, want := *v.body.Load(), `{"amount":`+tc.amount+`}`; got != want || v.orders.Load() != before+1 {
				t.Errorf("%d orders, body %s: want one of %s", v.orders.Load()-before, got, want)
			}
		})
	}
}

func TestBaseURL(t *testing.T) {
	t.Parallel()
	v := newVendor(t, http.StatusOK, `{"url":"`+testLink+`"}`)
	env := pair()
	env["TURBOSMTP_BASE_URL"] = v.URL
	runWith(t.Context(), env, "320").want(t, 0, testLink+"\n")
	env["TURBOSMTP_BASE_URL"] = "http://127.0.0.1:1"
	runWith(t.Context(), env, "320", "--base-url", v.URL).want(t, 0, testLink+"\n")
	env["TURBOSMTP_BASE_URL"] = "http://sandbox.example.com"
	runWith(t.Context(), env, "320").want(t, 2, "", "plain http")
	// Allowed, it goes on to the network, where a done context stops it.
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	runWith(ctx, env, "320", "--insecure-http").want(t, 130, "", "Nothing was bought: the command was stopped before it sent the order.")
}

func TestProductionIsTheDefault(t *testing.T) {
	t.Parallel()
	o, err := newProgram(func(name string) string { return pair()[name] }, nil, io.Discard, io.Discard).parse(t.Context(), []string{"320"})
	if err != nil {
		t.Fatal(err)
	}
	if len(o.options) != 1 { // The credentials; all else is the client's default.
		t.Errorf("%d options: want 1", len(o.options))
	}
}

// A link that would act on the terminal is not a success.
func TestLinkThatIsNotPrintable(t *testing.T) {
	t.Parallel()
	v := newVendor(t, http.StatusOK, `{"url":"https://x.example/\u001b[2J\n"}`)
	runWith(t.Context(), pair(), "320", "--base-url", v.URL).want(t, 3, "", "It is unknown", `The server sent: {"url":"https://x.example/\u001b[2J\n"}`)
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, syscall.ENOSPC }

func TestLinkThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	v := newVendor(t, http.StatusOK, `{"url":"`+testLink+`"}`)
	for _, output := range []string{"text", "json"} {
		var stderr bytes.Buffer
		p := newProgram(func(name string) string { return pair()[name] }, nil, fullDisk{}, &stderr)
		err := p.run(t.Context(), []string{"320", "--base-url", v.URL, "--output", output})
		if !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("error %v: want the disk's", err)
		}
		outcome{exitCode(err), "", stderr.String()}.want(t, 7, "", "Link: "+testLink, "The order was carried out", "Do not run this command again")
	}
}

// blocked is a pipe without a reader.
type blocked struct{ written, forever chan struct{} }

func (b blocked) Write([]byte) (int, error) {
	close(b.written)
	<-b.forever
	return 0, io.ErrClosedPipe
}

// TestUnreadOutput stops the program while it blocks in printing the link.
func TestUnreadOutput(t *testing.T) {
	t.Parallel()
	v := newVendor(t, http.StatusOK, `{"url":"`+testLink+`"}`)
	stdout := blocked{make(chan struct{}), make(chan struct{})}
	t.Cleanup(func() { close(stdout.forever) })
	var stderr bytes.Buffer
	p := newProgram(func(name string) string { return pair()[name] }, nil, stdout, &stderr)
	p.printPatience = time.Millisecond
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() {
		<-stdout.written
		cancel(signalError{syscall.SIGINT})
	}()
	err := p.run(ctx, []string{"320", "--base-url", v.URL})
	outcome{exitCode(err), "", stderr.String()}.want(t, 7, "", "Link: "+testLink, "interrupt signal received")
}

// TestStoppedBetweenTries stops the program while it waits to send the order again.
func TestStoppedBetweenTries(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusTooManyRequests, http.StatusServiceUnavailable} {
		ctx, cancel := context.WithCancelCause(t.Context())
		ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{ // The response was read to its end.
			PutIdleConn: func(error) { cancel(signalError{syscall.SIGHUP}) },
		})
		v := newVendor(t, status, "")
		v.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "20")
			w.WriteHeader(status)
		})
		runWith(ctx, pair(), "320", "--base-url", v.URL).want(t, 129, "", "Nothing was bought", "not tried again: the wait was ended")
	}
}

func TestCompletion(t *testing.T) {
	t.Parallel()
	for _, shell := range []string{"bash", "zsh", "fish"} {
		o := runWith(t.Context(), nil, "--completion", shell)
		o.want(t, 0, o.stdout)
		for _, flag := range []string{"base-url", "output", "api-key-file", "max-retries", "wait", "version"} {
			if !strings.Contains(o.stdout, flag) {
				t.Errorf("%s: no flag --%s in %s", shell, flag, o.stdout)
			}
		}
		if _, err := exec.LookPath(shell); err != nil {
			t.Logf("%s not found: the script is not checked", shell)
			continue
		}
		check := exec.CommandContext(t.Context(), shell, "-n")
		check.Stdin = strings.NewReader(o.stdout)
		if out, err := check.CombinedOutput(); err != nil {
			t.Errorf("%s: %v: %s", shell, err, out)
		}
	}
}

// TestCompletionInBash has bash complete a few words by the script.
func TestCompletionInBash(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("bash not found")
	}
	script := runWith(t.Context(), nil, "--completion=bash").stdout
	for words, want := range map[string]string{
		"--out":             "--output",
		"--max":             "--max-retries",
		"--output ''":       "text json",
		"--output = j":      "json",
		"--completion ''":   "bash zsh fish",
		"--api-key-file ma": "main.go main_test.go",
		"--timeout ''":      "",
	} {
		complete := exec.CommandContext(t.Context(), "bash", "--norc", "-c", script+"\nCOMP_WORDS=(buycredits "+words+"); COMP_CWORD=$((${#COMP_WORDS[@]}-1)); _buycredits; echo \"${COMPREPLY[*]}\"")
		out, err := complete.CombinedOutput()
		if got := strings.Fields(string(out)); err != nil || !slices.Equal(slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(strings.Fields(want)))) {
			t.Errorf("%s: %q, error %v: want %q", words, got, err, want)
		}
	}
}

func TestHelpAndVersion(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"--help"}, {"-h"}, {"320", "--help"}, {"--output", "json", "--help"}} {
		o := runWith(t.Context(), nil, args...)
		o.want(t, 0, o.stdout)
		for _, text := range []string{"buycredits 320", "TURBOSMTP_CONSUMER_KEY", "TURBOSMTP_CONSUMER_SECRET", "TURBOSMTP_API_KEY", "TURBOSMTP_BASE_URL", "--output", "--timeout", "--open", "--wait", "--max-retries", "--completion", "Exit codes: 0", "0 the purchase was paid", "4 it was cancelled", "5 it expired", "6 the order was carried out", "7 it was carried out", "130 by SIGINT"} {
			if !strings.Contains(strings.Join(strings.Fields(o.stdout), " "), text) { // Wherever the lines break.
				t.Errorf("help %q: want it to name %s", o.stdout, text)
			}
		}
	}
	o := runWith(t.Context(), nil, "--version")
	o.want(t, 0, o.stdout)
	if fields := strings.Fields(o.stdout); len(fields) != 2 || fields[0] != "buycredits" {
		t.Errorf("version %q", o.stdout)
	}
}
