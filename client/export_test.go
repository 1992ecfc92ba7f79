package client

import (
	"context"
	"net/http"
	"time"

	"github.com/turbosmtp-go/billing/gen/model"
)

// MaxBody is the bound of an answer, in bytes.
const MaxBody = maxBody

// WithClock replaces the time.
func WithClock(now func() time.Time, wait func(context.Context, time.Duration) error) Option {
	return func(c *config) { c.clock = clock{now: now, wait: wait} }
}

// WithEnvironment replaces the process's environment.
func WithEnvironment(env map[string]string) Option {
	return func(c *config) { c.getenv = func(name string) string { return env[name] } }
}

// WithRoundTripper replaces the round tripper that New makes for itself.
func WithRoundTripper(rt http.RoundTripper) Option {
	return func(c *config) { c.roundTripper = rt }
}

// WithAnswers replaces the successes that the document promises.
func WithAnswers(list ...model.Answer) Option {
	return func(c *config) { c.answers = list }
}

// Backoff is the wait before try number n+2.
func Backoff(n int) time.Duration { return backoff(n) }

// SystemWait waits by the clock that New takes.
func SystemWait(ctx context.Context, d time.Duration) error { return systemClock().wait(ctx, d) }

// RetryAfter reads an answer's Retry-After.
func RetryAfter(h http.Header, now time.Time) (time.Duration, bool) { return retryAfter(h, now) }

// DefaultRoundTripper is what New sends through without WithHTTPClient.
func DefaultRoundTripper() http.RoundTripper { return defaultRoundTripper() }

// Credentials are those that an API key makes, as a value to print.
func Credentials(key string) any {
	c, err := keyCredentials("the API key", key)
	if err != nil {
		return err
	}
	return c
}
