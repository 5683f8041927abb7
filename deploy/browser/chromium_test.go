package browser

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// binary finds the browser. A $CHROMIUM that does not exist fails the test;
// without any browser it is skipped.
func binary(t *testing.T) string {
	t.Helper()
	if set := os.Getenv("CHROMIUM"); set != "" {
		path, err := exec.LookPath(set)
		require.NoError(t, err, "$CHROMIUM names no program")
		return path
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	const none = "no chromium, chromium-browser or google-chrome on the PATH: install one (Debian: apt-get install chromium) or set CHROMIUM"
	if os.Getenv("CLICKEDGE_BROWSER") == "required" {
		t.Fatal(none)
	}
	t.Skip(none)
	return ""
}

// tab is the only tab of a browser that resolves only the names in its resolver
// rules and has an empty profile, which chromedp makes and removes.
type tab struct {
	ctx context.Context

	mu         sync.Mutex
	complaints []string
}

// openTab starts the browser. rules are --host-resolver-rules, pins the SHA-256
// of the public keys that it is to trust, in base64.
func openTab(ctx context.Context, t *testing.T, path string, rules, pins []string) *tab {
	t.Helper()
	options := append([]chromedp.ExecAllocatorOption{chromedp.ExecPath(path)}, flags(rules, pins)...)
	ctx, stopAll := chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(stopAll)
	ctx, stop := chromedp.NewContext(ctx)
	t.Cleanup(stop)
	b := &tab{ctx: ctx}
	require.NoError(t, chromedp.Listen(ctx, b.listen), "the browser starts")
	return b
}

// close lets the browser exit by itself, so that it leaves nothing behind. If
// it does not, or the test has failed, it is killed.
func (b *tab) close(t *testing.T) {
	t.Helper()
	if err := chromedp.Cancel(b.ctx); err != nil {
		t.Log("the browser did not end well:", err)
	}
}

func flags(rules, pins []string) (options []chromedp.ExecAllocatorOption) {
	for _, name := range []string{
		"headless", "no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "hide-scrollbars", "disable-dev-shm-usage",
		"disable-background-networking", "disable-component-update", "disable-default-apps", "disable-extensions", "disable-sync",
	} {
		options = append(options, chromedp.Flag(name, true))
	}
	return append(options,
		// An http link would be tried over https first, and old mail not be
		// tested.
		chromedp.Flag("disable-features", "HttpsUpgrades,HttpsFirstBalancedModeAutoEnable"),
		chromedp.Flag("force-color-profile", "srgb"),
		chromedp.Flag("password-store", "basic"),
		chromedp.Flag("host-resolver-rules", strings.Join(append(rules, "MAP * ~NOTFOUND"), ",")),
		chromedp.Flag("ignore-certificate-errors-spki-list", strings.Join(pins, ",")))
}

// listen collects the browser's complaints about a page, such as a style that
// the page's own policy forbids. A status other than 200 is not a complaint.
func (b *tab) listen(event any) {
	added, ok := event.(*log.EventEntryAdded)
	if !ok || added.Entry.Source == log.EntrySourceNetwork {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.complaints = append(b.complaints, string(added.Entry.Source)+": "+added.Entry.Text)
}

func (b *tab) complained() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.complaints
}

// open goes to an address as if it had been typed, and waits for the page and
// all that is in it.
func (b *tab) open(t *testing.T, url string) {
	t.Helper()
	require.NoError(t, chromedp.Do(b.ctx, chromedp.Navigate(url)), url)
}

// page is where a click has led.
type page struct {
	Status   int64  `json:"-"`
	Href     string `json:"href"`
	Title    string `json:"title"`
	Heading  string `json:"heading"`
	Text     string `json:"text"` // as far as it can be seen
	Referrer string `json:"referrer"`
	Home     string `json:"home"` // where its first link leads
	HeadSize string `json:"headSize"`
}

const readPage = `(() => {
	const head = document.querySelector("h1"), link = document.querySelector("a[href]");
	return {
		href: location.href, title: document.title, text: document.body.innerText, referrer: document.referrer,
		heading: head ? head.innerText : "", headSize: head ? getComputedStyle(head).fontSize : "", home: link ? link.href : "",
	};
})()`

// click moves the mouse to an element, presses, and reads the page on which
// that ends, however many redirects later.
func (b *tab) click(t *testing.T, selector string) page {
	t.Helper()
	resp, err := chromedp.RunResponse(b.ctx, chromedp.Click(chromedp.CSS(selector)))
	require.NoError(t, err, selector)
	require.NotNil(t, resp, "a click on %s leads to another page", selector)
	return b.read(t, int64(resp.Status))
}

func (b *tab) read(t *testing.T, status int64) page {
	t.Helper()
	p, err := chromedp.Run(b.ctx, chromedp.Evaluate[page](readPage))
	require.NoError(t, err)
	p.Status = status
	return p
}

// imageWidths returns the natural width of each image of the page, 0 for one
// that is broken.
func (b *tab) imageWidths(t *testing.T) []int {
	t.Helper()
	widths, err := chromedp.Run(b.ctx, chromedp.Evaluate[[]int](`Array.from(document.images, i => i.naturalWidth)`))
	require.NoError(t, err)
	return widths
}
