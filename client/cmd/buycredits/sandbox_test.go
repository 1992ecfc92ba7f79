package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// reply is the response of a sandbox to one poll.
type reply struct {
	status int
	body   string
	header map[string]string
	// instead, if there is one, does something else.
	instead http.HandlerFunc
}

// state is the reply of a purchase.
func state(status string) reply {
	return reply{status: http.StatusOK, body: `{"id":1,"status":"` + status + `","amount":320,"currency":"USD","created_at":"2026-03-01T12:00:00Z"}`}
}

const stateLine = `,"amount":320,"currency":"USD","created_at":"2026-03-01T12:00:00Z"}` + "\n"

// sandbox is a fake sandbox. It accepts orders, and responds to polls of their link with its replies in
// turn, the last one over and over. It keeps what it was asked, and when by its clock.
type sandbox struct {
	*httptest.Server
	link  string
	clock *fakeClock

	mu      sync.Mutex
	replies []reply
	looks   []*http.Request
	times   []int // In seconds since the clock was made.
}

func newSandbox(t *testing.T, replies ...reply) *sandbox {
	t.Helper()
	s := &sandbox{replies: replies, clock: &fakeClock{}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /billing/buy_emailvalidation_credits", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		s.mu.Lock()
		defer s.mu.Unlock()
		if err := json.NewEncoder(w).Encode(map[string]string{"url": s.link}); err != nil {
			t.Error(err)
		}
	})
	mux.HandleFunc("/checkout/token", s.look)
	s.Server = httptest.NewUnstartedServer(mux)
	s.link = "http://" + s.Listener.Addr().String() + "/checkout/token?a=1&b=2"
	s.Start()
	t.Cleanup(s.Close)
	return s
}

// hand makes the sandbox hand out another link than its own.
func (s *sandbox) hand(link string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.link = link
}

func (s *sandbox) look(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	next := s.replies[min(len(s.looks), len(s.replies)-1)]
	s.looks = append(s.looks, r)
	s.times = append(s.times, int(s.clock.now().Sub(epoch)/time.Second))
	s.mu.Unlock()
	if next.instead != nil {
		next.instead(w, r)
		return
	}
	for name, value := range next.header {
		w.Header().Set(name, value)
	}
	w.WriteHeader(next.status)
	_, _ = io.WriteString(w, next.body)
}

// wantLooks checks when the link was looked at.
func (s *sandbox) wantLooks(t *testing.T, seconds ...int) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Equal(s.times, seconds) {
		t.Errorf("looked at the link at %v: want %v", s.times, seconds)
	}
}

// program returns a program with the sandbox's clock. It opens no browser.
func (s *sandbox) program(t *testing.T, stdout, stderr io.Writer) *program {
	t.Helper()
	p := newProgram(func(name string) string { return pair()[name] }, strings.NewReader(""), stdout, stderr)
	p.clock = clock{now: s.clock.now, wait: s.clock.wait}
	p.browse = func(link string) error { t.Errorf("opened %s", link); return nil }
	t.Cleanup(p.polls.CloseIdleConnections)
	return p
}

// wait orders from the sandbox and waits.
func (s *sandbox) wait(ctx context.Context, t *testing.T, args ...string) outcome {
	t.Helper()
	var stdout, stderr bytes.Buffer
	err := s.program(t, &stdout, &stderr).run(ctx, append([]string{"320", "--wait", "--base-url", s.URL}, args...))
	return outcome{exitCode(err), stdout.String(), stderr.String()}
}

var epoch = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// fakeClock lets time pass as soon as someone waits.
type fakeClock struct {
	mu     sync.Mutex
	passed time.Duration
	waits  int
	// before is called with each wait's number, from 1 on.
	before func(wait int)
}

func (c *fakeClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return epoch.Add(c.passed)
}

func (c *fakeClock) wait(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waits++
	if c.before != nil {
		c.before(c.waits)
	}
	if c.waits > 10_000 {
		return errors.New("the test waits without end")
	}
	if ctx.Err() == nil {
		c.passed += d
	}
	return ctx.Err()
}

// terminal is a screen. It keeps what its last line showed after each write.
type terminal struct {
	lines  [][]rune
	column int
	shown  []string
}

func (s *terminal) Write(text []byte) (int, error) {
	if len(s.lines) == 0 {
		s.lines = [][]rune{nil}
	}
	for _, r := range string(text) {
		last := &s.lines[len(s.lines)-1]
		switch r {
		case '\n':
			s.lines, s.column = append(s.lines, nil), 0
		case '\r':
			s.column = 0
		default:
			if s.column == len(*last) {
				*last = append(*last, ' ')
			}
			(*last)[s.column] = r
			s.column++
		}
	}
	if line := strings.TrimRight(string(s.lines[len(s.lines)-1]), " "); !slices.Contains(s.shown, line) {
		s.shown = append(s.shown, line)
	}
	return len(text), nil
}

func (s *terminal) text() string {
	var lines []string
	for _, line := range s.lines {
		lines = append(lines, strings.TrimRight(string(line), " "))
	}
	return strings.Join(lines, "\n")
}
