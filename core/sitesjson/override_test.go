package sitesjson

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core"
)

func TestReadOverride(t *testing.T) {
	sites, err := Parse("sites.json", []byte(`{"sites": {"link.example.com": {"esp": "ses-us-east-1"}, "other.example.com": {"esp": "sendgrid"}}}`))
	require.NoError(t, err)
	for entry, want := range map[string]string{
		`{"esp": "sendgrid"}`: "",
		`{"esp": "custom", "origin": "https://other.example.com"}`:  "an origin is a link domain",
		`{"esp": "sendgrid", "second_origin": "other.example.com"}`: "an origin is a link domain",
		``:   "sites.json",
		`{}`: "esp",
		`{"esp": "` + strings.Repeat("x", 1000) + `"}`: "esp",
	} {
		site, why := ReadOverride("link.example.com", []byte(entry), sites)
		require.Equal(t, want == "", site != nil, entry)
		require.Equal(t, want == "", why == "")
		require.LessOrEqual(t, len(why), longestReason)
		if want != "" && want != "sites.json" {
			require.Contains(t, why, want)
		}
	}
	site, why := ReadOverride("link.example.com", []byte(`{"esp": "sendgrid"}`), (*core.Sites)(nil))
	require.NotNil(t, site, why)
}
