package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestReady(t *testing.T) {
	t.Parallel()
	s := serveIn(t, none, io.Discard, "--addr", "127.0.0.1:0", "--database", "sqlite::memory:")
	stopping := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = w.Write([]byte(`{"message":"The server is stopping."}`))
	}))
	defer stopping.Close()
	address := strings.TrimPrefix(s.origin(), "http://")
	port := address[strings.LastIndexByte(address, ':'):]
	for _, row := range []struct {
		addr string
		code int
		want string
	}{
		{address, 0, "Ready."},
		{"0.0.0.0" + port, 0, "Ready."},
		{port, 0, "Ready."},
		{strings.TrimPrefix(stopping.URL, "http://"), 1, "The server is stopping."},
		{freeAddress(t), 1, "refused"},
		{"nowhere", 1, "nowhere"},
	} {
		var output strings.Builder
		err := run(t.Context(), []string{"ready"}, vars("SANDBOX_ADDR", row.addr), &output, &output)
		if exitCode(err) != row.code || !strings.Contains(output.String(), row.want) {
			t.Errorf("%s: %d %s", row.addr, exitCode(err), &output)
		}
	}
}
