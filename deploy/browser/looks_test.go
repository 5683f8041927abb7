package browser

import (
	"image"
	"image/color"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// look is a colour scheme and a window size of the reader's browser.
type look struct {
	name          string
	scheme        string // prefers-color-scheme
	width, height int64  // of the window, in CSS pixels
	dark          bool
}

var allLooks = []look{
	{"wide-light", "light", 1280, 800, false},
	{"wide-dark", "dark", 1280, 800, true},
	{"narrow-light", "light", 375, 667, false},
	{"narrow-dark", "dark", 375, 667, true},
}

// looks examines a page of ours that refuses a link.
func (f *front) looks(t *testing.T, b *tab) {
	url := f.mail.damaged[0].url
	f.ask(url)
	b.open(t, url)
	for _, l := range pageLooks {
		t.Run(l.name, func(t *testing.T) { b.examine(t, "refusal", l) })
	}
	t.Run("keyboard", b.tabThrough)
	t.Run("tree", b.checkTree)
}

// standIns examines the pages that stand in for an ESP's and for a landing page,
// which have a name without an end in them.
func (f *front) standIns(t *testing.T, b *tab) {
	ask := f.scheme + "://" + prefsHost + prefsTarget
	f.ask(ask)
	for title, url := range map[string]string{"Preferences": ask, "You have arrived": "https://shop.example.com/<script>" + hostileTexts[len(hostileTexts)-1][:6000]} {
		name := strings.ToLower(strings.Fields(title)[0])
		b.open(t, url)
		for _, l := range pageLooks {
			t.Run(name+"-"+l.name, func(t *testing.T) { b.examine(t, "stand-in-"+name, l) })
		}
		t.Run(name+"-keyboard", b.tabThrough)
		t.Run(name+"-tree", b.checkTree)
		b.requireNoEffect(t, title, "script, img")
	}
}

// screenshots is the folder for pictures.
func screenshots(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("CLICKEDGE_SCREENSHOTS")
	if dir == "" {
		return t.TempDir()
	}
	require.NoError(t, os.MkdirAll(dir, 0o755))
	return dir
}

func (b *tab) shoot(t *testing.T, l look) []byte {
	t.Helper()
	media := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: l.scheme}}}
	_, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, media)
	require.NoError(t, err)
	require.NoError(t, chromedp.Do(b.ctx, chromedp.EmulateViewport(l.width, l.height, chromedp.EmulateMobile)))
	data, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	require.NoError(t, err)
	return data
}

// greys returns the darkest and the lightest pixel of a picture, 0 to 255.
func greys(img image.Image) (darkest, lightest uint8) {
	darkest = 255
	for y := range img.Bounds().Dy() {
		for x := range img.Bounds().Dx() {
			g := grey(img, image.Pt(x, y))
			darkest, lightest = min(darkest, g), max(lightest, g)
		}
	}
	return darkest, lightest
}

func grey(img image.Image, at image.Point) uint8 {
	return color.GrayModel.Convert(img.At(at.X, at.Y)).(color.Gray).Y
}

// contrast has functions for scripts that measure a page: texts are the elements
// with a text of their own, contrast is that of WCAG 2 between two colours,
// shown is the colour of a text with the opacity of what it stands in, and ground
// that on which it stands; at last that is the browser's own, light or dark.
const contrast = `
	const rgb = c => c.match(/[\d.]+/g).map(Number);
	const lum = c => { const [r, g, b] = rgb(c).map(v => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
	const contrast = (one, other) => { const a = lum(one), b = lum(other); return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05); };
	const canvas = () => { const e = document.createElement("p"); document.head.append(e); e.style.color = "Canvas"; const c = getComputedStyle(e).color; e.remove(); return c; };
	const ground = e => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] > 0) return getComputedStyle(e).backgroundColor; } return canvas(); };
	const shown = e => { let a = 1; for (let p = e; p; p = p.parentElement) a *= getComputedStyle(p).opacity; const c = rgb(getComputedStyle(e).color), g = rgb(ground(e)); return "rgb(" + [0, 1, 2].map(i => a * c[i] + (1 - a) * g[i]) + ")"; };
	const texts = () => Array.from(document.querySelectorAll("body *")).filter(e => Array.from(e.childNodes).some(n => n.nodeType === 3 && n.data.trim()));`
