package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/turbosmtp-go/billing/client"
	"github.com/turbosmtp-go/billing/server/internal/store/postgrestest"
	"github.com/turbosmtp-go/billing/server/sandbox"
)

// collector takes traces by OTLP over HTTP, and keeps what it was sent.
type collector struct {
	*httptest.Server
	lock sync.Mutex
	sent bytes.Buffer
}

func newCollector(t testing.TB) *collector {
	c := &collector{}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.lock.Lock()
		defer c.lock.Unlock()
		_, _ = io.Copy(&c.sent, r.Body)
		w.Header().Set("Content-Type", "application/x-protobuf")
	}))
	t.Cleanup(c.Close)
	return c
}

func (c *collector) String() string {
	c.lock.Lock()
	defer c.lock.Unlock()
	return c.sent.String()
}

// watched is a sandbox whose logs, metrics and traces are looked at.
type watched struct {
	*serving
	log     *lockedBuffer
	metrics string // the address
	traces  *collector
}

func serveWatched(t *testing.T, args ...string) *watched {
	t.Helper()
	w := &watched{log: &lockedBuffer{}, traces: newCollector(t), metrics: freeAddress(t)}
	lookup := vars("SANDBOX_LOG_FORMAT", "json", "SANDBOX_LOG_LEVEL", "debug", "OTEL_EXPORTER_OTLP_ENDPOINT", w.traces.URL)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", w.traces.URL) // which the exporter reads by itself
	w.serving = serveInto(t, lookup, w.log, append(args, "--metrics-addr", w.metrics)...)
	return w
}

// scrape returns the metrics.
func (w *watched) scrape(t testing.TB) string {
	t.Helper()
	response, err := http.Get("http://" + w.metrics + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%d, %v", response.StatusCode, err)
	}
	return string(text)
}

// attempt sends a purchase with headers, and returns the status.
func attempt(t testing.TB, base, body string, headers ...string) int {
	t.Helper()
	request, err := http.NewRequestWithContext(context.Background(), http.MethodPost, base+"/billing/buy_emailvalidation_credits", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	return response.StatusCode
}

func TestASandboxIsWatched(t *testing.T) {
	w := serveWatched(t, "--addr", "127.0.0.1:0", "--database", "sqlite:"+filepath.Join(t.TempDir(), "x.db"))
	if _, err := buy(t.Context(), w.base, 320); err != nil {
		t.Fatal(err)
	}
	attempt(t, w.base, `{"amount":1}`, "Authorization", "sandbox-active-token", "X-Request-Id", "the-one")
	attempt(t, w.base, `{"amount":320}`, "Authorization", "sandbox-inactive-token")
	metrics := w.scrape(t)
	const route = `method="POST",route="/api/v2/billing/buy_emailvalidation_credits"`
	for _, want := range []string{
		`billing_http_requests_total{code="",` + route + `,status="200"} 1`,
		`billing_http_requests_total{code="amount_should_not_be_less_than_15",` + route + `,status="400"} 1`,
		`billing_http_requests_total{code="account_is_inactive",` + route + `,status="401"} 1`,
		`billing_http_request_duration_seconds_count{` + route + `} 3`,
		`billing_store_operations_total{operation="create_purchase",outcome="ok"} 1`,
		`billing_store_batch_size_count 1`,
		`billing_store_pool_connections{state="idle"}`,
		`billing_http_connections `,
		"go_goroutines", "process_resident_memory_bytes",
	} {
		if !strings.Contains(metrics, want) {
			t.Errorf("the metrics do not have %s", want)
		}
	}
	if err := w.stop(); err != nil {
		t.Error(err)
	}
	for _, want := range []string{
		`"msg":"request","method":"POST","route":"/api/v2/billing/buy_emailvalidation_credits","status":400,"code":"`,
		`,"request_id":"the-one","duration_ms":`,
		`"status":401,"code":"account_is_inactive",`, `,"account":"sandbox-inactive"`,
	} {
		if !strings.Contains(w.log.String(), want) {
			t.Errorf("the log does not have %s: %s", want, w.log)
		}
	}
	for _, want := range []string{"POST /api/v2/billing/buy_emailvalidation_credits", "store.CreatePurchase", "sandbox-active"} {
		if !strings.Contains(w.traces.String(), want) {
			t.Errorf("the traces do not have %s", want)
		}
	}
}

// TestNoSecretIsLeftAnywhere uses every demo secret and every generated one in every way, rightly and
// wrongly, and then looks for them in all that is left: logs, metrics, traces, errors, the database's
// own dump, and the strings of its files.
func TestNoSecretIsLeftAnywhere(t *testing.T) {
	const password = "a-password-of-the-database"
	for _, engine := range []string{"sqlite", "postgres"} {
		dir := t.TempDir()
		database := "sqlite:" + filepath.Join(dir, "sandbox.db")
		if engine == "postgres" {
			database = postgrestest.Shared(t).NewDatabase(t)
		}
		const control = "a-control-token-of-a-test"
		w := serveWatched(t, "--addr", "127.0.0.1:0", "--database", database, "--demo-accounts", "--control-token", control)
		var said strings.Builder // by commands that show no secret
		secrets := []string{control}
		for _, demo := range sandbox.DemoAccounts() {
			secrets = append(secrets, demo.ConsumerSecret.Reveal(), demo.APIKey.Reveal())
		}
		added := parsed[accountView](t, command(t, database, "accounts", "add", "acme", "-o", "json"))
		more := parsed[keyView](t, command(t, database, "keys", "add", "acme", "-o", "json"))
		public := []string{"sandbox-active-key", added.Keys[0].ConsumerKey}
		secrets = append(secrets, added.Keys[0].ConsumerSecret, added.Keys[1].APIKey, more.APIKey)
		if u := strings.SplitN(database, "@", 2); len(u) == 2 {
			secrets = append(secrets, u[0][strings.LastIndexByte(u[0], ':')+1:])
		}
		var answers strings.Builder
		for _, secret := range secrets {
			for _, key := range public {
				attempt(t, w.base, `{"amount":320}`, "consumerKey", key, "consumerSecret", secret)
				attempt(t, w.base, `{"amount":1}`, "consumerKey", key, "consumerSecret", secret)
				attempt(t, w.base, `{"amount":320}`, "consumerKey", secret, "consumerSecret", key)
			}
			attempt(t, w.base, `{"amount":"`+secret+`"}`, "Authorization", secret)
			attempt(t, w.base+"/"+secret, `{`, "Authorization", "Bearer "+secret, "Cookie", secret, "traceparent", secret, "User-Agent", secret)
			for _, path := range []string{"/checkout/" + secret, "/" + secret + "?key=" + secret, "/_sandbox/journal"} {
				response, err := http.Get(origin(w.serving) + path)
				if err != nil {
					t.Fatal(err)
				}
				_, _ = io.Copy(&answers, response.Body)
				_ = response.Body.Close()
			}
			c, err := client.New(client.WithBaseURL(w.base), client.WithAPIKey(secret))
			if err == nil {
				_, err = c.BuyEmailValidatorCredits(t.Context(), client.BuyEmailValidatorCreditsRequest{Amount: 1})
			}
			fmt.Fprintf(&said, "%v %+v %#v\n", err, err, c)
		}
		for _, args := range [][]string{{"accounts", "list"}, {"accounts", "show", "acme", "-o", "json"}, {"keys", "list"}, {"purchases", "list"}} {
			said.WriteString(command(t, database, args...))
		}
		for _, args := range [][]string{
			{"serve", "--database", "postgres://ann:" + password + "@127.0.0.1:1/x?connect_timeout=1"},
			{"accounts", "list", "--database", "postgres://ann:" + password + "@127.0.0.1:bad/x"},
			{"purchases", "list", "--database", "mysql://ann:" + password + "@db/x"},
		} {
			ctx, cancel := context.WithCancel(t.Context())
			if args[0] == "serve" {
				cancel()
			}
			if err := run(ctx, args, none, &said, &said); err == nil {
				t.Errorf("%v: no error", args)
			}
			cancel()
		}
		metrics := w.scrape(t)
		if err := w.stop(); err != nil {
			t.Error(err)
		}
		places := map[string]string{
			"the log": w.log.String(), "the metrics": metrics, "the traces": w.traces.String(),
			"commands and errors": said.String(), "the database": dump(t, database, dir),
		}
		for _, secret := range append(secrets, password) {
			for place, text := range places {
				if _, after, found := strings.Cut(text, secret); found {
					t.Errorf("%s: %s holds %s, before %.100q", engine, place, secret, after)
				}
			}
		}
	}
}

// dump returns all that is in a database: the files of SQLite, or every row of PostgreSQL.
func dump(t testing.TB, database, dir string) string {
	t.Helper()
	var text strings.Builder
	if strings.HasPrefix(database, "sqlite:") {
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, entry := range entries {
			data, err := os.ReadFile(filepath.Join(dir, entry.Name()))
			if err != nil {
				t.Fatal(err)
			}
			text.Write(data)
		}
	} else {
		text.WriteString(dumpPostgreSQL(t, database))
	}
	if !strings.Contains(text.String(), "consumer:sandbox-active-key") {
		t.Error("the dump of the database holds no keys")
	}
	return text.String()
}

func dumpPostgreSQL(t testing.TB, database string) string {
	t.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, database)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	rows, err := conn.Query(ctx, "SELECT quote_ident(relname) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace")
	if err != nil {
		t.Fatal(err)
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(tables) < 4 {
		t.Fatalf("the tables are %v, %v", tables, err)
	}
	var text strings.Builder
	for _, table := range tables {
		if _, err := conn.PgConn().CopyTo(ctx, &text, "COPY "+table+" TO STDOUT"); err != nil {
			t.Fatal(err)
		}
	}
	return text.String()
}
