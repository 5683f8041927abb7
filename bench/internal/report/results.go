// Package report writes what was measured: results.json for programs,
// RESULTS.md for people, and plot.svg.
package report

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"

	"github.com/clickedge/clickedge/bench/internal/loopback"
	"github.com/clickedge/clickedge/bench/internal/measure"
	"github.com/clickedge/clickedge/bench/internal/rusthost"
)

// Results is everything that one run measured.
type Results struct {
	Date    string          `json:"date"` // of the run, YYYY-MM-DD
	Quick   bool            `json:"quick"`
	Machine measure.Machine `json:"machine"`
	JS      string          `json:"js_compute"` // version; "" where it is not among the peers
	// HMAC is how many instructions crypto/hmac takes for the text of the
	// signed link.
	HMAC uint64 `json:"hmac_instructions"`
	// PagemapScan says that the host finds what a click wrote to pages that stay,
	// rather than putting all of them back.
	PagemapScan bool     `json:"pagemap_scan"`
	Costs       Costs    `json:"costs_us"`
	Modules     []Module `json:"modules"`
	Rows        []Row    `json:"clicks"`
	// Windows and Pages are those of a signed click, in the order in which they
	// are mapped.
	Windows []Access `json:"signed_windows"`
	Pages   []Access `json:"signed_pages"`
	Sites   []Site   `json:"by_sites"`
	// SitesWithAll have several ESPs, recalls and learned links.
	SitesWithAll []Site            `json:"by_sites_with_all"`
	Links        []*Shape          `json:"by_link_length"`
	Headers      []*Shape          `json:"by_headers"`
	Loopback     []loopback.Result `json:"loopback"`
	Ratios       Ratios            `json:"ratios"`
	Targets      []Target          `json:"targets"`
	// Notes say which parts did not run, and why.
	Notes []string `json:"notes"`
}

// Module is a guest.
type Module struct {
	Name         string  `json:"name"`
	Title        string  `json:"title"`
	Bytes        int     `json:"bytes"`
	CompileMS    float64 `json:"compile_ms"` // on wasmtime
	WazeroMS     float64 `json:"compile_wazero_ms"`
	PrewarmMS    float64 `json:"prewarm_ms,omitempty"`
	MemoryPages  int     `json:"memory_pages,omitempty"` // at the start, of 64 KiB
	DataSegments int     `json:"data_segments,omitempty"`
}

// Costs are what one window, page, region and host call take in microseconds, in the
// request and with what it makes the end take.
type Costs struct {
	Window      float64 `json:"window"`
	WindowTotal float64 `json:"window_with_drop"`
	Page        float64 `json:"page"`
	PageTotal   float64 `json:"page_with_drop"`
	// RegionTotal is what a page takes more where it is alone in its region of
	// 2 MiB: see profile.RegionSize.
	RegionTotal float64 `json:"region_with_drop"`
	HostCall    float64 `json:"host_call"`
}

// Access is the access by which a window or a page is mapped.
type Access struct {
	Page  uint32 `json:"at"`
	By    string `json:"by"`
	Where string `json:"where"`
}

// Row is one kind of click in one guest.
type Row struct {
	Module string          `json:"module"`
	Kind   string          `json:"kind"`
	Title  string          `json:"title"`
	Counts measure.Counts  `json:"counts"`
	Click  *measure.Click  `json:"closely,omitempty"` // only of our module
	Times  *rusthost.Times `json:"wasmtime_us,omitempty"`
	// Resident is the same with pages kept resident.
	Resident *rusthost.Times `json:"resident_us,omitempty"`
	// Mapped is how many windows and pages the kernel mapped.
	Mapped *Mapped         `json:"mapped,omitempty"`
	Parts  *Parts          `json:"parts_us,omitempty"`
	Wazero *measure.Spread `json:"wazero_us,omitempty"`
	// Ratio is the time divided by that of our signed redirect, in the same
	// turns.
	Ratio measure.Spread `json:"times_signed_redirect"`
}

// Mapped is what the kernel says about a guest's memory after a click.
type Mapped struct {
	Windows int `json:"windows_read"`
	Pages   int `json:"pages_written"`
}

// Parts are where a click's time goes, in microseconds. They add up to the
// medians of the stages.
type Parts struct {
	Instantiate float64 `json:"instantiate"`
	Windows     float64 `json:"windows"`
	Pages       float64 `json:"pages"`
	Computing   float64 `json:"computing"`
	Calls       float64 `json:"calls"`
	Teardown    float64 `json:"teardown"`
}

// Timed puts what the host measured into a row. signed is our signed redirect.
func (row *Row) Timed(l, signed *rusthost.Measured, c Costs) {
	row.Times, row.Resident = &l.Fresh, l.Resident
	row.Mapped = &Mapped{l.Windows, l.PagesWritten}
	row.Ratio = l.Fresh.Against(&signed.Fresh)
	if l.Resident != nil {
		row.Parts = partsOf(l, c)
	}
}

// partsOf divides the stages. What a request takes more than with its pages
// resident is theirs, windows and pages in proportion to what each costs by
// itself; what it takes with them is host calls and computing.
func partsOf(l *rusthost.Measured, c Costs) *Parts {
	mapping := max(0, l.Fresh.Request.Median-l.Resident.Request.Median)
	rest := l.Fresh.Request.Median - mapping
	calls := min(rest, l.CallMicros.Median+float64(l.HostCalls+l.WASICalls)*c.HostCall)
	p := &Parts{Instantiate: l.Fresh.Instantiate.Median, Calls: calls, Computing: rest - calls, Teardown: l.Fresh.Drop.Median, Pages: mapping}
	windows, pages := float64(l.Windows)*c.Window, float64(l.PagesWritten)*c.Page
	if windows+pages > 0 {
		p.Windows = mapping * windows / (windows + pages)
		p.Pages = mapping - p.Windows
	}
	return p
}

// Site is our module with a number of sites.
type Site struct {
	Sites     int                       `json:"sites"`
	JSON      int                       `json:"sites_json_bytes"`
	Bytes     int                       `json:"module_bytes"`
	PrewarmMS float64                   `json:"prewarm_ms"`
	Clicks    map[string]measure.Counts `json:"clicks"`
	Windows   int                       `json:"signed_windows_read"`
	Pages     int                       `json:"signed_pages_written"`
	Regions   int                       `json:"signed_regions_touched"`
	Signed    *rusthost.Times           `json:"signed_wasmtime_us"`
}

// WithAll marks the sites that have several ESPs, recalls and learned links.
const WithAll = "with-all"

// SitesLane names the lane of the module with a number of sites.
func SitesLane(sites int, with string) string {
	if with == "" {
		return fmt.Sprint("sites-", sites)
	}
	return fmt.Sprint("sites-", sites, "-", with)
}

// Shape is our module under requests of another shape.
type Shape struct {
	Destination int                      `json:"destination_bytes"`
	Headers     int                      `json:"headers"`
	Clicks      map[string]measure.Click `json:"clicks"`
	HMAC        uint64                   `json:"hmac_instructions,omitempty"`
}

// Row returns the row of a kind of click in a guest, or nil.
func (r *Results) Row(module, kind string) *Row {
	for i := range r.Rows {
		if r.Rows[i].Module == module && r.Rows[i].Kind == kind {
			return &r.Rows[i]
		}
	}
	return nil
}

// Save writes results.json.
func (r *Results) Save(file string) error {
	text, err := json.MarshalIndent(r.withoutTurns(), "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(text, '\n'), 0o644)
}

// withoutTurns leaves out the median of each turn, which the ratios have been
// made of.
func (r *Results) withoutTurns() *Results {
	out := *r
	out.Rows, out.Sites, out.SitesWithAll = slices.Clone(r.Rows), slices.Clone(r.Sites), slices.Clone(r.SitesWithAll)
	for i := range out.Rows {
		out.Rows[i].Times, out.Rows[i].Resident = noTurns(out.Rows[i].Times), noTurns(out.Rows[i].Resident)
	}
	for _, list := range [][]Site{out.Sites, out.SitesWithAll} {
		for i := range list {
			list[i].Signed = noTurns(list[i].Signed)
		}
	}
	return &out
}

func noTurns(t *rusthost.Times) *rusthost.Times {
	if t == nil {
		return nil
	}
	out := *t
	out.Turns = nil
	return &out
}
