package client_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/turbosmtp-go/billing/client"
)

// logLines are the lines of a JSON log.
type logLines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logLines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logLines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func (l *logLines) option(level slog.Level) client.Option {
	return client.WithLogger(slog.New(slog.NewJSONHandler(l, &slog.HandlerOptions{Level: level})))
}

// decoded returns the attributes of each line.
func (l *logLines) decoded(t *testing.T) []map[string]any {
	t.Helper()
	var lines []map[string]any
	for line := range strings.Lines(l.String()) {
		var attrs map[string]any
		if err := json.Unmarshal([]byte(line), &attrs); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, attrs)
	}
	return lines
}

// levels returns the level and the message of each line.
func (l *logLines) levels(t *testing.T) []string {
	t.Helper()
	var levels []string
	for _, attrs := range l.decoded(t) {
		levels = append(levels, fmt.Sprint(attrs["level"], " ", attrs["msg"]))
	}
	return levels
}

const (
	logTry, logWait                    = "DEBUG try", "WARN retry after a wait"
	logSuccess, logFailure, logUnknown = "INFO call succeeded", "WARN call failed", "ERROR outcome of the call is unknown"
)

func TestLogLines(t *testing.T) {
	t.Parallel()
	respond := func(statuses ...int) func(t *testing.T) string {
		return func(t *testing.T) string { t.Helper(); return respondInTurn(t, statuses) }
	}
	for name, tc := range map[string]struct {
		url    func(t *testing.T) string
		want   []string
		status float64 // of the last line
		tries  float64
	}{
		"success":          {respond(200), []string{logTry, logSuccess}, 200, 1},
		"refusal":          {respond(400), []string{logTry, logFailure}, 400, 1},
		"redirect":         {respond(307), []string{logTry, logFailure}, 307, 1},
		"unknown":          {respond(500), []string{logTry, logUnknown}, 500, 1},
		"busy, success":    {respond(503, 503, 200), []string{logTry, logWait, logTry, logWait, logTry, logSuccess}, 200, 3},
		"busy, unknown":    {respond(503, 502), []string{logTry, logWait, logTry, logUnknown}, 502, 2},
		"always busy":      {respond(503), []string{logTry, logWait, logTry, logWait, logTry, logWait, logTry, logFailure}, 503, 4},
		"no connection":    {func(*testing.T) string { return closedPort }, []string{logTry, logWait, logTry, logWait, logTry, logWait, logTry, logFailure}, 0, 4},
		"another protocol": {func(t *testing.T) string { return hangingUp(t) }, []string{logTry, logUnknown}, 0, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var all, info logLines
			var clock fakeClock
			var response client.Response
			url := tc.url(t)
			_, err := newClient(t, url, clock.option(), all.option(slog.LevelDebug)).BuyEmailValidatorCredits(t.Context(), order, client.WithResponse(&response))
			if got := all.levels(t); !slices.Equal(got, tc.want) {
				t.Fatalf("lines %q: want %q", got, tc.want)
			}
			lines := all.decoded(t)
			for _, attrs := range lines {
				if attrs["request_id"] != response.RequestID || attrs["method"] != http.MethodPost || attrs["path"] != client.Documented().Path {
					t.Errorf("line %v: want the request %s", attrs, response.RequestID)
				}
			}
			last := lines[len(lines)-1]
			if took, ok := last["duration"].(float64); !ok || took < 0 || last["status"] != tc.status || last["tries"] != tc.tries {
				t.Errorf("line %v: want status %v, %v tries and a duration", last, tc.status, tc.tries)
			}
			if text, _ := last["error"].(string); (err == nil) != (text == "") || (err != nil && text != err.Error()) {
				t.Errorf("line %v: want the error %v", last, err)
			}
			// At level Info there is no line per try: a call without a retry has one.
			_, _ = newClient(t, tc.url(t), clock.option(), info.option(slog.LevelInfo)).BuyEmailValidatorCredits(t.Context(), order)
			if got, want := info.levels(t), slices.DeleteFunc(slices.Clone(tc.want), func(l string) bool { return l == logTry }); !slices.Equal(got, want) {
				t.Errorf("lines at level Info %q: want %q", got, want)
			}
		})
	}
}

// respondInTurn starts a vendor that responds with the statuses in turn.
func respondInTurn(t *testing.T, statuses []int) (url string) {
	t.Helper()
	var v *vendor
	v = newVendor(t, func(w http.ResponseWriter, _ *http.Request) {
		status := statuses[int(v.requests.Load()-1)%len(statuses)]
		if status == http.StatusServiceUnavailable {
			w.Header().Set("Retry-After", "1")
		}
		respondWith(w, status, "application/json", `{"url":"https://x.example"}`)
	})
	return v.URL
}

// hangingUp is a server that closes the connection after it received the order.
func hangingUp(t *testing.T) string {
	t.Helper()
	base, _ := wire(t, func(conn *net.TCPConn, _ int) { readRequest(t, bufio.NewReader(conn)) })
	return base
}

// TestLogOfEachTry: the lines of tries and waits tell them apart.
func TestLogOfEachTry(t *testing.T) {
	t.Parallel()
	v := busyOnce(t, func(*http.Request) {})
	var log logLines
	var clock fakeClock
	if err := buy(t, newClient(t, v.URL, clock.option(), log.option(slog.LevelDebug))); err != nil {
		t.Fatal(err)
	}
	lines := log.decoded(t)
	if len(lines) != 4 {
		t.Fatalf("%d lines: want 4", len(lines))
	}
	first, wait, second := lines[0], lines[1], lines[2]
	if first["try"] != 1.0 || first["status"] != 503.0 || second["try"] != 2.0 || second["status"] != 200.0 || first["error"] == nil || second["error"] != nil {
		t.Errorf("tries %v and %v: want a 503 and a 200", first, second)
	}
	if took, ok := wait["wait"].(float64); !ok || took != float64(clock.waits[0]) || wait["try"] != 1.0 || wait["error"] != first["error"] {
		t.Errorf("wait %v: want %v, and why", wait, clock.waits)
	}
}

// TestLogOfWhatIsNotSent has calls that end before a try.
func TestLogOfWhatIsNotSent(t *testing.T) {
	t.Parallel()
	var log logLines
	broken := errors.New("the vault is sealed")
	c, err := client.New(client.WithBaseURL(closedPort), log.option(slog.LevelDebug),
		client.WithCredentials(func(context.Context) (client.Credentials, error) { return client.Credentials{}, broken }))
	if err != nil {
		t.Fatal(err)
	}
	err = buy(t, c)
	if lines := log.decoded(t); len(lines) != 1 || lines[0]["tries"] != 0.0 || lines[0]["error"] != err.Error() || log.levels(t)[0] != logFailure {
		t.Errorf("lines %v: want one of no try", lines)
	}
}

// TestLogHoldsNoSecret has servers that repeat all they were sent, in each part of a response. No line
// contains a secret, a header's value or a body's text.
func TestLogHoldsNoSecret(t *testing.T) {
	t.Parallel()
	const header, wonderful = "blue-header-value", "wonderful"
	secrets := testKey + " " + testSecret
	respond := func(text string) string {
		base, _ := wire(t, func(conn *net.TCPConn, _ int) {
			readRequest(t, bufio.NewReader(conn))
			_, _ = io.WriteString(conn, text)
		})
		return base
	}
	const noBody = "\r\nContent-Length: 0\r\n\r\n"
	escaped := strings.ReplaceAll(secrets, "-", `\u002d`)
	for name, base := range map[string]string{
		"body":             respond("HTTP/1.1 400 Bad\r\nContent-Type: text/html\r\n\r\n<html>" + wonderful + secrets),
		"message":          respond("HTTP/1.1 400 Bad\r\nContent-Type: application/json\r\n\r\n" + `{"message":"not you, ` + secrets + " " + escaped + `","more":"` + wonderful + `"}`),
		"success":          respond("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n" + `{"url":"https://x.example/` + testSecret + `","more":"` + wonderful + `"}`),
		"cut":              respond("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n" + wonderful + secrets),
		"header":           respond("HTTP/1.1 500 Bad\r\nX-Echo: " + secrets + noBody),
		"request id":       respond("HTTP/1.1 500 Bad\r\nX-Request-Id: " + secrets + noBody),
		"Location":         respond("HTTP/1.1 307 Go\r\nLocation: https://x.example/" + testKey + "?" + testSecret + noBody),
		"broken Location":  respond("HTTP/1.1 307 Go\r\nLocation: http://[" + testKey + "?" + testSecret + noBody),
		"Retry-After":      respond("HTTP/1.1 503 Busy\r\nRetry-After: " + secrets + noBody),
		"status":           respond("HTTP/1.1 500 " + secrets + noBody),
		"no status":        respond("HTTP/1.1 " + secrets + noBody),
		"no HTTP":          respond(secrets + "\r\n\r\n"),
		"broken header":    respond("HTTP/1.1 200 OK\r\n" + secrets + "\r\n\r\n"),
		"content length":   respond("HTTP/1.1 200 OK\r\nContent-Length: " + secrets + "\r\n\r\n"),
		"coding":           respond("HTTP/1.1 200 OK\r\nTransfer-Encoding: " + secrets + "\r\n\r\n"),
		"broken chunk":     respond("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + secrets + "\r\n\r\n"),
		"trailer":          respond("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: application/json\r\n\r\n0\r\n" + secrets + "\r\n\r\n"),
		"compressed":       respond("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + secrets),
		"media type":       respond("HTTP/1.1 200 OK\r\nContent-Type: application/json; x=" + secrets + noBody),
		"another protocol": respond("HTTP/1.1 101 Go\r\nConnection: Upgrade\r\nUpgrade: " + testSecret + "\r\n\r\n" + secrets),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for sender, opt := range map[string]client.Option{"its own": nil, "the caller's": callersClient()} {
				var log logLines
				var clock fakeClock
				var response client.Response
				_, err := newClient(t, base, clock.option(), log.option(slog.LevelDebug), opt).BuyEmailValidatorCredits(t.Context(), order,
					client.WithHeader("X-Shop", header), client.WithResponse(&response))
				text := log.String()
				if err != nil {
					text += err.Error() + fmt.Sprintf("%+v %#v", err, err)
				}
				wantNoSecret(t, text)
				wantNoSecret(t, fmt.Sprint(response))
				for _, part := range []string{header, wonderful, "application/json;"} {
					if strings.Contains(text, part) {
						t.Errorf("%s: %q contains %q", sender, text, part)
					}
				}
				if len(log.decoded(t)) < 2 {
					t.Errorf("%s: lines %q: want some", sender, text)
				}
			}
		})
	}
}

func TestNilLogger(t *testing.T) {
	t.Parallel()
	v := busyOnce(t, func(*http.Request) {})
	var log logLines
	var clock fakeClock
	if err := buy(t, newClient(t, v.URL, clock.option(), log.option(slog.LevelDebug), client.WithLogger(nil))); err != nil || log.String() != "" {
		t.Errorf("lines %q, error %v: want no lines, as the last option counts", log.String(), err)
	}
}

// TestRawResponseHasNoCredentials: a response of the generated client can be logged with its request.
func TestRawResponseHasNoCredentials(t *testing.T) {
	t.Parallel()
	v := newVendor(t, func(w http.ResponseWriter, _ *http.Request) { sell(w) })
	for sender, opt := range map[string]client.Option{"its own": nil, "the caller's": callersClient()} {
		resp, err := newClient(t, v.URL, opt).Raw().BuyEmailValidatorCreditsWithResponse(t.Context(), order)
		if err != nil {
			t.Fatal(err)
		}
		if r := resp.HTTPResponse.Request; r != nil {
			wantNoSecret(t, sender+fmt.Sprint(r.Header))
		}
	}
}

// TestCredentialsPrintNothing: also where they are a part of something else, and where package fmt does
// not ask their methods.
func TestCredentialsPrintNothing(t *testing.T) {
	t.Parallel()
	type hidden struct{ credentials client.Credentials }
	for name, c := range map[string]client.Credentials{
		"key": client.APIKey(testAPIKey), "pair": client.ConsumerKey(testKey, testSecret), "invalid": client.APIKey(testAPIKey + "\n"), "zero": {},
	} {
		for _, value := range []any{
			c, &c, []client.Credentials{c}, map[string]client.Credentials{"a": c}, struct{ C *client.Credentials }{&c}, hidden{c}, &hidden{c}, fmt.Errorf("x: %v", c),
		} {
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%b", "%T", "%p"} {
				text := fmt.Sprintf(verb, value)
				wantNoSecret(t, text)
				wantNoHex(t, text)
			}
			encoded, err := json.Marshal(value)
			wantNoSecret(t, string(encoded)+fmt.Sprint(err))
			var log logLines
			slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "value", value)
			slog.New(slog.NewTextHandler(&log, nil)).Info("x", "value", value)
			wantNoSecret(t, log.String())
		}
		encoded, err := json.Marshal(map[string]any{"c": c})
		if text := fmt.Sprintf("%v %+v %#v %d %s", c, &c, c, c, encoded); err != nil || text != `[redacted] [redacted] [redacted] [redacted] {"c":"[redacted]"}` {
			t.Errorf("%s prints as %s, error %v", name, text, err)
		}
	}
}
