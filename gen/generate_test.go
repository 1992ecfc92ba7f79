package gen_test

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// TestGeneratedIsCurrent generates everything anew and finds each byte where it was.
func TestGeneratedIsCurrent(t *testing.T) {
	t.Parallel()
	work := copyModule(t)
	tool(t, work, "go", "generate", "./...")
	for _, path := range generated(t, work) {
		want, err := os.ReadFile(filepath.Join("..", path))
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join(work, path))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is not what go generate makes of the document: run make generate", path)
		}
	}
}

// TestDocumentAlone changes the largest order and its code in the document and nowhere else. After
// go generate, all of the module compiles, its tests too, and server and client follow: a program
// that knows neither limit nor code buys up to the new one and reads the new code.
func TestDocumentAlone(t *testing.T) {
	t.Parallel()
	work := copyModule(t)
	path := filepath.Join(work, "api", "openapi.yaml")
	document, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.NewReplacer(
		"maximum: 1800", "maximum: 2000",
		"amount_should_not_be_higher_than_1800", "amount_is_more_than_2000",
		"AmountShouldNotBeHigherThan1800", "AmountIsMoreThan2000",
	).Replace(string(document))
	if err := os.WriteFile(path, []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
	probe := filepath.Join(work, "server", "cmd", "probe")
	if err := os.MkdirAll(probe, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(probe, "main.go"), []byte(probeSource), 0o600); err != nil {
		t.Fatal(err)
	}
	tool(t, work, "go", "generate", "./...")
	tool(t, work, "go", "vet", "./...")
	out := tool(t, work, "go", "run", "./server/cmd/probe")
	want := "1800 bought\n1801 bought\n2000 bought\n2001 amount_is_more_than_2000\n"
	if out != want {
		t.Errorf("the program printed\n%s\nnot\n%s", out, want)
	}
	text, err := os.ReadFile(filepath.Join(work, "gen", "model", "model.gen.go"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), "AmountIsMoreThan2000 ") {
		t.Error("the new code has no constant")
	}
}

const probeSource = `package main

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"

	"github.com/turbosmtp-go/billing/client"
	"github.com/turbosmtp-go/billing/server/sandbox"
	"github.com/turbosmtp-go/billing/server/store/sqlite"
)

func main() {
	ctx := context.Background()
	store, err := sqlite.Open(ctx, sqlite.Memory)
	check(err)
	box, err := sandbox.New(ctx, store, "http://127.0.0.1", sandbox.WithDemoAccounts())
	check(err)
	listening := httptest.NewServer(box.Handler())
	c, err := client.New(client.WithBaseURL(listening.URL+box.BasePath()), client.WithAPIKey("sandbox-active-token"))
	check(err)
	for _, amount := range []int{1800, 1801, 2000, 2001} {
		_, err := c.BuyEmailValidatorCredits(ctx, amount)
		var refused *client.Error
		switch {
		case errors.As(err, &refused):
			fmt.Println(amount, refused.Code)
		case err != nil:
			fmt.Println(amount, err)
		default:
			fmt.Println(amount, "bought")
		}
	}
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
`

// copyModule copies the module, without what git keeps beside it, to change it.
func copyModule(t *testing.T) string {
	t.Helper()
	work := t.TempDir()
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		relative, err := filepath.Rel("..", path)
		if err != nil {
			return err
		}
		target := filepath.Join(work, relative)
		switch {
		case entry.IsDir() && strings.HasPrefix(entry.Name(), ".") && relative != ".":
			return filepath.SkipDir
		case entry.IsDir():
			return os.MkdirAll(target, 0o700)
		case !entry.Type().IsRegular() || strings.Contains(entry.Name(), ".db"):
			return nil
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(target, data, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
	return work
}

func generated(t *testing.T, work string) []string {
	t.Helper()
	var paths []string
	err := filepath.WalkDir(work, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(entry.Name(), ".gen.go") {
			relative, _ := filepath.Rel(work, path)
			paths = append(paths, relative)
		}
		return err
	})
	if err != nil || len(paths) < 4 {
		t.Fatalf("generated: %v, %v", paths, err)
	}
	return paths
}

// goFlags are the flags of go that this machine has, and -trimpath: without the name of its folder in it, what
// is built of one copy is the same as of the next, and go has it already.
var goFlags = sync.OnceValue(func() string {
	set, err := exec.CommandContext(context.Background(), "go", "env", "GOFLAGS").Output()
	if err != nil {
		return "-trimpath"
	}
	return strings.TrimSpace(string(set)) + " -trimpath"
})

func tool(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	command := exec.CommandContext(context.WithoutCancel(t.Context()), name, args...)
	command.Dir = dir
	command.Env = append(os.Environ(), "GOFLAGS="+goFlags())
	var stderr bytes.Buffer
	command.Stderr = &stderr
	out, err := command.Output()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, &stderr)
	}
	return string(out)
}
