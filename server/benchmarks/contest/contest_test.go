package contest_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/turbosmtp-go/billing/gen/model"
	"github.com/turbosmtp-go/billing/server/benchmarks/contest"
	"github.com/turbosmtp-go/billing/server/benchmarks/peer"
)

// TestPeersRespondAlike sends all peers the measured requests, and one with a wrong secret.
func TestPeersRespondAlike(t *testing.T) {
	t.Parallel()
	cases, err := peer.Cases()
	if err != nil {
		t.Fatal(err)
	}
	facts, err := peer.Document()
	if err != nil {
		t.Fatal(err)
	}
	ask := func(h http.Handler, body, secret string) (int, any) {
		r := httptest.NewRequest(http.MethodPost, facts.Path, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set(model.ConsumerKeyHeader, peer.Key)
		r.Header.Set(model.ConsumerSecretHeader, secret)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w.Code, parse(t, w.Body.Bytes())
	}
	for _, p := range peer.All() {
		h, err := p.New()
		if err != nil {
			t.Fatalf("%s: %v", p.Name, err)
		}
		for _, of := range cases {
			if status, body := ask(h, of.Body, peer.Secret); status != of.Status || !reflect.DeepEqual(body, parse(t, []byte(of.Response))) {
				t.Errorf("%s, %s: got %d %v", p.Name, of.Name, status, body)
			}
		}
		if status, body := ask(h, cases[0].Body, "wrong"); status < 400 {
			t.Errorf("%s accepts a wrong secret: %d %v", p.Name, status, body)
		}
	}
	for _, with := range []func(int) (http.Handler, error){peer.WithContract, peer.WithFilter} {
		h, err := with(50)
		if err != nil {
			t.Fatal(err)
		}
		if status, body := ask(h, cases[0].Body, peer.Secret); status != http.StatusOK {
			t.Errorf("with 50 operations: got %d %v", status, body)
		}
		if status, body := ask(h, cases[1].Body, peer.Secret); status != http.StatusBadRequest {
			t.Errorf("with 50 operations: got %d %v", status, body)
		}
	}
	large, err := peer.WithNote(1 << 10)
	if err != nil || len(large.Body) != 1<<10 || !json.Valid([]byte(large.Body)) {
		t.Errorf("%v: %d bytes of %q", err, len(large.Body), large.Body)
	}
}

// parse returns the value of a JSON text.
func parse(t *testing.T, text []byte) any {
	t.Helper()
	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return value
}

func TestContest(t *testing.T) {
	t.Parallel()
	times := map[string]int{}
	subject := func(name string, work time.Duration) contest.Subject {
		return contest.Subject{Name: name, Do: func(n int) error {
			times[name] += n
			for until := time.Now().Add(time.Duration(n) * work); time.Now().Before(until); {
			}
			return nil
		}}
	}
	results, err := contest.Run(contest.Settings{Rounds: 3, Turns: 5, Turn: time.Millisecond},
		[]contest.Subject{subject("a", 10*time.Microsecond), subject("b", 40*time.Microsecond)})
	if err != nil {
		t.Fatal(err)
	}
	if len(results) != 2 || results[0].Name != "a" || len(results[1].Ratios) != 3 || times["a"] <= times["b"] {
		t.Fatalf("%+v, %v", results, times)
	}
	// A subject takes at least its own time; other load on the machine only adds to it.
	if s := contest.Summary(results[1].Nanoseconds); s.Center < 40_000 || contest.Summary(results[0].Ratios).Center != 1 {
		t.Errorf("%+v", results)
	}
	lines := contest.Lines("xy", results)
	if len(lines) != 6 || !strings.HasPrefix(lines[0], "BenchmarkXy/peer=a 1 ") || !strings.HasSuffix(lines[5], " ×first") {
		t.Errorf("%q", lines)
	}
}

// TestLoad sends requests to a server whose responses alternate between one piece and several.
func TestLoad(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var order struct{ Amount int }
		if err := json.NewDecoder(r.Body).Decode(&order); err != nil || r.Header.Get(model.ConsumerKeyHeader) != peer.Key {
			w.WriteHeader(http.StatusBadRequest)
		}
		if asked.Add(1)%2 == 0 {
			w.(http.Flusher).Flush()
		}
		_, _ = w.Write([]byte(`{"url":"x"}`))
	}))
	defer server.Close()
	of := peer.Case{Name: "an order", Body: `{"amount":320}`, Status: http.StatusOK}
	load := contest.NewLoad(server.Listener.Addr().String(), "/", 4, of)
	if err := load.Do(100); err != nil || asked.Load() != 100 {
		t.Errorf("error %v, %d requests, want 100", err, asked.Load())
	}
	load.Close()
	of.Status = http.StatusTeapot
	load = contest.NewLoad(server.Listener.Addr().String(), "/", 4, of)
	defer load.Close()
	if err := load.Do(10); err == nil {
		t.Error("no error for an unexpected status")
	}
}
