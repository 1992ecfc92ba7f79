package sandbox_test

import (
	"github.com/chromedp/chromedp"

	"github.com/turbosmtp-go/billing/client"
	"github.com/turbosmtp-go/billing/gen/model"
	"github.com/turbosmtp-go/billing/server/sandbox"
	"github.com/turbosmtp-go/billing/server/sandboxtest"
)

// consoleTests test the start page and the journal page.
var consoleTests = map[string]func(x *tab, box *sandboxtest.Sandbox){
	"find the reason for a response": findReason,
}

func findReason(x *tab, box *sandboxtest.Sandbox) {
	x.visit(box.Origin+"/", 200)
	x.shows(box.URL)
	for _, demo := range sandbox.DemoAccounts() {
		x.shows(demo.Account.Name, demo.ConsumerKey, demo.ConsumerSecret.Reveal(), demo.APIKey.Reveal())
	}
	x.checkAccessible()
	x.phone(320)
	x.checkAccessible()
	x.load(200, chromedp.Click(`//main//a[starts-with(., "Journal")]`))
	x.at("/journal")
	x.shows("The journal is empty.")
	x.checkAccessible()

	c, err := client.New(box.Active...)
	if err != nil {
		x.t.Fatal(err)
	}
	if _, err := c.BuyEmailValidatorCredits(x.t.Context(), client.BuyEmailValidatorCreditsRequest{Amount: 14}); !client.HasCode(err, model.AmountShouldNotBeLessThan15) {
		x.t.Fatalf("a purchase of 14: %v", err)
	}
	x.load(200, chromedp.Click(`//a[.="Refresh"]`))
	entry := box.Journal()[0]
	x.shows("400", entry.Path, entry.Reason.Text)
	x.hides(string(model.AmountShouldNotBeLessThan15))
	x.do(chromedp.Click(chromedp.CSS("summary")), chromedp.WaitVisible(chromedp.CSS(".details")))
	x.shows("Keyword "+entry.Reason.Keyword, "Pointer "+entry.Reason.Pointer, string(model.AmountShouldNotBeLessThan15), `{"amount":14}`)
	x.checkAccessible()
	x.do(chromedp.EmulateReset())
	x.checkAccessible()
}

// at checks the path of the tab's address.
func (x *tab) at(path string) {
	x.t.Helper()
	if address := value(x, chromedp.Location()); address != x.origin+path {
		x.t.Errorf("the address is %s, want the path %s", address, path)
	}
}
