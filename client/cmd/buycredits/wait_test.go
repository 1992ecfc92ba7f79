package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestWait(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		replies []reply
		code    int
		stderr  string
		looks   []int
	}{
		"paid at once":  {[]reply{state("paid")}, 0, "The purchase was paid.", []int{0}},
		"paid":          {[]reply{state("pending"), state("pending"), state("paid")}, 0, "The purchase was paid.", []int{0, 1, 2}},
		"cancelled":     {[]reply{state("pending"), state("cancelled")}, 4, "The purchase was cancelled.", []int{0, 1}},
		"expired":       {[]reply{state("pending"), state("expired")}, 5, "The purchase expired before it was paid.", []int{0, 1}},
		"no more known": {[]reply{{status: 200, body: `{"status":"paid"}`}}, 0, "The purchase was paid.", []int{0}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSandbox(t, tc.replies...)
			o := s.wait(t.Context(), t)
			o.want(t, tc.code, s.link+"\n", tc.stderr)
			if want := "buycredits: " + tc.stderr + "\n"; o.stderr != want {
				t.Errorf("stderr %q: want %q alone", o.stderr, want)
			}
			s.wantLooks(t, tc.looks...)
		})
	}
}

func TestWaitInJSON(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		last   reply
		code   int
		second string
	}{
		"paid":           {state("paid"), 0, `{"status":"paid"` + stateLine},
		"cancelled":      {state("cancelled"), 4, `{"status":"cancelled"` + stateLine},
		"expired":        {state("expired"), 5, `{"status":"expired"` + stateLine},
		"as it came":     {reply{status: 200, body: `{"created_at":"<&>", "amount":12345678901234567890, "status":"paid"}`}, 0, `{"status":"paid","amount":12345678901234567890,"currency":null,"created_at":"<&>"}` + "\n"},
		"unknown status": {state("refunded"), 6, ""},
		"gone":           {reply{status: 404}, 6, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSandbox(t, state("pending"), tc.last)
			o := s.wait(t.Context(), t, "--output=json")
			link := `{"url":"` + s.link + `"}` + "\n"
			if tc.second != "" {
				o.want(t, tc.code, link+tc.second, "The purchase ")
				return
			}
			if r := o.wantError(t, tc.code, "ordered"); !strings.HasPrefix(o.stdout, link) || r.URL != s.link {
				t.Errorf("stdout %q: want the link first", o.stdout)
			}
		})
	}
}

// A link that was not printed is neither opened nor waited for.
func TestNoLinkToWaitFor(t *testing.T) {
	t.Parallel()
	s := newSandbox(t, state("paid"))
	var stderr bytes.Buffer
	err := s.program(t, fullDisk{}, &stderr).run(t.Context(), []string{"320", "--wait", "--open", "--base-url", s.URL})
	outcome{exitCode(err), "", stderr.String()}.want(t, 7, "", "its link could not be printed")
	s.wantLooks(t)
}

// diskWithRoomForOne takes one write.
type diskWithRoomForOne struct{ bytes.Buffer }

func (d *diskWithRoomForOne) Write(text []byte) (int, error) {
	if d.Len() > 0 {
		return 0, syscall.ENOSPC
	}
	return d.Buffer.Write(text)
}

func TestStateThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	s := newSandbox(t, state("paid"))
	var stdout diskWithRoomForOne
	var stderr bytes.Buffer
	err := s.program(t, &stdout, &stderr).run(t.Context(), []string{"320", "--wait", "--output=json", "--base-url", s.URL})
	if !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("error %v: want the disk's", err)
	}
	outcome{exitCode(err), stdout.String(), stderr.String()}.want(t, 6, `{"url":"`+s.link+`"}`+"\n",
		"status is paid", "could not be printed", syscall.ENOSPC.Error(), "Do not run this command again")
}

func TestInterruptedWait(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		reply    reply
		contains []string
	}{
		"pending": {state("pending"), nil},
		"trouble": {reply{status: 503}, []string{"last error: the link's response is 503 Service Unavailable"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancelCause(t.Context())
			s := newSandbox(t, tc.reply)
			s.clock.before = func(wait int) {
				if wait == 2 {
					cancel(errors.New("the moon is full"))
				}
			}
			contains := append(tc.contains, "the status of its payment is unknown", "the wait was stopped: the moon is full", "Do not run this command again", "Open the link")
			o := s.wait(ctx, t)
			o.want(t, 6, s.link+"\n", contains...)
			if tc.contains == nil && strings.Contains(o.stderr, "before that") {
				t.Errorf("stderr %q: there was no trouble", o.stderr)
			}
			s.wantLooks(t, 0, 1)
		})
	}
}

// A server that is not there may come back. The link is printed once, so the reason does not repeat it.
func TestConnectionRefused(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(t.Context())
	s := newSandbox(t, state("paid"))
	s.hand("http://127.0.0.1:1/checkout/token")
	s.clock.before = func(wait int) {
		if wait == 3 {
			cancel(errors.New("the moon is full"))
		}
	}
	s.wait(ctx, t).want(t, 6, s.link+"\n", "last error: the link got no response: dial tcp 127.0.0.1:1", "connection refused\n")
}

func TestInterruptedLook(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(t.Context())
	s := newSandbox(t, reply{instead: func(_ http.ResponseWriter, r *http.Request) {
		cancel(errors.New("the moon is full"))
		<-r.Context().Done()
	}})
	s.wait(ctx, t).want(t, 6, s.link+"\n", "the wait was stopped: the moon is full\n") // The look itself is no trouble.
	s.wantLooks(t, 0)
}

func TestBackoff(t *testing.T) {
	t.Parallel()
	busy := reply{status: http.StatusServiceUnavailable}
	s := newSandbox(t, busy, busy, busy, busy, busy, busy, busy, state("pending"), busy, state("paid"))
	s.wait(t.Context(), t).want(t, 0, s.link+"\n", "The purchase was paid")
	s.wantLooks(t, 0, 1, 3, 7, 15, 31, 61, 91, 92, 93)
	if got := backoff(1 << 40); got != lastBackoff {
		t.Errorf("back-off %v after very many failures", got)
	}
}

// The timeout is the order's. Whoever pays may take longer.
func TestWaitHasNoTimeout(t *testing.T) {
	t.Parallel()
	s := newSandbox(t, state("pending"), state("paid"))
	p := s.program(t, io.Discard, io.Discard)
	p.clock.wait = func(ctx context.Context, d time.Duration) error {
		if deadline, ok := ctx.Deadline(); ok {
			t.Errorf("it ends at %v", deadline)
		}
		return s.clock.wait(ctx, d)
	}
	if err := p.run(t.Context(), []string{"320", "--wait", "--timeout=1h", "--base-url", s.URL}); err != nil {
		t.Error(err)
	}
	s.wantLooks(t, 0, 1)
}
