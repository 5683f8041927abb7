package build

import (
	"cmp"
	"fmt"
	"io"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/deploy/module"
	"github.com/clickedge/clickedge/deploy/output"
	"github.com/clickedge/clickedge/deploy/pack"
)

// Report is what build --json prints; sizes in bytes, times in milliseconds.
type Report struct {
	Output      string `json:"output"`
	Sites       int    `json:"sites"`
	Table       int    `json:"sites_bytes"`
	Learned     int    `json:"learned,omitempty"`  // links
	Room        int    `json:"room_bytes"`         // for sites
	Reactor     int    `json:"reactor_bytes"`      // 0 where a module was given
	Prebuilt    bool   `json:"prebuilt,omitempty"` // the guest that this command brings along
	Module      int    `json:"module_bytes"`
	Package     int    `json:"package_bytes,omitempty"`
	Hash        string `json:"hash,omitempty"` // of the package's files, as fastly compute hash-files has it
	Imports     int    `json:"imports"`
	MemoryPages int    `json:"memory_pages"`
	Segments    int    `json:"segments"`
	Data        int    `json:"segment_bytes"`
	// Touched is the number of pages that a click touches first, since the
	// build's rehearsal did; 0 where a module was given. NotRehearsed says why
	// there are none.
	Touched      int    `json:"pages_touched_first,omitempty"`
	NotRehearsed string `json:"not_rehearsed,omitempty"`
	CompileMS    int64  `json:"compile_ms"`
	PrewarmMS    int64  `json:"prewarm_ms"`
}

// reportOf gathers what the build and the check of a module say.
func reportOf(sites *core.Sites, rep module.Report, checked pack.Report) *Report {
	r := &Report{
		Sites: sites.Len(), Table: rep.Table, Learned: rep.Learned, Room: rep.Room, Reactor: rep.Reactor, Prebuilt: rep.Prebuilt,
		Imports: checked.Imports, MemoryPages: checked.MemoryPages, Segments: checked.Segments, Data: checked.SegmentBytes,
		CompileMS: rep.Compile.Milliseconds(), PrewarmMS: rep.Prewarm.Milliseconds(),
		Touched: rep.Touched,
	}
	if rep.NotRehearsed != nil {
		r.NotRehearsed = rep.NotRehearsed.Error()
	}
	return r
}

// Text writes the report for people.
func (r *Report) Text(w io.Writer) {
	fmt.Fprintf(w, "%s  %s, with %s\n", r.Output, size(cmp.Or(r.Package, r.Module)), output.Count(r.Sites, "site"))
	fmt.Fprintf(w, "  sites   %s of %s\n", size(r.Table), size(r.Room))
	if r.Learned > 0 {
		fmt.Fprintf(w, "  learned %s\n", output.Count(r.Learned, "link"))
	}
	if r.Reactor > 0 {
		inside := ""
		if r.Prebuilt {
			inside = ", from inside this command"
		}
		fmt.Fprintf(w, "  guest   %s%s%s\n", size(r.Reactor), inside, took(r.CompileMS))
	}
	fmt.Fprintf(w, "  memory  %s in %s, %s at the start%s\n", size(r.Data), output.Count(r.Segments, "segment"), size(r.MemoryPages<<16), took(r.PrewarmMS))
	if r.NotRehearsed != "" {
		fmt.Fprintf(w, "  clicks  not rehearsed, so they cost more than they need to: %s\n", r.NotRehearsed)
	}
	if r.Package > 0 {
		fmt.Fprintf(w, "  module  %s\n  hash    %s\n", size(r.Module), r.Hash)
	}
}

func took(ms int64) string {
	if ms == 0 {
		return ""
	}
	return fmt.Sprintf(" (%.1f s)", float64(ms)/1000)
}

func size(n int) string {
	switch {
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%.0f KiB", float64(n)/(1<<10))
	}
	return output.Count(n, "byte")
}
