package prewarm

import (
	"slices"
	"strings"

	"github.com/clickedge/clickedge/edge/prewarm/wasm"
)

// rewrite replaces the state with which the module was built by the snapshot.
func (r *reactor) rewrite(s *snapshot, opt Options) []byte {
	memory := r.memory
	memory.Min = s.pages
	return r.module.
		Without(func(sec wasm.Section) bool { return outdated(sec, opt) }).
		WithMemories([]wasm.Limits{memory}).
		WithGlobals(s.globals).
		WithExports(r.finalExports(opt)).
		WithData(s.segments).
		With(s.room.section()...).
		Encode()
}

// outdated reports whether a section no longer applies: the start function has
// been run, and linker and debug information describes the old module.
func outdated(s wasm.Section, opt Options) bool {
	if s.ID != wasm.CustomSection {
		return s.ID == wasm.StartSection
	}
	switch s.Name {
	case "name":
		return !opt.KeepNames
	case "sourceMappingURL", "external_debug_info", "linking":
		return true
	}
	return strings.HasPrefix(s.Name, ".debug_") || strings.HasPrefix(s.Name, "reloc.")
}

// finalExports renames the entry and removes the exports that have been called:
// a second _initialize would start the runtime again over its own state.
func (r *reactor) finalExports(opt Options) []wasm.Export {
	var out []wasm.Export
	for _, e := range r.exports {
		if e.Name == initExport || e.Name != "" && slices.Contains([]string{opt.Warmup, opt.Room, opt.Sign}, e.Name) {
			continue
		}
		if e.Name == opt.Entry {
			e.Name = startExport
		}
		out = append(out, e)
	}
	return out
}
