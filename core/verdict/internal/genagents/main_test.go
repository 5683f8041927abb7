package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var roomDir = filepath.Join("..", "..")

// mostBytes is the data that the table may add to the module.
const mostBytes = 60 << 10

func TestTableIsUpToDate(t *testing.T) {
	want, sum, err := build(roomDir)
	require.NoError(t, err)
	got, err := os.ReadFile(filepath.Join(roomDir, "agent_table.go"))
	require.NoError(t, err)
	require.Equal(t, string(want), string(got), "run: go generate ./core/verdict")
	t.Logf("%d patterns in the list: %d dropped, %d replaced; %d texts with ours, %d bytes of data",
		sum.Patterns, sum.Dropped, sum.Overridden, sum.Texts, sum.Bytes)
	require.Equal(t, len(overrides), sum.Dropped+sum.Overridden)
	require.Less(t, sum.Bytes, mostBytes)
}

func TestExpand(t *testing.T) {
	for pattern, want := range map[string][]text{
		`Googlebot\/`:    {{s: "Googlebot/"}},
		`[wW]get`:        {{s: "Wget"}, {s: "wget"}},
		`S[eE][mM]rush`:  {{s: "SEMrush"}, {s: "SEmrush"}, {s: "SeMrush"}, {s: "Semrush"}},
		`a(Bot|Audit)`:   {{s: "aBot"}, {s: "aAudit"}},
		`^curl`:          {{s: "curl", start: true}},
		`SSL Labs$`:      {{s: "SSL Labs", end: true}},
		`^only$`:         {{s: "only", start: true, end: true}},
		`(^| )PTST\/`:    {{s: "PTST/", start: true}, {s: " PTST/"}},
		`Mail\.RU_Bot`:   {{s: "Mail.RU_Bot"}},
		`dir[123]`:       {{s: "dir1"}, {s: "dir2"}, {s: "dir3"}},
		`Netumo|netumo`:  {{s: "Netumo"}, {s: "netumo"}},
		`Unshorten\.It!`: {{s: "Unshorten.It!"}},
	} {
		got, err := expand(pattern)
		require.NoError(t, err, pattern)
		require.ElementsMatch(t, want, got, pattern)
	}
}

func TestExpandFails(t *testing.T) {
	for _, pattern := range []string{
		`(`, `abc`, ``, `^B$`, `a.*b`, `bot\d+`, `bot[^-]`, `bot.com`, `abcde?`, `\bbot`, `[a-z][a-z]bot`, `a^bot`, `bot$s`, `[а-я]bot`,
	} {
		_, err := expand(pattern)
		require.Error(t, err, "%q", pattern)
	}
}

// The texts of a pattern must be found in exactly the user agents that the
// pattern matches, in its own instances and in the fixtures.
func TestTextsMatchWhatThePatternDoes(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join(roomDir, "agents", "crawler-user-agents.json"))
	require.NoError(t, err)
	var list []struct {
		Pattern   string   `json:"pattern"`
		Instances []string `json:"instances"`
	}
	require.NoError(t, json.Unmarshal(raw, &list))
	others := everyTenth(t, "crawlers-crawlerdetect.txt")
	for _, entry := range list {
		if _, ok := overrides[entry.Pattern]; ok {
			continue
		}
		texts, err := expand(entry.Pattern)
		require.NoError(t, err)
		re := regexp.MustCompile(entry.Pattern)
		for _, ua := range append(entry.Instances, others...) {
			require.Equal(t, re.MatchString(ua), found(texts, ua), "%q in %q", entry.Pattern, ua)
		}
	}
}

func found(texts []text, ua string) bool {
	for _, t := range texts {
		i := strings.Index(ua, t.s)
		switch {
		case t.start && t.end:
			i = -1
			if ua == t.s {
				i = 0
			}
		case t.start && !strings.HasPrefix(ua, t.s), t.end && !strings.HasSuffix(ua, t.s):
			i = -1
		}
		if i >= 0 {
			return true
		}
	}
	return false
}

func everyTenth(t *testing.T, name string) (out []string) {
	raw, err := os.ReadFile(filepath.Join(roomDir, "testdata", name))
	require.NoError(t, err)
	for i, line := range strings.Split(string(raw), "\n") {
		if i%10 == 0 {
			out = append(out, line)
		}
	}
	require.NotEmpty(t, out)
	return out
}

func TestOverridesMustStillApply(t *testing.T) {
	file := filepath.Join(t.TempDir(), "list.json")
	require.NoError(t, os.WriteFile(file, []byte(`[{"pattern":"Googlebot"}]`), 0o644))
	_, _, err := readList(file)
	require.ErrorContains(t, err, "remove it")
	require.NoError(t, os.WriteFile(file, []byte(`[{"pattern":"Google.*bot"}]`), 0o644))
	_, _, err = readList(file)
	require.ErrorContains(t, err, "say in overrides.go")
}
