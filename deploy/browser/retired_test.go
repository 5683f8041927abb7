package browser

import (
	"fmt"
	"html"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/hostsim/wire"
)

const (
	// retiredHost has the links of two ESPs that the sender has left.
	retiredHost = "retired.example.com"
	// retiredTarget is an unsubscribe link of one of them.
	retiredTarget = "/wf/unsubscribe?upn=u001.AAEC-2FBB%2fcc==&x=%20"
)

// preferencesOrigin takes the unsubscribes of the retired ESPs: a page with a
// form, in which everything is that a browser encodes.
type preferencesOrigin struct {
	addr string

	mu   sync.Mutex
	sent []taken
}

// taken is a request that arrived.
type taken struct{ method, target, host, linkDomain, kind, body string }

func newPreferencesOrigin(t *testing.T) *preferencesOrigin {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p := &preferencesOrigin{addr: ln.Addr().String()}
	server := &wire.Server{Handler: p}
	go server.Serve(ln)
	t.Cleanup(func() { server.Close() })
	return p
}

func (p *preferencesOrigin) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	body, _ := io.ReadAll(q.Body)
	p.mu.Lock()
	p.sent = append(p.sent, taken{q.Method, q.RequestURI, q.Host, q.Header.Get("X-Forwarded-Host"), q.Header.Get("Content-Type"), string(body)})
	p.mu.Unlock()
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	heading := "Leave the list?"
	if q.Method == http.MethodPost {
		heading = "You have left the list"
	}
	fmt.Fprintf(w, `<!doctype html><html lang="en"><meta charset="utf-8"><title>%s</title><link rel="icon" href="data:,"><h1>%s</h1>`+
		`<form method="post" enctype="multipart/form-data"><input name="List-Unsubscribe" value="One-Click"><input type="hidden" name="odd" value="%s">`+
		`<textarea name="why">two
lines</textarea><button>Leave</button></form></html>`, heading, heading, html.EscapeString("ü & = + %0D \" \x7f"))
}

// forget returns what arrived since the last call.
func (p *preferencesOrigin) forget() []taken {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := p.sent
	p.sent = nil
	return list
}

// unsubscribe opens the unsubscribe link of a retired ESP and sends the form
// that it finds there: both reach the origin that the site names, with the
// bytes that the browser sent, and the ESP gets nothing.
func (f *front) unsubscribe(t *testing.T, b *tab, r *rig) {
	for _, s := range r.fleet.Seen() { // since the mail's links were clicked
		require.NotEqual(t, retiredHost, s.Host(), "%s %s", s.Method, s.Target)
	}
	r.prefs.forget()
	r.fleet.Forget()
	f.posted.Reset()
	url := f.scheme + "://" + retiredHost + retiredTarget
	f.ask(url)
	b.open(t, url)
	require.Equal(t, "Leave the list?", b.read(t, 200).Heading)
	f.ask(url)
	p := b.click(t, "button")
	require.Equal(t, []any{int64(200), "You have left the list", url}, []any{p.Status, p.Heading, p.Href})

	seen := r.prefs.forget()
	require.Len(t, seen, 2)
	for i, method := range []string{"GET", "POST"} {
		require.Equal(t, []string{method, retiredTarget, "preferences.example.com", retiredHost},
			[]string{seen[i].method, seen[i].target, seen[i].host, seen[i].linkDomain})
	}
	require.Contains(t, seen[1].kind, "multipart/form-data; boundary=")
	require.Contains(t, seen[1].body, "two\r\nlines")
	require.Contains(t, seen[1].body, "ü & = + %0D")
	require.Equal(t, f.posted.String(), seen[1].body, "the bytes that the browser sent")
	require.Empty(t, r.fleet.Seen(), "no ESP is asked")

	// The same form, posted by a script as one-click does.
	f.ask(url)
	f.posted.Reset()
	status, err := chromedp.Run(b.ctx, chromedp.Evaluate[int](
		`fetch(location.href, {method: "POST", credentials: "omit", body: new URLSearchParams("List-Unsubscribe=One-Click")}).then(r => r.status)`, chromedp.EvalAwaitPromise))
	require.NoError(t, err)
	require.Equal(t, 200, status)
	seen = r.prefs.forget()
	require.Len(t, seen, 1)
	require.Equal(t, "List-Unsubscribe=One-Click", seen[0].body)
	require.Equal(t, f.posted.String(), seen[0].body)
}
