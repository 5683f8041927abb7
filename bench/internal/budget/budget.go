// Package budget has limits for what a click may cost, and reports figures
// above them.
//
// The figures do not depend on the machine: they are counted, not timed. They
// do depend on the Go toolchain.
package budget

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
)

// Figure is one number with a budget.
type Figure struct {
	Budget   uint64 `json:"budget"`   // the highest number that is allowed
	Measured uint64 `json:"measured"` // the number when the budget was set
	// Target is the number to reach; nil for none.
	Target *uint64 `json:"target,omitempty"`
}

// Budget is budget.json.
type Budget struct {
	// Go is the toolchain that the figures were measured with.
	Go string `json:"go"`
	// Module is the size of the module with three sites, in bytes.
	Module Figure `json:"module_bytes"`
	// Clicks has the figures of each kind of click by name.
	Clicks map[string]map[string]Figure `json:"clicks"`
	// Functions has the instructions of each function by kind of click, when
	// the budget was set, to find where a click has become more expensive.
	// Functions below MinFunction are left out.
	Functions map[string]map[string]uint64 `json:"functions"`
	// Windows names what read each window of 64 KiB first, by kind of click,
	// when the budget was set, to find which one is new. Pages does so for what
	// wrote each page of 4 KiB first.
	Windows map[string][]string `json:"windows"`
	Pages   map[string][]string `json:"pages"`
}

// MinFunction is the least number of instructions of a function that is
// recorded.
const MinFunction = 100

// Measured has the counts of the present module.
type Measured struct {
	Go        string
	Module    uint64
	Clicks    map[string]map[string]uint64
	Functions map[string]map[string]uint64
	Windows   map[string][]Access
	Pages     map[string][]Access
}

// Access is the access by which a window or a page is mapped.
type Access struct {
	Name  string // who makes it
	Where string // what is there
}

// Load reads budget.json. Unknown members are errors, as a misspelt figure
// would never be checked.
func Load(file string) (*Budget, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	b := &Budget{}
	if err := d.Decode(b); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return b, nil
}

// Save writes budget.json.
func (b *Budget) Save(file string) error {
	text, err := json.MarshalIndent(b, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(text, '\n'), 0o644)
}

// Update sets every budget to what is measured, or slightly above it:
// instructions and bytes may grow by one part in a hundred, windows, pages,
// calls and allocations not at all. Targets stay.
func (b *Budget) Update(m *Measured) {
	b.Go = m.Go
	b.Module = b.Module.set("module_bytes", m.Module)
	clicks := map[string]map[string]Figure{}
	for kind, figures := range m.Clicks {
		clicks[kind] = map[string]Figure{}
		for name, value := range figures {
			clicks[kind][name] = b.Clicks[kind][name].set(name, value)
		}
	}
	b.Clicks, b.Functions = clicks, map[string]map[string]uint64{}
	for kind, functions := range m.Functions {
		b.Functions[kind] = map[string]uint64{}
		for name, n := range functions {
			if n >= MinFunction {
				b.Functions[kind][name] = n
			}
		}
	}
	b.Windows, b.Pages = namesOf(m.Windows), namesOf(m.Pages)
}

func namesOf(accesses map[string][]Access) map[string][]string {
	out := map[string][]string{}
	for kind, list := range accesses {
		for _, a := range list {
			out[kind] = append(out[kind], a.Name)
		}
	}
	return out
}

func (f Figure) set(name string, value uint64) Figure {
	f.Measured, f.Budget = value, value
	if strings.HasPrefix(name, "instructions") || strings.HasSuffix(name, "bytes") || name == "before_first_call" {
		f.Budget = roundUp(value + value/100)
	}
	return f
}

// roundUp rounds to three digits.
func roundUp(n uint64) uint64 {
	unit := uint64(1)
	for n/unit >= 1000 {
		unit *= 10
	}
	return (n + unit - 1) / unit * unit
}

// Excess is a figure above its budget, or above its target.
type Excess struct {
	Click      string // "" for the module's size
	Figure     string
	Limit, Now uint64
}

// String says which figure is over its budget, and by how much.
func (e Excess) String() string {
	return fmt.Sprintf("%s: %s is %d, %d over its budget of %d", cmp.Or(e.Click, "module"), e.Figure, e.Now, e.Now-e.Limit, e.Limit)
}

func byName(x, y Excess) int {
	return cmp.Or(cmp.Compare(x.Click, y.Click), cmp.Compare(x.Figure, y.Figure))
}

// Growth is a function that uses more than when the budget was set.
type Growth struct {
	Function    string
	Before, Now uint64
}

// Compare lists the figures above their budgets, clicks by name. A figure
// without a budget counts as above it.
func (b *Budget) Compare(m *Measured) (list []Excess) {
	if m.Module > b.Module.Budget {
		list = append(list, Excess{"", "module_bytes", b.Module.Budget, m.Module})
	}
	for kind, figures := range m.Clicks {
		for name, now := range figures {
			if f, ok := b.Clicks[kind][name]; !ok || now > f.Budget {
				list = append(list, Excess{kind, name, f.Budget, now})
			}
		}
	}
	slices.SortFunc(list, byName)
	return list
}

// Growths lists the functions of a click that use more than when the budget was
// set, the largest growth first. Functions that were below [MinFunction] then
// count as new.
func (b *Budget) Growths(m *Measured, kind string) (list []Growth) {
	for name, now := range m.Functions[kind] {
		before := b.Functions[kind][name]
		if now > before && now >= MinFunction {
			list = append(list, Growth{name, before, now})
		}
	}
	slices.SortFunc(list, func(x, y Growth) int {
		return cmp.Or(cmp.Compare(y.Now-y.Before, x.Now-x.Before), cmp.Compare(x.Function, y.Function))
	})
	return list
}

// Opened lists the accesses of a click that were not there when the budget was
// set: for the figure "windows_read" or "pages_written". Where one name has
// become more, the last ones count as new.
func (b *Budget) Opened(m *Measured, kind, figure string) (list []Access) {
	before, now := b.Windows[kind], m.Windows[kind]
	if figure == "pages_written" {
		before, now = b.Pages[kind], m.Pages[kind]
	}
	left := map[string]int{}
	for _, name := range before {
		left[name]++
	}
	for _, a := range now {
		if left[a.Name]--; left[a.Name] < 0 {
			list = append(list, a)
		}
	}
	return list
}

// Missed lists the targets that are not reached, by name.
func (b *Budget) Missed(m *Measured) (list []Excess) {
	for kind, figures := range b.Clicks {
		for name, f := range figures {
			if f.Target != nil && m.Clicks[kind][name] > *f.Target {
				list = append(list, Excess{kind, name, *f.Target, m.Clicks[kind][name]})
			}
		}
	}
	slices.SortFunc(list, byName)
	return list
}
