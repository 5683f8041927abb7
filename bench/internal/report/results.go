// Package report writes what was measured: results.json for programs,
// RESULTS.md for people, and plot.svg.
package report

import (
	"encoding/json"
	"os"

	"github.com/clickedge/clickedge/bench/internal/loopback"
	"github.com/clickedge/clickedge/bench/internal/measure"
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
	// HostCall is the time of a host call that does nothing, in microseconds.
	HostCall float64           `json:"host_call_us"`
	Modules  []Module          `json:"modules"`
	Rows     []Row             `json:"clicks"`
	Sites    []Site            `json:"by_sites"`
	Links    []*Shape          `json:"by_link_length"`
	Headers  []*Shape          `json:"by_headers"`
	Loopback []loopback.Result `json:"loopback"`
	Nginx    string            `json:"nginx"` // version; "" where it did not run
	Targets  []Target          `json:"targets"`
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

// Row is one kind of click in one guest.
type Row struct {
	Module string          `json:"module"`
	Kind   string          `json:"kind"`
	Title  string          `json:"title"`
	Counts measure.Counts  `json:"counts"`
	Click  *measure.Click  `json:"closely,omitempty"` // only of our module
	Stages *measure.Stages `json:"wasmtime_us,omitempty"`
	Wazero *measure.Spread `json:"wazero_us,omitempty"`
	// Ratio is the time divided by that of our signed redirect, in the same
	// rounds.
	Ratio measure.Spread `json:"times_signed_redirect"`
}

// Site is our module with a number of sites.
type Site struct {
	Sites     int                       `json:"sites"`
	JSON      int                       `json:"sites_json_bytes"`
	Bytes     int                       `json:"module_bytes"`
	PrewarmMS float64                   `json:"prewarm_ms"`
	Clicks    map[string]measure.Counts `json:"clicks"`
	Touched   int                       `json:"signed_pages_touched"`
	Signed    *measure.Stages           `json:"signed_wasmtime_us"`
}

// Shape is our module under requests of another shape.
type Shape struct {
	Destination int                       `json:"destination_bytes"`
	Headers     int                       `json:"headers"`
	Clicks      map[string]measure.Counts `json:"clicks"`
	Touched     map[string]int            `json:"pages_touched"`
	HMAC        uint64                    `json:"hmac_instructions,omitempty"`
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
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(text, '\n'), 0o644)
}
