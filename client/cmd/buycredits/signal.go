package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"
)

// signalError is the cause of a context that a signal ended.
type signalError struct{ signal syscall.Signal }

func (e signalError) Error() string { return e.signal.String() + " signal received" }

// signalOf returns the signal that ended ctx, and the one of an interrupt if something else did.
func signalOf(ctx context.Context) syscall.Signal {
	e := signalError{syscall.SIGINT}
	errors.As(context.Cause(ctx), &e)
	return e.signal
}

// notify returns a context that the first signal ends: an interrupt, a hang-up or a termination, unless
// the program was started to ignore it. Until done is closed, later signals change nothing, so that
// none of them can end the program before it has reported the order; from then on, they end it at once.
//
// A write to a closed pipe returns an error instead of raising a signal.
func notify(parent context.Context, done <-chan struct{}) context.Context {
	signal.Ignore(syscall.SIGPIPE)
	ctx, cancel := context.WithCancelCause(parent)
	received := make(chan os.Signal, 1)
	for _, s := range []os.Signal{os.Interrupt, syscall.SIGHUP, syscall.SIGTERM} {
		if !signal.Ignored(s) {
			signal.Notify(received, s)
		}
	}
	go func() {
		if s, ok := (<-received).(syscall.Signal); ok {
			cancel(signalError{s})
		}
		<-done
		signal.Stop(received)
	}()
	return ctx
}
