package sandboxtest_test

import (
	"errors"
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
	_, err = c.BuyEmailValidatorCredits(t.Context(), 320)
	if !errors.Is(err, client.ErrOutcomeUnknown) {
		t.Errorf("the shop was told %v", err)
	}
	if n := len(box.Purchases()); n != 1 {
		t.Errorf("%d purchases: want 1, which nobody knows of", n)
	}
	t.Log(box.Journal()[0].Why.Text)
}
