package main

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// stopped is a server that holds orders back until they are given up. It reports each that it has read.
func stopped(t *testing.T) (url string, reached <-chan struct{}) {
	t.Helper()
	arrived := make(chan struct{}, 10)
	v := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		arrived <- struct{}{}
		<-r.Context().Done()
	}))
	t.Cleanup(v.Close)
	return v.URL, arrived
}

// TestSignals stops the program itself at each stage, by each signal.
func TestSignals(t *testing.T) {
	t.Parallel()
	binary := buildProgram(t)
	for _, s := range []syscall.Signal{syscall.SIGINT, syscall.SIGHUP, syscall.SIGTERM} {
		t.Run(s.String(), func(t *testing.T) {
			t.Parallel()
			// While the server has the order.
			url, reached := stopped(t)
			p := command(t, binary, url)
			p.start(t)
			<-reached
			p.signal(t, s)
			p.end().want(t, 3, "", "It is unknown whether the order was carried out", s.String()+" signal received")

			// Before it sends the order.
			ctx, cancel := context.WithCancelCause(t.Context())
			cancel(signalError{s})
			runWith(ctx, pair(), "320", "--base-url", url, "--output=json").wantError(t, 128+int(s), "not_ordered",
				"Nothing was bought: the command was stopped before it sent the order.")

			// While it waits for the payment.
			waiting := newSandbox(t, state("pending"))
			p = command(t, binary, waiting.URL, "--wait")
			p.Stdout = nil
			stdout, err := p.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			p.start(t)
			if link, err := bufio.NewReader(stdout).ReadString('\n'); err != nil || link != waiting.link+"\n" {
				t.Errorf("link %q, error %v", link, err)
			}
			p.signal(t, s)
			p.end().want(t, 6, "", "the status of its payment is unknown", waiting.link)
		})
	}
}

// TestIgnoredHangUp starts the program as nohup does. A hang-up does not end it.
func TestIgnoredHangUp(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	reached := make(chan struct{})
	v := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		close(reached)
		<-release
		select { // The signal gets a moment to do what it must not do.
		case <-r.Context().Done():
		case <-time.After(300 * time.Millisecond):
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"url":"`+testLink+`"}`)
	}))
	t.Cleanup(v.Close)
	p := command(t, "/bin/sh", v.URL)
	p.Args = []string{"sh", "-c", `trap "" HUP; exec "$0" 320`, buildProgram(t)}
	p.start(t)
	<-reached
	p.signal(t, syscall.SIGHUP)
	close(release)
	p.end().want(t, 0, testLink+"\n")
}

// TestManySignals: the program reports the order even if it is interrupted repeatedly.
func TestManySignals(t *testing.T) {
	t.Parallel()
	binary := buildProgram(t)
	for range 5 {
		url, reached := stopped(t)
		p := command(t, binary, url)
		p.start(t)
		<-reached
		ended := make(chan outcome)
		go func() { ended <- p.end() }()
		for running := true; running; {
			select {
			case o := <-ended:
				running = false
				o.want(t, 3, "", "It is unknown whether the order was carried out")
			default:
				_ = p.Process.Signal(syscall.SIGINT) // It may have ended.
			}
		}
	}
}

// TestLinkIsNeverLost has a standard output that cannot be written, in each way. The link is on standard
// error then, and the exit code shows it.
func TestLinkIsNeverLost(t *testing.T) {
	t.Parallel()
	binary := buildProgram(t)
	v := newVendor(t, http.StatusOK, `{"url":"`+testLink+`"}`)
	for name, tc := range map[string]struct {
		script string
		code   int
	}{
		"closed pipe":     {`{ while [ ! -e "$GONE" ]; do :; done; "$0" "$@"; echo $? >&3; } | { exec <&-; : >"$GONE"; }`, 7},
		"full disk":       {`"$0" "$@" >/dev/full; echo $? >&3`, 7},
		"closed":          {`"$0" "$@" >&-; echo $? >&3`, 7},
		"the null device": {`"$0" "$@" >/dev/null; echo $? >&3`, 0},
		"read only":       {`"$0" "$@" 1</dev/null; echo $? >&3`, 7},
	} {
		for _, output := range []string{"text", "json"} {
			t.Run(name+", "+output, func(t *testing.T) {
				t.Parallel()
				if _, err := os.Stat("/dev/full"); err != nil && name == "full disk" {
					t.Skip("/dev/full not found")
				}
				code, codeWriter, err := os.Pipe()
				if err != nil {
					t.Fatal(err)
				}
				p := command(t, "/bin/sh", v.URL)
				p.Args = []string{"sh", "-c", tc.script, binary, "320", "--output", output}
				p.Env = append(p.Env, "GONE="+filepath.Join(t.TempDir(), "gone")) // the pipe's reader is
				p.ExtraFiles = []*os.File{codeWriter}
				p.start(t)
				_ = codeWriter.Close()
				o := p.end()
				printed, err := io.ReadAll(code)
				if err != nil || strings.TrimSpace(string(printed)) != string(rune('0'+tc.code)) || !strings.Contains(o.stderr, "Link: "+testLink) {
					t.Errorf("exit code %s, error %v, stderr %q: want %d and the link", printed, err, o.stderr, tc.code)
				}
			})
		}
	}
}
