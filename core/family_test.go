package core

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// espLink is one entry of testdata/links.json.
type espLink struct {
	ESP         string `json:"esp"`
	Kind        string `json:"kind"`
	Path        string `json:"path"`
	Destination string `json:"destination"`
	Decodable   bool   `json:"decodable"`
	Note        string `json:"note"`
	Repaired    string `json:"repaired"`
	Doubt       string `json:"doubt"`
}

func loadLinks(t testing.TB, name string) []espLink {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	require.NoError(t, err)
	var links []espLink
	require.NoError(t, json.Unmarshal(data, &links))
	require.NotEmpty(t, links)
	return links
}

func familyNamed(t testing.TB, name string) Family {
	t.Helper()
	for f, s := range familyNames {
		if s == name {
			return Family(f)
		}
	}
	t.Fatalf("no family is named %q", name)
	return FamilyCustom
}

func TestLinksOfEveryESP(t *testing.T) {
	for _, l := range loadLinks(t, "links.json") {
		t.Run(l.ESP+"/"+l.Kind, func(t *testing.T) {
			f := familyNamed(t, l.ESP)
			require.Equal(t, l.Kind, f.Kind(l.Path).String(), l.Path)
			dest, ok := f.Destination(l.Path)
			require.Equal(t, l.Decodable, ok, l.Path)
			require.Equal(t, l.Destination, dest)
			r := f.Read(l.Path)
			require.Equal(t, dest, r.Destination)
			require.Equal(t, ok, r.Certain)
			require.Empty(t, r.Repaired)
		})
	}
}
