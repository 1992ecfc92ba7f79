package sandboxtest_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/turbosmtp-go/billing/client"
	"github.com/turbosmtp-go/billing/gen/control"
	"github.com/turbosmtp-go/billing/server/sandboxtest"
)

func TestLostResponse(t *testing.T) {
	box := sandboxtest.Start(t)
	box.Fail(control.Fault{Kind: control.FailResetAfter, Times: 1}) // one response is lost

	c, err := client.New(box.Active...)
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.BuyEmailValidatorCredits(t.Context(), client.BuyEmailValidatorCreditsRequest{Amount: 320})
	if !errors.Is(err, client.ErrOutcomeUnknown) {
		t.Errorf("got %v, want ErrOutcomeUnknown", err)
	}
	if n := len(box.Purchases()); n != 1 {
		t.Errorf("%d purchases, want 1", n)
	}
	t.Log(box.Journal()[0].Reason.Text) // the reason for the response
}

// TestReadme checks that the README contains the example above, and that it is short.
func TestReadme(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, example, _ := strings.Cut(string(source), "\nfunc TestLost")
	example, _, _ = strings.Cut(example, "\n}\n")
	if lines := strings.Count(example, "\n") + 2; lines >= 20 || !strings.Contains(string(readme), "\nfunc TestLost"+example+"\n}\n") {
		t.Errorf("the README does not contain the example, or its %d lines are too many", lines)
	}
}
