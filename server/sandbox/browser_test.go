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

// stepTimeout is the time limit of one step in the browser.
const stepTimeout = 90 * time.Second

// TestBrowser tests the pages in a real browser. Each test has its own sandbox and its own tab. All tabs run in
// one browser and share no cookies.
func TestBrowser(t *testing.T) {
	t.Parallel()
	program, browser := axe(t), startBrowser(t)
	for page, tests := range map[string]map[string]func(*tab, *sandboxtest.Sandbox){
		"checkout": checkoutTests, "reference": referenceTests, "console": consoleTests,
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

// startBrowser starts Chromium, which ends with the test. The returned context opens tabs.
func startBrowser(t *testing.T) context.Context {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(findChromium(t)),
		chromedp.DisableGPU,
		chromedp.Flag("disable-component-update", true),
		// chromedp cannot find the nodes of a page that the browser restores from its cache. The other
		// features start more processes.
		chromedp.Flag("disable-features", "Translate,BackForwardCache,SpareRendererForSitePerProcess,"+
			// Each window loads these internal pages, which takes longer than the tested pages.
			"WebUIOmniboxPopup,WebUIOmniboxAimPopup,WebUIOmniboxFullPopup,PreloadTopChromeWebUI"),
		chromedp.Flag("disable-site-isolation-trials", true),
		chromedp.Flag("renderer-process-limit", "2"),
		chromedp.Flag("no-proxy-server", true),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"),
	)
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // Chromium's sandbox does not run as root
	}
	allocator, end := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(end) // waits for the process to end and removes its files
	ctx, cancel := chromedp.NewContext(allocator)
	t.Cleanup(cancel)
	late := time.AfterFunc(stepTimeout, cancel) // a timeout of ctx would also end the browser later
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
	skipWithout(t, "Chromium is missing. Install it with make browser or apt-get install chromium.")
	return ""
}

// axe returns the source of axe-core, which checks the accessibility of a page.
func axe(t *testing.T) string {
	t.Helper()
	file := os.Getenv("AXE_CORE")
	if file == "" {
		file = filepath.Join("..", "..", ".cache", "npm", "node_modules", "axe-core", "axe.min.js")
	}
	program, err := os.ReadFile(file)
	if err != nil {
		skipWithout(t, "axe-core is missing. Install it with make browser, or set AXE_CORE to the path of axe.min.js.")
	}
	return string(program)
}

// skipWithout skips a test because a program is missing. In CI the test fails.
func skipWithout(t *testing.T, message string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatal(message)
	}
	t.Skip(message)
}

// tab is one tab of a browser. Each method fails the test if the browser reports an error. The test also
// fails at its end if a page logged an error or a warning to the console, broke its Content-Security-Policy,
// or sent a request to another host.
type tab struct {
	t      *testing.T
	ctx    context.Context
	origin string // requests to other origins fail the test
	axe    string

	mu       sync.Mutex
	expected map[int64]bool // error statuses that the test expects: the console reports them
	problems []string
}

// another opens a second tab, which shares the cookies of x.
func (x *tab) another() *tab {
	x.t.Helper()
	return openTab(x.ctx, x.t, x.origin, x.axe)
}

// openTab opens a tab in the browser of the context.
func openTab(parent context.Context, t *testing.T, origin, axe string, options ...chromedp.ContextOption) *tab {
	t.Helper()
	x := &tab{t: t, origin: origin, axe: axe, expected: map[int64]bool{}}
	var cancel context.CancelFunc
	x.ctx, cancel = chromedp.NewContext(parent, append(options, chromedp.WithListener(x.observe))...)
	t.Cleanup(cancel)
	t.Cleanup(func() {
		value(x, chromedp.NavigationEntries()) // the browser sends pending events before the result
		x.mu.Lock()
		defer x.mu.Unlock()
		for _, problem := range x.problems {
			t.Error(problem)
		}
	})
	late := time.AfterFunc(stepTimeout, cancel)
	defer late.Stop()
	if err := chromedp.Do(x.ctx, chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		// Each tab receives keys as if it were the active one.
		_, err := cdp.Call(ctx, target, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true})
		return err
	})); err != nil {
		t.Fatalf("Chromium does not open a tab: %v", err)
	}
	return x
}

// observe records problems.
func (x *tab) observe(event any) {
	x.mu.Lock()
	defer x.mu.Unlock()
	switch event := event.(type) {
	case *network.EventRequestWillBeSent:
		address, err := url.Parse(event.Request.URL)
		own := err == nil && (address.Scheme == "data" || address.Scheme == "about" || address.Scheme+"://"+address.Host == x.origin)
		if !own {
			x.problems = append(x.problems, fmt.Sprintf("%s sends a request to another host: %s %s", event.DocumentURL, event.Request.Method, event.Request.URL))
		}
	case *log.EventEntryAdded:
		entry := event.Entry
		for status := range x.expected {
			if entry.Source == log.EntrySourceNetwork && strings.Contains(entry.Text, fmt.Sprintf("status of %d ", status)) {
				return
			}
		}
		if entry.Level == log.EntryLevelError || entry.Level == log.EntryLevelWarning {
			x.problems = append(x.problems, fmt.Sprintf("%s: %s: %s", entry.URL, entry.Level, entry.Text))
		}
	case *runtime.EventConsoleAPICalled:
		if event.Type == runtime.ConsoleAPICalledTypeError || event.Type == runtime.ConsoleAPICalledTypeWarning || event.Type == runtime.ConsoleAPICalledTypeAssert {
			text := ""
			for _, argument := range event.Args {
				text += " " + argument.Description + string(argument.Value)
			}
			x.problems = append(x.problems, fmt.Sprintf("console: %s%s", event.Type, text))
		}
	case *runtime.EventExceptionThrown:
		text := event.ExceptionDetails.Text
		if thrown := event.ExceptionDetails.Exception; thrown != nil {
			text += " " + thrown.Description
		}
		x.problems = append(x.problems, event.ExceptionDetails.URL+" throws: "+text)
	}
}

// do runs actions without a result.
func (x *tab) do(actions ...chromedp.Action[chromedp.Void]) {
	x.t.Helper()
	value(x, chromedp.Steps(actions...))
}

// value runs an action and returns its result.
func value[T any](x *tab, action chromedp.Action[T]) T {
	x.t.Helper()
	ctx, cancel := context.WithTimeout(x.ctx, stepTimeout)
	defer cancel()
	v, err := chromedp.Run(ctx, action)
	if err != nil {
		x.t.Fatalf("the browser: %v", err)
	}
	return v
}

// visit opens a page and checks its status.
func (x *tab) visit(address string, status int64) {
	x.t.Helper()
	x.load(status, chromedp.Navigate(address))
}

// load runs actions that open another page, waits for the page and checks its status.
func (x *tab) load(status int64, actions ...chromedp.Action[chromedp.Void]) {
	x.t.Helper()
	if status >= 400 {
		x.mu.Lock()
		x.expected[status] = true
		x.mu.Unlock()
	}
	ctx, cancel := context.WithTimeout(x.ctx, stepTimeout)
	defer cancel()
	response, err := chromedp.RunResponse(ctx, actions...)
	if err != nil {
		x.t.Fatalf("the page does not load: %v", err)
	}
	if response == nil || response.Status != status {
		x.t.Fatalf("the response is %+v, want the status %d", response, status)
	}
}

// shows checks that each text is visible on the page.
func (x *tab) shows(texts ...string) {
	x.t.Helper()
	page := x.read()
	for _, want := range texts {
		if !strings.Contains(page, want) {
			x.t.Errorf("the page does not show %q:\n%s", want, page)
		}
	}
}

// hides checks that no text is visible on the page.
func (x *tab) hides(texts ...string) {
	x.t.Helper()
	page := x.read()
	for _, no := range texts {
		if strings.Contains(page, no) {
			x.t.Errorf("the page shows %q:\n%s", no, page)
		}
	}
}

// read returns the visible text of the page, with single spaces.
func (x *tab) read() string {
	x.t.Helper()
	return strings.Join(strings.Fields(value(x, chromedp.Text(chromedp.CSS("body")))), " ")
}
