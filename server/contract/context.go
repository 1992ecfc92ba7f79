package contract

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// requestContext is what the authenticator and the handler of an operation get. It knows who was
// authenticated and ends at a time limit, or when the request has been answered. It does not end when
// the client goes away, or only stops sending: what was begun for it is finished, and a client that
// has closed its sending side still reads its answer.
//
// It is one allocation. The time limit begins when somebody first looks at it, or when the credentials
// have been accepted, and costs a timer only when somebody waits for its end.
type requestContext struct {
	context.Context // the request's, for its values
	principal       any
	body            content // what the handler sees of it
	limit           time.Duration
	deadline        atomic.Int64 // of nanoseconds since epoch; 0: the time limit has not begun

	mu    sync.Mutex
	done  chan struct{}
	timer *time.Timer
	err   error
}

func newRequestContext(parent context.Context, limit time.Duration) *requestContext {
	return &requestContext{Context: parent, limit: limit}
}

// epoch is what times are counted from: time.Since costs half of time.Now.
var epoch = time.Now()

// start begins the time limit, unless it has begun. It returns the time, and when the limit ends.
func (c *requestContext) start() (now, deadline time.Duration) {
	now = time.Since(epoch)
	c.deadline.CompareAndSwap(0, int64(now+c.limit))
	return now, time.Duration(c.deadline.Load())
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
func (c *requestContext) Deadline() (time.Time, bool) {
	_, deadline := c.start()
	return epoch.Add(deadline), true
}

// Done returns a channel that is closed at the end.
func (c *requestContext) Done() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.done == nil {
		c.done = make(chan struct{})
		if c.err != nil {
			close(c.done)
		} else {
			now, deadline := c.start()
			c.timer = time.AfterFunc(deadline-now, func() { c.end(context.DeadlineExceeded) })
		}
	}
	return c.done
}

// Err returns why the context has ended, nil before.
func (c *requestContext) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err == nil && c.timer == nil {
		if now, deadline := c.start(); now >= deadline {
			c.err = context.DeadlineExceeded
		}
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
