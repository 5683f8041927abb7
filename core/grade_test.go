package core

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core/destination"
)

// gradedLink is one entry of testdata/readings.json: a link that a version before
// read wrongly, or did not read.
type gradedLink struct{ ESP, Target, Reading, Location string }

func TestReadingsByGrade(t *testing.T) {
	data, err := os.ReadFile("testdata/readings.json")
	require.NoError(t, err)
	var links []gradedLink
	require.NoError(t, json.Unmarshal(data, &links))
	require.NotEmpty(t, links)
	for _, l := range links {
		t.Run(l.ESP+"/"+l.Reading, func(t *testing.T) {
			o, ok := LookupPreset(l.ESP)
			require.True(t, ok)
			to, g := o.Family.Destination(l.Target)
			require.Equal(t, l.Reading, g.String(), o.Family.Read(l.Target).Doubt)
			if g == Unread {
				require.NotEmpty(t, o.Family.Read(l.Target).Doubt)
				return
			}
			sent, ok := destination.Sendable(to)
			require.True(t, ok)
			require.Equal(t, l.Location, sent)
			site := &Site{Host: "link.example.com", Origin: &o, ClickRedirect: true, FailRedirect: true, Destinations: []destination.Pattern{{Host: "example.com", Sub: true}}}
			req := &Request{Method: "GET", Target: l.Target}
			d := Decide(req, site, time.Unix(0, 0))
			require.Equal(t, g == Certain, d.Action == Redirect, "only what is certain is answered first")
			if d.Action == Proxy {
				d = AfterFailure(req, site, ESPTimeout)
			}
			require.Equal(t, Redirect, d.Action)
			require.Equal(t, l.Location, d.Location)
			require.Equal(t, g, d.Reading)
		})
	}
}

// The sentences of Gradings, as far as they name links that can be made here.
func TestGradings(t *testing.T) {
	const dest = "https://shop.example.com/a?b=1&c=2"
	for f := range familyNames {
		f := Family(f)
		says := f.Gradings()
		require.NotEqual(t, Gradings{}, says, f)
		require.Equal(t, f.Readable(), says.Certain+says.Likely != "", f)
		if encode := encoders[f]; encode != nil {
			_, g := f.Destination(encode(t, dest))
			want := map[Grade]string{Certain: says.Certain, Likely: says.Likely}[g]
			require.Regexp(t, "^(whole|those whose|all)", want, "%v: the first that is said of %v", f, g)
		}
	}
	for _, tt := range []struct {
		f     Family
		words string
		link  string
	}{
		{FamilySparkPost, "target=", linkForms[6].make(t, dest)},
		{FamilySES, "signature is cut", strings.TrimSuffix(encoders[FamilySES](t, dest), "AAAAAAAAAAAAAAAAAAAAAAAAA=452")},
		{FamilySES, "encoded twice", strings.ReplaceAll(encoders[FamilySES](t, dest), "%", "%25")},
		{FamilyPostmark, "bare host", encoders[FamilyPostmark](t, "https://shop.example.com")},
		{FamilyPostmark, "to http", encoders[FamilyPostmark](t, "http://shop.example.com/a")},
		{FamilyPostmark, "cut in their signature", strings.TrimSuffix(encoders[FamilyPostmark](t, dest), "8qJfE")},
		{FamilyPostmark, "escaped delimiter", encoders[FamilyPostmark](t, "https://shop.example.com/a%2Fb")},
		{FamilySES, "has not exactly one", encoders[FamilySES](t, "https://shop.example.com/?a&b=c")},
		{FamilySES, "quoted-printable", strings.ReplaceAll(linkForms[3].make(t, dest), "=", "=3D")},
		{FamilyPostmark, "encoded twice", strings.ReplaceAll(encoders[FamilyPostmark](t, dest), "%", "%25")},
		{FamilyMailjet, "stands last", encoders[FamilyMailjet](t, dest)},
	} {
		require.Contains(t, tt.f.Gradings().Likely, tt.words)
		_, g := tt.f.Destination(tt.link)
		require.Equal(t, Likely, g, "%s: %s", tt.words, tt.f.Read(tt.link).Doubt)
	}
	for _, tt := range []struct {
		f     Family
		words string
		link  string
	}{
		{FamilySES, "decoded", unescapeAll(encoders[FamilySES](t, dest), "")},
		{FamilyPostmark, "decoded", unescapeAll(encoders[FamilyPostmark](t, dest), "")},
		{FamilyPostmark, "cut before", strings.TrimSuffix(encoders[FamilyPostmark](t, dest), "/Gc9Q/H5vxf8qJfE")},
		{FamilyPostmark, "a space", encoders[FamilyPostmark](t, "https://shop.example.com/Forever Sale")},
		{FamilyMailgun, "lost part", encoders[FamilyMailgun](t, dest)[:60]},
	} {
		require.Contains(t, tt.f.Gradings().Unread, tt.words)
		_, g := tt.f.Destination(tt.link)
		require.Equal(t, Unread, g, tt.link)
	}
}

func TestSendable(t *testing.T) {
	for url, want := range map[string]string{
		"https://shop.example.com/a":        "https://shop.example.com/a",
		"hTTp://Shop.Example.com:80/a b":    "http://Shop.Example.com:80/a%20b",
		"https://shop.example.com/?a b#c d": "https://shop.example.com/?a%20b#c%20d",
		"https://shop.example.com/a%20b":    "https://shop.example.com/a%20b",
		"https://shop.example.com/a ":       "",
		"https://shop.example.com ":         "",
		"https://shop.example.com /a":       "",
		"https://shop example.com/a":        "",
		" https://shop.example.com/a":       "",
		"https://shop.example.com/a\tb":     "",
		"https://shop.example.com/é":        "",
		"ftp://shop.example.com/a":          "",
		"https://":                          "",
		"":                                  "",
	} {
		got, ok := destination.Sendable(url)
		require.Equal(t, want != "", ok, url)
		if ok {
			require.Equal(t, want, got)
		}
	}
	site := &Site{Host: "link.example.com", Destinations: []destination.Pattern{{Host: "example.com", Sub: true}}}
	require.Equal(t, OK, site.Allows("HTTPS://shop.example.com/a b"))
	require.Equal(t, BadDestination, site.AllowsSigned("HTTPS://shop.example.com/a"), "what is signed stays as the format has it")
	require.Equal(t, SelfDestination, site.Allows("https://LINK.example.com/a"), "also below a wildcard")
}
