package checkout

import (
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/turbosmtp-go/billing/server/internal/billing"
)

func TestPurchaseOnPage(t *testing.T) {
	t.Parallel()
	for want, purchase := range map[string]billing.Purchase{
		`role="status">refunded</p>`:              {Status: "refunded"}, // an unknown status has no label
		`<span class="number">0</span>`:           {Amount: 0},
		`<span class="number">15</span>`:          {Amount: 15},
		`<span class="number">999</span>`:         {Amount: 999},
		`<span class="number">1,000</span>`:       {Amount: 1000},
		`<span class="number">4,700</span>`:       {Amount: 4700},
		`<span class="number">1,234,567</span>`:   {Amount: 1234567},
		`<span class="number">-1,000</span>`:      {Amount: -1000},
		`<span class="number">-100</span> <abbr>`: {Amount: -100},
	} {
		handler, err := New(stub{purchase: purchase}, publicURL, slog.Default())
		if err != nil {
			t.Fatal(err)
		}
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, httptest.NewRequestWithContext(t.Context(), "GET", "/checkout/x", nil))
		if body := recorder.Body.String(); !strings.Contains(body, want) || strings.Contains(body, "<form") {
			t.Errorf("the page of %+v does not contain %s, or contains a form: %s", purchase, want, body)
		}
	}
}
