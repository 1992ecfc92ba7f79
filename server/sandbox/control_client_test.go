package sandbox_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/turbosmtp-go/billing/gen/control"
	"github.com/turbosmtp-go/billing/server/sandboxtest"
)

// TestGeneratedControlClient steers a sandbox as a Go program does that is not a test of this module.
func TestGeneratedControlClient(t *testing.T) {
	t.Parallel()
	box := sandboxtest.Start(t)
	c, err := control.NewClientWithResponses(box.Origin + "/_sandbox")
	if err != nil {
		t.Fatal(err)
	}
	added, err := c.AddFaultWithResponse(t.Context(), control.Fault{Kind: control.FailStatus, Status: 417, Times: 1})
	if err != nil || added.JSON201 == nil || added.JSON201.ID == "" {
		t.Fatalf("AddFault: %v %s", err, added.Body)
	}
	// The answer of a fault is not taken for net/http's own of that status.
	response, err := http.Post(box.URL+"/billing/buy_emailvalidation_credits", "application/json", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != 417 || string(body) != `{"message":"The sandbox was told to answer with 417."}` {
		t.Errorf("the fault is answered with %d %s, %v", response.StatusCode, body, err)
	}
	_ = response.Body.Close()
	journal, err := c.ListJournalWithResponse(t.Context(), &control.ListJournalParams{})
	if err != nil || journal.JSON200 == nil || len(journal.JSON200.Entries) != 1 || journal.JSON200.Entries[0].Why.Fault != added.JSON201.ID {
		t.Errorf("ListJournal: %v %s", err, journal.Body)
	}
	journal, err = c.ListJournalWithResponse(t.Context(), &control.ListJournalParams{Limit: new(5), Before: new(int64(1))})
	if err != nil || journal.JSON200 == nil || len(journal.JSON200.Entries) != 0 {
		t.Errorf("ListJournal: %v %s", err, journal.Body)
	}
	purchases, err := c.ListPurchasesWithResponse(t.Context(), &control.ListPurchasesParams{})
	if err != nil || purchases.JSON200 == nil || len(purchases.JSON200.Purchases) != 0 {
		t.Errorf("ListPurchases: %v %s", err, purchases.Body)
	}
	removed, err := c.RemoveFaultWithResponse(t.Context(), added.JSON201.ID)
	if err != nil || removed.StatusCode() != http.StatusNoContent {
		t.Errorf("RemoveFault: %v %s", err, removed.Body)
	}
}
