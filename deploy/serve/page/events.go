package page

import (
	"bytes"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// slowest is how long a write to an open page may take. One that does not read
// is let go of.
const slowest = 10 * time.Second

// events streams requests as server-sent events (HTML, section 9.2), each as the
// row that the list gets.
func (p *Page) events(w http.ResponseWriter, r *http.Request) {
	s := &stream{w: w, rc: http.NewResponseController(w)}
	defer func() { _ = s.rc.SetWriteDeadline(time.Time{}) }()
	w.Header().Set("Content-Type", "text/event-stream")
	after, err := strconv.ParseUint(lastOf(r), 10, 64)
	if r.FormValue("run") != p.run || err != nil {
		s.write("event: restarted\ndata: x\n\n")
		return
	}
	missed, reader := p.memory.follow(after)
	if reader == nil {
		return
	}
	defer p.memory.leave(reader)
	p.watched.Add(1)
	defer p.watched.Add(-1)
	s.write("retry: 1000\n: the requests follow\n\n")
	for _, k := range missed {
		s.row(k)
	}
	p.follow(s, reader, r)
}

// lastOf is the number of the last request that a page has: the browser says so
// when it comes again.
func lastOf(r *http.Request) string {
	if id := r.Header.Get("Last-Event-ID"); id != "" {
		return id
	}
	return r.FormValue("after")
}

// follow sends what comes, until the page is closed or does not read.
func (p *Page) follow(s *stream, reader *reader, r *http.Request) {
	for !s.failed {
		select {
		case k, more := <-reader.requests:
			if !more {
				return
			}
			s.row(k)
		case <-reader.changed:
			s.write("event: changed\ndata: x\n\n")
		case <-r.Context().Done():
			return
		}
	}
}

// stream writes events.
type stream struct {
	w      http.ResponseWriter
	rc     *http.ResponseController
	failed bool
}

func (s *stream) write(text string) {
	if s.failed {
		return
	}
	_ = s.rc.SetWriteDeadline(time.Now().Add(slowest))
	_, err := fmt.Fprint(s.w, text)
	s.failed = err != nil || s.rc.Flush() != nil
}

// row sends a request's row. Each of its lines is a line of data.
func (s *stream) row(k *kept) {
	var b bytes.Buffer
	if err := layout.ExecuteTemplate(&b, "row", rowOf(k)); err != nil {
		s.failed = true
		return
	}
	var text strings.Builder
	fmt.Fprintf(&text, "id: %d\nevent: request\n", k.ID)
	for line := range strings.Lines(strings.TrimSpace(b.String())) {
		fmt.Fprintf(&text, "data: %s\n", strings.TrimRight(line, "\r\n"))
	}
	s.write(text.String() + "\n")
}
