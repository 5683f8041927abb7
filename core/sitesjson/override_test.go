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
		`{"esp": "custom", "origin": "https://other.example.com"}`:                                                                                         "an origin is a link domain",
		`{"esp": "sendgrid", "second_origin": "other.example.com"}`:                                                                                        "an origin is a link domain",
		`{"esp": "none", "also": [{"esp": "ses-us-east-1"}]}`:                                                                                              "",
		`{"esp": "sendgrid", "also": [{"esp": "custom", "links": "mautic", "origin": "https://other.example.com"}]}`:                                       "an origin is a link domain",
		`{"esp": "sendgrid", "also": [{"esp": "custom", "links": "mautic", "origin": "https://a.example", "second_origin": "https://other.example.com"}]}`: "an origin is a link domain",
		`{"esp": "sendgrid", "also": [{"esp": "iterable", "retired": true}], "unsubscribes": "https://other.example.com"}`:                                 "an origin is a link domain",
		`{"esp": "sendgrid", "also": [{"esp": "iterable", "retired": "2026-09-30"}], "unsubscribes": "https://link.example.com"}`:                          "unsubscribes: leads to",
		`{"esp": "sendgrid", "also": [{"esp": "iterable", "retired": "soon"}]}`:                                                                            "also[0].retired",
		`{"esp": "sendgrid", "recalls": [{"from": "https://a.example/", "gone": true, "by": "Ann", "at": "now", "why": "wrong"}]}`:                         "",
		`{"esp": "sendgrid", "recalls": [{"from": "https://a.example/", "to": "https://b.example/"}]}`:                                                     "recalls[0].to",
		`{"esp": "custom", "origin": "https://a.example", "headers": {"X-Brand": "a"}, "links": "listmonk"}`:                                               "",
		`{"esp": "custom", "origin": "https://a.example", "headers": {"Host": "a"}}`:                                                                       "headers.Host",
		`{"esp": "custom", "origin": "https://ann:hunter2@a.example"}`:                                                                                     "origin",
		``:   "sites.json",
		`{}`: "esp",
		`{"esp": "` + strings.Repeat("x", 1000) + `"}`: "esp",
	} {
		site, why := ReadOverride("link.example.com", []byte(entry), sites)
		require.Equal(t, want == "", site != nil, entry)
		require.Equal(t, want == "", why == "")
		require.LessOrEqual(t, len(why), longestReason)
		require.NotContains(t, why, "hunter2")
		if want != "" && want != "sites.json" {
			require.Contains(t, why, want)
		}
	}
	site, why := ReadOverride("link.example.com", []byte(`{"esp": "sendgrid"}`), (*core.Sites)(nil))
	require.NotNil(t, site, why)
}
