//go:build unix

package hostsim

import (
	"bytes"
	"os"
	"runtime"
	"sync"

	"golang.org/x/sys/unix"
)

// A guest pays for each page that it writes with a fault and a copy, and again
// when the mapping is freed. Guests of one module write much the same pages. So
// a mapping is used again: the pages that guests usually write are written back
// from the image, which is a plain copy, and all others are dropped, so that
// they come from the image when they are touched. What a guest has left behind
// is gone in either case.

// learning is how many guests show which pages are usually written.
const learning = 4

// most is how many bytes of those pages are kept in a mapping that nobody uses,
// and near how many pages between two of them are written back as well: a call
// to drop them would cost more.
const (
	most = 32 << 20
	near = 8
)

// reused keeps the mappings that no guest uses.
type reused struct {
	mu      sync.Mutex
	idle    [][]byte
	closed  bool
	learned int
	written map[int]bool // by number, of the pages that guests have written
	hot     []span       // from learned = learning on
}

func (i *image) take(limit uint64) []byte {
	i.mu.Lock()
	defer i.mu.Unlock()
	if n := len(i.idle); n > 0 && uint64(len(i.idle[n-1])) == limit {
		buf := i.idle[n-1]
		i.idle = i.idle[:n-1]
		return buf
	}
	return nil
}

// give takes a mapping back. It is freed where there are enough, and while it
// is being learned which pages are written.
func (i *image) give(buf []byte, used int) {
	if i.learn(buf[:used]) || !i.restore(buf) || !i.keep(buf) {
		unmap(buf)
	}
}

func (i *image) keep(buf []byte) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.closed || len(i.idle) >= 2*runtime.GOMAXPROCS(0) {
		return false
	}
	i.idle = append(i.idle, buf)
	return true
}

func (i *image) freeAll() {
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, buf := range i.idle {
		unmap(buf)
	}
	i.idle, i.closed = nil, true
}

// learn notes what the first guests have written, and reports whether this was
// one of them.
func (i *image) learn(buf []byte) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.learned == learning {
		return false
	}
	if i.written == nil {
		i.written = map[int]bool{}
	}
	page := os.Getpagesize()
	zero := make([]byte, page)
	for at := 0; at < len(buf); at += page {
		was := zero
		if at < len(i.data) {
			was = i.data[at : at+page]
		}
		if !bytes.Equal(buf[at:at+page], was) {
			i.written[at/page] = true
		}
	}
	if i.learned++; i.learned == learning {
		i.hot = spans(i.written, page)
		i.written = nil
	}
	return true
}

// spans puts pages that are near one another together, up to most bytes.
func spans(pages map[int]bool, page int) (list []span) {
	last, total := -1, 0
	for n := 0; len(pages) > 0 && total < most; n++ {
		if !pages[n] {
			continue
		}
		delete(pages, n)
		if last >= 0 && n-last <= near {
			total += (n - last) * page
			list[len(list)-1].to = (n + 1) * page
		} else {
			total += page
			list = append(list, span{n * page, (n + 1) * page})
		}
		last = n
	}
	return list
}

// restore makes a mapping what it was when it was new.
func (i *image) restore(buf []byte) bool {
	at := 0
	for _, s := range append(i.hot[:len(i.hot):len(i.hot)], span{len(buf), len(buf)}) {
		if s.from > at && unix.Madvise(buf[at:s.from], unix.MADV_DONTNEED) != nil {
			return false
		}
		if n := copy(buf[s.from:s.to], i.data[min(s.from, len(i.data)):]); n < s.to-s.from {
			clear(buf[s.from+n : s.to])
		}
		at = s.to
	}
	return true
}

// drop makes a part of a mapping zero without touching its pages, but for those
// that guests usually write, which are there already. It does not reach into the
// image.
func (i *image) drop(buf []byte, from, to int) {
	i.mu.Lock()
	hot := i.hot
	i.mu.Unlock()
	page := os.Getpagesize()
	begin, end := max(len(i.data), (from+page-1)/page*page), to/page*page
	if begin >= end {
		clear(buf[from:to])
		return
	}
	clear(buf[from:begin])
	at := begin
	for _, s := range append(hot[:len(hot):len(hot)], span{end, end}) {
		s.from, s.to = min(max(s.from, at), end), min(max(s.to, at), end)
		if s.from > at && unix.Madvise(buf[at:s.from], unix.MADV_DONTNEED) != nil {
			clear(buf[at:s.from])
		}
		clear(buf[s.from:s.to])
		at = s.to
	}
	clear(buf[end:to])
}
