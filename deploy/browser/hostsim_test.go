package browser

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// program is a hostsim that serves its test guest, and its page.
type program struct{ guest, page string }

// start builds hostsim and the guest, and takes the addresses from what it
// prints.
func start(ctx context.Context, t *testing.T) program {
	t.Helper()
	dir := t.TempDir()
	bin, wasm := filepath.Join(dir, "hostsim"), filepath.Join(dir, "main.wasm")
	build(t, bin, "./hostsim/cmd/hostsim")
	build(t, wasm, "./hostsim/cmd/hostsim/testdata/guest", "GOOS=wasip1", "GOARCH=wasm")
	read, write, err := os.Pipe()
	require.NoError(t, err)
	cmd := exec.CommandContext(ctx, bin, "serve", "--addr=127.0.0.1:0", "--ui=127.0.0.1:0", wasm)
	cmd.Stdout, cmd.Stderr = write, write
	require.NoError(t, cmd.Start())
	write.Close()
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait(); read.Close() })
	var p program
	for lines := bufio.NewScanner(read); (p.guest == "" || p.page == "") && lines.Scan(); {
		if _, at, found := strings.Cut(lines.Text(), "shown on http://"); found {
			p.page = strings.TrimSuffix(at, "/")
		}
		if _, at, found := strings.Cut(lines.Text(), "Listening on http://"); found {
			p.guest = at
		}
	}
	require.NotEmpty(t, p.page)
	require.NotEmpty(t, p.guest)
	go io.Copy(io.Discard, read)
	return p
}

func build(t *testing.T, out, pkg string, env ...string) {
	t.Helper()
	cmd := exec.Command("go", "build", "-o", out, pkg)
	cmd.Dir, cmd.Env = "../..", append(os.Environ(), env...)
	text, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", text)
}

// ask sends a request as it is; the guest answers it.
func (p program) ask(t *testing.T, target string) {
	t.Helper()
	conn, err := net.Dial("tcp", p.guest)
	require.NoError(t, err)
	defer conn.Close()
	fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: guest.example\r\nX-Field: <script>document.title='field'</script>\r\nConnection: close\r\n\r\n", target)
	answer, err := io.ReadAll(conn)
	require.NoError(t, err)
	require.Contains(t, string(answer), "200 OK")
}

// hostile is a target that would be markup, and does something if it is.
const hostile = `/<img/src=x/onerror=document.title='target'>"'&lt;b>`

// uiView is what the browser knows of the page.
type uiView struct {
	Title   string   `json:"title"`
	Rows    []string `json:"rows"` // that can be seen
	Detail  string   `json:"detail"`
	Alien   int      `json:"alien"` // elements that the page does not make
	Count   string   `json:"count"`
	Open    bool     `json:"open"`
	Outside []string `json:"outside"` // fetched from elsewhere
	Bars    int      `json:"bars"`
}

const readUI = `(() => ({
	title: document.title, count: document.getElementById("count").textContent, open: document.body.classList.contains("open"),
	rows: Array.from(document.querySelectorAll(".row")).filter(e => e.offsetHeight > 0).map(e => e.querySelector(".what").textContent),
	detail: document.getElementById("detail").innerText, alien: document.querySelectorAll("img, svg, iframe, main script, main b:not(#detail p > b)").length,
	bars: document.querySelectorAll(".bar").length,
	outside: performance.getEntriesByType("resource").map(e => e.name).filter(n => !n.startsWith(location.origin)),
}))()`

func (b *tab) ui(t *testing.T) uiView {
	t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[uiView](readUI))
	require.NoError(t, err)
	return v
}

// until waits for what a script says, in the browser.
func (b *tab) until(t *testing.T, condition string) {
	t.Helper()
	_, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](`new Promise(done => { const look = () => (`+condition+`) ? done(true) : setTimeout(look, 20); look(); })`, chromedp.EvalAwaitPromise))
	require.NoError(t, err, condition)
}

func (b *tab) press(t *testing.T, keys string) {
	t.Helper()
	require.NoError(t, chromedp.Do(b.ctx, chromedp.KeyEvent(keys)), keys)
}

// TestHostsimPage has hostsim serve requests while its page is open: they come
// by themselves, can be found and read with the keyboard, and nothing in them
// is markup.
func TestHostsimPage(t *testing.T) {
	path := binary(t)
	ctx, cancel := context.WithTimeout(t.Context(), 2*bound)
	defer cancel()
	p := start(ctx, t)
	p.ask(t, "/before")
	b := openTab(ctx, t, path, []string{"MAP localhost 127.0.0.1"}, nil)
	_, port, err := net.SplitHostPort(p.page)
	require.NoError(t, err)
	b.open(t, "http://localhost:"+port+"/")
	b.until(t, `document.querySelectorAll(".row").length === 1`)
	p.ask(t, hostile)
	b.until(t, `document.querySelectorAll(".row").length === 2`) // a row comes when its guest has ended, which is after its answer
	p.ask(t, "/last?x=1")
	b.until(t, `document.querySelectorAll(".row").length === 3`)
	v := b.ui(t)
	require.Equal(t, []string{"GET /last?x=1", "GET " + hostile, "GET /before"}, v.Rows)
	require.Equal(t, "3 requests", v.Count)

	b.press(t, "j")
	b.press(t, "j")
	v = b.ui(t)
	for _, text := range []string{hostile, "http_resp.send_downstream(", "access :: a line", "to stderr", "<script>document.title='field'</script>"} {
		require.Contains(t, v.Detail, text)
	}
	require.Positive(t, v.Bars)
	require.Equal(t, "hostsim", v.Title, "nothing was run")
	require.Zero(t, v.Alien, "nothing became markup")
	require.Empty(t, v.Outside)

	b.press(t, "/")
	b.press(t, "last x=1")
	v = b.ui(t)
	require.Equal(t, []string{"GET /last?x=1"}, v.Rows)
	require.Equal(t, "1 of 3", v.Count)
	b.press(t, "\x1b")
	require.Len(t, b.ui(t).Rows, 3)

	for state, script := range map[string]string{"list": `document.body.classList.remove("open"); true`, "request": `document.querySelectorAll(".row")[1].click(); true`} {
		_, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](script))
		require.NoError(t, err)
		for _, l := range pageLooks {
			t.Run(state+"-"+l.name, func(t *testing.T) { b.examine(t, "hostsim-"+state, l) })
		}
		t.Run(state+"-keyboard", b.tabThrough)
		t.Run(state+"-tree", b.checkTree)
	}
	require.Empty(t, b.complained(), "what the browser holds against the page")
	b.close(t)
}
