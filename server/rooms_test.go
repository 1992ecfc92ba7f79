package server_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// TestRooms holds each package to what it may import of this module: arrows point one way.
func TestRooms(t *testing.T) {
	t.Parallel()
	const module = "github.com/turbosmtp-go/billing/"
	gen := []string{"gen/model", "gen/httpclient", "gen/httpserver", "gen/control"}
	library := []string{"api", "server", "server/contract", "server/billing", "server/checkout", "server/reference", "server/store/sqlite", "server/store/postgres", "server/store/groupcommit",
		"server/sandbox/internal/journal", "server/sandbox/internal/fault", "server/sandbox/internal/home"}
	rooms := map[string][]string{
		"api":                              {},
		"gen":                              {},
		"gen/documentgen":                  {},
		"gen/model":                        {},
		"gen/httpclient":                   {"gen/model"},
		"gen/httpserver":                   {"gen/model"},
		"gen/control":                      {},
		"client":                           {"gen/model", "gen/httpclient"},
		"client/cmd/buycredits":            {"client"},
		"server":                           append([]string{"api", "server/contract"}, gen...),
		"server/contract":                  {},
		"server/contract/internal/library": {},
		"server/billing":                   {},
		"server/store/groupcommit":         {"server/billing"},
		"server/store/sqlite":              {"server/billing", "server/store/groupcommit", "server/store/schema"},
		"server/store/postgres":            {"server/billing", "server/store/groupcommit", "server/store/schema"},
		"server/store/schema":              {},
		"server/store/storetest":           {"server/billing"},
		"server/store/postgrestest":        {},
		"server/telemetry":                 {"server/contract", "server/billing", "server/store/groupcommit"},
		"server/checkout":                  {"server/billing"},
		"server/reference":                 {},
		"server/sandbox":                   append(library, gen...),
		"server/sandbox/internal/journal":  append([]string{"server/contract"}, gen...),
		"server/sandbox/internal/fault":    append([]string{"server/contract", "server/sandbox/internal/journal"}, gen...),
		"server/sandbox/internal/home":     gen,
		"server/sandboxtest":               append([]string{"server", "server/sandbox", "server/store/sqlite", "client"}, gen...),
		"server/cmd/sandbox":               {"server/sandbox", "server/billing", "server", "server/telemetry", "server/store/groupcommit", "gen/model"},
	}
	command := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Imports", "./...")
	command.Dir = ".."
	out, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	decoder := json.NewDecoder(strings.NewReader(string(out)))
	for {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		room := strings.TrimPrefix(p.ImportPath, module)
		may, known := rooms[room]
		if !known {
			t.Errorf("the package %s has no place in the layout", room)
		}
		for _, path := range p.Imports {
			if imported, ok := strings.CutPrefix(path, module); ok && !slices.Contains(may, imported) {
				t.Errorf("%s imports %s", room, imported)
			}
		}
	}
}
