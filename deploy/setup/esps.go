package setup

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/clean"
)

func cut(s string) string { return clean.Cut(s, 60) }

// PrintESPs lists the presets by ESP, with their regions.
func PrintESPs(w io.Writer) {
	var names []string
	presets := map[string][]string{}
	for _, o := range core.Presets() {
		_, name := core.Beneath(o.Preset)
		if name = strings.ToLower(name); name == "" {
			name = o.Family.String()
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
		presets[name] = append(presets[name], o.Preset)
	}
	for _, name := range names {
		fmt.Fprintf(w, "  %-12s", name)
		column := 14
		for _, p := range presets[name] {
			if column+len(p)+1 > 78 {
				fmt.Fprintf(w, "\n  %-12s", "")
				column = 14
			}
			fmt.Fprintf(w, " %s", p)
			column += len(p) + 1
		}
		fmt.Fprintln(w)
	}
	fmt.Fprintf(w, "  %-12s %s\n", core.PresetNone, "no ESP: signed links only")
}
