package contract

import (
	"context"
	"sync"
	"time"
)

// requestContext is what the authenticator and the handler of an operation get. It knows who was
// authenticated and ends at a time limit, or when the request has been answered. It does not end when
// the client goes away, or only stops sending: what was begun for it is finished, and a client that
// has closed its sending side still reads its answer.
//
// It is one allocation, and costs a timer only when somebody waits for its end.
type requestContext struct {
	context.Context // the request's, for its values
	principal       any
	body            content // what the handler sees of it
	deadline        time.Time

	mu    sync.Mutex
	done  chan struct{}
	timer *time.Timer
	err   error
}

func newRequestContext(parent context.Context, limit time.Duration) *requestContext {
	return &requestContext{Context: parent, deadline: time.Now().Add(limit)}
}

type principalKey struct{}

// Principal returns what the Authenticator returned for the request, nil when the operation asks for
// no credentials or the request came without. After the middleware it is who was denied, too.
func Principal(ctx context.Context) any { return ctx.Value(principalKey{}) }

// Value returns the principal, or a value of the request.
func (c *requestContext) Value(key any) any {
	if _, ok := key.(principalKey); ok {
		return c.principal
	}
	return c.Context.Value(key)
}

// Deadline returns when the time limit ends.
func (c *requestContext) Deadline() (time.Time, bool) { return c.deadline, true }

// Done returns a channel that is closed at the end.
func (c *requestContext) Done() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.done == nil {
		c.done = make(chan struct{})
		if c.err != nil {
			close(c.done)
		} else {
			c.timer = time.AfterFunc(time.Until(c.deadline), func() { c.end(context.DeadlineExceeded) })
		}
	}
	return c.done
}

// Err returns why the context has ended, nil before.
func (c *requestContext) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err == nil && c.timer == nil && !time.Now().Before(c.deadline) {
		c.err = context.DeadlineExceeded
	}
	return c.err
}

// release ends the context, as the request has been answered.
func (c *requestContext) release() {
	c.end(context.Canceled)
	c.body.release()
}

func (c *requestContext) end(reason error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.timer != nil {
		c.timer.Stop()
	}
	if c.err != nil {
		return
	}
	c.err = reason
	if c.done != nil {
		close(c.done)
	}
}
