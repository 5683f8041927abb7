package sitesjson

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core/destination"
)

func TestHintHost(t *testing.T) {
	for in, want := range map[string]string{
		"https://link.example.com/":  `write "link.example.com"`,
		"Link.Example.Com":           `write "link.example.com"`,
		"link.example.com.":          `write "link.example.com"`,
		"link.example.com:443":       `write "link.example.com"`,
		"link.example.com/path?q#f":  `write "link.example.com"`,
		"*.example.com":              `name each link domain; there are no wildcards here`,
		"bücher.example":             `write the name in ASCII, as DNS has it (xn--…)`,
		"link_example":               `write a name like "www.example.com"`,
		"https://user@example.com/":  `write a name like "www.example.com"`,
		"https://192.0.2.1/anything": `write a name like "www.example.com"`,
	} {
		require.Equal(t, want, hintHost(in), in)
	}
}

func TestHintPattern(t *testing.T) {
	for in, want := range map[string]string{
		"https://example.com/":  `write "example.com"`,
		"https://*.example.com": `write "*.example.com"`,
		"*.Example.com":         `write "*.example.com"`,
		"*example.com":          `write "*.example.com"`,
		".example.com":          `write "*.example.com"`,
		"*":                     `list each host: a redirect to anywhere is an open redirector`,
		"a.*.example.com":       `a wildcard stands in front only, as in "*.example.com"`,
		"":                      `write a name like "www.example.com"`,
		"**.example.com":        `write "*.example.com"`,
		"*.example.com.":        `write "*.example.com"`,
		"*.com":                 `list each host: a redirect to any name below "com" is an open redirector`,
		"*.com.":                `list each host: a redirect to any name below "com" is an open redirector`,
		"*.COM":                 `list each host: a redirect to any name below "com" is an open redirector`,
		".com":                  `list each host: a redirect to any name below "com" is an open redirector`,
		"*.XN--P1AI.":           `list each host: a redirect to any name below "xn--p1ai" is an open redirector`,
		"*.xn--p1ai":            `list each host: a redirect to any name below "xn--p1ai" is an open redirector`,
		"*.":                    `list each host: a redirect to anywhere is an open redirector`,
		"*.*":                   `list each host: a redirect to anywhere is an open redirector`,
		"com.":                  `write a name like "www.example.com"`,
		"*.co.uk.":              `list the host that is yours: "co.uk" is a public suffix`,
		"*.CO.UK":               `list the host that is yours: "co.uk" is a public suffix`,
		"GitHub.io":             `list the host that is yours: "github.io" is a public suffix`,
		"*.m\u00fcnchen.de":     `write the name in ASCII, as DNS has it (xn--…)`,
		"*.xn--":                `write a name like "www.example.com"`,
		"*.com..":               `write a name like "www.example.com"`,
		"*.192.0.2.1":           `write a name like "www.example.com"`,
	} {
		require.Equal(t, want, hintPattern(in), in)
		// What it tells people to write is taken.
		if to, ok := strings.CutPrefix(want, "write \""); ok {
			p, ok := destination.ParsePattern(strings.TrimSuffix(to, `"`))
			require.True(t, ok && !p.IsPublicSuffix(), in)
		}
	}
}

func TestHintField(t *testing.T) {
	for in, want := range map[string]string{
		"ESP": "esp", "preset": "esp", "orgin": "origin", "Backend": "origin", "destination": "destinations", "allowed-hosts": "destinations",
		"whenEspFails": "when_esp_fails", "fallback": "when_esp_fails", "X-Forwarded-Host": "x_forwarded_host", "signedLinks": "signed_links",
		"key": "keys", "secret": "keys", "click": "clicks", "home_page": "home",
	} {
		require.Equal(t, `did you mean "`+want+`"?`, new(siteReader).hintField(in), in)
	}
	require.Contains(t, new(siteReader).hintField("colour"), `the fields are "esp", `)
}

// What a hint tells people to write must be right.
func TestHintsAreRight(t *testing.T) {
	for _, f := range Fields() {
		require.NotEmpty(t, f.Name)
		require.NotEmpty(t, f.Type, f.Name)
		require.NotEmpty(t, f.Doc, f.Name)
		got, ok := fieldNamed([]byte(f.Name))
		require.True(t, ok)
		require.Equal(t, f.Name, fieldDocs[got].Name)
		for i, choice := range got.choices() {
			require.Contains(t, f.Type, `"`+choice+`"`)
			if i == 0 && got != fieldLinks { // which has no default
				require.Equal(t, `"`+choice+`"`, f.Default)
			}
		}
	}
	for _, name := range presetNames() {
		_, err := ParseSite("link.example.com", []byte(`{"esp": "`+name+`", "keys": ["k1"], "signed_links": "anywhere"`+needed(name)+`}`))
		require.NoError(t, err, name)
	}
}

func needed(preset string) string {
	switch preset {
	case "custom", "postmark", "mandrill", "mailjet":
		return `, "origin": "https://track.example.net"`
	case "sparkpost-enterprise":
		return `, "tenant": "acme"`
	}
	return ""
}
