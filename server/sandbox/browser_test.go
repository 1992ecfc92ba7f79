package sandbox_test

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/turbosmtp-go/billing/server/sandboxtest"
)

// patience is how long one step in the browser may take on a busy machine.
const patience = 90 * time.Second

// TestBrowser uses the pages as people do, in a real browser. Each test has a sandbox and a tab of its
// own, and all tabs are of one browser, in which they share nothing.
func TestBrowser(t *testing.T) {
	t.Parallel()
	program, browser := axe(t), startBrowser(t)
	for page, tests := range map[string]map[string]func(*tab, *sandboxtest.Sandbox){
		"checkout": checkoutTests, "docs": docsTests, "home": homeTests,
	} {
		for name, test := range tests {
			t.Run(page+"/"+name, func(t *testing.T) {
				t.Parallel()
				box := sandboxtest.Start(t)
				test(openTab(browser, t, box.Origin, program, chromedp.WithNewBrowserContext()), box)
			})
		}
	}
}

// startBrowser starts a Chromium that ends with the test. The context is what tabs are opened from.
func startBrowser(t *testing.T) context.Context {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(findChromium(t)),
		chromedp.DisableGPU,
		chromedp.Flag("disable-component-update", true),
		// chromedp does not see the nodes of a page that was kept to go back to. The rest spares processes.
		chromedp.Flag("disable-features", "Translate,BackForwardCache,SpareRendererForSitePerProcess,"+
			// Each window loads these pages of the browser's own in vain, which costs more than all of ours.
			"WebUIOmniboxPopup,WebUIOmniboxAimPopup,WebUIOmniboxFullPopup,PreloadTopChromeWebUI"),
		chromedp.Flag("disable-site-isolation-trials", true),
		chromedp.Flag("renderer-process-limit", "2"),
		chromedp.Flag("no-proxy-server", true),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"),
	)
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // Chromium's own, which refuses to run as root
	}
	allocator, end := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(end) // waits until the process and its files are gone
	ctx, cancel := chromedp.NewContext(allocator)
	t.Cleanup(cancel)
	late := time.AfterFunc(patience, cancel) // no timeout of ctx, as that would end the browser later
	defer late.Stop()
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("Chromium does not start: %v", err)
	}
	return ctx
}

func findChromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			return found
		}
	}
	lacks(t, "There is no Chromium, which the tests in a browser need: make browser installs it, and so does apt-get install chromium.")
	return ""
}

// axe returns the program of axe-core, which looks for what keeps people from using a page.
func axe(t *testing.T) string {
	t.Helper()
	file := os.Getenv("AXE_CORE")
	if file == "" {
		file = filepath.Join("..", "..", ".cache", "npm", "node_modules", "axe-core", "axe.min.js")
	}
	program, err := os.ReadFile(file)
	if err != nil {
		lacks(t, "There is no axe-core, which the tests in a browser need: make browser installs it, or AXE_CORE names its axe.min.js.")
	}
	return string(program)
}

// lacks skips a test for want of what Go does not bring. CI skips nothing.
func lacks(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatal(what)
	}
	t.Skip(what)
}

// tab is one tab of a browser. Each method fails the test when the browser cannot do what it is for.
// What no page may do fails the test at its end: write an error or a warning to the console, break its
// own Content-Security-Policy, or ask another host for anything.
type tab struct {
	t      *testing.T
	ctx    context.Context
	origin string // of all that may be asked for
	axe    string

	mu       sync.Mutex
	refusals map[int64]bool // the statuses of pages that were to be refused, which the console reports
	faults   []string
}

// another opens a tab beside x, which shares its cookies.
func (x *tab) another() *tab {
	x.t.Helper()
	return openTab(x.ctx, x.t, x.origin, x.axe)
}

// openTab opens a tab in the browser of the context. It has the program of axe-core at hand.
func openTab(parent context.Context, t *testing.T, origin, axe string, options ...chromedp.ContextOption) *tab {
	t.Helper()
	x := &tab{t: t, origin: origin, axe: axe, refusals: map[int64]bool{}}
	var cancel context.CancelFunc
	x.ctx, cancel = chromedp.NewContext(parent, append(options, chromedp.WithListener(x.observe))...)
	t.Cleanup(cancel)
	t.Cleanup(func() {
		value(x, chromedp.NavigationEntries()) // what the browser has to tell comes before its answer
		x.mu.Lock()
		defer x.mu.Unlock()
		for _, fault := range x.faults {
			t.Error(fault)
		}
	})
	late := time.AfterFunc(patience, cancel)
	defer late.Stop()
	if err := chromedp.Do(x.ctx, chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		// Tabs of other tests are open too: each is to take keys as if it were the one in front.
		_, err := cdp.Call(ctx, target, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true})
		return err
	})); err != nil {
		t.Fatalf("Chromium does not open a tab: %v", err)
	}
	return x
}

// observe notes what no page may do.
func (x *tab) observe(event any) {
	x.mu.Lock()
	defer x.mu.Unlock()
	switch event := event.(type) {
	case *network.EventRequestWillBeSent:
		address, err := url.Parse(event.Request.URL)
		own := err == nil && (address.Scheme == "data" || address.Scheme == "about" || address.Scheme+"://"+address.Host == x.origin)
		if !own {
			x.faults = append(x.faults, fmt.Sprintf("%s asks another host: %s %s", event.DocumentURL, event.Request.Method, event.Request.URL))
		}
	case *log.EventEntryAdded:
		entry := event.Entry
		for status := range x.refusals {
			if entry.Source == log.EntrySourceNetwork && strings.Contains(entry.Text, fmt.Sprintf("status of %d ", status)) {
				return
			}
		}
		if entry.Level == log.EntryLevelError || entry.Level == log.EntryLevelWarning {
			x.faults = append(x.faults, fmt.Sprintf("%s: %s: %s", entry.URL, entry.Level, entry.Text))
		}
	case *runtime.EventConsoleAPICalled:
		if event.Type == runtime.ConsoleAPICalledTypeError || event.Type == runtime.ConsoleAPICalledTypeWarning || event.Type == runtime.ConsoleAPICalledTypeAssert {
			text := ""
			for _, argument := range event.Args {
				text += " " + argument.Description + string(argument.Value)
			}
			x.faults = append(x.faults, fmt.Sprintf("the console has the %s%s", event.Type, text))
		}
	case *runtime.EventExceptionThrown:
		text := event.ExceptionDetails.Text
		if thrown := event.ExceptionDetails.Exception; thrown != nil {
			text += " " + thrown.Description
		}
		x.faults = append(x.faults, event.ExceptionDetails.URL+" throws: "+text)
	}
}

// do lets the browser do what gives no value.
func (x *tab) do(actions ...chromedp.Action[chromedp.Void]) {
	x.t.Helper()
	value(x, chromedp.Steps(actions...))
}

// value lets the browser do what gives a value.
func value[T any](x *tab, action chromedp.Action[T]) T {
	x.t.Helper()
	ctx, cancel := context.WithTimeout(x.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, action)
	if err != nil {
		x.t.Fatalf("the browser: %v", err)
	}
	return v
}

// visit opens a page, which is to be answered with a status.
func (x *tab) visit(address string, status int64) {
	x.t.Helper()
	x.load(status, chromedp.Navigate(address))
}

// load does what opens another page, and waits until that is there.
func (x *tab) load(status int64, actions ...chromedp.Action[chromedp.Void]) {
	x.t.Helper()
	if status >= 400 {
		x.mu.Lock()
		x.refusals[status] = true
		x.mu.Unlock()
	}
	ctx, cancel := context.WithTimeout(x.ctx, patience)
	defer cancel()
	response, err := chromedp.RunResponse(ctx, actions...)
	if err != nil {
		x.t.Fatalf("the page does not load: %v", err)
	}
	if response == nil || response.Status != status {
		x.t.Fatalf("the page was answered with %+v, want the status %d", response, status)
	}
}

// shows checks that the page has each text for people to read.
func (x *tab) shows(texts ...string) {
	x.t.Helper()
	page := x.read()
	for _, want := range texts {
		if !strings.Contains(page, want) {
			x.t.Errorf("the page does not show %q:\n%s", want, page)
		}
	}
}

// hides checks that the page has none of the texts.
func (x *tab) hides(texts ...string) {
	x.t.Helper()
	page := x.read()
	for _, no := range texts {
		if strings.Contains(page, no) {
			x.t.Errorf("the page shows %q:\n%s", no, page)
		}
	}
}

// read returns the page's text as it is shown, with single spaces.
func (x *tab) read() string {
	x.t.Helper()
	return strings.Join(strings.Fields(value(x, chromedp.Text(chromedp.CSS("body")))), " ")
}
