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
	m, exports := r.module, r.exports
	if opt.Reactor {
		m, exports = r.inert(initExport)
	}
	return m.
		Without(func(sec wasm.Section) bool { return outdated(sec, opt) }).
		WithMemories([]wasm.Limits{memory}).
		WithGlobals(s.globals).
		WithExports(finalExports(exports, opt)).
		WithData(s.segments).
		With(s.room.section()...).
		With(opt.mark()...).
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
func finalExports(exports []wasm.Export, opt Options) []wasm.Export {
	var out []wasm.Export
	for _, e := range exports {
		if e.Name == initExport && !opt.Reactor || e.Name != "" && slices.Contains([]string{opt.Warmup, opt.Room, opt.Sign}, e.Name) {
			continue
		}
		if opt.Entry != "" && e.Name == opt.Entry {
			if opt.KeepEntry {
				out = append(out, e)
			}
			e.Name = startExport
		}
		out = append(out, e)
	}
	return out
}

// doneSection marks a module that stays a reactor: nothing else shows that its
// initialisation has been run. It has one byte, since wazero refuses a custom
// section that is empty at the end of a module.
const doneSection = "prewarm.done"

func (o Options) mark() []wasm.Section {
	if !o.Reactor {
		return nil
	}
	return []wasm.Section{wasm.Custom(doneSection, []byte{1})}
}

// inert returns the module with an exported function replaced by one that does
// nothing. The old one stays, as others may call it.
func (r *reactor) inert(name string) (*wasm.Module, []wasm.Export) {
	exports := slices.Clone(r.exports)
	bodies, err := r.module.Bodies()
	defined := slices.Clone(r.funcs[len(r.funcs)-len(bodies):])
	if err != nil {
		panic("internal error: inspect has read the code")
	}
	for i, e := range exports {
		if e.Name == name {
			exports[i].Index = uint32(len(r.funcs))
			defined = append(defined, r.funcs[e.Index])
			bodies = append(bodies, []byte{0, byte(wasm.OpEnd)})
		}
	}
	return r.module.WithFunctions(defined).WithBodies(bodies), exports
}
