package inspector

import (
	"encoding/json"
	"html"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/deploy/output"
)

// Whatever stands in sites.json or in its name, the page's elements end where
// they should, and the program reads the same sites.
func TestPage(t *testing.T) {
	made := shell(layout, "cHJvZ3JhbQ==", "support()")
	for name, sites := range map[string]string{
		"plain":             `{"sites": {"link.example.com": {"esp": "ses-us-east-1"}}}`,
		"an element's end":  `{"sites": {"a": "</script><script>x()</script><!-- <script>"}}`,
		"what is filled in": `{"sites": {"SITESNAME": "SITESTEXT PROGRAM EXECHASH"}}`,
		`"><b>&amp;`:        `{"sites": {}}`,
		"SITESTEXT":         `{"sites": {}}`,
	} {
		t.Run(name, func(t *testing.T) {
			page, err := Page(made, name, []byte(sites))
			require.NoError(t, err)
			require.Equal(t, strings.Count(layout, "</script>"), strings.Count(string(page), "</script>"))
			found := regexp.MustCompile(`(?s)<script type="application/json" id="sites" data-name="([^"]*)">(.*?)</script>`).FindStringSubmatch(string(page))
			require.NotNil(t, found)
			require.Equal(t, name, html.UnescapeString(found[1]))
			var want, got any
			require.NoError(t, json.Unmarshal([]byte(sites), &want))
			require.NoError(t, json.Unmarshal([]byte(found[2]), &got))
			require.Equal(t, want, got)
		})
	}
	_, err := Page([]byte("SITESNAME"), "sites.json", []byte("{}"))
	require.ErrorContains(t, err, "damaged")
}

// What the policy allows by hash is what stands there, and nothing else.
func TestPolicy(t *testing.T) {
	page := string(shell(layout, "cHJvZ3JhbQ==", "support()"))
	policy := regexp.MustCompile(`content="([^"]*)"`).FindStringSubmatch(page)[1]
	var want []string
	for _, inline := range regexp.MustCompile(`(?s)<(script|style)>(.*?)</(?:script|style)>`).FindAllStringSubmatch(page, -1) {
		want = append(want, output.PolicyHash(inline[2]))
	}
	require.ElementsMatch(t, want, regexp.MustCompile(`'sha256-[^']*'`).FindAllString(policy, -1))
	require.Len(t, want, 3)
	require.True(t, strings.HasPrefix(policy, "default-src 'none'; "))
	require.NotContains(t, policy, "unsafe-inline")
	require.NotContains(t, page, "http://")
	require.NotContains(t, page, "https://")
}
