package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestProgress(t *testing.T) {
	t.Parallel()
	s := newSandbox(t, state("pending"), reply{status: 503, header: map[string]string{"Retry-After": "3"}}, state("pending"), state("paid"))
	var stdout bytes.Buffer
	var screen terminal
	p := s.program(t, &stdout, &screen)
	p.terminal = true
	if err := p.run(t.Context(), []string{"320", "--wait", "--base-url", s.URL}); err != nil {
		t.Error(err)
	}
	want := []string{
		"Waiting for the payment … 0 s", "Waiting for the payment … 1 s",
		"Waiting for the payment … 1 s (503 Service Unavailable)", "Waiting for the payment … 2 s (503 Service Unavailable)",
		"Waiting for the payment … 3 s (503 Service Unavailable)", "Waiting for the payment … 4 s (503 Service Unavailable)",
		"Waiting for the payment … 4 s", "Waiting for the payment … 5 s", "",
	}
	if !slices.Equal(screen.shown, want) {
		t.Errorf("showed %q: want %q", screen.shown, want)
	}
	if got := screen.text(); got != "buycredits: The purchase was paid.\n" {
		t.Errorf("left %q on the screen", got)
	}
	s.wantLooks(t, 0, 1, 4, 5)
	if stdout.String() != s.link+"\n" {
		t.Errorf("stdout %q", stdout.String())
	}
}

// The line is gone before anything else is printed.
func TestProgressIsCleared(t *testing.T) {
	t.Parallel()
	s := newSandbox(t, state("pending"))
	var screen terminal
	ctx, cancel := context.WithCancelCause(t.Context())
	s.clock.before = func(int) { cancel(errors.New("the moon is full")) }
	p := s.program(t, io.Discard, &screen)
	p.terminal = true
	err := p.run(ctx, []string{"320", "--wait", "--base-url", s.URL})
	var want *failure
	if got := screen.text(); !errors.As(err, &want) || got != want.text() {
		t.Errorf("left %q on the screen: want %v", got, err)
	}

	// Also a line that is longer than the next one, and before the state, which may go to the same terminal.
	for output, printed := range map[string]string{"text": "%s\n", "json": `{"url":"%s"}` + "\n" + `{"status":"cancelled"` + stateLine} {
		s = newSandbox(t, reply{status: 503}, state("cancelled"))
		screen = terminal{}
		p = s.program(t, &screen, &screen)
		p.terminal = true
		_ = p.run(t.Context(), []string{"320", "--wait", "--output", output, "--base-url", s.URL})
		want := strings.Replace(printed, "%s", s.link, 1) + "buycredits: The purchase was cancelled.\n"
		if got := screen.text(); got != want {
			t.Errorf("left %q on the screen: want %q", got, want)
		}
	}
}

func TestIsTerminal(t *testing.T) {
	t.Parallel()
	file, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() })
	for name, stderr := range map[string]io.Writer{"file": file, "no file": io.Discard} {
		if newProgram(nil, nil, nil, stderr).terminal {
			t.Errorf("%s: is a terminal", name)
		}
	}
	tty, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip("there are no terminals:", err)
	}
	t.Cleanup(func() { _ = tty.Close() })
	if !newProgram(nil, nil, nil, tty).terminal {
		t.Error("terminal: is none")
	}
}
