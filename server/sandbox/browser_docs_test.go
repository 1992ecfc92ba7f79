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

// docsTests buy in the API reference by "try it out", which people do with a sandbox before all else,
// under each of the names that a machine has for itself.
var docsTests = map[string]func(x *tab, box *sandboxtest.Sandbox){
	"try it out": func(x *tab, box *sandboxtest.Sandbox) {
		x.visit(box.Origin+"/docs", 200)
		tryOut(x, box)
	},
	"try it out from the start page of localhost": func(x *tab, box *sandboxtest.Sandbox) {
		x.origin = strings.Replace(box.Origin, "127.0.0.1", "localhost", 1)
		x.visit(x.origin+"/", 200)
		x.load(200, chromedp.Click(`//main//a[starts-with(., "API reference")]`))
		x.at("/docs")
		tryOut(x, box)
	},
}

// tryOut buys with the keys of the active demo account, in a window so low that not all of the dialogue
// for keys is in it at once.
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
			chromedp.WaitVisible(field+`//button[.="Logout"]`), // it has the key
		)
	}
	x.do(
		chromedp.Click(chromedp.CSS(".close-modal")),
		chromedp.WaitNotPresent(chromedp.CSS(".modal-ux")),
		chromedp.Click(chromedp.CSS(".opblock-summary-control")),
		chromedp.Click(chromedp.CSS(".btn.execute"), chromedp.NodeVisible),
		chromedp.WaitVisible(chromedp.CSS(".live-responses-table .response")),
	)
	answer := value(x, chromedp.Text(chromedp.CSS(".live-responses-table .response")))
	bought := box.Purchases()
	if len(bought) != 1 {
		x.t.Fatalf("%d were bought: %s", len(bought), answer)
	}
	if !strings.HasPrefix(strings.TrimSpace(answer), "200") || !strings.Contains(answer, fmt.Sprintf(`"url": %q`, bought[0].URL)) {
		x.t.Errorf("the page shows the answer %s\nwant 200 and the link %s", answer, bought[0].URL)
	}
	settled(x.t, box, control.Pending, 0)
}
