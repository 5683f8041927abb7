package browser

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// pageLooks are those of a desk, of a phone, and of the narrowest phone.
var pageLooks = append(allLooks, look{"360-light", "light", 360, 640, false}, look{"360-dark", "dark", 360, 640, true})

// measured is how a page of ours can be read and pressed.
type measured struct {
	Height  int64    `json:"height"`
	Fits    bool     `json:"fits"`
	Cut     []string `json:"cut"`     // texts that are wider than their place
	Faint   []string `json:"faint"`   // texts that are hard to tell from their ground
	Tiny    []string `json:"tiny"`    // texts in small print
	Low     []string `json:"low"`     // what is hard to press
	Script  []string `json:"script"`  // attributes that would run something, or that style an element
	Outside []string `json:"outside"` // fetched from elsewhere
}

// measurePage looks at every text and control that can be seen. The limits are
// those of WCAG 2.2: contrast 4.5 for text (1.4.3), and 24 pixels for what is
// pressed (2.5.8), where a link in a sentence and a control with a label of that
// size are exempt; 44 for buttons and fields (2.5.5). Text has 12 pixels or more.
// What stands in ".wide" is scrolled by itself, and a ".bar" is as long as a
// script has made it.
const measurePage = `(() => {` + contrast + `
	const width = document.documentElement.clientWidth, box = e => e.getBoundingClientRect();
	const names = l => l.map(e => e.tagName + " " + (e.innerText || e.textContent || e.id).trim().slice(0, 40));
	const seen = texts().filter(e => e.checkVisibility({ visibilityProperty: true }) && !e.closest(".skip, option, datalist, noscript, svg"));
	const pressed = Array.from(document.querySelectorAll("a, button, input:not([type=hidden]), select, textarea, summary")).filter(e => e.checkVisibility() && !e.matches(".skip"));
	const least = e => e.matches("button, select, textarea, input:not([type=radio]):not([type=checkbox])") ? 44 : 24;
	const exempt = e => e.matches("p a, dd a, li a") && getComputedStyle(e).display === "inline" || Array.from(e.labels || []).some(l => box(l).height >= 24);
	const all = Array.from(document.querySelectorAll("*"));
	return {
		height: document.documentElement.scrollHeight, fits: document.documentElement.scrollWidth <= width,
		cut: names(seen.filter(e => !e.closest(".wide") && (box(e).right > width + 1 || box(e).left < -1) || (!e.closest(".ticks") && e.scrollWidth > Math.ceil(box(e).width) + 1 && getComputedStyle(e).display !== "inline"))),
		faint: names(seen.filter(e => contrast(shown(e), ground(e)) < 4.5)),
		tiny: names(seen.filter(e => parseFloat(getComputedStyle(e).fontSize) < 12)),
		low: names(pressed.filter(e => (box(e).height < least(e) || box(e).width < 24) && !exempt(e))),
		script: all.flatMap(e => e.getAttributeNames().filter(n => n.startsWith("on") || n === "style" && !e.matches(".bar")).map(n => e.tagName + " " + n)),
		outside: performance.getEntriesByType("resource").map(e => e.name).filter(n => !n.startsWith(location.origin + "/")),
	};
})()`

// examine measures the page in a look, and takes a picture of all of it.
func (b *tab) examine(t *testing.T, name string, l look) {
	t.Helper()
	m := b.measure(t, l)
	l.height = min(m.Height, 16_000) // the longest picture that Chromium takes
	data := b.shoot(t, l)
	require.NoError(t, os.WriteFile(filepath.Join(screenshots(t), name+"-"+l.name+".png"), data, 0o644))
	l.checkGround(t, data)
}

// measure requires that the page can be read and pressed in a look.
func (b *tab) measure(t *testing.T, l look) measured {
	t.Helper()
	b.shoot(t, l) // sets width and colours
	m, err := chromedp.Run(b.ctx, chromedp.Evaluate[measured](measurePage))
	require.NoError(t, err)
	require.True(t, m.Fits, "nothing has to be scrolled sideways")
	for _, c := range []struct {
		found []string
		what  string
	}{
		{m.Cut, "texts that are wider than their place"},
		{m.Faint, "texts that are hard to tell from their ground"},
		{m.Tiny, "texts that are too small"},
		{m.Low, "what is hard to press"},
		{m.Script, "what would run or be styled"},
		{m.Outside, "fetched from elsewhere"},
	} {
		require.Empty(t, strings.Join(c.found, "; "), c.what)
	}
	return m
}

// focusable lists, in the order of the document, what the key Tab must reach. Of
// radio buttons it reaches the one that is chosen.
const focusable = `(() => {
	window.stops = Array.from(document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']"))
		.filter(e => !e.disabled && e.tabIndex >= 0 && e.checkVisibility({ visibilityProperty: true }) && !(e.type === "radio" && !e.checked));
	const start = document.createElement("span"); // from where it stood, Tab goes on
	start.tabIndex = -1;
	document.body.prepend(start);
	start.focus();
	start.remove();
	return window.stops.map(e => e.tagName + " " + (e.innerText || e.id).trim().slice(0, 40));
})()`

// focus is where Tab has come to.
type focus struct {
	At     int  `json:"at"`
	Shows  bool `json:"shows"`
	InView bool `json:"inView"`
}

// focused is where Tab has come to: -1 for what is not among the stops. It has
// the browser's own outline, or one that is 2 pixels wide and has a contrast of 3
// with its ground (1.4.11), and it is on the screen.
const focused = `(() => {` + contrast + `
	const e = document.activeElement, s = getComputedStyle(e), r = e.getBoundingClientRect();
	return { at: window.stops.indexOf(e),
		shows: s.outlineStyle === "auto" || s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 2 && contrast(s.outlineColor, ground(e.parentElement)) >= 3,
		inView: r.bottom > 0 && r.top < innerHeight && r.right > 0 && r.left < innerWidth };
})()`

// tabThrough presses Tab from the beginning of the page to its end: everything
// that can be used is reached, in the order in which it is read, and it shows.
func (b *tab) tabThrough(t *testing.T) {
	t.Helper()
	stops, err := chromedp.Run(b.ctx, chromedp.Evaluate[[]string](focusable))
	require.NoError(t, err)
	next := 0
	for presses := 0; next < len(stops); presses++ {
		require.Less(t, presses, 2*len(stops)+5, "Tab does not come to %q", stops[next])
		b.press(t, "\t")
		f, err := chromedp.Run(b.ctx, chromedp.Evaluate[focus](focused))
		require.NoError(t, err)
		if f.At < 0 {
			continue // the browser's own stop, such as a part that scrolls
		}
		require.Equal(t, next, f.At, "after %q comes %q", stops[max(next-1, 0)], stops[f.At])
		require.True(t, f.Shows, "it cannot be seen that %q has the focus", stops[next])
		require.True(t, f.InView, "%q has the focus outside of the screen", stops[next])
		next++
	}
}

// checkTree reads the page as a screen reader gets it: it has a language, a
// title and one part that is the page proper; headings go down one level at a
// time, from one of the first; whatever can be used, and each picture, has a
// name; and no two regions share one.
func (b *tab) checkTree(t *testing.T) {
	t.Helper()
	page, err := chromedp.Run(b.ctx, chromedp.Evaluate[[]string](`[document.documentElement.lang, document.title]`))
	require.NoError(t, err)
	require.Equal(t, "en", page[0])
	require.NotEmpty(t, page[1])
	tree, err := chromedp.Call(b.ctx, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{})
	require.NoError(t, err)
	level, mains, regions := 0, 0, map[string]bool{}
	for _, n := range tree.Nodes {
		if n.Ignored {
			continue
		}
		role, name := axText(n.Role), axText(n.Name)
		switch role {
		case "main":
			mains++
		case "heading":
			now := axLevel(t, n)
			require.NotEmpty(t, name, "a heading without words")
			require.LessOrEqual(t, now, level+1, "the heading %q is two levels below the one before it", name)
			require.False(t, level > 0 && now == 1, "%q is a second heading of the page", name)
			level = now
		case "link", "button", "textbox", "combobox", "radio", "checkbox", "DisclosureTriangle", "image", "navigation", "listbox", "searchbox":
			require.NotEmpty(t, name, "%s without a name", role)
		case "region":
			require.NotEmpty(t, name, "region without a name")
			require.False(t, regions[name], "two regions %q", name)
			regions[name] = true
		}
	}
	require.Equal(t, 1, mains, "one part of the page is the page proper")
	require.Positive(t, level, "no heading")
}

func axText(v *accessibility.Value) (text string) {
	if v != nil {
		_ = json.Unmarshal(v.Value, &text) // a number is no text
	}
	return strings.TrimSpace(text)
}

func axLevel(t *testing.T, n *accessibility.Node) (level int) {
	t.Helper()
	for _, p := range n.Properties {
		if p.Name == "level" {
			require.NoError(t, json.Unmarshal(p.Value.Value, &level))
		}
	}
	return level
}

// hostileTexts are names and values that a page could take for markup, or that
// could break it. None may have an effect.
var hostileTexts = []string{
	"<script>document.title=1</script>", `"><img src=x onerror=document.title=1>`, "' onload=document.title=1 x='", "</title><b>", "</style><style>body{color:red}", "</script><script>document.title=1</script>",
	"</textarea><b>", "{{.}}", "&lt;b&gt;", "javascript:document.title=1", "<!--", "]]>", "</svg><iframe>",
	"\u202egnp.elpmaxe\u202c", "\u2066\u202e\u2069\u200f", "\u0627\u0644\u0639\u0631\u0628\u064a\u0629.example.com", "bytes \xff\xfe\xc3\x28 that are no UTF-8", "\x00\x07\x1b[31m\x7f\r\n",
	"x" + strings.Repeat("\u0301", 300), strings.Repeat("W", 250), strings.Repeat("a-name-without-an-end.", 455), strings.Repeat("https://shop.example.com/%E2%80%AE", 300),
}

// requireNoEffect requires that hostile texts are only texts: nothing has run,
// so that the title still begins as it did, and the page has no element that its
// own template does not make.
func (b *tab) requireNoEffect(t *testing.T, title, alien string) {
	t.Helper()
	found, err := chromedp.Run(b.ctx, chromedp.Evaluate[[]string](fmt.Sprintf(`[document.title, ...Array.from(document.querySelectorAll(%q), e => e.outerHTML.slice(0, 100))]`, alien)))
	require.NoError(t, err)
	require.Len(t, found, 1, "nothing became markup")
	require.True(t, strings.HasPrefix(found[0], title), "nothing was run: %q", found[0])
}

// put writes text into the field for a link. A field has characters: bytes that
// are no UTF-8 become U+FFFD.
func (b *tab) put(t *testing.T, text string) {
	t.Helper()
	quoted, err := json.Marshal(text)
	require.NoError(t, err)
	_, err = chromedp.Run(b.ctx, chromedp.Evaluate[bool](fmt.Sprintf(`document.getElementById("link").value = %s; true`, quoted)))
	require.NoError(t, err)
}
