package clickreport

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/require"
)

// The lines that the module and the server write, which the golden cases hold,
// are all of the log, and count as what their members say: several ESPs on one
// host, links that were learned, recalled and retired ones among them.
func TestLinesAsTheyAreWritten(t *testing.T) {
	lines := goldenLines(t)
	require.Greater(t, len(lines), 200)
	r := read(t, lines...).Report()
	require.Empty(t, r.Notes, "every line is of the log, and none comes twice")
	require.Equal(t, len(lines), r.Total.Requests)

	// Counted once more, without the reader.
	by := map[string]map[string]int{}
	var missed, certain, recovered, learned int
	for _, text := range lines {
		var m map[string]any
		require.NoError(t, json.Unmarshal([]byte(text), &m))
		for _, name := range []string{"esp", "kind", "code", "destination", "verdict", "action", "agrees"} {
			if by[name] == nil {
				by[name] = map[string]int{}
			}
			value, _ := m[name].(string)
			by[name][value]++
		}
		if m["missed"] != nil && m["kind"] != "health" {
			missed++
			certain += one(m["missed"] == "yes")
			recovered += one(m["action"] == "redirect" && (m["kind"] == "click" || m["kind"] == "app"))
		}
		learned += one(m["reading"] == "learned")
	}
	require.Positive(t, learned)
	require.Positive(t, by["code"]["recalled"])
	require.Positive(t, by["code"]["retired"])
	require.Equal(t, []int{missed, certain, recovered, by["code"]["recalled"], by["action"]["refuse"], by["agrees"]["no"]},
		[]int{r.Total.Missed, r.Total.Certain, r.Total.Recovered, r.Total.Recalled, r.Total.Refused, r.Total.Disagree})
	require.Equal(t, []int{by["kind"]["click"] + by["kind"]["app"], by["kind"]["open"], by["kind"]["unsubscribe"], by["kind"]["health"] + by["kind"]["other"]},
		[]int{r.Total.Clicks, r.Total.Opens, r.Total.Unsubscribes, r.Total.Other})
	delete(by["destination"], "")
	for _, table := range []By{ByESP, ByKind, ByCode, ByDestination, ByVerdict} {
		counted := map[string]int{}
		for _, row := range r.table(table).Rows {
			counted[row.Name] = row.Requests
		}
		require.Equal(t, by[table.String()], counted, table)
	}
}

// goldenLines are the lines of the golden cases, each with an id of its own.
func goldenLines(t *testing.T) (lines []string) {
	t.Helper()
	names, err := filepath.Glob("../../core/testdata/decide/*.txtar")
	require.NoError(t, err)
	for _, name := range names {
		a, err := txtar.ParseFile(name)
		require.NoError(t, err)
		for _, f := range a.Files {
			if strings.HasPrefix(f.Name, "log") && len(f.Data) > 0 {
				id := fmt.Sprint("r", len(lines))
				lines = append(lines, strings.Replace(string(f.Data), `"REQUEST"`, `"`+id+`"`, 1))
			}
		}
	}
	return lines
}
