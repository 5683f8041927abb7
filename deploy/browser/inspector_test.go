package browser

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/clean"
	"github.com/clickedge/clickedge/deploy/explain"
	"github.com/clickedge/clickedge/deploy/inspector"
	"github.com/clickedge/clickedge/deploy/sitesfile"
)

// inspected are sites with what would be markup where text may stand.
const inspected = `{"sites": {
  "link.example.com": {"esp": "ses-us-east-1", "when_esp_fails": "redirect", "destinations": ["*.example.com"], "also": [{"esp": "sendgrid"}],
    "recalls": [{"from": "https://shop.example.com/wrong?a=</script><script>document.title=1</script>", "to": "https://shop.example.com/right"}]},
  "own.example.com": {"esp": "none", "keys": ["k1"], "destinations": ["example.com"]}}}`

const sesTail = "/1/010001a0a01d5872-5c963d3e-2a09-4018-8d07-d0f0737cf930-000000/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=452"

// inspectedLinks are pasted; none of them may do anything but be explained.
var inspectedLinks = []string{
	"https://link.example.com/CL0/https:%2F%2Fshop.example.com%2Fa%3Fb=1" + sesTail,
	"https://link.example.com/CL0/https:%2F%2Fshop.example.com%2F%3Cimg%20src=x%20onerror=document.title%3D1%3E" + sesTail,
	"https://link.example.com/ls/click?upn=u001.AAAA-3D",
	"https://own.example.com/to/k1.uaHR0cHM6Ly93d3cuZXhhbXBsZS5jb20vc2FsZQ.f8DYUuCgLSR5KhdqS6sEXQ",
	"https://link.example.com" + hostile,
	"https://link.example.com/%E2%80%AE%F0%9F%92%A9?\u202e=1",
}

// inspectorView is what the browser knows of the page.
type inspectorView struct {
	Title    string     `json:"title"`
	Asked    string     `json:"asked"`
	Sections []string   `json:"sections"`
	Facts    [][]string `json:"facts"` // name and value
	Personal int        `json:"personal"`
	Wrong    string     `json:"wrong"`
	Notes    []string   `json:"notes"`
	Alien    int        `json:"alien"` // elements that the page does not make
	Fetched  int        `json:"fetched"`
}

const readInspector = `(() => {
	const text = (e, s) => Array.from(e.querySelectorAll(s), x => x.textContent), answer = document.getElementById("answer");
	return {
		title: document.title, asked: text(answer, ".asked").join(), sections: text(answer, "section:has(dl) h2"),
		facts: Array.from(answer.querySelectorAll("dt"), e => [e.textContent, e.nextElementSibling.firstChild.data]),
		personal: answer.querySelectorAll(".personal").length, wrong: text(answer, ".wrong").join(" "), notes: text(answer, "li"),
		alien: document.querySelectorAll("img, svg, iframe, a, b, main script").length,
		fetched: performance.getEntriesByType("resource").length,
	};
})()`

func (b *tab) inspector(t *testing.T) inspectorView {
	t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[inspectorView](readInspector))
	require.NoError(t, err)
	return v
}

// paste puts text into the field, and asks by the key Enter.
func (b *tab) paste(t *testing.T, text string) inspectorView {
	t.Helper()
	b.put(t, text)
	require.NoError(t, chromedp.Do(b.ctx, chromedp.Focus(chromedp.CSS("#link"))))
	b.press(t, "\r")
	return b.inspector(t)
}

// TestInspector opens the page from a file, without any network. For each link
// it says what explain says, nothing in a link or a setting becomes markup, and
// the page fetches nothing and could not send anything.
func TestInspector(t *testing.T) {
	path := binary(t)
	ctx, cancel := context.WithTimeout(t.Context(), 2*bound)
	defer cancel()
	shell, err := inspector.Shell(ctx, "../..")
	require.NoError(t, err)
	sites, text, err := sitesfile.Parse("<b>sites</b>.json", []byte(inspected), nil)
	require.NoError(t, err)
	made, err := inspector.Page(shell, "<b>sites</b>.json", text)
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "inspector.html")
	require.NoError(t, os.WriteFile(file, made, 0o600))
	b := openTab(ctx, t, path, nil, nil)
	b.open(t, "file://"+file)
	b.until(t, `!document.getElementById("explain").disabled || document.querySelector(".wrong")`)
	focused, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`document.activeElement.id`))
	require.NoError(t, err)
	require.Equal(t, "link", focused)

	for _, link := range inspectedLinks {
		t.Run(link, func(t *testing.T) { requireExplained(t, b.paste(t, link), sites, link) })
	}
	v := b.paste(t, "https://nobody.example.com/a")
	require.Contains(t, v.Wrong, "nobody.example.com")
	require.Empty(t, v.Facts, "what stood there is gone")
	require.NotEmpty(t, b.paste(t, `curl -X POST 'https://link.example.com/wf/open'`).Facts)
	require.Contains(t, b.inspector(t).Asked, "POST ")

	b.paste(t, inspectedLinks[0])
	for _, l := range pageLooks {
		t.Run(l.name, func(t *testing.T) { b.examine(t, "inspector", l) })
	}
	t.Run("keyboard", b.tabThrough)
	t.Run("tree", b.checkTree)
	b.paste(t, "https://nobody.example.com/a")
	for _, l := range pageLooks {
		t.Run("wrong-"+l.name, func(t *testing.T) { b.examine(t, "inspector-wrong", l) })
	}
	for i, text := range hostileTexts {
		for _, link := range []string{text, "https://link.example.com/" + text, "https://" + text + "/a"} {
			t.Run(fmt.Sprint("hostile", i), func(t *testing.T) {
				b.paste(t, link)
				b.measure(t, pageLooks[len(pageLooks)-1])
				b.requireNoEffect(t, "What a link does", "img, svg, iframe, a, b, main script, body style, h1 ~ script")
			})
		}
	}
	require.Empty(t, b.complained(), "what the browser holds against the page")
	blocked, err := chromedp.Run(b.ctx, chromedp.Evaluate[[]string](sendAnyhow, chromedp.EvalAwaitPromise))
	require.NoError(t, err)
	require.Equal(t, []string{"connect-src", "img-src", "form-action"}, blocked)
	b.close(t)
}

// sendAnyhow tries to get a link out of the page, and says what forbids it.
const sendAnyhow = `new Promise(async done => {
	const blocked = [];
	document.addEventListener("securitypolicyviolation", e => { blocked.push(e.effectiveDirective); if (blocked.length === 3) done(blocked); });
	await fetch("https://127.0.0.1:9/?link").catch(() => {});
	new Image().src = "https://127.0.0.1:9/?link";
	const form = document.createElement("form");
	form.action = "https://127.0.0.1:9/";
	document.body.append(form);
	form.submit();
	form.remove();
})`

// requireExplained compares the page with what explain says on this machine.
func requireExplained(t *testing.T, v inspectorView, sites *core.Sites, link string) {
	t.Helper()
	require.Empty(t, v.Wrong)
	_, target, _ := strings.Cut(strings.TrimPrefix(link, "https://"), "/")
	target = "/" + target
	x := requireSections(t, v.Sections, v.Facts, v.Personal, sites, link)
	require.Equal(t, fmt.Sprintf("GET %s", clean.Text(target)), v.Asked)
	require.Subset(t, v.Notes, x.Notes)
	require.Equal(t, "What a link does", v.Title, "nothing was run")
	require.Zero(t, v.Alien, "nothing became markup")
	require.Zero(t, v.Fetched)
}

// requireSections compares what is shown of a link with what explain says.
func requireSections(t *testing.T, titles []string, shown [][]string, marked int, sites *core.Sites, link string) *explain.Explanation {
	t.Helper()
	host, target, _ := strings.Cut(strings.TrimPrefix(link, "https://"), "/")
	x := explain.Of(&core.Request{Method: "GET", Target: "/" + target}, sites.Lookup(host), time.Now())
	var sections []string
	var facts [][]string
	personal := 0
	for _, s := range x.Sections() {
		sections = append(sections, s.Title)
		for _, f := range s.Facts {
			facts = append(facts, []string{clean.Text(f.Name), clean.Text(f.Value)})
			if f.Personal {
				personal++
			}
		}
	}
	require.Equal(t, sections, titles)
	require.Equal(t, facts, shown)
	require.Equal(t, personal, marked)
	return x
}
