package clickreport

import (
	"cmp"
	"maps"
	"slices"

	"github.com/clickedge/clickedge/core/clean"
)

// The most rows of a table. Hours are those of more than two years.
const (
	Most      = 1000
	mostHours = 20_000
)

// mostName is the most bytes of a name, as of a host in the log.
const mostName = 255

// short cuts a name that is too long to be one.
func short(name string) string {
	if len(name) <= mostName {
		return name
	}
	return clean.Cut(name, mostName-len(clean.Ellipsis))
}

// tally has counts by name. Names beyond the bound are counted as others: those
// that come first have a row.
type tally struct {
	rows   map[string]*Counts
	most   int
	others Counts
}

// of returns the counts of a name.
func (t *tally) of(name string) *Counts {
	if c := t.rows[name]; c != nil {
		return c
	}
	if len(t.rows) >= t.most {
		return &t.others
	}
	if t.rows == nil {
		t.rows = map[string]*Counts{}
	}
	c := new(Counts)
	t.rows[name] = c
	return c
}

// Row is one row of a table.
type Row struct {
	Name string `json:"name"` // "" for none: no site, no verdict
	Counts
}

// byName sorts rows by name, as hours are.
func (t *tally) byName() []Row {
	list := make([]Row, 0, len(t.rows))
	for _, name := range slices.Sorted(maps.Keys(t.rows)) {
		list = append(list, Row{name, *t.rows[name]})
	}
	return list
}

// bySize sorts rows by requests, the most first.
func (t *tally) bySize() []Row {
	list := t.byName()
	slices.SortStableFunc(list, func(a, b Row) int { return cmp.Compare(b.Requests, a.Requests) })
	return list
}
