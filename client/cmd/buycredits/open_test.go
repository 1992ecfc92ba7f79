package main

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"
)

// opening runs an order with --open on a browser of its own.
func opening(ctx context.Context, t *testing.T, link string, browse func(string) error, args ...string) outcome {
	t.Helper()
	s := newSandbox(t, state("expired"))
	if link != "" {
		s.hand(link)
	}
	var stdout, stderr bytes.Buffer
	p := s.program(t, &stdout, &stderr)
	p.browse, p.browserStartTimeout = browse, time.Hour
	err := p.run(ctx, append([]string{"320", "--open", "--base-url", s.URL}, args...))
	return outcome{exitCode(err), stdout.String(), stderr.String()}
}

func TestOpen(t *testing.T) {
	t.Parallel()
	for name, link := range map[string]string{
		"http":       "http://billing.example.com/checkout/1",
		"https":      testLink,
		"upper case": "HTTPS://billing.example.com/",
		"escapes":    "https://[2001:db8::1]:8443/a%20b;c='d'?e=(f)*g,h!#~@$",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var opened []string
			browse := func(link string) error { opened = append(opened, link); return nil }
			opening(t.Context(), t, link, browse).want(t, 0, link+"\n")
			if len(opened) != 1 || opened[0] != link {
				t.Errorf("opened %q: want %s", opened, link)
			}
		})
	}
}

func TestLinksThatAreNotOpened(t *testing.T) {
	t.Parallel()
	for link, contains := range map[string]string{
		"https://x.example/ --incognito":  "invalid characters",
		"https://x.example/?`id`":         "invalid characters",
		"https://x.example/?{}":           "invalid characters",
		"https://x.example/?é":            "invalid characters",
		"https://x.example/?|calc.exe":    "invalid characters",
		`https://x.example/?\\share\file`: "invalid characters",
	} {
		t.Run(link, func(t *testing.T) {
			t.Parallel()
			browse := func(string) error { t.Error("opened"); return nil }
			opening(t.Context(), t, link, browse).want(t, 0, link+"\n", "The browser could not be opened: the link", contains)
		})
	}
	for _, link := range []string{
		"file:///etc/passwd", "javascript:alert(1)", "ms-settings:network", "--help", "/checkout/1", "https:checkout", "https://:443/checkout",
		"https://x.example/%zz", "https://x.example/\"\x1b[2J",
	} { // What is no link to a page is no success either.
		browse := func(string) error { t.Error("opened"); return nil }
		opening(t.Context(), t, link, browse).want(t, 3, "", "It is unknown", "not an absolute http or https URL")
	}
}

func TestBrowserThatFails(t *testing.T) {
	t.Parallel()
	browse := func(string) error { return errors.New("the screen is dark") }
	o := opening(t.Context(), t, testLink, browse)
	o.want(t, 0, testLink+"\n", "buycredits: The browser could not be opened: the screen is dark\n")
	o = opening(t.Context(), t, "", browse, "--wait")
	o.want(t, 5, o.stdout, "buycredits: The browser could not be opened: the screen is dark\nbuycredits: The purchase expired")
}

// A browser that does not return is open. The wait goes on meanwhile.
func TestBrowserInTheForeground(t *testing.T) {
	t.Parallel()
	closed := make(chan struct{})
	t.Cleanup(func() { close(closed) })
	s := newSandbox(t, state("paid"))
	var stdout, stderr bytes.Buffer
	p := s.program(t, &stdout, &stderr)
	p.browse, p.browserStartTimeout = func(string) error { <-closed; return nil }, time.Nanosecond
	err := p.run(t.Context(), []string{"320", "--open", "--wait", "--base-url", s.URL})
	outcome{exitCode(err), stdout.String(), stderr.String()}.want(t, 0, s.link+"\n", "The purchase was paid")

	// An interrupt ends the patience.
	ctx, cancel := context.WithCancel(t.Context())
	browse := func(string) error { cancel(); <-closed; return nil }
	opening(ctx, t, testLink, browse).want(t, 0, testLink+"\n")
}
