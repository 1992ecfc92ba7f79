package client

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/turbosmtp-go/billing/gen/httpclient"
)

// config is what the options of New set. It contains secrets in the clear and does not outlive New.
type config struct {
	pair         *[2]string
	apiKey       *string
	provider     *CredentialsProvider
	baseURL      *string
	insecureHTTP bool
	httpClient   *http.Client
	middleware   []func(http.RoundTripper) http.RoundTripper
	logger       *slog.Logger
	userAgent    *string
	call         callConfig

	// Tests replace these.
	getenv     func(string) string
	clock      clock
	operations []operation
	tune       func(*http.Transport) *http.Transport
}

// callConfig is what the options of a call set.
type callConfig struct {
	timeout         time.Duration
	maxRetries      int
	retryAfterLimit time.Duration
	statusRetries   bool
	header          [][2]string
	response        *Response
}

func newConfig(opts []Option) config {
	cfg := config{
		call: callConfig{
			timeout:         30 * time.Second,
			maxRetries:      3,
			retryAfterLimit: time.Minute,
			statusRetries:   true,
		},
		getenv:     os.Getenv,
		clock:      systemClock(),
		operations: documented,
		tune:       tune,
	}
	for _, opt := range opts {
		if opt != nil {
			opt.forClient(&cfg)
		}
	}
	return cfg
}

const baseURLVariable = "TURBOSMTP_BASE_URL"

// server returns the base URL, which comes from the option, the environment or the document.
func (c *config) server() (baseURL, error) {
	if c.baseURL != nil {
		return parseBaseURL("WithBaseURL", *c.baseURL, c.insecureHTTP)
	}
	if fromEnv := c.getenv(baseURLVariable); fromEnv != "" {
		return parseBaseURL(baseURLVariable, fromEnv, c.insecureHTTP)
	}
	return parseBaseURL("the document's server", httpclient.ServerURLProduction, c.insecureHTTP)
}

// agent returns the User-Agent.
func (c *config) agent() (string, error) {
	switch {
	case c.userAgent == nil:
		return defaultUserAgent(), nil
	case *c.userAgent == "" || !printableASCII(*c.userAgent):
		return "", errors.New("WithUserAgent: the user agent is empty or not printable ASCII")
	}
	return *c.userAgent, nil
}

// with returns the settings of a call: those of New, changed by the call's own options.
func (c callConfig) with(opts []CallOption) (callConfig, error) {
	if len(opts) == 0 {
		return c, nil
	}
	c.header = c.header[:len(c.header):len(c.header)] // Appending must not change New's.
	for _, opt := range opts {
		if opt != nil {
			opt.forCall(&c)
		}
	}
	return c, c.check()
}

func (c callConfig) check() error {
	switch {
	case c.timeout < 0:
		return fmt.Errorf("WithTimeout: the timeout %v is negative", c.timeout)
	case c.maxRetries < 0:
		return fmt.Errorf("WithMaxRetries: the number of retries %d is negative", c.maxRetries)
	case c.retryAfterLimit < 0:
		return fmt.Errorf("WithRetryAfterLimit: the limit %v is negative", c.retryAfterLimit)
	}
	for _, field := range c.header {
		if !validHeader(field[0], field[1]) {
			return fmt.Errorf("WithHeader: the header %q is not valid", field[0])
		}
	}
	return nil
}

// validHeader reports whether net/http would send a header (RFC 9110 section 5.5).
func validHeader(name, value string) bool {
	const separators = "\"(),/:;<=>?@[\\]{}"
	return name != "" &&
		!strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(separators, r) }) &&
		!strings.ContainsFunc(value, func(r rune) bool { return (r < ' ' && r != '\t') || r == 0x7f })
}

// defaultUserAgent names this module and the version that the program was built with.
var defaultUserAgent = sync.OnceValue(func() string {
	const product, module = "turbosmtp-go-billing", "github.com/turbosmtp-go/billing"
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return product
	}
	for _, m := range append(info.Deps, &info.Main) {
		if m.Path != module {
			continue
		}
		if m.Replace != nil {
			m = m.Replace
		}
		if m.Version != "" && m.Version != "(devel)" {
			return product + "/" + m.Version
		}
	}
	return product + "/devel"
})
