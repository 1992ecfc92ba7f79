package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

const (
	// pollInterval is the wait between two polls.
	pollInterval = time.Second
	// lastBackoff bounds the wait after a transient failure.
	lastBackoff = 30 * time.Second
)

// wait waits until the purchase behind link is settled, and reports its state, also as JSON if that is
// asked for.
func (p *program) wait(ctx context.Context, link string, asJSON bool) error {
	settled, err := p.follow(ctx, link)
	if err != nil {
		return err
	}
	if asJSON {
		if err := writeJSON(p.stdout, settled); err != nil {
			message := fmt.Sprintf("The purchase's status is %s, but it could not be printed: %v", settled.Status, err)
			return &failure{Outcome: outcomeOrdered, ExitCode: exitStatusUnknown, Message: message, Advice: doNotRepeat, cause: err}
		}
	}
	switch settled.Status {
	case cancelled:
		return &failure{Outcome: outcomeOrdered, ExitCode: exitCancelled, Message: "The purchase was cancelled."}
	case expired:
		return &failure{Outcome: outcomeOrdered, ExitCode: exitExpired, Message: "The purchase expired before it was paid."}
	}
	p.say("buycredits: The purchase was paid.\n")
	return nil
}

// follow polls link until its purchase is settled. It retries after transient failures. A permanent failure, and the end of
// ctx, returns the error of statusUnknown.
func (p *program) follow(ctx context.Context, link string) (*purchase, error) {
	line := &progress{start: p.clock.now()}
	if p.terminal {
		line.out = p.stderr
	}
	defer line.clear()
	failures := 0
	for {
		line.show(p.clock.now())
		state, err := p.poll(ctx, link)
		delay := pollInterval
		var transient transientError
		switch {
		case err == nil && state.Status != pending:
			return state, nil
		case ctx.Err() != nil:
			return nil, interrupted(ctx, link, line.trouble)
		case err == nil:
			failures, line.trouble = 0, nil
		case errors.As(err, &transient):
			delay = max(backoff(failures), transient.retryAfter)
			failures, line.trouble = failures+1, &transient
		default:
			return nil, statusUnknown(link, err)
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

// statusUnknown is an order that was carried out, and the status of whose payment is unknown.
func statusUnknown(link string, cause error) error {
	return &failure{
		Outcome: outcomeOrdered, ExitCode: exitStatusUnknown, summary: "The order was carried out, but the status of its payment is unknown.",
		Message: cause.Error(), Advice: doNotRepeat + " Open the link to see its state.", URL: link, cause: cause,
	}
}

// interrupted names the last failure too, if there was one: it may be why the user ended the wait.
func interrupted(ctx context.Context, link string, trouble *transientError) error {
	err := fmt.Errorf("the wait was stopped: %w", context.Cause(ctx))
	if trouble != nil {
		err = fmt.Errorf("%w; last error: %w", err, trouble)
	}
	return statusUnknown(link, err)
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
