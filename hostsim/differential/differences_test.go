package differential

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// difference is one respect in which the outcomes of a case differ.
type difference struct {
	Case string
	// what differs: start, field NAME, body, trailer, broken, interim, lines,
	// ending, received, memory, status of the call
	Field        string
	Theirs, Ours string
	a, b         outcome
}

func (d difference) String() string {
	at := 0
	for at < min(len(d.Theirs), len(d.Ours)) && d.Theirs[at] == d.Ours[at] {
		at++
	}
	at = max(at-20, 0)
	return fmt.Sprintf("%s: %s, from byte %d on\n  Viceroy: %.120q\n  hostsim: %.120q", d.Case, d.Field, at, d.Theirs[at:], d.Ours[at:])
}

// ledger holds the cases of a run against the table of known differences.
type ledger struct {
	compared int
	shown    map[string]int // how often a row of the table explained something
	unknown  []difference
}

// judge books the differences of one case.
func (l *ledger) judge(list []difference) {
	l.compared++
	for _, d := range list {
		if id := explain(d); id != "" {
			l.shown[id]++
		} else {
			l.unknown = append(l.unknown, d)
		}
	}
}

func explain(d difference) string {
	for id, applies := range known {
		if applies(d) {
			return id
		}
	}
	return ""
}

var row = regexp.MustCompile("^\\| `([a-z0-9.-]+)` \\|")

// table reads the names of the rows in the README, where the reasons are.
func table(t *testing.T) (ids []string) {
	t.Helper()
	text, err := os.ReadFile("../README.md")
	require.NoError(t, err)
	_, section, found := strings.Cut(string(text), "## Where it differs from Viceroy\n")
	require.True(t, found, "README.md has lost its table of differences")
	section, _, _ = strings.Cut(section, "\n## ")
	for line := range strings.Lines(section) {
		if m := row.FindStringSubmatch(line); m != nil {
			ids = append(ids, m[1])
		}
	}
	slices.Sort(ids)
	return ids
}

// settle fails for what the table does not have, and for what it has in vain.
func (l *ledger) settle(t *testing.T) {
	t.Helper()
	for i, d := range l.unknown {
		if i == 40 {
			t.Errorf("and %d more", len(l.unknown)-i)
			break
		}
		t.Errorf("not in the table: %s", d)
	}
	// then much has no chance to show
	partly := flag.Lookup("test.run").Value.String() != ""
	for id := range known {
		if !partly && l.shown[id] == 0 {
			t.Errorf("%q is in the table, but does not show any more: take it out", id)
		}
	}
	t.Logf("%d cases compared with Viceroy; %d differences of %d kinds, all of them in the table of hostsim/README.md: %v", l.compared, total(l.shown), len(l.shown), l.shown)
}

func total(counts map[string]int) (n int) {
	for _, c := range counts {
		n += c
	}
	return n
}

// The rows of the README and the rules here are the same. This needs no
// Viceroy.
func TestTableMatchesRules(t *testing.T) {
	var rules []string
	for id := range known {
		rules = append(rules, id)
	}
	slices.Sort(rules)
	require.Equal(t, table(t), rules)
}
