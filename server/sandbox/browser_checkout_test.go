package sandbox_test

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/turbosmtp-go/billing/client"
	"github.com/turbosmtp-go/billing/gen/control"
	"github.com/turbosmtp-go/billing/server/sandbox"
	"github.com/turbosmtp-go/billing/server/sandboxtest"
)

const (
	payButton    = "Pay 320 USD"
	cancelButton = "Cancel the order"
)

// checkoutTests use the payment page.
var checkoutTests = map[string]func(x *tab, box *sandboxtest.Sandbox){
	"pay, go back and pay again":  payAgain,
	"pay by a double click":       payByDoubleClick,
	"pay, and cancel elsewhere":   payAndCancel,
	"cancel, and pay elsewhere":   cancelAndPay,
	"pay what has expired":        payExpired,
	"pay without the cookie":      payWithoutCookie,
	"pay by keys on a telephone":  payByKeys,
	"pay without JavaScript":      payWithoutScript,
	"look at what does not exist": lookAtNothing,
}

func payAgain(x *tab, box *sandboxtest.Sandbox) {
	link := buyLink(x.t, box)
	x.visit(link, 200)
	x.shows("Email-validation credits", "320 USD", "Account "+sandbox.DemoAccounts()[0].Account.Name, "Waiting for payment",
		"Pay before", payButton, cancelButton, "This is a sandbox.")
	x.sound()
	second := x.another()
	second.visit(link, 200)

	x.load(200, click(payButton))
	x.isPaid()
	x.sound()
	x.do(chromedp.NavigateBack())
	if strings.Contains(x.read(), payButton) { // from the browser's memory
		x.load(200, click(payButton))
	}
	x.isPaid()
	x.do(chromedp.Reload())
	x.isPaid()

	second.shows("Waiting for payment")
	second.load(200, click(payButton))
	second.isPaid()
	settled(x.t, box, control.Paid, 320)
}

func payByDoubleClick(x *tab, box *sandboxtest.Sandbox) {
	x.visit(buyLink(x.t, box), 200)
	x.do(chromedp.DoubleClick(chromedp.CSS("button")), chromedp.WaitVisible(chromedp.CSS(".state.paid")))
	x.isPaid()
	settled(x.t, box, control.Paid, 320)
}

func payAndCancel(x *tab, box *sandboxtest.Sandbox) {
	link := buyLink(x.t, box)
	x.visit(link, 200)
	canceller := x.another()
	canceller.visit(link, 200)
	x.load(200, click(payButton))
	x.isPaid()
	canceller.load(409, click(cancelButton))
	canceller.shows("Nothing was cancelled: the purchase had already been paid.")
	canceller.isPaid()
	canceller.sound()
	settled(x.t, box, control.Paid, 320)
}

func cancelAndPay(x *tab, box *sandboxtest.Sandbox) {
	link := buyLink(x.t, box)
	x.visit(link, 200)
	payer := x.another()
	payer.visit(link, 200)
	x.load(200, click(cancelButton))
	x.shows("Cancelled", "nothing was paid")
	x.hides(payButton, cancelButton, "Waiting")
	x.sound()
	payer.load(409, click(payButton))
	payer.shows("Nothing was paid: the purchase had already been cancelled.", "Cancelled")
	payer.hides(payButton, cancelButton, "Thank you")
	payer.sound()
	settled(x.t, box, control.Cancelled, 0)
}

func payExpired(x *tab, box *sandboxtest.Sandbox) {
	link := buyLink(x.t, box)
	x.visit(link, 200)
	box.Advance(24 * time.Hour)
	x.load(409, click(payButton))
	x.shows("Nothing was done: the purchase had expired.", "Expired")
	x.hides(payButton, cancelButton, "Thank you")
	x.sound()
	x.visit(link, 200)
	x.shows("Expired", "not paid in time, and nothing was charged")
	x.hides(payButton, cancelButton, "Nothing was done")
	x.sound()
	settled(x.t, box, control.Expired, 0)
}

func payWithoutCookie(x *tab, box *sandboxtest.Sandbox) {
	x.visit(buyLink(x.t, box), 200)
	emulate(x, network.ClearBrowserCookies, cdp.Empty{})
	x.load(403, click(payButton))
	x.shows("Nothing was done", "Please press the button once more.", "Waiting for payment")
	x.sound()
	settled(x.t, box, control.Pending, 0)
	x.load(200, click(payButton))
	x.isPaid()
	settled(x.t, box, control.Paid, 320)
}

func payByKeys(x *tab, box *sandboxtest.Sandbox) {
	for _, width := range []int64{320, 360} {
		x.phone(width)
		x.visit(buyLink(x.t, box), 200)
		x.fits()
		for _, text := range []string{payButton, cancelButton} {
			at := x.press(kb.Tab)
			if at.Text != text {
				x.t.Fatalf("the key Tab leads to %q, want %q", at.Text, text)
			}
			if at.Outline == "none" || at.Width < 2 {
				x.t.Errorf("nobody sees that %q has the focus: %+v", text, at)
			}
		}
		x.zoomText(200)
		x.fits()
		x.zoomText(100)
	}
	x.sound()
	if at := x.press(kb.Tab, chromedp.KeyModifiers(chromedp.ModifierShift)); at.Text != payButton {
		x.t.Fatalf("the keys Shift and Tab lead back to %q", at.Text)
	}
	x.load(200, chromedp.KeyEvent(kb.Enter))
	x.isPaid()
	x.zoomText(200)
	x.fits()
	if n := box.Accounts()[0].Balance; n != 320 {
		x.t.Errorf("%d were paid", n)
	}
}

func payWithoutScript(x *tab, box *sandboxtest.Sandbox) {
	emulate(x, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	x.visit("data:text/html,<p>Text<script>document.write('script')</script></p>", 200)
	x.shows("Text")
	x.hides("script")
	x.visit(buyLink(x.t, box), 200)
	x.load(200, click(payButton))
	x.isPaid()
	settled(x.t, box, control.Paid, 320)
}

func lookAtNothing(x *tab, box *sandboxtest.Sandbox) {
	x.visit(box.Origin+"/checkout/"+strings.Repeat("a", 40), 404)
	x.shows("404", "Not Found", "There is no such purchase.")
	x.sound()
	x.phone(320)
	x.fits()
}

// isPaid checks that the page says so, and offers nothing more.
func (x *tab) isPaid() {
	x.t.Helper()
	x.shows("Paid", "320 USD were added to the balance")
	x.hides(payButton, cancelButton, "Waiting for payment")
}

// settled checks what became of the only purchase, and what was charged for it.
func settled(t *testing.T, box *sandboxtest.Sandbox, status control.PurchaseStatus, balance int64) {
	t.Helper()
	bought := box.Purchases()
	if len(bought) != 1 || bought[0].Status != status {
		t.Errorf("the purchases are %+v, want one that is %s", bought, status)
	}
	if account := box.Accounts()[0]; account.Balance != balance {
		t.Errorf("the account is %+v, want the balance %d", account, balance)
	}
}

// buyLink buys for 320 and returns the payment link.
func buyLink(t *testing.T, box *sandboxtest.Sandbox) string {
	t.Helper()
	c, err := client.New(box.Active...)
	if err != nil {
		t.Fatal(err)
	}
	payment, err := c.BuyEmailValidatorCredits(t.Context(), client.BuyEmailValidatorCreditsRequest{Amount: 320})
	if err != nil {
		t.Fatal(err)
	}
	return payment.URL
}
