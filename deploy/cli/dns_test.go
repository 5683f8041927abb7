package cli

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/miekg/dns"
	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core"
)

// siteOf returns a site of each preset.
func siteOf(t *testing.T, o core.Origin, host string) *core.Site {
	t.Helper()
	extra := ""
	switch {
	case o.Preset == "sparkpost-enterprise":
		extra = `, "tenant": "acme"`
	case o.Address == "":
		extra = `, "origin": "https://track.example.net"`
	}
	sites, err := core.ParseSites("sites.json", []byte(`{"sites": {"`+host+`": {"esp": "`+o.Preset+`"`+extra+`}}}`))
	require.NoError(t, err)
	return sites.Lookup(host)
}

// A resolver's parser takes every line, and the records are those that are meant.
func TestZoneOfEveryPreset(t *testing.T) {
	z := &dnsZone{target: fastlyTarget, issuer: "certainly.com", challenges: map[string][]dnsRecord{
		"link.example.com": {{Name: "_acme-challenge.link.example.com", Type: "CNAME", Value: "abc123.fastly-validations.com"}},
	}}
	for _, o := range core.Presets() {
		h := z.host(siteOf(t, o, "link.example.com"))
		var text bytes.Buffer
		require.NoError(t, printZone(&text, []hostDNS{h}))
		var got []string
		p := dns.NewZoneParser(&text, ".", "")
		for rr, ok := p.Next(); ok; rr, ok = p.Next() {
			got = append(got, strings.ReplaceAll(rr.String(), "\t", " "))
		}
		require.NoError(t, p.Err(), o.Preset)
		require.Equal(t, []string{
			"link.example.com. 300 IN CNAME t.sni.global.fastly.net.",
			"_acme-challenge.link.example.com. 300 IN CNAME abc123.fastly-validations.com.",
		}, got, o.Preset)
		// The CAA record is a comment, and one that can be taken over.
		caa, err := dns.NewRR("example.com. 300 IN CAA " + h.Records[2].Value)
		require.NoError(t, err)
		require.Equal(t, "certainly.com", caa.(*dns.CAA).Value)
	}
}

// What must not be done is said for every ESP; SendGrid's own is said where
// SendGrid is beneath.
func TestAdviceOfEveryPreset(t *testing.T) {
	z := &dnsZone{target: fastlyTarget, issuer: "certainly.com"}
	for _, o := range core.Presets() {
		h := z.host(siteOf(t, o, "link.example.com"))
		doNot := strings.Join(h.DoNot, "\n")
		require.Contains(t, doNot, "change the tracking domain", o.Preset)
		require.Contains(t, doNot, "orange cloud", o.Preset)
		require.Contains(t, strings.Join(h.Notes, "\n"), "Route 53", o.Preset)
		require.NotEmpty(t, h.Then, o.Preset)
		sendgrid := o.Family == core.FamilySendGrid
		require.Equal(t, sendgrid, strings.Contains(doNot, `press "Verify"`), o.Preset)
		require.Equal(t, sendgrid, len(h.Keep) == 1 && strings.Contains(h.Keep[0], "second CNAME"), o.Preset)
	}
}

func TestIsDNSName(t *testing.T) {
	for _, s := range []string{"a.b", "_acme-challenge.link.example.com", "a-b.example.com.", "1.2.3.example"} {
		require.True(t, isDNSName(s), s)
	}
	for _, s := range []string{"", ".", "a", "a..b", "a b.c", "a.b;c", "a.b\nc.d", "192.0.2.1", "é.example", `a."b`, strings.Repeat("a", 64) + ".b", strings.Repeat("a.", 130) + "b"} {
		require.False(t, isDNSName(s), s)
	}
}

// FuzzTerraformDNS: what is taken of Terraform's outputs is one record in a zone
// file, and nothing beside it.
func FuzzTerraformDNS(f *testing.F) {
	f.Add("_acme-challenge.link.example.com", "CNAME", "abc123.fastly-validations.com", "k.sni.global.fastly.net")
	f.Add("_acme-challenge.link.example.com.", "CNAME", "a\nb.c", "")
	f.Add("a;b", "TXT", "\"", "$INCLUDE /etc/passwd")
	f.Fuzz(func(t *testing.T, name, kind, value, target string) {
		text, err := json.Marshal(map[string]any{
			"acme_challenges": map[string]any{"link.example.com": []any{map[string]string{"name": name, "type": kind, "value": value}}},
			"cname_targets":   []string{target},
		})
		require.NoError(t, err)
		d := &dnsPlan{env: &Env{In: bytes.NewReader(text)}, terraform: "-", cdn: "fastly", format: "zone", ca: "certainly"}
		z, err := d.zone()
		if err != nil {
			return
		}
		var out bytes.Buffer
		require.NoError(t, printZone(&out, []hostDNS{z.host(siteOf(t, core.Presets()[0], "link.example.com"))}))
		n := 0
		p := dns.NewZoneParser(&out, ".", "")
		for _, ok := p.Next(); ok; _, ok = p.Next() {
			n++
		}
		require.NoError(t, p.Err())
		require.Equal(t, 2, n)
	})
}
