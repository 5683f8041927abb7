// Package linkstest loads the links of core/testdata, for tests.
package linkstest

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// Link is one entry of links.json and links-damaged.json.
type Link struct {
	ESP         string `json:"esp"`
	Kind        string `json:"kind"`
	Path        string `json:"path"`
	Destination string `json:"destination"`
	Decodable   bool   `json:"decodable"`
	Likely      bool   `json:"likely"`
	Note        string `json:"note"`
	Repaired    string `json:"repaired"`
	Doubt       string `json:"doubt"`
}

// Load returns the links of a file.
func Load(t testing.TB, file string) []Link {
	t.Helper()
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	var links []Link
	require.NoError(t, json.Unmarshal(data, &links))
	require.NotEmpty(t, links)
	return links
}
