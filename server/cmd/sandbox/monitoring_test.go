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
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/turbosmtp-go/billing/client"
	"github.com/turbosmtp-go/billing/server/internal/store/postgrestest"
	"github.com/turbosmtp-go/billing/server/sandbox"
)

// monitored is a sandbox that logs and exports metrics and traces to a test.
type monitored struct {
	*serving
	log, traces    lockedBuffer
	metricsAddress string
}

func serveMonitored(t *testing.T, args ...string) *monitored {
	t.Helper()
	m := &monitored{metricsAddress: freeAddress(t)}
	collector := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(&m.traces, r.Body)
		w.Header().Set("Content-Type", "application/x-protobuf")
	}))
	t.Cleanup(collector.Close)
	getenv := vars("SANDBOX_LOG_FORMAT", "json", "SANDBOX_LOG_LEVEL", "debug", "OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL) // the exporter reads the environment of the process
	m.serving = serveIn(t, getenv, &m.log, append(args, "--metrics-addr", m.metricsAddress)...)
	return m
}

// metrics returns the current metrics.
func (m *monitored) metrics(t testing.TB) string {
	t.Helper()
	response, text := send(t, http.MethodGet, "http://"+m.metricsAddress+"/metrics", "")
	if response.StatusCode != http.StatusOK {
		t.Fatalf("the metrics respond with %d", response.StatusCode)
	}
	return text
}

func TestMonitoring(t *testing.T) {
	m := serveMonitored(t, "--addr", "127.0.0.1:0", "--database", "sqlite:"+filepath.Join(t.TempDir(), "x.db"))
	send(t, http.MethodPost, m.base+purchasePath, `{"amount":320}`, "Authorization", "sandbox-active-token")
	send(t, http.MethodPost, m.base+purchasePath, `{"amount":1}`, "Authorization", "sandbox-active-token", "X-Request-Id", "the-one")
	send(t, http.MethodPost, m.base+purchasePath, `{"amount":320}`, "Authorization", "sandbox-inactive-token")
	metrics := m.metrics(t)
	if err := m.stop(); err != nil {
		t.Error(err)
	}
	const route = `method="POST",route="/api/v2/billing/buy_emailvalidation_credits"`
	contains := func(name, text string, wanted ...string) {
		for _, want := range wanted {
			if !strings.Contains(text, want) {
				t.Errorf("the %s do not contain %s: %s", name, want, text)
			}
		}
	}
	contains("metrics", metrics,
		`billing_http_requests_total{code="",`+route+`,status="200"} 1`,
		`billing_http_requests_total{code="amount_should_not_be_less_than_15",`+route+`,status="400"} 1`,
		`billing_http_requests_total{code="account_is_inactive",`+route+`,status="401"} 1`,
		`billing_http_request_duration_seconds_count{`+route+`} 3`,
		`billing_store_operations_total{operation="create_purchase",outcome="ok"} 1`,
		`billing_store_batch_size_count 1`,
		`billing_store_pool_connections{state="idle"}`,
		`billing_http_connections `,
		"go_goroutines", "process_resident_memory_bytes")
	contains("log lines", m.log.String(),
		`"msg":"request","method":"POST","route":"/api/v2/billing/buy_emailvalidation_credits","status":400,"code":"`,
		`,"request_id":"the-one","duration_ms":`,
		`"status":401,"code":"account_is_inactive",`, `,"account":"sandbox-inactive"`)
	contains("traces", m.traces.String(),
		"POST /api/v2/billing/buy_emailvalidation_credits", "store.CreatePurchase", "sandbox-active")
}

// TestNoSecretIsExposed uses every secret in valid and invalid ways, and checks that none is in the logs,
// metrics, traces, errors, command output or the database.
func TestNoSecretIsExposed(t *testing.T) {
	for name, database := range map[string]string{"sqlite": "", "postgres": postgrestest.Shared(t).NewDatabase(t)} {
		t.Run(name, func(t *testing.T) { exposeNoSecret(t, database) })
	}
}

func exposeNoSecret(t *testing.T, database string) {
	const password, control = "a-password-of-the-database", "a-control-token-of-a-test"
	dir := t.TempDir()
	secrets := []string{password, control}
	if database == "" {
		database = "sqlite:" + filepath.Join(dir, "sandbox.db")
	} else {
		user, _, _ := strings.Cut(database, "@")
		secrets = append(secrets, user[strings.LastIndexByte(user, ':')+1:])
	}
	m := serveMonitored(t, "--addr", "127.0.0.1:0", "--database", database, "--demo-accounts", "--control-token", control)
	for _, demo := range sandbox.DemoAccounts() {
		secrets = append(secrets, demo.ConsumerSecret.Reveal(), demo.APIKey.Reveal())
	}
	added := parse[accountView](t, command(t, database, "accounts", "add", "acme", "-o", "json"))
	more := parse[keyView](t, command(t, database, "keys", "add", "acme", "-o", "json"))
	secrets = append(secrets, added.Keys[0].ConsumerSecret, added.Keys[1].APIKey, more.APIKey)
	var output strings.Builder // of commands and clients
	for _, secret := range secrets {
		for _, key := range []string{"sandbox-active-key", added.Keys[0].ConsumerKey} {
			send(t, http.MethodPost, m.base+purchasePath, `{"amount":320}`, "consumerKey", key, "consumerSecret", secret)
			send(t, http.MethodPost, m.base+purchasePath, `{"amount":1}`, "consumerKey", key, "consumerSecret", secret)
			send(t, http.MethodPost, m.base+purchasePath, `{"amount":320}`, "consumerKey", secret, "consumerSecret", key)
		}
		send(t, http.MethodPost, m.base+purchasePath, `{"amount":"`+secret+`"}`, "Authorization", secret)
		send(t, http.MethodPost, m.base+"/"+secret+purchasePath, `{`, "Authorization", "Bearer "+secret, "Cookie", secret, "traceparent", secret, "User-Agent", secret)
		for _, path := range []string{"/checkout/" + secret, "/" + secret + "?key=" + secret, "/_sandbox/journal"} {
			send(t, http.MethodGet, m.origin()+path, "")
		}
		c, err := client.New(client.WithBaseURL(m.base), client.WithAPIKey(secret))
		if err == nil {
			_, err = c.BuyEmailValidatorCredits(t.Context(), client.BuyEmailValidatorCreditsRequest{Amount: 1})
		}
		fmt.Fprintf(&output, "%v %+v %#v\n", err, err, c)
	}
	for _, args := range [][]string{{"accounts", "list"}, {"accounts", "show", "acme", "-o", "json"}, {"keys", "list"}, {"purchases", "list"}} {
		output.WriteString(command(t, database, args...))
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
		if err := run(ctx, args, none, &output, &output); err == nil {
			t.Errorf("%v: no error", args)
		}
		cancel()
	}
	metrics := m.metrics(t)
	if err := m.stop(); err != nil {
		t.Error(err)
	}
	for place, text := range map[string]string{
		"log": m.log.String(), "metrics": metrics, "traces": m.traces.String(),
		"output": output.String(), "database": dump(t, database, dir),
	} {
		for _, secret := range secrets {
			if _, after, found := strings.Cut(text, secret); found {
				t.Errorf("the %s: %s before %.100q", place, secret, after)
			}
		}
	}
}

// dump returns the content of a database: the files of SQLite in dir, or all rows of PostgreSQL.
func dump(t testing.TB, database, dir string) string {
	t.Helper()
	var text bytes.Buffer
	if strings.HasPrefix(database, "sqlite:") {
		files, err := filepath.Glob(filepath.Join(dir, "*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			text.Write(data)
		}
	} else {
		dumpPostgreSQL(t, database, &text)
	}
	if !strings.Contains(text.String(), "consumer:sandbox-active-key") {
		t.Error("the dump of the database contains no keys")
	}
	return text.String()
}

func dumpPostgreSQL(t testing.TB, database string, text io.Writer) {
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
	for _, table := range tables {
		if _, err := conn.PgConn().CopyTo(ctx, text, "COPY "+table+" TO STDOUT"); err != nil {
			t.Fatal(err)
		}
	}
}
