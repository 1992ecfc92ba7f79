package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/turbosmtp-go/billing/client"
	"github.com/turbosmtp-go/billing/gen/model"
)

// process is a sandbox in a second process.
type process struct {
	*exec.Cmd
	base string // of the API
	log  *lockedBuffer
}

// startProcess starts a sandbox and returns once it serves.
func startProcess(t testing.TB, args ...string) *process {
	t.Helper()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{Cmd: exec.Command(binary, append([]string{"serve", "--demo-accounts", "--log-level", "warn"}, args...)...), log: &lockedBuffer{}}
	p.Env = append(os.Environ(), asSandbox+"=1")
	p.Stderr = p.log
	stdout, err := p.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = p.Process.Kill()
		_ = p.Wait()
		if t.Failed() {
			t.Logf("the log of a sandbox:\n%s", p.log.tail())
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

// stop asks the process to stop, and waits until it has.
func (p *process) stop() error {
	if err := p.Process.Signal(os.Interrupt); err != nil {
		return err
	}
	return p.Wait()
}

// resident returns the most memory that the process has had, in MiB, 0 where that cannot be read.
func (p *process) resident() int {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.Process.Pid))
	if err != nil {
		return 0
	}
	_, after, _ := strings.Cut(string(status), "VmHWM:")
	kilobytes, _ := strconv.Atoi(strings.TrimSpace(strings.SplitN(after, "kB", 2)[0]))
	return kilobytes / 1024
}

// load buys all the time, over many connections, and keeps what came of it.
type load struct {
	t     testing.TB
	limit time.Duration // within which everything is answered

	lock     sync.Mutex
	base     string
	bought   map[string]bool // the tokens that were answered
	unknown  int             // answers that leave open whether something was bought
	refused  int             // answers that nothing was bought
	broken   int             // no answer
	lastSeen int             // of bought, by wait

	stopping context.Context
	stop     func()
	buyers   sync.WaitGroup
}

// startLoad buys with so many clients until stop is called.
func startLoad(t testing.TB, base string, clients int, limit time.Duration) *load {
	t.Helper()
	l := &load{t: t, limit: limit, base: base, bought: map[string]bool{}}
	ctx, cancel := context.WithCancel(context.Background())
	l.stopping = ctx
	l.stop = func() { cancel(); l.buyers.Wait() }
	t.Cleanup(l.stop)
	for range clients {
		l.buyers.Go(l.run)
	}
	return l
}

func (l *load) run() {
	var c *client.Client
	for base := ""; l.stopping.Err() == nil; {
		l.lock.Lock()
		if base != l.base {
			base, c = l.base, customer(l.t, l.base, client.WithAPIKey("sandbox-active-token"))
		}
		l.lock.Unlock()
		began := time.Now()
		payment, err := c.BuyEmailValidatorCredits(context.Background(), client.BuyEmailValidatorCreditsRequest{Amount: 320})
		if took := time.Since(began); took > l.limit {
			l.t.Errorf("it took %v until %v", took, err)
		}
		l.note(payment, err)
		if err != nil {
			select {
			case <-l.stopping.Done():
			case <-time.After(breath()):
			}
		}
	}
}

// breath is how long a buyer waits after a failure: less in a soak, which has the machine for itself. With
// all tests at once, buyers without a pause keep what was killed from starting.
func breath() time.Duration {
	if os.Getenv("SOAK") != "" {
		return 20 * time.Millisecond
	}
	return 250 * time.Millisecond
}

// note keeps what came of a purchase, and complains of an answer that the document does not have.
func (l *load) note(payment *model.BuyEmailValidatorCreditsSuccessResponse, err error) {
	l.lock.Lock()
	defer l.lock.Unlock()
	var answer *client.Error
	switch {
	case err == nil:
		l.bought[payment.URL[strings.LastIndexByte(payment.URL, '/')+1:]] = true
	case !errors.As(err, &answer):
		l.broken++
	case answer.StatusCode < 500 || answer.Code != "" || answer.Message == "":
		l.t.Errorf("an answer that the document does not have: %v", err)
	case errors.Is(err, client.ErrOutcomeUnknown):
		l.unknown++
	default:
		l.refused++
	}
}

// to sends the load to another address from now on.
func (l *load) to(base string) {
	l.lock.Lock()
	defer l.lock.Unlock()
	l.base = base
}

func (l *load) counts() (bought, refused, unknown, broken int) {
	l.lock.Lock()
	defer l.lock.Unlock()
	return len(l.bought), l.refused, l.unknown, l.broken
}

// waitFor waits until so many more purchases than at its last call were answered with 200.
func (l *load) waitFor(more int) {
	l.t.Helper()
	l.until(fmt.Sprintf("%d more purchases", more), func() bool {
		bought, _, _, _ := l.counts()
		return bought >= l.lastSeen+more
	})
	l.lastSeen, _, _, _ = l.counts()
}

// waitForFailures waits until so many more answers than now were failures.
func (l *load) waitForFailures(more int) {
	l.t.Helper()
	_, refused, unknown, broken := l.counts()
	before := refused + unknown + broken
	l.until(fmt.Sprintf("%d more failures", more), func() bool {
		_, refused, unknown, broken := l.counts()
		return refused+unknown+broken >= before+more
	})
}

func (l *load) until(what string, reached func() bool) {
	l.t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(2 * time.Minute); !reached(); <-tick.C {
		if time.Now().After(deadline) {
			bought, refused, unknown, broken := l.counts()
			l.t.Fatalf("waited for %s in vain: %d bought, %d refused, %d unknown, %d without an answer", what, bought, refused, unknown, broken)
		}
	}
}

// check ends the load and compares it with the database: what was answered is there, once, and what was
// refused is not.
func (l *load) check(database string) {
	l.t.Helper()
	l.stop()
	stored := map[string]int{}
	for line := range strings.Lines(command(l.t, database, "purchases", "list", "-o", "json")) {
		var p purchase
		if err := json.Unmarshal([]byte(line), &p); err != nil {
			l.t.Fatal(err)
		}
		stored[p.Token]++
	}
	lost := 0
	for token := range l.bought {
		if stored[token] != 1 {
			lost++
		}
	}
	bought, refused, unknown, broken := l.counts()
	if lost > 0 {
		l.t.Errorf("%d of %d purchases that were answered are not there once", lost, bought)
	}
	if extra := len(stored) - bought; extra > unknown+broken {
		l.t.Errorf("%d purchases are there that were not answered, but only %d answers left that open", extra, unknown+broken)
	}
	l.t.Logf("%d bought, %d refused, %d unknown, %d without an answer; %d stored", bought, refused, unknown, broken, len(stored))
}

// rounds is how often a fault is repeated: a few times, or for as long as SOAK says.
func rounds(t testing.TB, few int) func(yield func(int) bool) {
	t.Helper()
	soak, err := time.ParseDuration(os.Getenv("SOAK"))
	if err != nil {
		soak = 0
	}
	return func(yield func(int) bool) {
		for began, round := time.Now(), 0; round < few || time.Since(began) < soak; round++ {
			if !yield(round) || t.Failed() {
				return
			}
		}
	}
}

// waitReady waits until /readyz answers with a status.
func waitReady(t testing.TB, base string, status int) {
	t.Helper()
	address := strings.TrimSuffix(base, "/api/v2") + "/readyz"
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(time.Minute); ; <-tick.C {
		response, err := http.Get(address)
		if err == nil {
			_, _ = io.Copy(io.Discard, response.Body)
			_ = response.Body.Close()
			if response.StatusCode == status {
				return
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("/readyz does not become %d: %v", status, err)
		}
	}
}

// lockedBuffer is a buffer that can be read while exec writes to it.
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

// tail returns the last lines.
func (b *lockedBuffer) tail() string {
	text := b.String()
	return text[max(0, len(text)-4000):]
}
