package sandbox_test

import (
	"github.com/chromedp/chromedp"

	"github.com/turbosmtp-go/billing/client"
	"github.com/turbosmtp-go/billing/gen/model"
	"github.com/turbosmtp-go/billing/server/sandbox"
	"github.com/turbosmtp-go/billing/server/sandboxtest"
)

// homeTests begin at the start page.
var homeTests = map[string]func(x *tab, box *sandboxtest.Sandbox){
	"find out why a request was refused": findOutWhy,
}

func findOutWhy(x *tab, box *sandboxtest.Sandbox) {
	x.visit(box.Origin+"/", 200)
	x.shows(box.URL)
	for _, demo := range sandbox.DemoAccounts() {
		x.shows(demo.Account.Name, demo.ConsumerKey, demo.ConsumerSecret.Reveal(), demo.APIKey.Reveal())
	}
	x.sound()
	x.phone(320)
	x.sound()
	x.load(200, chromedp.Click(`//main//a[starts-with(., "Journal")]`))
	x.at("/journal")
	x.shows("No request has arrived yet.")
	x.sound()

	c, err := client.New(box.Active...)
	if err != nil {
		x.t.Fatal(err)
	}
	if _, err := c.BuyEmailValidatorCredits(x.t.Context(), client.BuyEmailValidatorCreditsRequest{Amount: 14}); !client.HasCode(err, model.AmountShouldNotBeLessThan15) {
		x.t.Fatalf("14 were bought: %v", err)
	}
	x.load(200, chromedp.Click(`//a[.="Look again"]`))
	entry := box.Journal()[0]
	x.shows("400", entry.Path, entry.Reason.Text)
	x.hides(string(model.AmountShouldNotBeLessThan15))
	x.do(chromedp.Click(chromedp.CSS("summary")), chromedp.WaitVisible(chromedp.CSS(".more")))
	x.shows("Keyword "+entry.Reason.Keyword, "Pointer "+entry.Reason.Pointer, string(model.AmountShouldNotBeLessThan15), `{"amount":14}`)
	x.sound()
	x.do(chromedp.EmulateReset())
	x.sound()
}

// at checks at which path of its origin the tab is.
func (x *tab) at(path string) {
	x.t.Helper()
	if address := value(x, chromedp.Location()); address != x.origin+path {
		x.t.Errorf("the tab is at %s, want %s", address, path)
	}
}
