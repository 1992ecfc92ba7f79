package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

const (
	// pollInterval is the wait between two polls.
	pollInterval = time.Second
	// lastBackoff bounds the wait after a failure that may pass.
	lastBackoff = 30 * time.Second
)

// wait waits until the purchase behind link is settled, and reports its state. writeState prints the
// state too, unless it is nil. The error is an unpaidError, a stateError or an unseenError.
func (p *program) wait(ctx context.Context, link string, writeState func(io.Writer, *purchase) error) error {
	settled, err := p.follow(ctx, link)
	if err != nil {
		return err
	}
	if writeState != nil {
		if err := writeState(p.stdout, settled); err != nil {
			return stateError{status: settled.Status, cause: err}
		}
	}
	if settled.Status != paid {
		return unpaidError{settled.Status}
	}
	p.say("buycredits: The purchase was paid.\n")
	return nil
}

// follow polls link until its purchase is settled. It retries after transient failures. A permanent failure, and the end of
// ctx, is an unseenError.
func (p *program) follow(ctx context.Context, link string) (*purchase, error) {
	poll, err := newPoll(p.polls, link)
	if err != nil {
		return nil, unseenError{link, err}
	}
	line := &progress{start: p.clock.now()}
	if p.terminal {
		line.out = p.stderr
	}
	defer line.clear()
	failures := 0
	for {
		line.show(p.clock.now())
		state, err := poll.try(ctx, p.clock.now())
		delay := pollInterval
		var passing passingError
		switch {
		case err == nil && state.Status != pending:
			return state, nil
		case ctx.Err() != nil:
			return nil, interrupted(ctx, link, line.trouble)
		case err == nil:
			failures, line.trouble = 0, nil
		case errors.As(err, &passing):
			delay = max(backoff(failures), passing.retryAfter)
			failures, line.trouble = failures+1, &passing
		default:
			return nil, unseenError{link, err}
		}
		if p.pause(ctx, delay, line) != nil {
			return nil, interrupted(ctx, link, line.trouble)
		}
	}
}

// pause waits for d, or fails as soon as ctx is done. Meanwhile, the line counts the seconds.
func (p *program) pause(ctx context.Context, d time.Duration, line *progress) error {
	end := p.clock.now().Add(d)
	for left := d; left > 0; left = end.Sub(p.clock.now()) {
		line.show(p.clock.now())
		if err := p.clock.wait(ctx, min(left, time.Second)); err != nil {
			return err
		}
	}
	return nil
}

// backoff returns how long to wait after n failures in a row and one more.
func backoff(n int) time.Duration {
	return min(pollInterval<<min(n, 10), lastBackoff) // A longer shift would overflow one day.
}

// unpaidError is an order that was cancelled or that expired.
type unpaidError struct{ status string }

func (e unpaidError) Error() string {
	if e.status == cancelled {
		return "The purchase was cancelled."
	}
	return "The purchase expired before it was paid."
}

// stateError is an order that was settled and whose state could not be handed over.
type stateError struct {
	status string
	cause  error
}

func (e stateError) Error() string {
	return fmt.Sprintf("The purchase's status is %s, but its state could not be printed: %v", e.status, e.cause)
}
func (e stateError) Unwrap() error { return e.cause }

// unseenError is an order that was carried out, and whose payment was not seen.
type unseenError struct {
	link  string
	cause error
}

func (e unseenError) Error() string { return e.cause.Error() }
func (e unseenError) Unwrap() error { return e.cause }

// interrupted names the last failure too, if there was one: it may be why the user ended the wait.
func interrupted(ctx context.Context, link string, trouble *passingError) error {
	err := fmt.Errorf("the wait was stopped: %w", context.Cause(ctx))
	if trouble != nil {
		err = fmt.Errorf("%w; before that, %w", err, trouble)
	}
	return unseenError{link, err}
}

// clock reads the time and waits. Tests replace it.
type clock struct {
	now func() time.Time
	// wait returns nil after d, or the error of ctx as soon as that is done.
	wait func(ctx context.Context, d time.Duration) error
}

func systemClock() clock {
	return clock{
		now: func() time.Time { return time.Now().UTC() },
		wait: func(ctx context.Context, d time.Duration) error {
			timer := time.NewTimer(d)
			defer timer.Stop()
			select {
			case <-timer.C:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		},
	}
}
