package warehouse

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/deploy/clickreport"
)

// observer is a test that may fail.
type observer struct{ said []string }

// Errorf implements require.TestingT.
func (o *observer) Errorf(format string, args ...any) {
	o.said = append(o.said, fmt.Sprintf(format, args...))
}

// FailNow implements require.TestingT.
func (o *observer) FailNow() { panic(o) }

// fails reports whether a check fails.
func fails(check func(t require.TestingT)) (failed bool) {
	o := &observer{}
	defer func() {
		if r := recover(); r != nil && r != any(o) {
			panic(r)
		}
		failed = len(o.said) > 0
	}()
	check(o)
	return false
}

// The comparison with a database fails if any number of any row differs by one,
// or a row is missing, too many, or of another name.
func TestSlips(t *testing.T) {
	var clicks clickreport.Clicks
	require.NoError(t, clicks.Lines(bytes.NewReader(someLog(lines/10)), clicks.Line))
	want := clicks.Report()
	requireTelling(t, want)
	for query, rows := range answers(t, want) {
		same := func(list []map[string]any) bool {
			return !fails(func(t require.TestingT) { requireSame(t, want, query, copied(list)) })
		}
		require.True(t, same(rows), query)
		require.False(t, same(rows[1:]), "%s: a row is missing", query)
		require.False(t, same(append(copied(rows), rows[0])), "%s: a row comes twice", query)
		for i, row := range rows {
			for name := range row {
				slip := copied(rows)
				slip[i][name] = off(row[name], strings.HasPrefix(name, "p"))
				require.False(t, same(slip), "%s: %s of row %d is %v, not %v", query, name, i, slip[i][name], row[name])
			}
		}
	}
}

// answers are what a database must give for each query.
func answers(t *testing.T, want *clickreport.Report) map[string][]map[string]any {
	t.Helper()
	list := map[string][]map[string]any{"total": {row(t, want.Total, "")}}
	delete(list["total"][0], "name")
	for _, table := range want.Tables {
		for _, r := range table.Rows {
			name := r.Name
			if table.By == "hour" {
				name = strings.TrimSuffix(strings.Replace(name, "T", " ", 1), "Z")
			}
			list[table.By] = append(list[table.By], row(t, r.Counts, name))
		}
	}
	for _, l := range want.Latency {
		r := row(t, l, l.ESP)
		delete(r, "esp")
		list["latency"] = append(list["latency"], r)
	}
	require.Len(t, list, len(clickreport.Names())+2)
	return list
}

// row is a struct as a row of JSON.
func row(t *testing.T, of any, name string) map[string]any {
	t.Helper()
	text, err := json.Marshal(of)
	require.NoError(t, err)
	r := map[string]any{}
	require.NoError(t, json.Unmarshal(text, &r))
	r["name"] = name
	return r
}

func copied(rows []map[string]any) []map[string]any {
	list := slices.Clone(rows)
	for i := range list {
		list[i] = maps.Clone(list[i])
	}
	return list
}

// off is another value: one more, or for a percentile, which is not exact in the
// report, 3 % more.
func off(value any, percentile bool) any {
	switch v := value.(type) {
	case float64:
		if percentile {
			return v * 1.03
		}
		return v + 1
	default:
		return "2001-01-01 00:00:00 other"
	}
}
