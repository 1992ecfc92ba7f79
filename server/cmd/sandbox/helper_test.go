package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/turbosmtp-go/billing/client"
)

// asSandbox is the variable that makes the test binary run the command, so that tests can start it as a
// process of its own.
const asSandbox = "TEST_AS_SANDBOX"

func TestMain(m *testing.M) {
	if os.Getenv(asSandbox) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// none is an empty environment.
func none(string) string { return "" }

// vars is an environment with the given names and values.
func vars(pairs ...string) func(string) string {
	return func(name string) string {
		for i := 0; i+1 < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1]
			}
		}
		return ""
	}
}

// command runs a command on a database and returns its output.
func command(t testing.TB, database string, args ...string) string {
	t.Helper()
	var stdout, stderr strings.Builder
	if err := run(context.Background(), append(args, "--database", database), none, &stdout, &stderr); err != nil {
		t.Fatalf("%v: %s", args, &stderr)
	}
	return stdout.String()
}

// parse decodes JSON output.
func parse[T any](t testing.TB, text string) (value T) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return value
}

// serving is a sandbox inside the test process.
type serving struct {
	base   string // URL of the API
	output string // the announcement
	stop   func() error
}

// serveIn runs sandbox serve until the test ends or stop is called.
func serveIn(t *testing.T, getenv func(string) string, log io.Writer, args ...string) *serving {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	read, write := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := run(ctx, append([]string{"serve"}, args...), getenv, write, log)
		_ = write.CloseWithError(errors.Join(io.EOF, err))
		ended <- err
	}()
	s := &serving{stop: sync.OnceValue(func() error { cancel(); return <-ended })}
	t.Cleanup(func() { _ = s.stop() })
	s.base, s.output = readAnnouncement(t, read)
	return s
}

// origin returns the URL of the sandbox without a path.
func (s *serving) origin() string { return strings.TrimSuffix(s.base, "/api/v2") }

var announcedAPI = regexp.MustCompile(`API: +(\S+)\n`)

// readAnnouncement reads the output of sandbox serve up to the last line of the announcement.
func readAnnouncement(t testing.TB, from io.Reader) (base, output string) {
	t.Helper()
	var b strings.Builder
	for scanner := bufio.NewScanner(from); scanner.Scan(); {
		b.WriteString(scanner.Text() + "\n")
		if strings.HasPrefix(scanner.Text(), "Press Ctrl-C") {
			go func() { _, _ = io.Copy(io.Discard, from) }()
			if found := announcedAPI.FindStringSubmatch(b.String()); found != nil {
				return found[1], b.String()
			}
		}
	}
	t.Fatalf("the sandbox did not announce its address: %s", b.String())
	return "", ""
}

// process is a sandbox in a process of its own.
type process struct {
	*exec.Cmd
	base string // URL of the API
}

// startProcess starts a sandbox and returns when it serves.
func startProcess(t testing.TB, args ...string) *process {
	t.Helper()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return startCommand(t, append([]string{binary, "serve", "--demo-accounts", "--log-level", "warn"}, args...)...)
}

// startCommand starts a command line that runs sandbox serve and returns when it serves.
func startCommand(t testing.TB, args ...string) *process {
	t.Helper()
	p := &process{Cmd: exec.Command(args[0], args[1:]...)}
	log := &lockedBuffer{}
	p.Env, p.Stderr = append(os.Environ(), asSandbox+"=1"), log
	stdout, err := p.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.kill()
		if text := log.String(); t.Failed() {
			t.Logf("the log of the sandbox ends with:\n%s", text[max(0, len(text)-4000):])
		}
	})
	p.base, _ = readAnnouncement(t, stdout)
	return p
}

// kill ends the process with SIGKILL.
func (p *process) kill() {
	_ = p.Process.Kill()
	_ = p.Wait()
}

// stop ends the process with SIGINT and returns the error that its exit code indicates.
func (p *process) stop() error {
	if err := p.Process.Signal(os.Interrupt); err != nil {
		return err
	}
	return p.Wait()
}

// maxMemory is the most memory that a sandbox may ever use, in MiB. The race detector multiplies it.
const maxMemory = 700

// checkMemory fails the test if the process has used more than maxMemory, and returns the peak in MiB.
// It returns 0 where the peak cannot be read.
func (p *process) checkMemory(t testing.TB) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.Process.Pid))
	if err != nil {
		return 0
	}
	_, after, _ := strings.Cut(string(status), "VmHWM:")
	kilobytes, _ := strconv.Atoi(strings.TrimSpace(strings.SplitN(after, "kB", 2)[0]))
	if kilobytes>>10 > maxMemory {
		t.Errorf("the sandbox has used %d MiB", kilobytes>>10)
	}
	return kilobytes >> 10
}

// customer returns a client that does not retry.
func customer(t testing.TB, base string, credentials client.Option, options ...client.Option) *client.Client {
	t.Helper()
	c, err := client.New(append(options, client.WithBaseURL(base), credentials, client.WithMaxRetries(0))...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// demoCredentials are credentials of the active demo account.
func demoCredentials() client.Option { return client.WithAPIKey("sandbox-active-token") }

// buy buys credits and returns the payment link.
func buy(c *client.Client) (link string, err error) {
	payment, err := c.BuyEmailValidatorCredits(context.Background(), client.BuyEmailValidatorCreditsRequest{Amount: 320})
	if err != nil {
		return "", err
	}
	return payment.URL, nil
}

// send sends a request with headers and returns the response and its body. If there is no response, the test
// fails and the status is 0.
func send(t testing.TB, method, url, body string, headers ...string) (*http.Response, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(context.Background(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Error(err)
		return &http.Response{}, ""
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Error(err)
	}
	return response, string(text)
}

const purchasePath = "/billing/buy_emailvalidation_credits"

// freeAddress returns an address without a listener.
func freeAddress(t testing.TB) string {
	t.Helper()
	var config net.ListenConfig
	listener, err := config.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}

// lockedBuffer is a buffer that can be read while another goroutine writes to it.
type lockedBuffer struct {
	lock   sync.Mutex
	buffer bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.lock.Lock()
	defer b.lock.Unlock()
	return b.buffer.Write(p)
}

func (b *lockedBuffer) String() string {
	b.lock.Lock()
	defer b.lock.Unlock()
	return b.buffer.String()
}
