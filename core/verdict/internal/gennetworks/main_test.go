package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var roomDir = filepath.Join("..", "..")

func TestTableIsUpToDate(t *testing.T) {
	want, err := build(roomDir)
	require.NoError(t, err)
	got, err := os.ReadFile(filepath.Join(roomDir, "network_table.go"))
	require.NoError(t, err)
	require.Equal(t, string(want), string(got), "run: go generate ./core/verdict")
}

const good = `{"as": 64496, "name": "example", "kind": "cloud", "holder": "Example", "source": "https://example.com/a", "read": "2026-01-01", "until": "2027-01-01"}`

func TestRead(t *testing.T) {
	rows, err := read([]byte("[" + good + "]"))
	require.NoError(t, err)
	require.EqualValues(t, 20819, rows[0].until)
	change := func(old, new string) string { return "[" + strings.Replace(good, old, new, 1) + "]" }
	for name, c := range map[string]struct{ raw, err string }{
		"no list":                  {`{}`, "cannot unmarshal"},
		"an empty list":            {`[]`, "no row"},
		"something behind":         {"[" + good + "] []", "follows the list"},
		"a member misspelt":        {change(`"kind"`, `"knid"`), "unknown field"},
		"no number":                {change(`64496`, `0`), "no number"},
		"a name with a dash":       {change(`"example"`, `"an-example"`), "is not one"},
		"a kind that is none":      {change(`"cloud"`, `"proxy"`), "kinds are"},
		"no holder":                {change(`"Example"`, `""`), "no holder"},
		"no source":                {change(`https://example.com/a`, ``), "no page"},
		"a source without TLS":     {change(`https:`, `http:`), "no page"},
		"a second that is no page": {change(`"read"`, `"also": "a friend", "read"`), "no page"},
		"a day that is none":       {change(`2026-01-01`, `2026-02-30`), "read: "},
		"an end that is none":      {change(`2027-01-01`, `2027`), "until: "},
		"good for ever":            {change(`2027-01-01`, `2036-01-01`), "400 days"},
		"good for no day":          {change(`2027-01-01`, `2026-01-01`), "400 days"},
		"twice":                    {"[" + good + "," + good + "]", "each once"},
		"two kinds of one name":    {"[" + good + "," + strings.NewReplacer("64496", "64497", "cloud", "scanner").Replace(good) + "]", "one kind"},
	} {
		_, err := read([]byte(c.raw))
		require.ErrorContains(t, err, c.err, name)
	}
}
