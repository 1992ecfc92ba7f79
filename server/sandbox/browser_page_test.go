package sandbox_test

import (
	"fmt"
	"strings"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// violation is an accessibility rule of axe-core that a page breaks.
type violation struct {
	Rule   string
	Impact string
	Help   string
	Nodes  []struct{ HTML, Reason string }
}

// findViolations runs the rules of WCAG 2.2, levels A and AA, and the best practices of axe-core. An incomplete
// check of the contrast counts as a violation: on these pages the contrast can be computed.
const findViolations = `axe.run(document, {
  preload: false, // preloading would load the style sheets again
  runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}).then(found => [...found.violations, ...found.incomplete.filter(rule => rule.id == "color-contrast")].map(rule => ({
  rule: rule.id, impact: rule.impact, help: rule.help,
  nodes: rule.nodes.map(node => ({html: node.html, reason: node.failureSummary ?? node.any[0]?.message ?? ""})),
})))`

// checkAccessible checks the accessibility of the page in both colour schemes, and its width.
func (x *tab) checkAccessible() {
	x.t.Helper()
	title := value(x, chromedp.Title())
	if title == "" {
		x.t.Error("the page has no title")
	}
	if !value(x, chromedp.Evaluate[bool](`"axe" in window`)) { // compiling axe-core takes longer than running it
		x.do(chromedp.Evaluate[chromedp.Void](x.axe))
	}
	for _, scheme := range []string{"light", "dark"} {
		x.scheme(scheme)
		for _, v := range value(x, chromedp.Evaluate[[]violation](findViolations, chromedp.EvalAwaitPromise)) {
			var nodes strings.Builder
			for _, node := range v.Nodes {
				fmt.Fprintf(&nodes, "\n%s\n%s", node.HTML, node.Reason)
			}
			x.t.Errorf("%q, %s: %s (%s, %s)%s", title, scheme, v.Help, v.Rule, v.Impact, nodes.String())
		}
	}
	x.scheme("")
	x.checkWidth()
}

// scheme sets the preferred colour scheme to light or dark. An empty scheme removes the preference.
func (x *tab) scheme(scheme string) {
	x.t.Helper()
	var features []*emulation.MediaFeature
	if scheme != "" {
		features = append(features, &emulation.MediaFeature{Name: "prefers-color-scheme", Value: scheme})
	}
	emulate(x, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features})
}

// checkWidth checks that the page is not wider than its window.
func (x *tab) checkWidth() {
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
		x.t.Errorf("the width of the page is %d, of the window %d; too wide: %q", window.Page, window.Width, window.Wide)
	}
}

// phone emulates a phone with a width in CSS pixels.
func (x *tab) phone(width int64) {
	x.t.Helper()
	x.do(chromedp.EmulateViewport(width, 740, chromedp.EmulateMobile, chromedp.EmulateTouch, chromedp.EmulatePortrait))
}

// zoomText sets the size of the text in percent.
func (x *tab) zoomText(percent int) {
	x.t.Helper()
	x.do(chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`document.documentElement.style.fontSize = "%d%%"`, percent)))
}

// focused describes the element that has the focus.
type focused struct {
	Text    string
	Outline string // the style of its outline
	Width   float64
	Offset  float64
}

// press sends a key and returns the element that has the focus afterwards.
func (x *tab) press(key string, options ...chromedp.KeyOption) focused {
	x.t.Helper()
	x.do(chromedp.KeyEvent(key, options...))
	return value(x, chromedp.Evaluate[focused](`(e => {
  const style = getComputedStyle(e);
  return {text: e.innerText, outline: style.outlineStyle, width: parseFloat(style.outlineWidth), offset: parseFloat(style.outlineOffset)};
})(document.activeElement)`))
}

// click clicks the button with this text.
func click(text string) chromedp.Action[chromedp.Void] {
	return chromedp.Click(fmt.Sprintf(`//button[normalize-space()=%q]`, text), chromedp.NodeVisible)
}

// emulate sends an emulation command to the browser.
func emulate[P any](x *tab, command cdp.Command[P, cdp.Empty], params P) {
	x.t.Helper()
	if _, err := chromedp.Call(x.ctx, command, params); err != nil {
		x.t.Fatalf("the browser: %v", err)
	}
}
