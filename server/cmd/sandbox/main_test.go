package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/turbosmtp-go/billing/client"
)

// asSandbox makes the test's own binary the command: a real second process, to kill.
const asSandbox = "TEST_AS_SANDBOX"

func TestMain(m *testing.M) {
	if os.Getenv(asSandbox) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// none is an empty environment.
func none(string) (string, bool) { return "", false }

func vars(pairs ...string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		for i := 0; i+1 < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1], true
			}
		}
		return "", false
	}
}

// serving is a sandbox that runs inside the test, by the command's own run.
type serving struct {
	base   string // of the API
	output string
	stop   func() error
}

var servesAt = regexp.MustCompile(`The sandbox serves (\S+)\n`)

// serveIn runs the command until the test ends, or stop is called.
func serveIn(t *testing.T, lookup func(string) (string, bool), args ...string) *serving {
	t.Helper()
	return serveInto(t, lookup, io.Discard, args...)
}

// serveInto is serveIn with a place for the logs.
func serveInto(t *testing.T, lookup func(string) (string, bool), log io.Writer, args ...string) *serving {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	read, write := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := run(ctx, append([]string{"serve"}, args...), lookup, write, log)
		_ = write.CloseWithError(errors.Join(io.EOF, err))
		ended <- err
	}()
	s := &serving{stop: sync.OnceValue(func() error { cancel(); return <-ended })}
	t.Cleanup(func() { _ = s.stop() })
	s.base, s.output = readAnnouncement(t, read)
	return s
}

// readAnnouncement reads what the command prints until it serves.
func readAnnouncement(t testing.TB, from io.Reader) (base, output string) {
	t.Helper()
	scanner := bufio.NewScanner(from)
	var b strings.Builder
	for scanner.Scan() {
		b.WriteString(scanner.Text() + "\n")
		if strings.HasPrefix(scanner.Text(), "Ctrl-C") {
			go func() { _, _ = io.Copy(io.Discard, from) }()
			found := servesAt.FindStringSubmatch(b.String())
			if found == nil {
				t.Fatalf("no address in %q", b.String())
			}
			return found[1], b.String()
		}
	}
	t.Fatalf("it ended before it served: %v: %s", scanner.Err(), b.String())
	return "", ""
}

func buy(ctx context.Context, base string, amount int) (string, error) {
	c, err := client.New(client.WithBaseURL(base), client.WithAPIKey("sandbox-active-token"))
	if err != nil {
		return "", err
	}
	payment, err := c.BuyEmailValidatorCredits(ctx, client.BuyEmailValidatorCreditsRequest{Amount: amount})
	if err != nil {
		return "", err
	}
	return payment.URL, nil
}

func TestServeAndList(t *testing.T) {
	t.Parallel()
	database := "sqlite:" + filepath.Join(t.TempDir(), "a b%?#.db")
	s := serveIn(t, vars("SANDBOX_DATABASE", database, "SANDBOX_ADDR", "127.0.0.1:9"), "--addr", "127.0.0.1:0")
	link, err := buy(t.Context(), s.base, 320)
	if err != nil {
		t.Fatal(err)
	}
	token := link[strings.LastIndexByte(link, '/')+1:]
	for _, output := range []string{"text", "json"} {
		var stdout, stderr strings.Builder
		if err := run(t.Context(), []string{"purchases", "list", "--database", database, "-o", output}, none, &stdout, &stderr); err != nil {
			t.Fatalf("%v: %s", err, &stderr)
		}
		if !strings.Contains(stdout.String(), token) || !strings.Contains(stdout.String(), "320") {
			t.Errorf("%s: %s", output, &stdout)
		}
		if output == "json" {
			var p purchase
			if err := json.Unmarshal([]byte(stdout.String()), &p); err != nil || p.Amount != 320 || p.Account != "sandbox-active" || p.Currency != "USD" || p.Status != "pending" || time.Since(p.CreatedAt) > time.Minute {
				t.Errorf("%v: %+v", err, p)
			}
		}
	}
	if err := s.stop(); err != nil {
		t.Errorf("stopped with %v", err)
	}
}

// TestAnnouncement pastes what the command prints.
func TestAnnouncement(t *testing.T) {
	t.Parallel()
	s := serveIn(t, none, "--addr", "127.0.0.1:0", "--database", "sqlite::memory:")
	start := strings.Index(s.output, "curl -X")
	command, _, _ := strings.Cut(s.output[start:], "\n\n")
	path, err := exec.LookPath("curl")
	if err == nil {
		out, err := exec.CommandContext(t.Context(), "sh", "-c", strings.Replace(command, "curl", path+" -s", 1)).Output()
		if err != nil || !strings.HasPrefix(string(out), `{"url":"http://127.0.0.1:`) {
			t.Errorf("%s\nprinted %s, %v", command, out, err)
		}
	}
	if !strings.Contains(s.output, "buycredits --base-url "+s.base+" 320\n") || !strings.Contains(s.output, "as only this machine can reach it") {
		t.Error(s.output)
	}
}

func TestDemoAccountsElsewhere(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		args []string
		want string
		let  bool
	}{
		{[]string{"--addr", "127.0.0.1:0"}, "only this machine", true},
		{[]string{"--addr", "0.0.0.0:0"}, "There are no demo accounts", false},
		{[]string{"--addr", "0.0.0.0:0", "--demo-accounts"}, "everybody knows their keys", true},
		{[]string{"--addr", "127.0.0.1:0", "--public-url", "https://pay.example.com/x/"}, "https://pay.example.com/x/api/v2", true},
	} {
		s := serveIn(t, none, append(row.args, "--database", "sqlite::memory:")...)
		if !strings.Contains(s.output, row.want) {
			t.Errorf("%v: %s", row.args, s.output)
		}
		if strings.HasPrefix(s.base, "https:") {
			continue
		}
		if _, err := buy(t.Context(), s.base, 320); (err == nil) != row.let {
			t.Errorf("%v: %v", row.args, err)
		}
	}
}

func TestUse(t *testing.T) {
	t.Parallel()
	s := serveIn(t, none, "--addr", "127.0.0.1:0", "--database", "sqlite::memory:")
	taken := strings.TrimSuffix(strings.TrimPrefix(s.base, "http://"), "/api/v2")
	missing := filepath.Join(t.TempDir(), "missing", "x.db")
	for _, row := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"--help"}, 0, "Usage: sandbox"},
		{[]string{"serve", "--help"}, 0, "--database"},
		{nil, 2, "expected one of"},
		{[]string{"sell"}, 2, "sell"},
		{[]string{"serve", "--no-such"}, 2, "no-such"},
		{[]string{"serve", "now"}, 2, "now"},
		{[]string{"purchases", "list", "-o", "xml"}, 2, "xml"},
		{[]string{"serve", "--addr", taken, "--database", "sqlite::memory:"}, 1, "--addr"},
		{[]string{"serve", "--addr", "nowhere"}, 1, "nowhere"},
		{[]string{"serve", "--database", "mysql://ann:hunter22@db/x"}, 1, "sqlite:PATH"},
		{[]string{"serve", "--database", "sqlite:"}, 1, "sqlite:PATH"},
		{[]string{"serve", "--database", "sqlite:" + missing}, 1, "missing"},
		{[]string{"serve", "--addr", "127.0.0.1:0", "--database", "sqlite::memory:", "--public-url", "ftp://x"}, 1, "http"},
		{[]string{"purchases", "list", "--database", "sqlite:" + missing}, 1, "no database"},
		{[]string{"purchases", "list", "--database", "sqlite::memory:"}, 1, "memory"},
		{[]string{"purchases", "list", "--database", "x"}, 1, "sqlite:PATH"},
	} {
		var stdout, stderr strings.Builder
		dir := t.TempDir()
		lookup := vars("SANDBOX_DATABASE", "sqlite:"+filepath.Join(dir, "x.db"))
		err := run(t.Context(), row.args, lookup, &stdout, &stderr)
		text := stdout.String() + stderr.String()
		if code := exitCode(err); code != row.code || !strings.Contains(text, row.want) || strings.Contains(text, "hunter22") {
			t.Errorf("%v: %d %s, want %d with %q", row.args, code, text, row.code, row.want)
		}
	}
}

// TestStopsWhenAsked lets a request end that has begun when the process is asked to stop.
func TestStopsWhenAsked(t *testing.T) {
	t.Parallel()
	s := serveIn(t, none, "--addr", "127.0.0.1:0", "--database", "sqlite::memory:")
	read, write := io.Pipe()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.base+"/billing/buy_emailvalidation_credits", read)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "sandbox-active-token")
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Expect", "100-continue")
	stopped := make(chan error, 1)
	go func() {
		// The server has asked for the body: it is in the middle of the request.
		_, _ = io.WriteString(write, `{"amount":`)
		go func() { stopped <- s.stop() }()
		_, _ = io.WriteString(write, `320}`)
		_ = write.Close()
	}()
	transport := &http.Transport{ExpectContinueTimeout: time.Minute}
	response, err := transport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(response.Body)
	_ = response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Errorf("%d %s", response.StatusCode, body)
	}
	transport.CloseIdleConnections()
	if err := <-stopped; err != nil {
		t.Errorf("stopped with %v", err)
	}
}
