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

func TestShopSurvivesALostAnswer(t *testing.T) {
	box := sandboxtest.Start(t)
	box.Fail(control.Fault{Kind: control.FailResetAfter, Times: 1}) // the answer is lost, once

	c, err := client.New(box.Active...)
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.BuyEmailValidatorCredits(t.Context(), client.BuyEmailValidatorCreditsRequest{Amount: 320})
	if !errors.Is(err, client.ErrOutcomeUnknown) {
		t.Errorf("the shop got %v", err)
	}
	if n := len(box.Purchases()); n != 1 {
		t.Errorf("%d purchases: want 1, which nobody knows of", n)
	}
	t.Log(box.Journal()[0].Why.Text) // what happened, in words
}

// TestReadme finds the example above in the README as it stands here, and short enough to be read.
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
	_, example, _ := strings.Cut(string(source), "\nfunc TestShop")
	example, _, _ = strings.Cut(example, "\n}\n")
	if lines := strings.Count(example, "\n") + 2; lines >= 20 || !strings.Contains(string(readme), "\nfunc TestShop"+example+"\n}\n") {
		t.Errorf("the README does not have the example of %d lines", lines)
	}
}
