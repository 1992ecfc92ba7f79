package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// buildProgram returns the path of the program itself.
func buildProgram(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "buycredits")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return binary
}

// process is the program while it runs.
type process struct {
	*exec.Cmd
	stdout, stderr bytes.Buffer
}

// command returns a process that orders from url and is not started yet. It does not outlive a minute.
func command(t *testing.T, binary, url string, args ...string) *process {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	p := &process{Cmd: exec.CommandContext(ctx, binary, append([]string{"320"}, args...)...)}
	p.Env = []string{"TURBOSMTP_BASE_URL=" + url, "TURBOSMTP_API_KEY=" + testAPIKey}
	p.Stdout, p.Stderr = &p.stdout, &p.stderr
	return p
}

func (p *process) start(t *testing.T) {
	t.Helper()
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
}

func (p *process) signal(t *testing.T, s os.Signal) {
	t.Helper()
	if err := p.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

// end waits for the end of the process.
func (p *process) end() outcome {
	o := outcome{}
	if exit := (*exec.ExitError)(nil); errors.As(p.Wait(), &exit) {
		o.code = exit.ExitCode()
	}
	o.stdout, o.stderr = p.stdout.String(), p.stderr.String()
	return o
}

// TestProgram runs the program itself, and interrupts it while the server is at work.
func TestProgram(t *testing.T) {
	t.Parallel()
	binary := buildProgram(t)
	reached := make(chan struct{})
	v := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/slow/billing/buy_emailvalidation_credits" {
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"url":"`+testLink+`"}`)
			return
		}
		_, _ = io.Copy(io.Discard, r.Body)
		close(reached)
		<-r.Context().Done()
	}))
	t.Cleanup(v.Close)
	p := command(t, binary, v.URL)
	p.start(t)
	p.end().want(t, 0, testLink+"\n")

	p = command(t, binary, v.URL+"/slow")
	p.start(t)
	<-reached
	if err := p.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	p.end().want(t, 3, "", "It is unknown whether the order was carried out", "interrupt signal")
}

// TestProgramThatWaits copies the link while the program waits, and interrupts it.
func TestProgramThatWaits(t *testing.T) {
	t.Parallel()
	binary := buildProgram(t)
	copied := make(chan struct{})
	s := newSandbox(t, state("pending"), reply{instead: func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-copied:
			_, _ = io.WriteString(w, state("paid").body)
		case <-r.Context().Done():
		}
	}})
	p := command(t, binary, s.URL, "--wait")
	p.Stdout = nil
	pipe, err := p.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.start(t)
	if line, err := bufio.NewReader(pipe).ReadString('\n'); err != nil || line != s.link+"\n" {
		t.Errorf("link %q, error %v", line, err)
	}
	close(copied)
	p.end().want(t, 0, "", "The purchase was paid")
	if got := p.stderr.String(); got != "buycredits: The purchase was paid.\n" {
		t.Errorf("stderr %q: it is no terminal", got)
	}

	looked := make(chan struct{}, 10)
	s = newSandbox(t, reply{instead: func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, state("pending").body)
		looked <- struct{}{}
	}})
	p = command(t, binary, s.URL, "--wait", "--output=json")
	p.start(t)
	<-looked
	if err := p.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	o := p.end()
	if r := o.wantError(t, 6, "ordered", "the status of its payment is unknown", "interrupt signal"); r.URL != s.link || !strings.HasPrefix(o.stdout, `{"url":"`+s.link+`"}`+"\n") {
		t.Errorf("%+v, stdout %q: want the link", r, o.stdout)
	}
}

// TestProgramThatOpens lets the program find a browser of ours, which writes down what it is to open.
func TestProgramThatOpens(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("a browser is no program on the path there")
	}
	binary := buildProgram(t)
	const script = "#!/bin/sh\necho said on stdout\necho said on stderr >&2\nprintf '%s\\n' \"$@\" >>\"$OPENED\"\nexit \"$CODE\"\n"
	browsers := t.TempDir()
	for _, name := range []string{"xdg-open", "open"} {
		if err := os.WriteFile(filepath.Join(browsers, name), []byte(script), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	s := newSandbox(t, state("cancelled"))
	none := t.TempDir()
	for name, tc := range map[string]struct {
		link, path, exit string
		args             []string
		opened           bool
		code             int
		contains         string
	}{
		"opened":         {testLink, browsers, "0", []string{"--open"}, true, 0, "said on stdout\nsaid on stderr\n"},
		"opened, json":   {testLink, browsers, "0", []string{"--open", "--output=json"}, true, 0, "said on stdout\nsaid on stderr\n"},
		"and waited":     {s.link, browsers, "0", []string{"--open", "--wait"}, true, 4, "said on stderr\nbuycredits: The purchase was cancelled.\n"},
		"not asked for":  {testLink, browsers, "0", nil, false, 0, ""},
		"failed":         {testLink, browsers, "4", []string{"--open"}, true, 0, "said on stderr\nbuycredits: The browser could not be opened: exit status 4\n"},
		"failed, waited": {s.link, browsers, "4", []string{"--wait", "--open"}, true, 4, "exit status 4\nbuycredits: The purchase was cancelled.\n"},
		"no browser":     {testLink, none, "0", []string{"--open"}, false, 0, "buycredits: The browser could not be opened: exec: "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			success := `{"url":"` + tc.link + `"}` + "\n"
			v := newVendor(t, http.StatusOK, success)
			opened := filepath.Join(t.TempDir(), "opened")
			p := command(t, binary, v.URL, tc.args...)
			p.Env = append(p.Env, "PATH="+tc.path, "OPENED="+opened, "CODE="+tc.exit)
			p.start(t)
			o := p.end()
			stdout := tc.link + "\n"
			if slices.Contains(tc.args, "--output=json") {
				stdout = success
			}
			if o.code != tc.code || o.stdout != stdout || !strings.Contains(o.stderr, tc.contains) || tc.contains == "" && o.stderr != "" {
				t.Errorf("exit code %d, stdout %q, stderr %q: want %d, %q, %q", o.code, o.stdout, o.stderr, tc.code, stdout, tc.contains)
			}
			links, err := os.ReadFile(opened)
			if tc.opened && string(links) != tc.link+"\n" || !tc.opened && !errors.Is(err, os.ErrNotExist) {
				t.Errorf("opened %q, error %v", links, err)
			}
		})
	}
}
