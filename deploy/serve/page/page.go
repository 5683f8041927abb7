package page

import (
	"crypto/rand"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/clean"
	"github.com/clickedge/clickedge/deploy/serve/seen"
)

//go:embed page.html page.css page.js
var files embed.FS

// layout is the page and its parts. Text from outside goes through "text".
var layout = template.Must(template.New("").Funcs(template.FuncMap{
	"text": clean.Text, "personal": isPersonal, "href": hrefOf, "micros": microsText, "lines": lines,
	"methods": func() []string { return []string{"GET", "HEAD", "POST"} }, "exact": url.QueryEscape,
}).ParseFS(files, "page.html"))

// Page is an http.Handler.
type Page struct {
	bench   Bench
	say     func(string) // what was switched
	mux     *http.ServeMux
	guarded http.Handler // mux, behind the check of where a POST comes from
	memory  memory
	run     string // tells this run from another on the same port
	watched atomic.Int64

	mu   sync.Mutex
	said []Said // the latest last
}

// Said is what a switch did, or why it did nothing.
type Said struct {
	At         time.Time
	Text, Hint string
	Notes      []string // what else there is to know of it
	Wrong      bool
}

// mostSaid is how much of that is kept.
const mostSaid = 20

// New makes the page of a bench. say is called with what was switched.
func New(bench Bench, say func(string)) *Page {
	p := &Page{bench: bench, say: say, mux: http.NewServeMux(), run: rand.Text()}
	for _, name := range []string{"page.css", "page.js"} {
		p.mux.HandleFunc("GET /"+name, func(w http.ResponseWriter, r *http.Request) { sendFile(w, name) })
	}
	p.mux.HandleFunc("GET /favicon.ico", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	p.mux.HandleFunc("GET /{$}", p.home)
	p.mux.HandleFunc("GET /events", p.events)
	p.mux.HandleFunc("GET /requests/{id}", p.request)
	for path, act := range map[string]func(*http.Request) (*view, error){
		"/explain": p.explain, "/send": p.send, "/fault": p.fault, "/retire": p.retire, "/recall": p.recall, "/undo": p.undo, "/reset": p.reset,
	} {
		p.mux.HandleFunc("POST "+path, p.acting(act))
	}
	p.guarded = http.NewCrossOriginProtection().Handler(p.mux)
	return p
}

func sendFile(w http.ResponseWriter, name string) {
	data, err := fs.ReadFile(files, name)
	if err != nil {
		http.Error(w, "internal error: no such file", http.StatusInternalServerError)
		return
	}
	kind := "text/css; charset=utf-8"
	if strings.HasSuffix(name, ".js") {
		kind = "text/javascript; charset=utf-8"
	}
	w.Header().Set("Content-Type", kind)
	_, _ = w.Write(data)
}

// paths are those of the page. Whatever else is asked for on its address is
// answered by the module, as on any host that no site has.
var paths = map[string]bool{"/": true, "/page.css": true, "/page.js": true, "/favicon.ico": true, "/events": true, "/explain": true,
	"/send": true, "/fault": true, "/retire": true, "/recall": true, "/undo": true, "/reset": true}

// Takes reports whether a request is for the page. has reports whether a host is
// that of a link domain: these are never the page's.
func (p *Page) Takes(r *http.Request, has func(host string) bool) bool {
	path, _, _ := strings.Cut(r.RequestURI, "?")
	if !paths[path] && !strings.HasPrefix(path, "/requests/") {
		return false
	}
	return isLoopbackName(r.Host) && isLoopbackAddr(r.RemoteAddr) && !has(r.Host)
}

// isLoopbackName reports whether a Host is this machine, by a name that nobody
// else can point elsewhere.
func isLoopbackName(host string) bool {
	name := core.CanonicalHost(host)
	if name == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(strings.Trim(name, "[]"))
	return err == nil && addr.IsLoopback()
}

func isLoopbackAddr(remote string) bool {
	host, _, err := net.SplitHostPort(remote)
	if err != nil {
		return false
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}

// ServeHTTP serves the page. Nothing of it may be kept, framed, or read from
// elsewhere.
func (p *Page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "same-origin") // with no-referrer, a POST of the page would not say where it comes from
	h.Set("Cache-Control", "no-store")
	p.guarded.ServeHTTP(w, r)
}

// Record keeps a request for the page.
func (p *Page) Record(r *seen.Request) { p.memory.add(r) }

// Changed tells open pages that other sites are in service.
func (p *Page) Changed() { p.memory.change() }

// Watched reports whether a page is open: then host calls are described.
func (p *Page) Watched() bool { return p.watched.Load() > 0 }

// Close ends the streams of open pages, which would hold up a shutdown.
func (p *Page) Close() { p.memory.close() }

// Say puts a sentence on the page, and prints it, with what else there is to
// know.
func (p *Page) Say(text string, notes ...string) {
	p.note(Said{Text: text, Notes: notes})
	p.say(text)
	for _, n := range notes {
		p.say("note: " + n)
	}
}

func (p *Page) note(s Said) {
	s.At = p.bench.State().Now
	p.mu.Lock()
	defer p.mu.Unlock()
	p.said = append(p.said, s)
	if len(p.said) > mostSaid {
		p.said = p.said[len(p.said)-mostSaid:]
	}
}

// render sends the page. It is made whole first, so that an error does not come
// after half of it.
func (p *Page) render(w http.ResponseWriter, status int, v *view) {
	var b strings.Builder
	if err := layout.ExecuteTemplate(&b, "page.html", v); err != nil {
		http.Error(w, "internal error: the page cannot be made", http.StatusInternalServerError)
		p.say(fmt.Sprintf("internal error: the page cannot be made: %v", err))
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(b.String()))
}
