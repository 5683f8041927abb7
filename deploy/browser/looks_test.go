package browser

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
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

// looks takes pictures of a page of ours and checks that each has the reader's
// colours, has text, and fits.
func (f *front) looks(t *testing.T, b *tab) {
	dir := screenshots(t)
	url := f.mail.damaged[0].url
	f.ask(url)
	b.open(t, url)
	for _, l := range allLooks {
		t.Run(l.name, func(t *testing.T) {
			data := b.shoot(t, l)
			require.NoError(t, os.WriteFile(filepath.Join(dir, "refusal-"+l.name+".png"), data, 0o644))
			l.check(t, data)
			fits, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](`document.documentElement.scrollWidth <= innerWidth`))
			require.NoError(t, err)
			require.True(t, fits, "nothing has to be scrolled sideways")
		})
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

func (l look) check(t *testing.T, data []byte) {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(data))
	require.NoError(t, err)
	require.Equal(t, image.Pt(int(l.width), int(l.height)), img.Bounds().Size())
	darkest, lightest := greys(img)
	ground := grey(img, image.Pt(2, 2))
	if l.dark {
		require.Less(t, ground, uint8(64), "a dark ground")
		require.Equal(t, darkest, ground)
	} else {
		require.Greater(t, ground, uint8(192), "a light ground")
		require.Equal(t, lightest, ground)
	}
	require.Greater(t, lightest-darkest, uint8(160), "text that can be told from its ground")
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
// with a text of their own, and contrast is that of WCAG 2 between two colours.
const contrast = `
	const rgb = c => c.match(/[\d.]+/g).map(Number);
	const lum = c => { const [r, g, b] = rgb(c).map(v => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
	const contrast = (one, other) => { const a = lum(one), b = lum(other); return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05); };
	const ground = e => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] > 0) return getComputedStyle(e).backgroundColor; } return "rgb(255,255,255)"; };
	const texts = () => Array.from(document.querySelectorAll("body *")).filter(e => Array.from(e.childNodes).some(n => n.nodeType === 3 && n.data.trim()));`
