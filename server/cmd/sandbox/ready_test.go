package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/turbosmtp-go/billing/server/internal/store/postgrestest"
)

func TestReady(t *testing.T) {
	t.Parallel()
	s := serveIn(t, none, "--addr", "127.0.0.1:0", "--database", "sqlite::memory:")
	unready := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = w.Write([]byte(`{"message":"The server is stopping."}`))
	}))
	defer unready.Close()
	at := strings.TrimPrefix(origin(s), "http://")
	for _, row := range []struct {
		addr string
		code int
		want string
	}{
		{at, 0, "Ready."},
		{"0.0.0.0:" + at[strings.LastIndexByte(at, ':')+1:], 0, "Ready."},
		{":" + at[strings.LastIndexByte(at, ':')+1:], 0, "Ready."},
		{strings.TrimPrefix(unready.URL, "http://"), 1, "The server is stopping."},
		{freeAddress(t), 1, "refused"},
		{"nowhere", 1, "nowhere"},
	} {
		var said strings.Builder
		if err := run(t.Context(), []string{"ready"}, vars("SANDBOX_ADDR", row.addr), &said, &said); exitCode(err) != row.code || !strings.Contains(said.String(), row.want) {
			t.Errorf("%s: %d %s", row.addr, exitCode(err), &said)
		}
	}
}

// TestASharedDatabaseHasNoDemoAccounts serves PostgreSQL on this machine: who else serves it is not known.
func TestASharedDatabaseHasNoDemoAccounts(t *testing.T) {
	t.Parallel()
	database := postgrestest.Shared(t).NewDatabase(t)
	for want, args := range map[string][]string{
		"There are no demo accounts, as others may share its database": nil,
		"The demo accounts are let in":                                 {"--demo-accounts"},
	} {
		s := serveIn(t, none, append(args, "--addr", "127.0.0.1:0", "--database", database)...)
		if !strings.Contains(s.output, want) {
			t.Errorf("%v: %s", args, s.output)
		}
		if _, err := buy(t.Context(), s.base, 320); (err == nil) != (args != nil) {
			t.Errorf("%v: %v", args, err)
		}
		if err := s.stop(); err != nil {
			t.Error(err)
		}
	}
}
