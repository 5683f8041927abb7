package browser

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core/clean"
	"github.com/clickedge/clickedge/deploy/input"
	"github.com/clickedge/clickedge/deploy/origins"
	"github.com/clickedge/clickedge/deploy/serve"
	"github.com/clickedge/clickedge/deploy/sitesfile"
)

// servedSites have one site whose readers arrive when its ESP fails, and what
// would be markup where text may stand.
const servedSites = `{"sites": {
  "link.example.com": {"esp": "ses-us-east-1", "also": [{"esp": "sendgrid"}], "destinations": ["shop.example.com", "www.example.com"], "when_esp_fails": "redirect", "keys": ["k1"],
    "recalls": [{"from": "https://shop.example.com/wrong?a=</script><script>document.title=1</script>", "to": "https://shop.example.com/right"}]},
  "plain.example.com": {"esp": "customerio-eu"}}}`

// servedPage is a "clickedge serve" in this process, and its page in a browser.
type servedPage struct {
	*tab
	addr string // of serve
	url  string // of the page
}

// startPage runs serve on these sites, and opens its page. Its landing pages are
// those of landings.
func startPage(ctx context.Context, t *testing.T, path string) *servedPage {
	t.Helper()
	name := filepath.Join(t.TempDir(), "sites.json")
	require.NoError(t, os.WriteFile(name, []byte(servedSites), 0o600))
	fleet, err := origins.Start(nil, origins.Options{Landing: landings})
	require.NoError(t, err)
	t.Cleanup(func() { fleet.Close() })
	r := &rig{fleet: fleet}
	r.mapLandings(t)

	read, write := io.Pipe()
	ctx, stop := context.WithCancel(ctx)
	end := make(chan error, 1)
	go func() {
		end <- serve.Run(ctx, serve.Options{Sites: name, Addr: "127.0.0.1:0", TLSAddr: serve.DefaultTLSAddr, Out: io.Discard, Err: write, Now: time.Now,
			In: &input.Input{Ctx: ctx, Stdin: new(bytes.Buffer), Err: io.Discard}, Linger: func(time.Duration) {}})
		write.Close()
	}()
	t.Cleanup(func() {
		stop()
		require.NoError(t, <-end)
	})
	p := &servedPage{}
	lines := bufio.NewScanner(read)
	for p.addr == "" && lines.Scan() {
		if _, at, found := strings.Cut(lines.Text(), "listening on http://"); found {
			p.addr = at
		} else if _, at, found := strings.Cut(lines.Text(), "let ESPs fail: "); found {
			p.url = at
		}
	}
	require.NotEmpty(t, p.addr)
	require.Equal(t, "http://"+p.addr+"/", p.url)
	go io.Copy(io.Discard, read)
	p.tab = openTab(ctx, t, path, append(r.rules, "MAP *.localhost 127.0.0.1", "MAP 127.0.0.1 127.0.0.1"), r.pins)
	p.open(t, p.url)
	p.until(t, `document.body.dataset.live`)
	return p
}

// ask sends a request that no browser would, and returns the head of the answer.
func (p *servedPage) ask(t *testing.T, target, fields string) string {
	t.Helper()
	conn, err := net.Dial("tcp", p.addr)
	require.NoError(t, err)
	defer conn.Close()
	fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: link.example.com\r\n%sConnection: close\r\n\r\n", target, fields)
	answer, err := io.ReadAll(conn)
	require.NoError(t, err)
	return string(answer)
}

// do runs a script.
func (p *servedPage) do(t *testing.T, script string) {
	t.Helper()
	_, err := chromedp.Run(p.ctx, chromedp.Evaluate[bool](script+"; true"))
	require.NoError(t, err, script)
}

// text is what can be read in a part of the page.
func (p *servedPage) text(t *testing.T, selector string) string {
	t.Helper()
	text, err := chromedp.Run(p.ctx, chromedp.Evaluate[string](fmt.Sprintf(`(e => e && e.offsetHeight > 0 ? e.innerText : "")(document.querySelector(%q))`, selector)))
	require.NoError(t, err)
	return text
}

// push presses the button of a form with the keyboard, and waits for a text in a
// part of the page that the form replaces.
func (p *servedPage) push(t *testing.T, button, part, text string) {
	t.Helper()
	p.do(t, fmt.Sprintf(`document.getElementById(%q).dataset.old = "1"`, part))
	require.NoError(t, chromedp.Do(p.ctx, chromedp.Focus(chromedp.CSS(button))), button)
	p.press(t, "\r")
	p.until(t, fmt.Sprintf(`!document.getElementById(%q).dataset.old`, part))
	require.Contains(t, p.text(t, "#"+part), text, button)
	focused, err := chromedp.Run(p.ctx, chromedp.Evaluate[string](`document.activeElement.id`))
	require.NoError(t, err)
	require.Equal(t, part, focused, "what has changed is read next")
}

// servedView is what the browser knows of the page.
type servedView struct {
	Title    string     `json:"title"`
	Sections []string   `json:"sections"`
	Facts    [][]string `json:"facts"`
	Personal int        `json:"personal"`
	Alien    int        `json:"alien"`   // elements that the page does not make
	Outside  []string   `json:"outside"` // fetched from elsewhere
}

const readServed = `(() => {
	const answer = document.getElementById("answer");
	return {
		title: document.title, sections: Array.from(answer.querySelectorAll("h3"), e => e.textContent).filter(t => t !== "notes"),
		facts: Array.from(answer.querySelectorAll("dt"), e => [e.textContent, e.nextElementSibling.firstChild.data.trimEnd()]),
		personal: answer.querySelectorAll("dd .personal").length, alien: document.querySelectorAll("img, svg, iframe, object, b, style, main script, body > script ~ script").length,
		outside: performance.getEntriesByType("resource").map(e => e.name).filter(n => !n.startsWith(location.origin)),
	};
})()`

func (p *servedPage) view(t *testing.T) servedView {
	t.Helper()
	v, err := chromedp.Run(p.ctx, chromedp.Evaluate[servedView](readServed))
	require.NoError(t, err)
	return v
}

// clickedLink is the link for a browser whose name begins so.
func clickedLink(name string) string {
	return fmt.Sprintf(`Array.from(document.querySelectorAll("#links a")).find(a => a.textContent.startsWith(%q))`, name)
}

// TestServePage clicks through the page of serve as its user does, by keyboard
// where there is a form: a link is pasted and explained, an ESP is made to fail
// and a reader lands all the same, a link is recalled, an ESP is retired, and all
// of it is taken back.
func TestServePage(t *testing.T) {
	path := binary(t)
	ctx, cancel := context.WithTimeout(t.Context(), 3*bound)
	defer cancel()
	p := startPage(ctx, t, path)

	t.Run("structure", p.structure)
	t.Run("paste", p.pastes)
	t.Run("fault", p.faults)
	t.Run("land", p.lands)
	t.Run("recall", p.recalls)
	t.Run("retire", p.retires)
	t.Run("hostile", p.hostile)
	t.Run("looks", p.looksAtAll)
	t.Run("without JavaScript", p.withoutScript)
	require.Empty(t, p.complained(), "what the browser holds against the page")
	p.close(t)
}

// structure is what a screen reader goes by: one first heading, none that skips
// a level, and a way past what stands before the requests.
func (p *servedPage) structure(t *testing.T) {
	levels, err := chromedp.Run(p.ctx, chromedp.Evaluate[[]int](`Array.from(document.querySelectorAll("h1, h2, h3, h4"), h => Number(h.tagName[1]))`))
	require.NoError(t, err)
	require.Equal(t, 1, levels[0])
	for i := 1; i < len(levels); i++ {
		require.LessOrEqual(t, levels[i], levels[i-1]+1)
		require.Greater(t, levels[i], 1)
	}
	p.press(t, "\t")
	skip := p.text(t, ":focus")
	require.Equal(t, "Skip to the requests", skip)
	p.press(t, "\r")
	p.until(t, `document.activeElement.id === "requests"`)
	p.press(t, "\t")
	require.Equal(t, "Pause", p.text(t, ":focus"))
	p.press(t, " ")
	require.Contains(t, p.ask(t, "/", ""), "HTTP/1.1 ")
	p.until(t, `document.getElementById("news").textContent.includes("1 more while paused")`)
	require.Empty(t, p.text(t, "#list li"))
	p.press(t, " ")
	p.until(t, `document.querySelector("#list li")`)
}

// pastes links: what is shown is what explain says, and nothing becomes markup.
func (p *servedPage) pastes(t *testing.T) {
	sites, _, err := sitesfile.Parse("sites.json", []byte(servedSites), nil)
	require.NoError(t, err)
	for _, link := range append(inspectedLinks[:2:2], inspectedLinks[2], inspectedLinks[4], inspectedLinks[5]) {
		require.NoError(t, chromedp.Do(p.ctx, chromedp.SetValue(chromedp.CSS("#link"), link)))
		p.push(t, "#paste > form button", "answer", "")
		v := p.view(t)
		_, target, _ := strings.Cut(strings.TrimPrefix(link, "https://"), "/")
		require.Equal(t, "GET /"+clean.Text(target), p.text(t, "#answer .asked"))
		requireSections(t, v.Sections, v.Facts, v.Personal, sites, link)
		require.Equal(t, "clickedge serve", v.Title, "nothing was run")
		require.Zero(t, v.Alien, "nothing became markup")
		require.Empty(t, v.Outside)
	}
	require.NoError(t, chromedp.Do(p.ctx, chromedp.SetValue(chromedp.CSS("#link"), "https://nobody.example.com/<img src=x>")))
	p.push(t, "#paste > form button", "answer", `"nobody.example.com"`)
	require.NotEmpty(t, p.text(t, "#answer .wrong"))
	require.Empty(t, p.view(t).Facts, "what stood there is gone")
}

// faults are in force at once, for every client, and after the page was loaded
// again.
func (p *servedPage) faults(t *testing.T) {
	click := "/CL0/https:%2F%2Fshop.example.com%2Fa%3Fb=1" + sesTail
	require.Contains(t, p.ask(t, click, ""), "HTTP/1.1 302")
	p.until(t, `document.querySelector("#list li")?.innerText.includes("ses-us-east-1")`)
	require.NotContains(t, p.text(t, "#list li"), "esp_unreachable")
	p.do(t, `document.getElementById("fault-ses-us-east-1").value = "refuse"`)
	p.push(t, `#fault-ses-us-east-1 ~ button`, "said", "ses-us-east-1 fails from now on: it refuses connections.")
	p.open(t, p.url)
	p.until(t, `document.body.dataset.live`)
	require.Contains(t, p.text(t, "#switches"), "ses-us-east-1 fails")
	require.Contains(t, p.ask(t, click, ""), "location: https://shop.example.com/a?b=1")
	p.until(t, `document.querySelector("#list li")?.innerText.includes("esp_unreachable")`)
	require.Contains(t, p.text(t, "#list li"), "to https://shop.example.com/a?b=1")

	// What somebody else switches shows by itself.
	for _, fault := range []string{"slow", "up"} {
		resp, err := http.PostForm(p.url+"fault", url.Values{"backend": {"customerio-eu"}, "fault": {fault}})
		require.NoError(t, err)
		resp.Body.Close()
		p.until(t, `String(document.getElementById("switches").innerText.includes("customerio-eu fails")) === "`+strconv.FormatBool(fault != "up")+`"`)
	}
}

// lands as a reader does while the ESP is down, and reads what happened.
func (p *servedPage) lands(t *testing.T) {
	p.do(t, `document.querySelector("#links details").open = true`)
	p.do(t, `(a => { a.removeAttribute("target"); a.id = "try"; })(`+clickedLink("ses-us-east-1: click")+`)`)
	landed := p.click(t, "#try")
	require.Equal(t, "https://shop.example.com/a?b=1&c=2", landed.Href)
	require.EqualValues(t, 200, landed.Status)
	p.open(t, p.url)
	p.until(t, `document.body.dataset.live`)
	require.NoError(t, chromedp.Do(p.ctx, chromedp.Focus(chromedp.CSS("#list li a"))))
	p.press(t, "\r")
	p.until(t, `!document.getElementById("request").hidden && document.activeElement.id === "request"`)
	p.do(t, `document.querySelectorAll("#request details").forEach(d => d.open = true)`)
	shown := p.text(t, "#request")
	for _, text := range []string{"GET on link.example.com", "esp_unreachable", "connection_refused", `"action": "redirect"`, "https://shop.example.com/a?b=1&c=2", "fastly_http_req", "user-agent", "personal"} {
		require.Contains(t, strings.ToLower(shown), strings.ToLower(text))
	}
	p.press(t, "\x1b")
	p.until(t, `document.getElementById("request").hidden && document.activeElement.dataset.open`)
}

// send presses the button of a link, and returns what its reader gets.
func (p *servedPage) send(t *testing.T, name, want string) {
	t.Helper()
	p.do(t, `document.querySelector("#links details").open = true`)
	p.do(t, fmt.Sprintf(`Array.from(document.querySelectorAll("#links li")).find(e => e.textContent.includes(%q)).querySelector("button").id = "send"`, name))
	p.push(t, "#send", "answer", want)
	p.do(t, `document.getElementById("send").removeAttribute("id")`)
}

func (p *servedPage) recalls(t *testing.T) {
	p.send(t, "ses-us-east-1: click", "https://shop.example.com/a?b=1&c=2")
	for id, value := range map[string]string{"recall-from": "https://shop.example.com/a*", "recall-to": "https://elsewhere.example.net/"} {
		p.do(t, fmt.Sprintf(`document.getElementById(%q).value = %q`, id, value))
	}
	p.do(t, `document.getElementById("then-to").click()`)
	recall := `form[action="/recall"] button`
	p.push(t, recall, "said", "Nothing was changed: ")
	require.Contains(t, p.text(t, "#said"), "elsewhere.example.net")
	from, err := chromedp.Run(p.ctx, chromedp.Evaluate[string](`document.getElementById("recall-from").value`))
	require.NoError(t, err)
	require.Equal(t, "https://shop.example.com/a*", from, "what was written is still there")
	p.do(t, `document.getElementById("recall-to").value = "https://www.example.com/corrected"`)
	p.push(t, recall, "said", "goes to https://www.example.com/corrected from now on")
	p.send(t, "ses-us-east-1: click", "https://www.example.com/corrected")
	p.until(t, `document.querySelector("#list li")?.innerText.includes("recalled")`)
	p.open(t, p.url)
	p.until(t, `document.body.dataset.live`)
	p.push(t, `form:has([name=from][value="https://shop.example.com/a*"]) button`, "said", "is not recalled any more")
	p.send(t, "ses-us-east-1: click", "https://shop.example.com/a?b=1&c=2")
}

func (p *servedPage) retires(t *testing.T) {
	p.send(t, "sendgrid: click", "302")
	p.push(t, `form:has([name=esp][value=sendgrid]) button`, "said", "sendgrid of link.example.com is retired from now on")
	p.send(t, "sendgrid (retired): click", "410")
	p.push(t, `form[action="/reset"] button`, "said", "everything is as it was")
	p.send(t, "sendgrid: click", "302")
	require.NotContains(t, p.text(t, "#switches"), "Take everything back")
}

// hostile requests and answers are text.
func (p *servedPage) hostile(t *testing.T) {
	p.ask(t, hostile, "X-Field: <script>document.title='field'</script>\r\nUser-Agent: <img src=x onerror=document.title=1>\r\n")
	p.until(t, `document.querySelector("#list li")?.innerText.includes("404") || document.querySelector("#list li")?.innerText.includes("other")`)
	p.do(t, `document.querySelector("#list li a").click()`)
	p.until(t, `!document.getElementById("request").hidden && document.getElementById("request").innerText.includes("onerror")`)
	p.do(t, `document.querySelectorAll("#request details").forEach(d => d.open = true)`)
	require.Contains(t, p.text(t, "#request"), "<script>document.title='field'</script>")
	narrow := pageLooks[len(pageLooks)-1]
	for i, text := range hostileTexts {
		field := strings.Map(func(r rune) rune { // a field has no controls
			if r < ' ' || r == 0x7f {
				return -1
			}
			return r
		}, text)
		p.do(t, `document.querySelectorAll("#list li").forEach(e => e.dataset.old = "1")`)
		p.ask(t, fmt.Sprintf("/odd-%d/%s", i, url.PathEscape(text[:min(len(text), 2000)])), fmt.Sprintf("X-Odd: %s\r\n", field[:min(len(field), 2000)]))
		p.until(t, `document.querySelector("#list li:not([data-old])")`)
		p.do(t, `document.querySelector("#list li:not([data-old]) a").click()`)
		p.until(t, fmt.Sprintf(`document.querySelector("#request dd")?.innerText.startsWith("/odd-%d/")`, i))
		p.do(t, `document.querySelectorAll("#request details").forEach(d => d.open = true)`)
		for _, link := range []string{text, "https://link.example.com/" + text, "https://" + text + "/a"} {
			p.put(t, link)
			p.push(t, "#paste > form button", "answer", "")
			p.requireNoEffect(t, "clickedge serve", "img, svg, iframe, object, b, style, main script, body > script ~ script")
		}
		t.Run(fmt.Sprint(i), func(t *testing.T) { p.measure(t, narrow) })
	}
	require.Empty(t, p.view(t).Outside)
}

// looksAtAll measures the page, with a link explained and a request open.
func (p *servedPage) looksAtAll(t *testing.T) {
	p.do(t, `document.getElementById("fault-ses-us-east-1").value = "500"`)
	p.push(t, `#fault-ses-us-east-1 ~ button`, "said", "it answers everything with 500")
	p.push(t, `form:has([name=esp][value=sendgrid]) button`, "said", "retired from now on")
	p.send(t, "ses-us-east-1: click", "302")
	require.NoError(t, chromedp.Do(p.ctx, chromedp.SetValue(chromedp.CSS("#link"), inspectedLinks[0])))
	p.push(t, "#paste > form button", "answer", "What happens")
	for _, state := range []string{"", "request-"} {
		if state != "" {
			p.do(t, `document.querySelector("#list li a").click()`)
			p.until(t, `!document.getElementById("request").hidden && document.querySelector("#request .sent")`)
			p.do(t, `document.querySelectorAll("#request details").forEach(d => d.open = true)`)
		} else {
			p.do(t, `document.getElementById("request").hidden = true`)
		}
		for _, l := range pageLooks {
			t.Run(state+l.name, func(t *testing.T) { p.examine(t, "serve-"+state, l) })
		}
		t.Run(state+"keyboard", p.tabThrough)
		t.Run(state+"tree", p.checkTree)
	}
}

// withoutScript the page does the same, a load at a time.
func (p *servedPage) withoutScript(t *testing.T) {
	_, err := chromedp.Call(p.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	require.NoError(t, err)
	p.open(t, p.url)
	require.NoError(t, chromedp.Do(p.ctx, chromedp.SetValue(chromedp.CSS("#link"), inspectedLinks[0])))
	p.click(t, "#paste > form button")
	require.Contains(t, p.text(t, "#answer"), "leads to")
	back := p.click(t, `form[action="/reset"] button`)
	require.Equal(t, p.url+"?site=", back.Href)
	require.Contains(t, p.text(t, "#said"), "everything is as it was")
	require.EqualValues(t, 200, p.click(t, "#list li a").Status)
	require.Contains(t, p.text(t, "#request"), "target")
}
