package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// forceAfter is how long after the first signal SIGINT and SIGTERM end the process at once.
const forceAfter = 2 * time.Second

// untilSignal returns a context that ends with the first SIGINT, SIGTERM or SIGHUP: the command then
// stops gracefully.
//
// Terminals and supervisors may send a signal twice, to the process and to its group. Further signals
// therefore have no effect for forceAfter. After that, SIGINT and SIGTERM have their default action, so
// that a person can end a graceful stop that takes too long.
//
// SIGHUP stays ignored if the process starts with it ignored, as under nohup.
func untilSignal(parent context.Context) context.Context {
	received := make(chan os.Signal, 1)
	signal.Notify(received, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(received, syscall.SIGHUP)
	}
	ctx, cancel := context.WithCancel(parent)
	go func() {
		<-received
		cancel()
		time.Sleep(forceAfter)
		signal.Reset(os.Interrupt, syscall.SIGTERM)
	}()
	return ctx
}
