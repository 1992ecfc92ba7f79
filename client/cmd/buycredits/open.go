package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/cli/browser"
)

// browserStartTimeout is how long a browser may take to fail: after that, it counts as started.
const browserStartTimeout = 5 * time.Second

// open opens the payment link in the user's browser. A failure is reported and changes no exit code:
// the order was carried out, and its link is printed.
func (p *program) open(ctx context.Context, link string) {
	_, err := webLink(link)
	if err == nil {
		opened := make(chan error, 1)
		go func() { opened <- p.browse(link) }()
		select {
		case err = <-opened:
		case <-time.After(p.browserStartTimeout):
		case <-ctx.Done():
		}
	}
	if err != nil {
		p.say("buycredits: The browser could not be opened: " + err.Error() + "\n")
	}
}

// browse returns when the browser, or its launcher, ends. Both of its outputs are the file of
// stderr: stdout is for the link alone, and a browser that outlives the program must not lose them.
func browse(link string) error {
	browser.Stdout, browser.Stderr = os.Stderr, os.Stderr
	return browser.OpenURL(link)
}

// webLink returns a link as a URL, if it is one that may be handed to a browser: http or https, with
// a host, and made only of the characters of RFC 3986, as others may mean something to what opens it.
func webLink(link string) (*url.URL, error) {
	if strings.ContainsFunc(link, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune("\"<>\\^`{|}", r) }) {
		return nil, errors.New("the link contains invalid characters")
	}
	u, err := url.Parse(link)
	switch {
	case err != nil:
		return nil, fmt.Errorf("the link is not a URL: %w", err)
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, errors.New("the link is neither http nor https")
	case u.Hostname() == "":
		return nil, errors.New("the link contains no host")
	}
	return u, nil
}
