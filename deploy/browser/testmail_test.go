package browser

import (
	"bytes"
	"context"
	"image"
	"image/png"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// mailLooks are the widths of a phone and of a mail program's pane.
var mailLooks = []look{
	{"narrow-light", "light", 375, 900, false},
	{"narrow-dark", "dark", 375, 900, true},
	{"wide-light", "light", 800, 900, false},
	{"wide-dark", "dark", 800, 900, true},
}

// mailFacts is what matters for reading and tapping in the mail.
type mailFacts struct {
	Sideways bool    `json:"sideways"` // has to be scrolled sideways
	Buttons  int     `json:"buttons"`
	Smallest float64 `json:"smallest"` // the least height of a button, in CSS pixels
	Contrast float64 `json:"contrast"` // the least of any text against its ground
	Worst    string  `json:"worst"`    // the text that has it
	Headings string  `json:"headings"` // their levels in order
	Unnamed  int     `json:"unnamed"`  // images without alt, links without text
}

// readMail visits every text. Its background is that of the nearest element
// that has one; contrast is WCAG's.
const readMail = `(() => {
	const rgb = s => s.match(/[\d.]+/g).map(Number);
	const ground = e => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] > 0) return c; } return [255, 255, 255]; };
	const light = c => { const [r, g, b] = c.slice(0, 3).map(v => { v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; }); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
	let contrast = 99, worst = "";
	const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	while (texts.nextNode()) {
		const n = texts.currentNode, e = n.parentElement;
		if (!n.data.trim() || e.getClientRects().length === 0) continue;
		const a = light(rgb(getComputedStyle(e).color)), b = light(ground(e)), c = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
		if (c < contrast) { contrast = c; worst = n.data.trim().slice(0, 60); }
	}
	const links = Array.from(document.links);
	return {
		sideways: document.documentElement.scrollWidth > innerWidth, buttons: links.length,
		smallest: Math.min(...links.map(a => a.getBoundingClientRect().height)), contrast, worst,
		headings: Array.from(document.querySelectorAll("h1,h2,h3"), h => h.tagName[1]).join(""),
		unnamed: Array.from(document.images).filter(i => !i.hasAttribute("alt")).length + links.filter(a => !a.innerText.trim()).length,
	};
})()`

// TestTestMailLooks shows the mails in the testdata of testmail, in light and
// dark, on a phone and on a screen.
func TestTestMailLooks(t *testing.T) {
	path := binary(t)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := &http.Server{Handler: http.FileServer(http.Dir("../testmail/testdata"))}
	go server.Serve(ln)
	defer server.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	b := openTab(ctx, t, path, []string{"MAP mail.example.net " + ln.Addr().String()}, nil)
	dir := screenshots(t)
	for _, name := range []string{"all", "customerio", "mailjet", "signed"} {
		b.open(t, "http://mail.example.net/"+name+".html")
		for _, l := range mailLooks {
			t.Run(name+"/"+l.name, func(t *testing.T) {
				data := b.shoot(t, l)
				require.NoError(t, os.WriteFile(filepath.Join(dir, "testmail-"+name+"-"+l.name+".png"), data, 0o644))
				l.checkMailGround(t, data)
				b.checkMail(t)
			})
		}
	}
	b.close(t)
}

func (b *tab) checkMail(t *testing.T) {
	t.Helper()
	f, err := chromedp.Run(b.ctx, chromedp.Evaluate[mailFacts](readMail))
	require.NoError(t, err)
	require.False(t, f.Sideways, "nothing has to be scrolled sideways")
	require.Positive(t, f.Buttons)
	require.GreaterOrEqual(t, f.Smallest, 44.0, "a finger can hit each button")
	require.GreaterOrEqual(t, f.Contrast, 4.5, "WCAG AA: %q", f.Worst)
	require.Regexp(t, "^12+$", f.Headings)
	require.Zero(t, f.Unnamed)
}

// checkMailGround checks a picture: the colour of the background, and that
// there is text on it.
func (l look) checkMailGround(t *testing.T, data []byte) {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(data))
	require.NoError(t, err)
	require.Equal(t, image.Pt(int(l.width), int(l.height)), img.Bounds().Size())
	darkest, lightest := greys(img)
	require.Greater(t, lightest-darkest, uint8(160), "text that can be told from its ground")
	if ground := grey(img, image.Pt(2, 2)); l.dark {
		require.Less(t, ground, uint8(64), "a dark ground")
	} else {
		require.Greater(t, ground, uint8(192), "a light ground")
	}
}
