package client_test

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestReadme checks the Go code of the README: programs build in another module, and every other block is a part of
// an example.
func TestReadme(t *testing.T) {
	t.Parallel()
	var examples strings.Builder
	for _, name := range []string{"example_test.go", "example_option_test.go", "../server/example_test.go", "../server/sandboxtest/example_test.go"} {
		examples.WriteString(unindented(readFile(t, name)))
	}
	module, programs := newOutsideModule(t), 0
	for _, match := range regexp.MustCompile("(?s)\n```go\n(.*?)```\n").FindAllStringSubmatch(readFile(t, "../README.md"), -1) {
		switch block := match[1]; {
		case strings.HasPrefix(block, "package main\n"):
			programs++
			module.write(t, fmt.Sprintf("program%d/main.go", programs), block)
		case !strings.Contains(examples.String(), unindented(block)):
			t.Errorf("this block of the README is not in an example:\n%s", block)
		}
	}
	if programs != 2 {
		t.Fatalf("found %d programs in the README, want the client's and the server's", programs)
	}
	module.run(t, "go", "build", "-o", "bin/", "./...")

	vendor := newVendorServer(http.StatusOK, linkBody)
	defer vendor.Close()
	module.env = []string{"TURBOSMTP_API_KEY=key", "TURBOSMTP_BASE_URL=" + vendor.URL}
	if out, want := module.run(t, filepath.Join(module.folder, "bin", "program1")), "Pay at https://billing.example.com/checkout/5f1d7a84c0b94b6e\n"; out != want {
		t.Errorf("the client's program printed %q, want %q", out, want)
	}
}

// unindented removes the white space at the beginning of each line.
func unindented(text string) string {
	return regexp.MustCompile(`(?m)^[ \t]+`).ReplaceAllString(text, "")
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// outsideModule is a Go module that requires this one from its folder on disk.
type outsideModule struct {
	folder string
	env    []string // of its commands
}

func newOutsideModule(t *testing.T) *outsideModule {
	t.Helper()
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	m := &outsideModule{folder: t.TempDir()}
	m.write(t, "go.mod", fmt.Sprintf("module example.com/shop\n\ngo 1.26.0\n\nrequire github.com/turbosmtp-go/billing v0.0.0\n\nreplace github.com/turbosmtp-go/billing => %s\n", strconv.Quote(root)))
	return m
}

func (m *outsideModule) write(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join(m.folder, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// run runs a command offline in the module and returns its output.
func (m *outsideModule) run(t *testing.T, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = m.folder
	cmd.Env = append(append(os.Environ(), "GOFLAGS=-mod=mod", "GOPROXY=off", "GOSUMDB=off", "GOWORK=off"), m.env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %q: %v\n%s", name, args, err, out)
	}
	return string(out)
}
