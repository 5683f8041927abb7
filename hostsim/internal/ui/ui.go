// Package ui is a page that shows requests as they are served: what the guest
// called and when, what it logged, and what its backends got. It needs nothing
// from elsewhere. Start with [New] and [Page.Show].
//
// Everything on the page is text that clients, guests or origins have chosen:
// the page's script makes elements itself and never reads markup, and the
// page's policy forbids scripts of any other source.
package ui

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/clickedge/clickedge/hostsim"
)

//go:embed index.html ui.css ui.js
var files embed.FS

// Bounds of what is kept for a page that is opened later, and of what one
// exchange may have on the page.
const (
	keptExchanges = 500
	keptBytes     = 64 << 20
	shownCalls    = 2000
	shownText     = 64 << 10
	waiting       = 64 // exchanges that a slow page may be behind
)

// Page is an http.Handler.
type Page struct {
	mux     http.ServeMux
	mu      sync.Mutex
	kept    []message
	size    int
	next    uint64
	readers map[chan message]bool
}

// message is one exchange as the page gets it.
type message struct {
	id   uint64
	data []byte
}

// New makes a page without exchanges.
func New() *Page {
	p := &Page{readers: map[chan message]bool{}}
	for path, file := range map[string]string{"GET /{$}": "index.html", "GET /ui.css": "ui.css", "GET /ui.js": "ui.js"} {
		p.mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) { http.ServeFileFS(w, r, files, file) })
	}
	p.mux.HandleFunc("GET /events", p.events)
	return p
}

// ServeHTTP serves the page.
func (p *Page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	p.mux.ServeHTTP(w, r)
}

// Show puts an exchange on the page.
func (p *Page) Show(x *hostsim.Exchange) {
	data, err := json.Marshal(eventOf(x))
	if err != nil {
		return // it has texts and numbers only
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.next++
	m := message{p.next, data}
	p.kept = append(p.kept, m)
	for p.size += len(data); len(p.kept) > 1 && (p.size > keptBytes || len(p.kept) > keptExchanges); p.kept = p.kept[1:] {
		p.size -= len(p.kept[0].data)
	}
	for reader := range p.readers {
		select {
		case reader <- m:
		default: // too slow: it comes again, and says what it had last
			delete(p.readers, reader)
			close(reader)
		}
	}
}

// follow returns what is kept after an id, and a channel for what comes.
func (p *Page) follow(after uint64) ([]message, chan message) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if after > p.next {
		after = 0 // an id of a program that has been started again since
	}
	var kept []message
	for _, m := range p.kept {
		if m.id > after {
			kept = append(kept, m)
		}
	}
	reader := make(chan message, waiting)
	p.readers[reader] = true
	return kept, reader
}

func (p *Page) leave(reader chan message) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.readers, reader)
}

// events streams exchanges as server-sent events (HTML, section 9.2).
func (p *Page) events(w http.ResponseWriter, r *http.Request) {
	after, _ := strconv.ParseUint(r.Header.Get("Last-Event-ID"), 10, 64)
	kept, reader := p.follow(after)
	defer p.leave(reader)
	w.Header().Set("Content-Type", "text/event-stream")
	fmt.Fprint(w, "retry: 1000\n\n")
	for _, m := range kept {
		m.write(w)
	}
	for flush(w) {
		select {
		case m, more := <-reader:
			if !more {
				return
			}
			m.write(w)
		case <-r.Context().Done():
			return
		}
	}
}

// write writes the event; JSON has no line ends.
func (m message) write(w http.ResponseWriter) {
	fmt.Fprintf(w, "id: %d\ndata: %s\n\n", m.id, m.data)
}

func flush(w http.ResponseWriter) bool { return http.NewResponseController(w).Flush() == nil }

// Times are in microseconds, from the beginning of the request.
type event struct {
	ID       uint64   `json:"id"`
	Sandbox  uint64   `json:"sandbox"`
	At       string   `json:"at"`
	Method   string   `json:"method"`
	Host     string   `json:"host"`
	Target   string   `json:"target"`
	Header   []field  `json:"header"`
	Status   int      `json:"status"`
	OK       bool     `json:"ok"`
	Ending   string   `json:"ending"`
	Message  string   `json:"message"`
	Micros   int64    `json:"us"`
	Calls    []call   `json:"calls"`
	AllCalls int      `json:"all_calls"`
	Sent     []sent   `json:"sent"`
	Logs     []line   `json:"logs"`
	Faults   []string `json:"faults"`
	Stdout   string   `json:"stdout"`
	Stderr   string   `json:"stderr"`
}

type field [2]string

type call struct {
	Name    string `json:"name"`
	Args    string `json:"args"`
	Status  string `json:"status"`
	Results string `json:"results"`
	Start   int64  `json:"start"`
	Micros  int64  `json:"us"`
}

type sent struct {
	Backend string  `json:"backend"`
	Method  string  `json:"method"`
	Target  string  `json:"target"`
	Header  []field `json:"header"`
	Body    string  `json:"body"`
	Size    int64   `json:"size"`
	Status  int     `json:"status"`
	Error   string  `json:"error"`
	Start   int64   `json:"start"`
	Micros  int64   `json:"us"`
}

type line struct {
	Endpoint string `json:"endpoint"`
	Text     string `json:"text"`
}

func eventOf(x *hostsim.Exchange) *event {
	e := &event{ID: x.ID, Sandbox: x.Sandbox, At: time.Now().Format("15:04:05.000"), Method: x.Request.Method, Host: x.Request.Host, Target: x.Request.Target,
		Status: x.Response, OK: x.Ending.OK(), Ending: x.Ending.String(), Message: short([]byte(x.Ending.Message)), Micros: x.Duration.Microseconds(),
		AllCalls: x.CallCount, Faults: x.Faults, Stdout: short(x.Stdout), Stderr: short(x.Stderr)}
	for _, f := range x.Request.Header {
		e.Header = append(e.Header, field{f.Name, f.Value})
	}
	for _, c := range x.Calls[:min(len(x.Calls), shownCalls)] {
		e.Calls = append(e.Calls, call{c.Module + "." + c.Name, c.Args, c.Status.String(), c.Results, c.Start.Microseconds(), c.Duration.Microseconds()})
	}
	for _, s := range x.Sent {
		out := sent{Backend: s.Backend, Method: s.Method, Target: s.Target, Body: short(s.Body), Size: s.BodySize, Status: s.Status,
			Start: s.Start.Microseconds(), Micros: s.Duration.Microseconds()}
		for _, f := range s.Header {
			out.Header = append(out.Header, field{f.Name, f.Value})
		}
		if s.Err != nil {
			out.Error = s.Err.Error()
		}
		e.Sent = append(e.Sent, out)
	}
	for _, l := range x.Logs {
		e.Logs = append(e.Logs, line{l.Endpoint, l.Line})
	}
	return e
}

func short(text []byte) string {
	if len(text) > shownText {
		return string(bytes.ToValidUTF8(text[:shownText], nil)) + fmt.Sprintf("\n... (%d bytes)", len(text))
	}
	return string(text)
}
