package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
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
	runWith(ctx, env, "320", "--insecure-http").want(t, 1, "", "nothing was bought", "interrupted")
}

func TestProductionIsTheDefault(t *testing.T) {
	t.Parallel()
	o, err := parse([]string{"320"}, func(name string) string { return pair()[name] }, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if len(o.options) != 1 { // The credentials; all else is the client's default.
		t.Errorf("%d options: want 1", len(o.options))
	}
}

// A link that would act on the terminal is not printed raw, and not lost.
func TestLinkThatIsNotPrintable(t *testing.T) {
	t.Parallel()
	v := newVendor(t, http.StatusOK, `{"url":"https://x.example/\u001b[2J\n"}`)
	runWith(t.Context(), pair(), "320", "--base-url", v.URL).want(t, 3, "", `"https://x.example/\x1b[2J\n"`, "the order was taken", "Do not run it again")
	runWith(t.Context(), pair(), "320", "--base-url", v.URL, "--output=json").want(t, 0, `{"url":"https://x.example/\u001b[2J\n"}`+"\n")
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, syscall.ENOSPC }

func TestLinkThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	v := newVendor(t, http.StatusOK, `{"url":"`+testLink+`"}`)
	for _, output := range []string{"text", "json"} {
		var stderr bytes.Buffer
		err := run(t.Context(), []string{"320", "--base-url", v.URL, "--output", output}, func(name string) string { return pair()[name] }, fullDisk{}, &stderr)
		if !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("error %v: want the disk's", err)
		}
		outcome{exitCode(err), "", stderr.String()}.want(t, 3, "", testLink, "the order was taken", "Do not run it again")
	}
}

func TestHelpAndVersion(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"--help"}, {"-h"}, {"320", "--help"}, {"--output", "json", "--help"}} {
		o := runWith(t.Context(), nil, args...)
		o.want(t, 0, o.stdout)
		for _, text := range []string{"buycredits 320", "TURBOSMTP_CONSUMER_KEY", "TURBOSMTP_CONSUMER_SECRET", "TURBOSMTP_API_KEY", "TURBOSMTP_BASE_URL", "--output", "--timeout", "--open", "--wait", "Exits with 0", "not part of it", "0 when the order was paid", "4 when it was cancelled", "5 when it expired", "6 when it was taken"} {
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
