package catalogue

import (
	"flag"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/deploy/internal/doctortest"
)

var update = flag.Bool("update", false, "rewrite FINDINGS.md, the published ids and the golden files")

// provoked is what the bench's set-ups show, which the bench's own test holds
// against the
func provoked() provocations {
	by := provocations{}
	for _, s := range doctortest.Setups() {
		name := s.Name
		if s.Wrong != "" {
			name += " (" + s.Wrong + ")"
		}
		for _, id := range append(slices.Clone(s.Want), s.Also...) {
			by[id] = append(by[id], name)
		}
	}
	return by
}

// TestEveryFindingIsProvoked leaves no finding that nobody has seen. Good ones
// are those of the healthy set-ups.
func TestEveryFindingIsProvoked(t *testing.T) {
	by := provoked()
	known := map[string]bool{}
	for _, e := range All() {
		known[e.ID] = true
		if e.Severity > OK {
			require.NotEmpty(t, by[e.ID], "%s is provoked by no set-up of the bench", e.ID)
		}
	}
	for id := range by {
		require.True(t, known[id], "the bench expects %q, which is not in the catalogue", id)
	}
}

func TestEveryRowHasFindings(t *testing.T) {
	by := provoked()
	whose := map[string]int{}
	for _, row := range guides {
		whose[row.Guide]++
		require.NotEmpty(t, row.IDs, row.Says)
		require.True(t, strings.HasPrefix(row.Source, "https://"), row.Source)
		for _, id := range row.IDs {
			_, ok := Lookup(id)
			require.True(t, ok, "%s: no finding %q", row.Says, id)
		}
		require.NotEmpty(t, by[row.IDs[0]], "%s: %s is not provoked", row.Says, row.IDs[0])
	}
	require.Len(t, whose, 3)
}

// TestPublishedIDs keeps ids for ever: people link to them, and programs look
// for them.
func TestPublishedIDs(t *testing.T) {
	const file = "testdata/ids.txt"
	var ids []string
	for _, e := range All() {
		ids = append(ids, e.ID)
	}
	require.Len(t, slices.Compact(slices.Sorted(slices.Values(ids))), len(ids), "an id stands twice")
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(strings.Join(merged(t, file, ids), "\n")+"\n"), 0o644))
	}
	for _, id := range published(t, file) {
		require.Contains(t, ids, id, "a published id may not go")
	}
	for _, id := range ids {
		require.Contains(t, published(t, file), id, "publish it: go test ./deploy/doctor/catalogue -run TestPublishedIDs -update")
		require.Regexp(t, `^[a-z0-9]+(-[a-z0-9]+)+$`, id)
	}
}

// merged adds new ids and never takes one away.
func merged(t *testing.T, file string, ids []string) []string {
	all := append(published(t, file), ids...)
	slices.Sort(all)
	return slices.Compact(all)
}

func published(t *testing.T, file string) []string {
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	return strings.Fields(string(text))
}

func TestFindingsPage(t *testing.T) {
	page := findingsPage(provoked())
	if *update {
		require.NoError(t, os.WriteFile("../FINDINGS.md", []byte(page), 0o644))
	}
	text, err := os.ReadFile("../FINDINGS.md")
	require.NoError(t, err)
	require.True(t, page == string(text), "FINDINGS.md has drifted: go test ./deploy/doctor/catalogue -run TestFindingsPage -update")
	for _, e := range All() {
		require.Contains(t, page, `<a id="`+e.ID+`"></a>`)
	}
}

// TestCatalogueIsWhole holds every entry to what a reader of a report needs.
func TestCatalogueIsWhole(t *testing.T) {
	for _, e := range All() {
		require.NotEmpty(t, e.Title, e.ID)
		require.NotEmpty(t, evidence[e.ID], "%s: what must have been seen?", e.ID)
		require.Regexp(t, `^https://[^\s]+$`, e.Source, e.ID)
		if e.Severity == OK {
			continue
		}
		require.NotEmpty(t, e.Means, e.ID)
		require.NotEmpty(t, e.Fix.Any, "%s: what to do elsewhere", e.ID)
		for _, a := range e.Asides {
			require.False(t, a.Fix == "" && a.Source == "", "%s: an aside that says nothing", e.ID)
			if a.Source != "" {
				require.Regexp(t, `^https://[^\s]+$`, a.Source, e.ID)
			}
		}
	}
}

// TestNoFixedPort: what was asked may be another port than the usual, so that
// no text names one, but for the ESP's and those that an authority asks.
func TestNoFixedPort(t *testing.T) {
	elsewhere := regexp.MustCompile(`\{origin\}:443|\{origin\}, port 443|Mailgun's origin speaks http on port 80|port 80 or 443 is open|ports 80 and 443 must be open`)
	for _, e := range All() {
		texts := []string{e.Title, e.Means}
		for _, row := range e.fixes() {
			texts = append(texts, row[1])
		}
		for _, text := range texts {
			require.NotRegexp(t, `\b(80|443)\b`, elsewhere.ReplaceAllString(text, ""), e.ID)
		}
	}
}

// TestNothingIsCounted: no text says how often something is so, which nobody
// has counted.
func TestNothingIsCounted(t *testing.T) {
	for _, e := range All() {
		require.NotRegexp(t, `(?i)most often|in most cases|usually`, e.Title+" "+e.Means, e.ID)
	}
}
