package sitesjson

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParseEndpoint(t *testing.T) {
	for _, c := range []struct {
		in      string
		want    endpoint
		backend string
	}{
		{"https://track.example.net", endpoint{true, "track.example.net", 443}, "custom-track.example.net"},
		{"https://track.example.net:443", endpoint{true, "track.example.net", 443}, "custom-track.example.net"},
		{"https://track.example.net:8443", endpoint{true, "track.example.net", 8443}, "custom-track.example.net_https_8443"},
		{"https://track.example.net:80", endpoint{true, "track.example.net", 80}, "custom-track.example.net_https_80"},
		{"http://track.example.net", endpoint{false, "track.example.net", 80}, "custom-track.example.net_http_80"},
		{"http://track.example.net:443", endpoint{false, "track.example.net", 443}, "custom-track.example.net_http_443"},
		{"http://track.example.net:65535", endpoint{false, "track.example.net", 65535}, "custom-track.example.net_http_65535"},
	} {
		got, ok := parseEndpoint(c.in)
		require.True(t, ok, c.in)
		require.Equal(t, c.want, got, c.in)
		require.Equal(t, c.backend, got.backend(), c.in)
	}
}

func TestParseEndpointRefuses(t *testing.T) {
	for in, hint := range map[string]string{
		"":                                  `write a URL like "https://track.example.net"`,
		"track.example.net":                 `write "https://track.example.net"`,
		"track.example.net:8443":            `write "https://track.example.net:8443"`,
		"https://track.example.net/":        `write "https://track.example.net"`,
		"HTTP://Track.Example.net:8080/a?b": `write "http://track.example.net:8080"`,
		"https://track.example.net:":        `write a URL like "https://track.example.net"`,
		"https://track.example.net:0":       `write a URL like "https://track.example.net"`,
		"https://track.example.net:0443":    `write a URL like "https://track.example.net"`,
		"https://track.example.net:+1":      `write a URL like "https://track.example.net"`,
		"https://track.example.net:65536":   `write a URL like "https://track.example.net"`,
		"https://track.example.net.":        `write a URL like "https://track.example.net"`,
		"https://localhost":                 `write a URL like "https://track.example.net"`,
		"https://192.0.2.1":                 `write a URL like "https://track.example.net"`,
		"https://[2001:db8::1]":             `write a URL like "https://track.example.net"`,
		"https://user:pw@track.example.net": `write a URL like "https://track.example.net"`,
		"ftp://track.example.net":           `write a URL like "https://track.example.net"`,
	} {
		_, ok := parseEndpoint(in)
		require.False(t, ok, in)
		require.Equal(t, hint, hintEndpoint(in), in)
	}
}

// The origin of a backend is one, whatever headers its sites want.
func TestOriginsShareBackends(t *testing.T) {
	sites, err := Parse("sites.json", []byte(`{"sites": {
		"a.example.com": {"esp": "sendgrid"},
		"b.example.com": {"esp": "braze-sendgrid"},
		"c.example.com": {"esp": "sendgrid", "x_forwarded_host": true},
		"d.example.com": {"esp": "none", "keys": ["k1"], "signed_links": "anywhere"},
		"e.example.com": {"esp": "postmark", "origin": "https://track.example.net"},
		"f.example.com": {"esp": "custom", "origin": "https://track.example.net:443", "host": "origin"},
		"g.example.com": {"esp": "customerio-us"}
	}}`))
	require.NoError(t, err)
	var got []string
	for _, o := range sites.Origins() {
		got = append(got, o.Backend+" by "+o.Preset)
	}
	require.Equal(t, []string{"custom-track.example.net by postmark", "customerio-us by customerio-us", "sendgrid by sendgrid"}, got)
	require.NotSame(t, sites.Lookup("a.example.com").Origin, sites.Lookup("c.example.com").Origin)
}
