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
	cancelButton = "Cancel purchase"
)

// checkoutTests test the payment page.
var checkoutTests = map[string]func(x *tab, box *sandboxtest.Sandbox){
	"pay, go back and pay again":      payAgain,
	"double click":                    payByDoubleClick,
	"pay, then cancel in a tab":       payAndCancel,
	"cancel, then pay in a tab":       cancelAndPay,
	"pay an expired purchase":         payExpired,
	"pay without the cookie":          payWithoutCookie,
	"pay by keyboard on a phone":      payByKeyboard,
	"pay without JavaScript":          payWithoutScript,
	"open a purchase that is missing": openMissing,
}

func payAgain(x *tab, box *sandboxtest.Sandbox) {
	link := buyLink(x.t, box)
	x.visit(link, 200)
	x.shows("Email-validation credits", "320 USD", "Account "+sandbox.DemoAccounts()[0].Account.Name, "Waiting for payment",
		"Pay before", payButton, cancelButton, "This is a sandbox.")
	x.checkAccessible()
	second := x.another()
	second.visit(link, 200)

	x.load(200, click(payButton))
	x.isPaid()
	x.checkAccessible()
	x.do(chromedp.NavigateBack())
	if strings.Contains(x.read(), payButton) { // the browser restored the old page
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
	canceller.shows("Nothing was cancelled: the purchase is already paid.")
	canceller.isPaid()
	canceller.checkAccessible()
	settled(x.t, box, control.Paid, 320)
}

func cancelAndPay(x *tab, box *sandboxtest.Sandbox) {
	link := buyLink(x.t, box)
	x.visit(link, 200)
	payer := x.another()
	payer.visit(link, 200)
	x.load(200, click(cancelButton))
	x.shows("Cancelled", "Nothing was charged")
	x.hides(payButton, cancelButton, "Waiting")
	x.checkAccessible()
	payer.load(409, click(payButton))
	payer.shows("Nothing was paid: the purchase is already cancelled.", "Cancelled")
	payer.hides(payButton, cancelButton, "Payment complete")
	payer.checkAccessible()
	settled(x.t, box, control.Cancelled, 0)
}

func payExpired(x *tab, box *sandboxtest.Sandbox) {
	link := buyLink(x.t, box)
	x.visit(link, 200)
	box.Advance(24 * time.Hour)
	x.load(409, click(payButton))
	x.shows("Nothing was changed: the purchase has expired.", "Expired")
	x.hides(payButton, cancelButton, "Payment complete")
	x.checkAccessible()
	x.visit(link, 200)
	x.shows("Expired", "not paid in time. Nothing was charged.")
	x.hides(payButton, cancelButton, "Nothing was changed")
	x.checkAccessible()
	settled(x.t, box, control.Expired, 0)
}

func payWithoutCookie(x *tab, box *sandboxtest.Sandbox) {
	x.visit(buyLink(x.t, box), 200)
	emulate(x, network.ClearBrowserCookies, cdp.Empty{})
	x.load(403, click(payButton))
	x.shows("Nothing was changed", "press the button again.", "Waiting for payment")
	x.checkAccessible()
	settled(x.t, box, control.Pending, 0)
	x.load(200, click(payButton))
	x.isPaid()
	settled(x.t, box, control.Paid, 320)
}

func payByKeyboard(x *tab, box *sandboxtest.Sandbox) {
	for _, width := range []int64{320, 360} {
		x.phone(width)
		x.visit(buyLink(x.t, box), 200)
		x.checkWidth()
		for _, text := range []string{payButton, cancelButton} {
			at := x.press(kb.Tab)
			if at.Text != text {
				x.t.Fatalf("Tab moves the focus to %q, want %q", at.Text, text)
			}
			if at.Outline == "none" || at.Width < 2 {
				x.t.Errorf("the focus on %q is not visible: %+v", text, at)
			}
		}
		x.zoomText(200)
		x.checkWidth()
		x.zoomText(100)
	}
	x.checkAccessible()
	if at := x.press(kb.Tab, chromedp.KeyModifiers(chromedp.ModifierShift)); at.Text != payButton {
		x.t.Fatalf("Shift+Tab moves the focus to %q", at.Text)
	}
	x.load(200, chromedp.KeyEvent(kb.Enter))
	x.isPaid()
	x.zoomText(200)
	x.checkWidth()
	if n := box.Accounts()[0].Balance; n != 320 {
		x.t.Errorf("the balance is %d", n)
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

func openMissing(x *tab, box *sandboxtest.Sandbox) {
	x.visit(box.Origin+"/checkout/"+strings.Repeat("a", 40), 404)
	x.shows("404", "Not Found", "Purchase not found.")
	x.checkAccessible()
	x.phone(320)
	x.checkWidth()
}

// isPaid checks that the page shows a paid purchase without buttons.
func (x *tab) isPaid() {
	x.t.Helper()
	x.shows("Paid", "Payment complete.", "increased by 320 USD")
	x.hides(payButton, cancelButton, "Waiting for payment")
}

// settled checks that there is one purchase, its status, and the balance of its account.
func settled(t *testing.T, box *sandboxtest.Sandbox, status control.PurchaseStatus, balance int64) {
	t.Helper()
	purchases := box.Purchases()
	if len(purchases) != 1 || purchases[0].Status != status {
		t.Errorf("purchases: %+v, want one with the status %s", purchases, status)
	}
	if account := box.Accounts()[0]; account.Balance != balance {
		t.Errorf("account: %+v, want the balance %d", account, balance)
	}
}

// buyLink creates a purchase of 320 and returns the payment link.
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
