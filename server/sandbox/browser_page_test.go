package sandbox_test

import (
	"fmt"
	"strings"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// violation is what axe-core says against a page.
type violation struct {
	Rule   string
	Impact string
	Help   string
	Nodes  []struct{ HTML, Why string }
}

// rules are those of the levels A and AA up to WCAG 2.2, and axe-core's best practices. What it could
// not decide on is left out, but for contrast: these pages are plain enough to decide on it.
const rules = `axe.run(document, {
  preload: false, // which would load style sheets once more
  runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}).then(found => [...found.violations, ...found.incomplete.filter(rule => rule.id == "color-contrast")].map(rule => ({
  rule: rule.id, impact: rule.impact, help: rule.help,
  nodes: rule.nodes.map(node => ({html: node.html, why: node.failureSummary ?? node.any[0]?.message ?? ""})),
})))`

// sound checks in both colour schemes that nothing keeps people from using the page.
func (x *tab) sound() {
	x.t.Helper()
	address := value(x, chromedp.Title())
	if address == "" {
		x.t.Error("the page has no title")
	}
	if !value(x, chromedp.Evaluate[bool](`"axe" in window`)) { // to compile it takes longer than to run it
		x.do(chromedp.Evaluate[chromedp.Void](x.axe))
	}
	for _, scheme := range []string{"light", "dark"} {
		x.scheme(scheme)
		for _, v := range value(x, chromedp.Evaluate[[]violation](rules, chromedp.EvalAwaitPromise)) {
			var nodes strings.Builder
			for _, node := range v.Nodes {
				fmt.Fprintf(&nodes, "\n%s\n%s", node.HTML, node.Why)
			}
			x.t.Errorf("%q, %s: %s (%s, %s)%s", address, scheme, v.Help, v.Rule, v.Impact, nodes.String())
		}
	}
	x.scheme("")
	x.fits()
}

// scheme makes the browser one that its user has set to light or to dark; "" is neither.
func (x *tab) scheme(scheme string) {
	x.t.Helper()
	var features []*emulation.MediaFeature
	if scheme != "" {
		features = append(features, &emulation.MediaFeature{Name: "prefers-color-scheme", Value: scheme})
	}
	emulate(x, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features})
}

// fits checks that the page is not wider than its window.
func (x *tab) fits() {
	x.t.Helper()
	window := value(x, chromedp.Evaluate[struct {
		Width, Page int
		Wide        []string
	}](`({
  width: document.documentElement.clientWidth, page: document.documentElement.scrollWidth,
  wide: [...document.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > document.documentElement.clientWidth)
    .map(e => e.outerHTML.slice(0, 80)),
})`))
	if window.Page > window.Width {
		x.t.Errorf("the page is %d wide in a window of %d, by one of %q", window.Page, window.Width, window.Wide)
	}
}

// phone makes the browser one on a telephone, so many CSS pixels wide.
func (x *tab) phone(width int64) {
	x.t.Helper()
	x.do(chromedp.EmulateViewport(width, 740, chromedp.EmulateMobile, chromedp.EmulateTouch, chromedp.EmulatePortrait))
}

// zoomText makes the text of the page larger.
func (x *tab) zoomText(percent int) {
	x.t.Helper()
	x.do(chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`document.documentElement.style.fontSize = "%d%%"`, percent)))
}

// focused is what the keys go to.
type focused struct {
	Text    string
	Outline string // its style
	Width   float64
	Offset  float64
}

// press sends a key, and returns what has the focus then.
func (x *tab) press(key string, options ...chromedp.KeyOption) focused {
	x.t.Helper()
	x.do(chromedp.KeyEvent(key, options...))
	return value(x, chromedp.Evaluate[focused](`(e => {
  const style = getComputedStyle(e);
  return {text: e.innerText, outline: style.outlineStyle, width: parseFloat(style.outlineWidth), offset: parseFloat(style.outlineOffset)};
})(document.activeElement)`))
}

// click presses the button with a text by the mouse.
func click(text string) chromedp.Action[chromedp.Void] {
	return chromedp.Click(fmt.Sprintf(`//button[normalize-space()=%q]`, text), chromedp.NodeVisible)
}

// emulate changes what kind of browser it is.
func emulate[P any](x *tab, command cdp.Command[P, cdp.Empty], params P) {
	x.t.Helper()
	if _, err := chromedp.Call(x.ctx, command, params); err != nil {
		x.t.Fatalf("the browser: %v", err)
	}
}
