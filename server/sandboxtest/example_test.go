package sandboxtest_test

import (
	"errors"
	"testing"

	"github.com/turbosmtp-go/billing/client"
	"github.com/turbosmtp-go/billing/gen/control"
	"github.com/turbosmtp-go/billing/server/sandboxtest"
)

func TestShopReportsUnknownOutcome(t *testing.T) {
	box := sandboxtest.Start(t)
	box.Fail(control.Fault{Kind: control.FailResetAfter, Times: 1}) // buys, then resets the connection

	c, err := client.New(box.Active...)
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.BuyEmailValidatorCredits(t.Context(), client.BuyEmailValidatorCreditsRequest{Amount: 320})
	if !errors.Is(err, client.ErrOutcomeUnknown) {
		t.Errorf("got error %v, want ErrOutcomeUnknown", err)
	}
	if n := len(box.Purchases()); n != 1 {
		t.Errorf("got %d purchases, want 1", n)
	}
}
