//go:build unix

package main

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestSignals sends signals to a sandbox while a request is in flight.
func TestSignals(t *testing.T) {
	t.Parallel()
	const pause = 50 * time.Millisecond
	for name, row := range map[string]struct {
		steps   []signalStep
		endedBy syscall.Signal // 0: the sandbox responds and stops gracefully
	}{
		"SIGINT":                    {[]signalStep{{syscall.SIGINT, pause}}, 0},
		"SIGTERM twice and SIGHUP":  {[]signalStep{{syscall.SIGTERM, pause}, {syscall.SIGTERM, pause}, {syscall.SIGHUP, pause}}, 0},
		"SIGHUP long after SIGHUP":  {[]signalStep{{syscall.SIGHUP, forceAfter + time.Second}, {syscall.SIGHUP, pause}}, 0},
		"SIGTERM long after SIGHUP": {[]signalStep{{syscall.SIGHUP, forceAfter + time.Second}, {syscall.SIGTERM, pause}}, syscall.SIGTERM},
		"SIGINT long after SIGTERM": {[]signalStep{{syscall.SIGTERM, pause}, {syscall.SIGTERM, forceAfter + time.Second}, {syscall.SIGINT, pause}}, syscall.SIGINT},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := startProcess(t, "--addr", "127.0.0.1:0", "--database", "sqlite::memory:")
			finish := beginPurchase(t, p.base)
			sendSignals(t, p, row.steps)
			if row.endedBy != 0 {
				checkKilled(t, p, finish, row.endedBy)
			} else {
				checkGracefulStop(t, p, finish)
			}
		})
	}
}

type signalStep struct {
	signal syscall.Signal
	pause  time.Duration // after the signal
}

func sendSignals(t *testing.T, p *process, steps []signalStep) {
	t.Helper()
	for _, step := range steps {
		if err := p.Process.Signal(step.signal); err != nil {
			t.Fatal(err)
		}
		time.Sleep(step.pause)
	}
}

// checkKilled checks that the signal ends the process before the request receives a response.
func checkKilled(t *testing.T, p *process, finish func() (int, error), endedBy syscall.Signal) {
	t.Helper()
	var exit *exec.ExitError
	if ended := p.Wait(); !errors.As(ended, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != endedBy {
		t.Errorf("the process ended with %v, want %v", ended, endedBy)
	}
	if status, err := finish(); err == nil {
		t.Errorf("the response is %d, want none", status)
	}
}

// checkGracefulStop checks that the request receives its response before the process ends without an error.
func checkGracefulStop(t *testing.T, p *process, finish func() (int, error)) {
	t.Helper()
	if status, err := finish(); status != http.StatusOK || err != nil {
		t.Errorf("the response is %d, %v", status, err)
	}
	if err := p.Wait(); err != nil {
		t.Errorf("the process ended with %v", err)
	}
}

// TestNohup checks that a sandbox ignores SIGHUP if it is started with SIGHUP ignored.
func TestNohup(t *testing.T) {
	t.Parallel()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := startCommand(t, "sh", "-c", `trap "" HUP; exec "$0" "$@"`, binary, "serve", "--addr", "127.0.0.1:0", "--database", "sqlite::memory:")
	finish := beginPurchase(t, p.base)
	if err := p.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	time.Sleep(200 * time.Millisecond)
	if status, err := finish(); status != http.StatusOK || err != nil {
		t.Errorf("the response is %d, %v", status, err)
	}
	if _, err := buy(customer(t, p.base, demoCredentials())); err != nil {
		t.Errorf("after SIGHUP: %v", err)
	}
	if err := p.stop(); err != nil {
		t.Error(err)
	}
}

// beginPurchase sends the headers of a purchase and waits until the sandbox asks for the body. The returned
// function sends the body and returns the status of the response.
func beginPurchase(t *testing.T, base string) (finish func() (int, error)) {
	t.Helper()
	address := strings.TrimSuffix(strings.TrimPrefix(base, "http://"), "/api/v2")
	var dialer net.Dialer
	connection, err := dialer.DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = connection.Close() })
	_, err = io.WriteString(connection, "POST /api/v2"+purchasePath+" HTTP/1.1\r\nHost: "+address+"\r\nExpect: 100-continue\r\n"+
		"Authorization: sandbox-active-token\r\nContent-Type: application/json\r\nContent-Length: 14\r\n\r\n")
	if err != nil {
		t.Fatal(err)
	}
	reader := bufio.NewReader(connection)
	if response, err := http.ReadResponse(reader, nil); err != nil || response.StatusCode != http.StatusContinue {
		t.Fatalf("the sandbox does not ask for the body: %v, %v", response, err)
	}
	return func() (int, error) {
		if _, err := io.WriteString(connection, `{"amount":320}`); err != nil {
			return 0, err
		}
		response, err := http.ReadResponse(reader, nil)
		if err != nil {
			return 0, err
		}
		return response.StatusCode, response.Body.Close()
	}
}
