package page

import (
	"sync"

	"github.com/clickedge/clickedge/deploy/serve/seen"
)

// Bounds of what is kept of requests.
const (
	mostRequests = 200
	mostBytes    = 16 << 20
	// waiting is how many requests a reader may be behind. One that is further
	// behind is let go of, comes again, and says what it had last.
	waiting = 64
)

// kept is a request with its number on the page.
type kept struct {
	*seen.Request
	ID   uint64
	size int
}

// memory keeps the latest requests, and tells readers of new ones.
type memory struct {
	mu      sync.Mutex
	list    []*kept
	size    int
	next    uint64
	readers map[*reader]bool
	closed  bool
}

// reader is one open page.
type reader struct {
	requests chan *kept    // closed when the reader is let go of
	changed  chan struct{} // has something when the switches have changed
}

// add keeps a request. It is called for each click: what is shown of a request
// is made when somebody looks.
func (m *memory) add(r *seen.Request) {
	k := &kept{Request: r, size: sizeOf(r)}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.next++
	k.ID = m.next
	m.list = append(m.list, k)
	for m.size += k.size; len(m.list) > mostRequests || m.size > mostBytes && len(m.list) > 1; {
		m.size -= m.list[0].size
		m.list[0] = nil
		m.list = m.list[1:]
	}
	for reader := range m.readers {
		select {
		case reader.requests <- k:
		default:
			m.drop(reader)
		}
	}
}

// sizeOf is about what a request takes.
func sizeOf(r *seen.Request) int {
	n := 1024 + len(r.Raw) + len(r.Stderr) + len(r.Stdout) + len(r.Exchange.Request.Target) + 96*len(r.Calls)
	for _, f := range r.Exchange.Request.Header {
		n += len(f.Name) + len(f.Value)
	}
	for _, f := range r.ResponseHeader {
		n += len(f.Name) + len(f.Value)
	}
	for i := range r.Calls {
		n += len(r.Calls[i].Args) + len(r.Calls[i].Results)
	}
	for i := range r.Sent {
		n += 512 + len(r.Sent[i].Body) + len(r.Sent[i].Target)
		for _, f := range r.Sent[i].Header {
			n += len(f.Name) + len(f.Value)
		}
	}
	for _, l := range r.Logs {
		n += len(l.Line)
	}
	return n
}

// latest returns what is kept, the latest first, and the number of the latest.
func (m *memory) latest() ([]*kept, uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	list := make([]*kept, 0, len(m.list))
	for i := len(m.list) - 1; i >= 0; i-- {
		list = append(list, m.list[i])
	}
	return list, m.next
}

// find returns a request; nil where it is not kept.
func (m *memory) find(id uint64) *kept {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, k := range m.list {
		if k.ID == id {
			return k
		}
	}
	return nil
}

// follow returns what came after a number, and a reader for what comes; nil
// where the page is closed.
func (m *memory) follow(after uint64) ([]*kept, *reader) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return nil, nil
	}
	var list []*kept
	for _, k := range m.list {
		if k.ID > after {
			list = append(list, k)
		}
	}
	r := &reader{make(chan *kept, waiting), make(chan struct{}, 1)}
	if m.readers == nil {
		m.readers = map[*reader]bool{}
	}
	m.readers[r] = true
	return list, r
}

// drop lets go of a reader. The caller holds the lock.
func (m *memory) drop(r *reader) {
	if m.readers[r] {
		delete(m.readers, r)
		close(r.requests)
	}
}

func (m *memory) leave(r *reader) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.drop(r)
}

// change tells the readers that the switches have changed.
func (m *memory) change() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for r := range m.readers {
		select {
		case r.changed <- struct{}{}:
		default: // it has not heard of the last one yet
		}
	}
}

// close lets go of all readers; there will be no others.
func (m *memory) close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	for r := range m.readers {
		m.drop(r)
	}
}
