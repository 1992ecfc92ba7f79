package client

import (
	"context"
	"net/http"
	"time"
)

// MaxBody is the bound of a response, in bytes.
const MaxBody = maxBody

// What the generated methods of operations use that today's document does not contain.
var (
	None    = none
	Several = several[http.Response]
	Below   = below
)

// WithClock replaces the time.
func WithClock(now func() time.Time, wait func(context.Context, time.Duration) error) Option {
	return option(func(c *config) { c.clock = clock{now: now, wait: wait} })
}

// WithEnvironment replaces the process's environment.
func WithEnvironment(env map[string]string) Option {
	return option(func(c *config) { c.getenv = func(name string) string { return env[name] } })
}

// WithTransport changes the transport that a Client makes for itself.
func WithTransport(change func(*http.Transport)) Option {
	return option(func(c *config) {
		c.tune = func(original *http.Transport) *http.Transport {
			t := tune(original)
			change(t)
			return t
		}
	})
}

// Success and Member are what the document promises of an operation.
type (
	Success struct {
		Method, Path string
		Status       int
		Any          bool // not JSON, or not it alone
		Members      []Member
	}
	Member struct {
		Name, Kind    string
		Required, URI bool
	}
)

// Documented is the first operation's success.
func Documented() Success {
	o := documented[0]
	s := o.successes[0]
	out := Success{Method: o.method, Path: o.path, Status: s.status, Any: !s.json}
	for _, m := range s.members {
		out.Members = append(out.Members, Member{m.name, m.kind, m.required, m.uri})
	}
	return out
}

// WithSuccesses replaces what the document promises. Successes of one operation follow each other.
func WithSuccesses(list ...Success) Option {
	return option(func(c *config) {
		c.operations = nil
		for _, s := range list {
			promised := success{status: s.Status, json: !s.Any}
			for _, m := range s.Members {
				promised.members = append(promised.members, member{name: m.Name, kind: m.Kind, required: m.Required, uri: m.URI})
			}
			if n := len(c.operations); n > 0 && c.operations[n-1].method == s.Method && c.operations[n-1].path == s.Path {
				c.operations[n-1].successes = append(c.operations[n-1].successes, promised)
				continue
			}
			c.operations = append(c.operations, operation{s.Method, s.Path, []success{promised}})
		}
	})
}

// Backoff is the wait before try number n+2.
func Backoff(n int) time.Duration { return backoff(n) }

// SystemWait waits by the clock that New takes.
func SystemWait(ctx context.Context, d time.Duration) error { return systemClock().wait(ctx, d) }

// RetryAfter reads a response's Retry-After.
func RetryAfter(h http.Header, now time.Time) (time.Duration, bool) { return retryAfter(h, now) }

// DefaultTransport is a copy of http.DefaultTransport, tuned as New does.
func DefaultTransport() *http.Transport {
	original, _ := http.DefaultTransport.(*http.Transport)
	return tune(original)
}

// Tune returns a copy of a transport, as New makes of http.DefaultTransport.
func Tune(original *http.Transport) *http.Transport { return tune(original) }
