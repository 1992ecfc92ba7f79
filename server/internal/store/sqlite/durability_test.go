package sqlite

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"testing"

	"github.com/turbosmtp-go/billing/server/internal/billing"
)

const (
	// taskVariable makes this test binary run one task instead of its tests.
	taskVariable = "SQLITE_TEST_TASK"
	pathVariable = "SQLITE_TEST_PATH"

	taskOpen = "open" // open, print ready, close
	taskBuy  = "buy"  // store purchases until killed, and print the token of each

	ready = "ready"
)

// runTask runs a task and returns the exit code.
func runTask(task string) int {
	err := func() error {
		store, err := Open(context.Background(), os.Getenv(pathVariable))
		if err != nil {
			return err
		}
		switch task {
		case taskOpen:
			fmt.Println(ready)
			return store.Close()
		case taskBuy:
			return buyForever(store)
		}
		return fmt.Errorf("unknown task %q", task)
	}()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func buyForever(store billing.Store) error {
	if err := fill(store); err != nil {
		return err
	}
	failed := make(chan error)
	for range 4 {
		go func() {
			for {
				token := rand.Text()
				if err := store.CreatePurchase(context.Background(), purchase(token)); err != nil {
					failed <- err
					return
				}
				// One unbuffered write: when it returns, the other process can read the token.
				if _, err := os.Stdout.WriteString(token + "\n"); err != nil {
					failed <- err
					return
				}
			}
		}()
	}
	return <-failed
}

func TestKilledProcessLosesNoPurchase(t *testing.T) {
	t.Parallel()
	const rounds, purchases = 5, 60
	path := newPath(t)
	acknowledged := map[string]bool{}
	for round := range rounds {
		child := startTask(t, taskBuy, path)
		lines := bufio.NewScanner(child.output)
		read := 0
		for lines.Scan() {
			acknowledged[lines.Text()] = true
			if read++; read == purchases {
				if err := child.Process.Kill(); err != nil { // SIGKILL
					t.Fatal(err)
				}
			} // and read the tokens that it printed before it ended
		}
		if err := child.Wait(); err == nil || read < purchases {
			t.Fatalf("round %d: the process ended with %v after %d purchases: %s", round, err, read, child.errors)
		}
		store := mustOpen(t, path)
		stored := tokensOf(t, store)
		for token := range acknowledged {
			if stored[token] != 1 {
				t.Errorf("round %d: an acknowledged purchase is stored %d times", round, stored[token])
			}
		}
		checkIntegrity(t, store)
		if err := store.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// child is this binary in a second process.
type child struct {
	*exec.Cmd
	output io.Reader
	errors *lockedBuffer
}

func startTask(t *testing.T, task, path string) *child {
	t.Helper()
	c := &child{Cmd: exec.Command(os.Args[0]), errors: &lockedBuffer{}}
	c.Env = append(os.Environ(), taskVariable+"="+task, pathVariable+"="+path)
	c.Stderr = c.errors
	output, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.output = output
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Process.Kill() })
	return c
}

// lockedBuffer is a buffer that can be read while exec writes to it.
type lockedBuffer struct {
	lock   sync.Mutex
	buffer bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.lock.Lock()
	defer b.lock.Unlock()
	return b.buffer.Write(p)
}

func (b *lockedBuffer) String() string {
	b.lock.Lock()
	defer b.lock.Unlock()
	return b.buffer.String()
}
