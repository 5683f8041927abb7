package profile

import (
	"maps"
	"slices"

	"github.com/clickedge/clickedge/bench/internal/engine"
	"github.com/clickedge/clickedge/bench/internal/instrument"
	"github.com/clickedge/clickedge/hostsim"
)

// Pages follows a run of a module with instrumented memory accesses, and
// records every page that the guest, or a host call for it, reads or writes.
type Pages struct {
	called *instrument.Called
	stack  []uint32
	pages  map[uint32]*Page
}

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

// NewPages follows the next run of a module.
func NewPages(called *instrument.Called) *Pages {
	return &Pages{called: called, pages: map[uint32]*Page{}}
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
	case instrument.Read:
		p.each(e.Subject(), e.Extra(), func(page *Page) { page.Read++ })
	case instrument.Write:
		p.each(e.Subject(), e.Extra(), func(page *Page) { page.Written++ })
	}
}

// HostCall implements engine.Probe.
func (p *Pages) HostCall(string, string, hostsim.Status) {}

// Touch implements engine.Probe.
func (p *Pages) Touch(offset, n uint32) { p.each(offset, n, func(page *Page) { page.Host++ }) }

func (p *Pages) each(address, n uint32, note func(*Page)) {
	if n == 0 {
		return
	}
	name := ""
	if len(p.stack) > 0 {
		name = p.called.Names[p.stack[len(p.stack)-1]]
	}
	for at := address / engine.PageSize; at <= (address+n-1)/engine.PageSize; at++ {
		page := p.pages[at]
		if page == nil {
			page = &Page{Number: at, Functions: map[string]int{}}
			p.pages[at] = page
		}
		page.Functions[name]++
		note(page)
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
