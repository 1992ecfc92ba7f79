package checkout

import (
	"errors"
	"io"
	"net/http"
	"testing"

	"github.com/turbosmtp-go/billing/server/internal/billing"
)

// noPage is a page that cannot be rendered.
type noPage struct{}

func (noPage) Execute(w io.Writer, _ any) error {
	_, _ = io.WriteString(w, "half")
	return errors.New("no such field")
}

func TestAPageThatBreaksIsNotSentByHalf(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.handler.pages.purchase = noPage{}
	response, body := ask(t, s.handler, "GET", "/checkout/"+s.purchase.Token, html)
	if response.StatusCode != http.StatusInternalServerError || body != "The page cannot be shown.\n" || s.log.Len() == 0 {
		t.Errorf("answered %d %q, and logged %q", response.StatusCode, body, s.log)
	}
}

func TestOtherStatesAreNamed(t *testing.T) {
	t.Parallel()
	view := describe(billing.Purchase{Status: "refunded"}, billing.Account{})
	if view.State != "refunded" || view.Pending {
		t.Errorf("an unknown state is shown as %+v", view)
	}
}

func TestGrouped(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{
		0: "0", 15: "15", 999: "999", 1000: "1,000", 1800: "1,800", 1234567: "1,234,567", -1000: "-1,000", -100: "-100",
	} {
		if got := grouped(n); got != want {
			t.Errorf("grouped(%d) = %s, want %s", n, got, want)
		}
	}
}
