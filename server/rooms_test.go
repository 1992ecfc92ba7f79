package server_test

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
)

// TestRooms lists which packages of this module each package may import. ARCHITECTURE.md names every package.
func TestRooms(t *testing.T) {
	t.Parallel()
	const module = "github.com/turbosmtp-go/billing/"
	const internal = "server/internal/"
	gen := []string{"gen/model", "gen/httpclient", "gen/httpserver", "gen/control"}
	library := append([]string{"api", "server/contract", "server", "server/telemetry"}, gen...)
	stores := []string{internal + "store", internal + "store/sqlite", internal + "store/postgres", internal + "store/groupcommit", internal + "store/schema"}
	pages := []string{internal + "checkout", internal + "journal", internal + "fault", internal + "console", internal + "reference"}
	page := internal + "page"
	rooms := map[string][]string{
		// The library.
		"api":                              {},
		"gen":                              {},
		"gen/documentgen":                  {},
		"gen/model":                        {},
		"gen/httpclient":                   {"gen/model"},
		"gen/httpserver":                   {"gen/model"},
		"gen/control":                      {},
		"client":                           {"gen/model", "gen/httpclient"},
		"client/cmd/buycredits":            {"client"},
		"server/contract":                  {},
		"server/contract/internal/library": {},
		"server":                           append([]string{"api", "server/contract"}, gen...),
		"server/telemetry":                 {"server/contract"},
		// The sandbox.
		internal + "billing":            {},
		internal + "store/groupcommit":  {internal + "billing"},
		internal + "store/schema":       {internal + "billing"},
		internal + "store/sqlite":       {internal + "billing", internal + "store/groupcommit", internal + "store/schema"},
		internal + "store/postgres":     {internal + "billing", internal + "store/groupcommit", internal + "store/schema"},
		internal + "store":              append([]string{internal + "billing"}, stores...),
		internal + "store/instrument":   {internal + "billing", internal + "store/groupcommit"},
		internal + "store/storetest":    {internal + "billing"},
		internal + "store/postgrestest": {},
		page:                            {},
		internal + "checkout":           {internal + "billing", page},
		internal + "reference":          {page},
		internal + "journal":            {},
		internal + "fault":              {},
		internal + "console":            {internal + "journal", page},
		"server/sandbox":                slices.Concat(library, pages, stores, []string{internal + "billing"}),
		"server/sandboxtest":            append([]string{"client", "server", "server/sandbox"}, gen...),
		"server/cmd/sandbox":            append([]string{"gen/model", "server", "server/telemetry", "server/sandbox", internal + "billing", internal + "store/instrument"}, stores...),
	}
	command := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Imports", "./...")
	command.Dir = ".."
	out, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	architecture, err := os.ReadFile("ARCHITECTURE.md")
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
			t.Errorf("the package %s is missing in this test: add it with its imports", room)
		}
		if !strings.Contains(string(architecture), path.Base(room)) {
			t.Errorf("ARCHITECTURE.md does not name %s", room)
		}
		for _, imports := range p.Imports {
			if imported, ok := strings.CutPrefix(imports, module); ok && !slices.Contains(may, imported) {
				t.Errorf("%s imports %s", room, imported)
			}
		}
	}
}
