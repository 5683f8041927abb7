package dnsplan

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/miekg/dns"
	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/core/sitesjson"
)

// siteOf returns a site of a preset.
func siteOf(t *testing.T, o core.Origin, host string) *core.Site {
	t.Helper()
	extra := ""
	switch {
	case o.Preset == "sparkpost-enterprise":
		extra = `, "tenant": "acme"`
	case o.Address == "":
		extra = `, "origin": "https://track.example.net"`
	}
	sites, err := sitesjson.Parse("sites.json", []byte(`{"sites": {"`+host+`": {"esp": "`+o.Preset+`"`+extra+`}}}`))
	require.NoError(t, err)
	return sites.Lookup(host)
}

func keyed(t *testing.T, host string) *core.Site {
	t.Helper()
	sites, err := sitesjson.Parse("sites.json", []byte(`{"sites": {"`+host+`": {"esp": "none", "keys": ["k1"], "destinations": ["example.net"]}}}`))
	require.NoError(t, err)
	return sites.Lookup(host)
}

// live are the records of a zone file, as a name server's parser reads them.
func live(t *testing.T, text []byte) (got []string) {
	t.Helper()
	p := dns.NewZoneParser(bytes.NewReader(text), ".", "")
	for rr, ok := p.Next(); ok; rr, ok = p.Next() {
		got = append(got, strings.ReplaceAll(rr.String(), "\t", " "))
	}
	require.NoError(t, p.Err())
	return got
}

func zoneOf(t *testing.T, p *Plan) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, p.Zone(&b))
	return b.String()
}

// No CNAME of a link domain is live before the cut-over is asked for, with any
// preset. Once it was, above a proof that was commented out.
func TestCutOverIsLastAndAskedFor(t *testing.T) {
	proofs := map[string][]Record{"link.example.com": {Proof("link.example.com", "abc123.fastly-validations.com.")}}
	for _, o := range core.Presets() {
		sites := []*core.Site{siteOf(t, o, "link.example.com")}
		proof := "_acme-challenge.link.example.com. 300 IN CNAME abc123.fastly-validations.com."
		move := "link.example.com. 300 IN CNAME t.sni.global.fastly.net."

		text := zoneOf(t, Make(sites, Options{Proofs: proofs}))
		require.Equal(t, []string{proof}, live(t, []byte(text)), o.Preset)
		require.Contains(t, text, "\n; "+move+"\n")
		require.Less(t, strings.Index(text, proof), strings.Index(text, move))
		require.Empty(t, live(t, []byte(zoneOf(t, Make(sites, Options{})))), o.Preset)

		text = zoneOf(t, Make(sites, Options{Proofs: proofs, CutOver: true}))
		require.Equal(t, []string{proof, move}, live(t, []byte(text)), o.Preset)
		text = zoneOf(t, Make(sites, Options{CutOver: true}))
		require.Equal(t, []string{move}, live(t, []byte(text)), o.Preset)

		// The CAA record is a comment that is a valid record once uncommented.
		caa, err := dns.NewRR("example.com. 300 IN CAA " + Make(sites, Options{}).Hosts[0].Records[1].Value)
		require.NoError(t, err)
		require.Equal(t, "certainly.com", caa.(*dns.CAA).Value)
	}
}

// With many hosts too, every proof comes before any CNAME, and what holds for
// all is printed once.
func TestManyHosts(t *testing.T) {
	var sites []*core.Site
	proofs := map[string][]Record{}
	for i, o := range core.Presets() {
		host := fmt.Sprintf("link%d.brand.example.com", i)
		sites = append(sites, siteOf(t, o, host))
		proofs[host] = []Record{Proof(host, fmt.Sprintf("x%d.fastly-validations.com", i))}
	}
	plan := Make(sites, Options{Proofs: proofs, CutOver: true})
	text := zoneOf(t, plan)
	records := live(t, []byte(text))
	require.Len(t, records, 2*len(sites))
	for i, r := range records {
		require.Equal(t, i < len(sites), strings.HasPrefix(r, "_acme-challenge."), "%d: %s", i, r)
	}
	var human bytes.Buffer
	require.NoError(t, plan.Text(&human))
	for _, s := range append(plan.Notes, plan.DoNot...) {
		require.Equal(t, 1, strings.Count(text, s), s)
		require.Equal(t, 1, strings.Count(human.String(), s), s)
	}
	require.Equal(t, 1, strings.Count(text, `CAA 0 issue "certainly.com"`))
	require.Equal(t, 1, strings.Count(text, "It cannot stand at the link domain"))
	for n := StepESP; n <= StepAfter; n++ {
		require.Equal(t, 1, strings.Count(text, fmt.Sprintf("\n; Step %d: ", n)))
		require.Equal(t, len(sites), strings.Count(human.String(), fmt.Sprintf("\n  %d. ", n)))
	}
	// Comments are ASCII, one line each.
	require.Equal(t, -1, strings.IndexFunc(text, func(r rune) bool { return r > '~' }))
}

// JSON has the same records in the same order, with what is live.
func TestJSON(t *testing.T) {
	sites := []*core.Site{siteOf(t, core.Presets()[0], "link.example.com")}
	proofs := map[string][]Record{"link.example.com": {Proof("link.example.com", "abc123.fastly-validations.com")}}
	for _, cut := range []bool{false, true} {
		text, err := json.Marshal(Make(sites, Options{Proofs: proofs, CutOver: cut}))
		require.NoError(t, err)
		var p Plan
		require.NoError(t, json.Unmarshal(text, &p))
		steps := []int{}
		for _, r := range p.Hosts[0].Records {
			steps = append(steps, r.Step)
			require.Equal(t, r.Value != "" && !r.Maybe && (r.Step == StepProof || cut), r.Live, r.Name)
		}
		require.Equal(t, []int{StepProof, StepProof, StepCutOver}, steps)
	}
}

func TestAdviceOfEveryPreset(t *testing.T) {
	for _, o := range core.Presets() {
		p := Make([]*core.Site{siteOf(t, o, "link.example.com")}, Options{})
		h := p.Hosts[0]
		require.Contains(t, strings.Join(p.DoNot, "\n"), "change the tracking domain", o.Preset)
		require.Contains(t, strings.Join(p.DoNot, "\n"), "orange cloud", o.Preset)
		require.Contains(t, strings.Join(p.Notes, "\n"), "Route 53", o.Preset)
		require.NotEmpty(t, h.Then, o.Preset)
		require.NotEmpty(t, h.First, o.Preset)
		require.NotContains(t, strings.Join(h.First, ""), "{host}", o.Preset)
		sendgrid := o.Family == esp.FamilySendGrid
		require.Equal(t, sendgrid, strings.Contains(strings.Join(h.DoNot, "\n"), `press "Verify"`), o.Preset)
		require.Equal(t, sendgrid, len(h.Keep) == 1 && strings.Contains(h.Keep[0], "second CNAME"), o.Preset)
		// SendGrid's Auto SSL uses the name that Fastly needs, and leaves
		// another record over.
		require.Equal(t, sendgrid, strings.Contains(h.Records[0].Note, "in place of the one to a name under dcv.cloudflare.com that SendGrid asked for"), o.Preset)
		require.Equal(t, sendgrid, strings.Contains(strings.Join(h.Then, "\n"), "delete _cf-custom-hostname.link.example.com TXT"), o.Preset)
	}
	p := Make([]*core.Site{keyed(t, "to.example.com")}, Options{})
	require.Equal(t, []string{noProxy}, p.DoNot)
	require.Equal(t, []string{keepHost}, p.Hosts[0].DoNot)
	require.Contains(t, p.Hosts[0].Records[2].Note, "in place of any A, AAAA or CNAME there")
}

// The CNAME of today is the one that the ESP's set-up page gives, not its
// origin.
func TestInPlaceOf(t *testing.T) {
	for preset, want := range map[string]string{
		"customerio-us": "in place of the one to e.customeriomail.com,", "customerio-eu": "in place of the one to e-eu.customeriomail.com,",
		"sendgrid": "in place of the one to sendgrid.net or click.sendgrid.net,", "ses-eu-west-1": "in place of the one to r.eu-west-1.awstrack.me,",
		"sparkpost-v2-eu": "in place of the one to eu.v2.spgo.io,", "sparkpost-enterprise": "in place of the one to acme.et.e.sparkpost.com,",
		"custom": "in place of the one to the ESP,",
	} {
		o, ok := core.LookupPreset(preset)
		require.True(t, ok)
		h := Make([]*core.Site{siteOf(t, o, "link.example.com")}, Options{}).Hosts[0]
		require.Equal(t, StepCutOver, h.Records[2].Step)
		require.True(t, strings.HasPrefix(h.Records[2].Note, want), "%s: %s", preset, h.Records[2].Note)
	}
}

// No CNAME stands at the top of a zone, and no CAA record above it, whatever
// the public suffix.
func TestTopOfAZone(t *testing.T) {
	for host, caaAt := range map[string]string{
		"example.com": "example.com", "example.co.uk": "example.co.uk", "link.example.co.uk": "example.co.uk", "a.b.example.com": "b.example.com",
	} {
		p := Make([]*core.Site{keyed(t, host)}, Options{CutOver: true})
		apex := host == caaAt
		require.Equal(t, caaAt, p.Hosts[0].Records[1].Name)
		require.Equal(t, apex, len(p.Hosts[0].Notes) == 1 && strings.Contains(p.Hosts[0].Notes[0], "looks like the top of a zone"), host)
		require.Equal(t, !apex, len(live(t, []byte(zoneOf(t, p)))) == 1, host)
	}
}

func TestCutOverNeedsEveryProof(t *testing.T) {
	sites := []*core.Site{keyed(t, "a.example.com"), keyed(t, "b.example.com")}
	proofs := map[string][]Record{"a.example.com": {Proof("a.example.com", "x.fastly-validations.com")}}
	err := Make(sites, Options{Proofs: proofs, CutOver: true}).CheckCutOver()
	require.EqualError(t, err, "no cut-over: the proof of b.example.com is not known, so nothing says that a certificate was issued")
	require.NoError(t, Make(sites, Options{Proofs: proofs}).CheckCutOver(), "no cut-over was asked for")
	require.NoError(t, Make(sites[:1], Options{Proofs: proofs, CutOver: true}).CheckCutOver())
}

func TestIsName(t *testing.T) {
	for _, s := range []string{"a.b", "_acme-challenge.link.example.com", "a-b.example.com.", "1.2.3.example"} {
		require.True(t, IsName(s), s)
	}
	for _, s := range []string{"", ".", "a", "a..b", "a b.c", "a.b;c", "a.b\nc.d", "192.0.2.1", "é.example", `a."b`, strings.Repeat("a", 64) + ".b", strings.Repeat("a.", 130) + "b"} {
		require.False(t, IsName(s), s)
	}
}

func TestCheckTarget(t *testing.T) {
	for _, s := range []string{FastlyTarget, "dualstack.t.sni.global.fastly.net.", "cdn.example.net"} {
		require.NoError(t, CheckTarget(s))
	}
	for _, s := range []string{"", "a b", "151.101.1.1", "t.sni.global.fastly.net\nx", "sendgrid.net", "e-eu.customeriomail.com"} {
		require.ErrorIs(t, CheckTarget(s), ErrTarget, s)
	}
	_, err := ReadTerraform([]byte(`{"cname_targets": ["a;b"]}`))
	require.ErrorIs(t, err, ErrTarget)
}

// FuzzReadTerraform: each proof from Terraform's outputs is exactly one record
// in a zone file.
func FuzzReadTerraform(f *testing.F) {
	f.Add("_acme-challenge.link.example.com", "CNAME", "abc123.fastly-validations.com", "k.sni.global.fastly.net")
	f.Add("_acme-challenge.link.example.com.", "CNAME", "a\nb.c", "")
	f.Add("a;b", "TXT", "\"", "$INCLUDE /etc/passwd")
	f.Fuzz(func(t *testing.T, name, kind, value, target string) {
		text, err := json.Marshal(map[string]any{
			"acme_challenges": map[string]any{"link.example.com": []any{map[string]string{"name": name, "type": kind, "value": value}}},
			"cname_targets":   []string{target}[:min(1, len(target))],
		})
		require.NoError(t, err)
		o, err := ReadTerraform(text)
		if err != nil {
			return
		}
		o.CutOver = true
		require.Len(t, live(t, []byte(zoneOf(t, Make([]*core.Site{siteOf(t, core.Presets()[0], "link.example.com")}, o)))), 2)
	})
}
