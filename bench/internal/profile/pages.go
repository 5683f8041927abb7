package profile

import (
	"fmt"
	"maps"
	"slices"

	"github.com/clickedge/clickedge/bench/internal/engine"
	"github.com/clickedge/clickedge/bench/internal/instrument"
	"github.com/clickedge/clickedge/hostsim"
)

// WindowSize is what the operating system maps at once when a page of a file is
// read first, if the file's pages are in memory: so many bytes, aligned
// (fault_around_bytes of the Linux kernel). A guest's memory is such a mapping
// of the module's image, made anew for each request.
const WindowSize = 64 << 10

// RegionSize is what one table of the processor's page tables maps, in bytes,
// aligned. Where a region lies wholly in the image, Linux gives its table back
// at the end of each click (6.14 and later, CONFIG_PT_RECLAIM), and the next
// click that touches a page there makes a new one.
const RegionSize = 2 << 20

// Pages follows a run of a module with instrumented memory accesses, and
// records every page that the guest, or a host call for it, reads or writes,
// and by which access the operating system is asked for it first.
type Pages struct {
	called  *instrument.Called
	stack   []uint32
	pages   map[uint32]*Page
	mapped  map[uint32]bool // of image pages by number: by a read around it, or a write
	windows []First
	written []First
	zeroes  []First
	// earlyPages and earlyWindows have what prewarm's function touched and
	// nobody else yet, by page and by window: indices of written and windows.
	earlyPages, earlyWindows map[uint32]int
}

// touch is prewarm's function that touches pages for those who need them later.
const touch = "prewarm.touch"

var _ engine.Probe = (*Pages)(nil)

// Page is a page of 4 KiB that was touched.
type Page struct {
	Number  uint32 // address / 4096
	Read    int    // accesses
	Written int
	Host    int // accesses by host calls, of either kind
	// Functions are all that touched it, with the number of accesses.
	Functions map[string]int
}

// First is an access that a page fault answers.
type First struct {
	Address uint32
	By      string // the function that runs
	Call    string // the host call that it has made; "" for an access of its own
	Symbol  string // what lies there; "" where that is not known
	// Early says that prewarm's function touched the page or window first. The
	// other fields are of the access for which it did, if there is one.
	Early bool
	// Mapped says of a write that the page had been mapped for reading: it
	// would have cost nothing more to write first.
	Mapped bool
}

// NewPages follows the next run of a module.
func NewPages(called *instrument.Called) *Pages {
	return &Pages{called: called, pages: map[uint32]*Page{}, mapped: map[uint32]bool{}, earlyPages: map[uint32]int{}, earlyWindows: map[uint32]int{}}
}

// Start implements engine.Probe.
func (p *Pages) Start(func() uint64, func(string) uint64, hostsim.Memory) {}

// Event implements engine.Probe.
func (p *Pages) Event(word uint64) {
	e := instrument.Event(word)
	switch e.Kind() {
	case instrument.Enter:
		p.stack = append(p.stack, e.Subject())
	case instrument.Leave:
		p.stack = p.stack[:max(0, len(p.stack)-1)]
	case instrument.Read, instrument.Write:
		p.access(e.Subject(), e.Extra(), e.Kind() == instrument.Write, "")
	}
}

// HostCall implements engine.Probe.
func (p *Pages) HostCall(string, string, hostsim.Status) {}

// Touch implements engine.Probe.
func (p *Pages) Touch(t engine.Touch) {
	p.access(t.Offset, t.Size, t.Written, t.Module+"."+t.Name)
}

func (p *Pages) access(address, n uint32, writes bool, call string) {
	if n == 0 {
		return
	}
	f := First{Address: address, By: p.running(), Call: call}
	for at := address / engine.PageSize; at <= (address+n-1)/engine.PageSize; at++ {
		f.Address = max(address, at*engine.PageSize)
		if f.By != touch {
			p.claim(at, f)
		}
		p.fault(at, writes, f)
		page := p.page(at)
		page.Functions[f.By]++
		switch {
		case call != "":
			page.Host++
		case writes:
			page.Written++
		default:
			page.Read++
		}
	}
}

// claim names the access for which prewarm's function touched a page, or the
// window that it is read in.
func (p *Pages) claim(at uint32, f First) {
	if i, ok := p.earlyPages[at]; ok {
		p.written[i].Address, p.written[i].By, p.written[i].Call = f.Address, f.By, f.Call
		delete(p.earlyPages, at)
		return
	}
	const pages = WindowSize / engine.PageSize
	if i, ok := p.earlyWindows[at/pages]; ok && !p.isWritten(at) {
		p.windows[i].Address, p.windows[i].By, p.windows[i].Call = f.Address, f.By, f.Call
		delete(p.earlyWindows, at/pages)
	}
}

func (p *Pages) isWritten(at uint32) bool {
	return slices.ContainsFunc(p.written, func(w First) bool { return w.Address/engine.PageSize == at })
}

func (p *Pages) running() string {
	if len(p.stack) == 0 {
		return ""
	}
	index := p.stack[len(p.stack)-1]
	if name, ok := p.called.Names[index]; ok {
		return name
	}
	return fmt.Sprint("function ", index)
}

func (p *Pages) page(at uint32) *Page {
	page := p.pages[at]
	if page == nil {
		page = &Page{Number: at, Functions: map[string]int{}}
		p.pages[at] = page
	}
	return page
}

// fault maps a page as the operating system does, if the access needs it.
func (p *Pages) fault(at uint32, writes bool, f First) {
	const pages = WindowSize / engine.PageSize
	image := p.called.Image
	f.Early = f.By == touch
	switch address := at * engine.PageSize; {
	case writes:
		if p.isWritten(at) {
			return
		}
		if f.Early {
			p.earlyPages[at] = len(p.written)
		}
		f.Mapped = p.mapped[at]
		p.written, p.mapped[at] = append(p.written, f), true
	case p.mapped[at]:
	case address < image.Start || address >= image.End:
		p.zeroes, p.mapped[at] = append(p.zeroes, f), true
	default:
		if f.Early {
			p.earlyWindows[at/pages] = len(p.windows)
		}
		p.windows = append(p.windows, f)
		for i := at &^ (pages - 1); i < at&^(pages-1)+pages; i++ {
			if a := i * engine.PageSize; a >= image.Start && a < image.End {
				p.mapped[i] = true
			}
		}
	}
}

// Name says what lies at each address, by a function that knows.
func (p *Pages) Name(at func(address uint32) string) {
	for _, list := range [][]First{p.windows, p.written, p.zeroes} {
		for i := range list {
			list[i].Symbol = at(list[i].Address)
		}
	}
}

// List returns the pages by address.
func (p *Pages) List() []Page {
	list := make([]Page, 0, len(p.pages))
	for _, at := range slices.Sorted(maps.Keys(p.pages)) {
		list = append(list, *p.pages[at])
	}
	return list
}

// Regions is the number of regions of [RegionSize] bytes in which pages were
// touched.
func (p *Pages) Regions() int {
	seen := map[uint32]bool{}
	for at := range p.pages {
		seen[at/(RegionSize/engine.PageSize)] = true
	}
	return len(seen)
}

// Windows returns the accesses that map a window of 64 KiB, in order: the first
// read in each, but where the page had been written before.
func (p *Pages) Windows() []First { return p.windows }

// Writes returns the first write of each page, in order.
func (p *Pages) Writes() []First { return p.written }

// Zeroes returns the first reads of pages outside the image, in order. Each is
// mapped alone.
func (p *Pages) Zeroes() []First { return p.zeroes }
