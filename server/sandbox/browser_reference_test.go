package sandbox_test

import (
	"fmt"
	"strings"

	"github.com/chromedp/chromedp"

	"github.com/turbosmtp-go/billing/gen/control"
	"github.com/turbosmtp-go/billing/gen/model"
	"github.com/turbosmtp-go/billing/server/sandbox"
	"github.com/turbosmtp-go/billing/server/sandboxtest"
)

// referenceTests send a purchase request from the API reference, at both names of the local host.
var referenceTests = map[string]func(x *tab, box *sandboxtest.Sandbox){
	"try it out": func(x *tab, box *sandboxtest.Sandbox) {
		x.visit(box.Origin+"/docs", 200)
		tryOut(x, box)
	},
	"try it out from the start page at localhost": func(x *tab, box *sandboxtest.Sandbox) {
		x.origin = strings.Replace(box.Origin, "127.0.0.1", "localhost", 1)
		x.visit(x.origin+"/", 200)
		x.load(200, chromedp.Click(`//main//a[starts-with(., "API reference")]`))
		x.at("/docs")
		tryOut(x, box)
	},
}

// tryOut sends a purchase request with the keys of the active demo account. The window is lower than the
// dialog for the keys.
func tryOut(x *tab, box *sandboxtest.Sandbox) {
	x.do(chromedp.EmulateViewport(800, 450))
	demo := sandbox.DemoAccounts()[0]
	x.do(chromedp.Click(chromedp.CSS(".btn.authorize")))
	for header, key := range map[string]string{
		model.ConsumerKeyHeader: demo.ConsumerKey, model.ConsumerSecretHeader: demo.ConsumerSecret.Reveal(),
	} {
		field := fmt.Sprintf(`//*[@class="auth-container"][.//h4/code[.=%q]]`, header)
		x.do(
			chromedp.SendKeys(field+"//input", key),
			chromedp.Click(field+`//button[.="Authorize"]`),
			chromedp.WaitVisible(field+`//button[.="Logout"]`), // the key is set
		)
	}
	x.do(
		chromedp.Click(chromedp.CSS(".close-modal")),
		chromedp.WaitNotPresent(chromedp.CSS(".modal-ux")),
		chromedp.Click(chromedp.CSS(".opblock-summary-control")),
		chromedp.Click(chromedp.CSS(".btn.execute"), chromedp.NodeVisible),
		chromedp.WaitVisible(chromedp.CSS(".live-responses-table .response")),
	)
	response := value(x, chromedp.Text(chromedp.CSS(".live-responses-table .response")))
	purchases := box.Purchases()
	if len(purchases) != 1 {
		x.t.Fatalf("%d purchases: %s", len(purchases), response)
	}
	if !strings.HasPrefix(strings.TrimSpace(response), "200") || !strings.Contains(response, fmt.Sprintf(`"url": %q`, purchases[0].URL)) {
		x.t.Errorf("the page shows the response %s\nwant 200 and the link %s", response, purchases[0].URL)
	}
	settled(x.t, box, control.Pending, 0)
}
