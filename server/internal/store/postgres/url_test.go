package postgres

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// TestNoErrorContainsThePassword opens malformed URLs.
func TestNoErrorContainsThePassword(t *testing.T) {
	t.Parallel()
	for _, address := range []string{
		"",
		"host=127.0.0.1 password=hunter2secret",
		"mysql://u:hunter2secret@h/db",
		"postgres:/u:hunter2secret@h/db",
		"postgres://u:hunter2/secret@h/db",
		"postgres://u:hunter2?secret@h/db",
		"postgres://u:hunter2#secret@h/db",
		"postgres://u:hunter2@secret@h/db",
		"postgres://u:12/hunter2secret@127.0.0.1:1/db",
		"postgres://u:hunter2%zzsecret@h/db",
		"postgres://u:hunter2secret@h:port/db",
		"postgres://u:hunter2secret@h/db?sslmode=what",
		"postgres://u:hunter2secret@h/db?pool_max_conns=many",
		"postgres://u:hunter2secret@h/db?connect_timeout=hunter",
		"postgres://u@h:port/db?password=hunter2secret",
		"postgres://u@h:port/db?pass%77ord=hunter2secret",
		"postgres://u@h:port/db?%yy=hunter2secret&sslpassword=hunter2secret",
		"postgres://u:hunter2secret@[::1/db",
	} {
		store, err := Open(context.Background(), address)
		if err == nil {
			_ = store.Close()
			t.Errorf("Open(%q) = nil, want an error", address)
			continue
		}
		if strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "zz") {
			t.Errorf("Open(%q) = %v", address, err)
		}
		if !strings.HasPrefix(err.Error(), "postgres: ") {
			t.Errorf("Open(%q) = %v", address, err)
		}
	}
}

func TestWrongURLFailsAtOnce(t *testing.T) {
	t.Parallel()
	good, err := url.Parse(newDatabase(t))
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		change func(*url.URL)
		code   string
	}{
		"password": {func(u *url.URL) { u.User = url.UserPassword(u.User.Username(), "hunter2") }, "28P01"},
		"user":     {func(u *url.URL) { u.User = url.UserPassword("unknown", "hunter2") }, "28P01"},
		"database": {func(u *url.URL) { u.Path = "/nothing" }, "3D000"},
	} {
		wrong := *good
		test.change(&wrong)
		began := time.Now()
		_, err := Open(t.Context(), wrong.String())
		password, _ := wrong.User.Password()
		if code(err) != test.code || strings.Contains(err.Error(), password) {
			t.Errorf("a wrong %s: %v, want %s", name, err, test.code)
		}
		if took := time.Since(began); took > openTimeLimit/2 {
			t.Errorf("a wrong %s: it took %v", name, took)
		}
	}
}

func TestOpenFailsAfterTheEndOfItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Open(ctx, "postgres://u:hunter2@127.0.0.1:1/db"); !errors.Is(err, context.Canceled) || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("Open = %v, want context.Canceled", err)
	}
}

func TestAwait(t *testing.T) {
	t.Parallel()
	broken, starting, refusal := errors.New("broken"), &pgconn.PgError{Code: "57P03"}, &pgconn.PgError{Code: "28P01"}
	for name, test := range map[string]struct {
		errs  []error
		limit time.Duration
		want  error
	}{
		"success":       {[]error{nil}, time.Hour, nil},
		"after a while": {[]error{broken, starting, nil}, time.Hour, nil},
		"refused":       {[]error{broken, refusal}, time.Hour, refusal},
		"time limit":    {[]error{broken}, 10 * time.Millisecond, broken},
	} {
		calls := 0
		err := await(t.Context(), test.limit, func(context.Context) error {
			calls++
			return test.errs[calls-1]
		})
		if !errors.Is(err, test.want) || calls != len(test.errs) {
			t.Errorf("%s: %v after %d attempts, want %v after %d", name, err, calls, test.want, len(test.errs))
		}
	}
}

func TestWithoutPassword(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"postgres://u:p@h:5432/db?sslmode=disable":         "postgres://u:xxxxx@h:5432/db?sslmode=disable",
		"postgresql://u@h":                                 "postgresql://u@h",
		"postgres://h1:1,h2:2/db":                          "postgres://h1:1,h2:2/db",
		"postgres://u:p@h?PASSWORD=p&sslpassword=q&user=u": "postgres://u:xxxxx@h?PASSWORD=xxxxx&sslpassword=xxxxx&user=u",
	} {
		if err := checkURL(given); err != nil {
			t.Errorf("checkURL(%s) = %v", given, err)
		}
		if got := withoutPassword(given); got != want {
			t.Errorf("withoutPassword(%s) = %s, want %s", given, got, want)
		}
	}
}
