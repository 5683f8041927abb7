package dnsplan

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/core/sitesjson"
	"github.com/clickedge/clickedge/deploy/canspam"
)

// now is a day between the dates of the sites below.
var now = time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)

// severalOf returns the site link.example.com with these fields.
func severalOf(t *testing.T, fields string) *core.Site {
	t.Helper()
	sites, err := sitesjson.Parse("sites.json", []byte(`{"sites": {"link.example.com": {`+fields+`}}}`))
	require.NoError(t, err)
	return sites.Lookup("link.example.com")
}

// presetFields are the fields of a preset in sites.json.
func presetFields(o core.Origin) string {
	switch {
	case o.Preset == "sparkpost-enterprise":
		return `"esp": "` + o.Preset + `", "tenant": "acme"`
	case o.Preset == core.PresetCustom:
		return `"esp": "custom", "origin": "https://track.example.net", "links": "mautic"`
	case o.Address == "":
		return `"esp": "` + o.Preset + `", "origin": "https://track.example.net"`
	}
	return `"esp": "` + o.Preset + `"`
}

func hostOf(t *testing.T, fields string) (*Plan, *Host) {
	t.Helper()
	p := Make([]*core.Site{severalOf(t, fields)}, Options{Now: now})
	return p, &p.Hosts[0]
}

// An ESP of also has to be told the same as a site's own, whatever the preset.
func TestAlsoIsToldTheSame(t *testing.T) {
	for _, o := range core.Presets() {
		fields, own := presetFields(o), "sendgrid"
		if o.Family == esp.FamilySendGrid {
			own = "customerio-eu"
		}
		_, alone := hostOf(t, fields)
		p, h := hostOf(t, `"esp": "`+own+`", "also": [{`+fields+`}]`)
		named := strings.NewReplacer("if the ESP issues", "if "+o.Preset+" issues", "ask the ESP to", "ask "+o.Preset+" to")
		for _, s := range alone.First {
			require.Contains(t, h.First, named.Replace(s), o.Preset)
		}
		for _, s := range alone.Then {
			require.Contains(t, h.Then, named.Replace(s), o.Preset)
		}
		require.Subset(t, h.Keep, alone.Keep, o.Preset)
		require.Subset(t, h.DoNot, alone.DoNot, o.Preset)
		require.Equal(t, []Also{{ESP: o.Preset}}, h.Also)
		require.Len(t, h.First, 2)
		require.Contains(t, strings.Join(p.DoNot, "\n"), "change the tracking domain")
		require.Contains(t, strings.Join(h.Notes, "\n"), "verification: /health and every path that is no link of another ESP goes to "+own+", so "+o.Preset+" cannot verify", o.Preset)
		probe := o.Health.Path != "" && o.Family != esp.FamilySparkPost // SparkPost's has the form of its links
		require.Equal(t, probe, strings.Contains(strings.Join(h.Notes, "\n"), "known: "+o.Health.Method+" "+o.Health.Path), o.Preset)
		require.NotContains(t, strings.Join(h.Notes, h.Records[0].Note), "{host}")
	}
}

// A retired one is asked for nothing, and its leftovers may go. Only what keeps
// records from being set comes before the move.
func TestRetiredIsToldNothing(t *testing.T) {
	for _, o := range core.Presets() {
		fields, own := presetFields(o), "sendgrid"
		if o.Family == esp.FamilySendGrid {
			own = "customerio-eu"
		}
		for retired, is := range map[string]bool{"true": true, `"2026-11-28"`: true, `"2026-11-29"`: false} {
			_, h := hostOf(t, `"esp": "`+own+`", "destinations": ["example.com"], "also": [{`+fields+`, "retired": `+retired+`}]`)
			braze := strings.HasPrefix(o.Preset, "braze-ses")
			require.Equal(t, !is || braze, len(h.First) == 2, "%s %s: %q", o.Preset, retired, h.First)
			require.Equal(t, is, strings.Contains(strings.Join(h.Then, "\n"), o.Preset+" is retired: nothing of it is needed"), o.Preset)
			require.Equal(t, is && o.Family == esp.FamilySendGrid, strings.Contains(strings.Join(h.Then, "\n"), "second CNAME, <number>.example.com to "+o.Address+", may be deleted"), o.Preset)
			require.Equal(t, !is, strings.Contains(strings.Join(h.Notes, "\n"), "verification: "), o.Preset)
			want := Also{ESP: o.Preset, Retired: is}
			if !is {
				want.Until = "2026-11-28"
				require.Contains(t, strings.Join(h.Notes, "\n"), o.Preset+" is retired after 2026-11-28")
			}
			require.Equal(t, []Also{want}, h.Also)
		}
	}
}

// The CNAME of today may lead to any of a host's ESPs, a retired one too; the
// proof takes SendGrid's name whoever it belongs to.
func TestRecordsOfSeveral(t *testing.T) {
	p, h := hostOf(t, `"esp": "customerio-eu", "destinations": ["example.com"], "unsubscribes": "https://preferences.example.com",
		"also": [{"esp": "ses-eu-west-1"}, {"esp": "mailjet", "origin": "https://track.example.net"}, {"esp": "sendgrid", "retired": true}]`)
	require.True(t, strings.HasPrefix(h.Records[2].Note, "in place of the one to e-eu.customeriomail.com, r.eu-west-1.awstrack.me, the one that mailjet asked for, sendgrid.net or click.sendgrid.net, once"), h.Records[2].Note)
	require.Contains(t, h.Records[0].Note, "that SendGrid asked for, where there is one, which it needs no longer")
	require.Contains(t, strings.Join(h.Notes, "\n"), "the link domain's own, one set for all of its ESPs")
	require.Contains(t, strings.Join(h.Then, "\n"), "unsubscribes in its mail go to preferences.example.com")
	require.Contains(t, strings.Join(h.Then, "\n"), "delete _cf-custom-hostname.link.example.com TXT")

	// One set of records, in each form.
	require.Len(t, h.Records, 3)
	require.Empty(t, live(t, []byte(zoneOf(t, p))))
	text := zoneOf(t, Make([]*core.Site{severalOf(t, `"esp": "mailgun", "also": [{"esp": "sendgrid"}]`)}, Options{CutOver: true}))
	require.Equal(t, []string{"link.example.com. 300 IN CNAME t.sni.global.fastly.net."}, live(t, []byte(text)))
	for _, says := range append(append(append([]string(nil), h.First...), h.Then...), h.Notes...) {
		require.Contains(t, zoneOf(t, p), "; "+"  - link.example.com: "+says)
	}
	doc, err := json.Marshal(p)
	require.NoError(t, err)
	require.Contains(t, string(doc), `"also":[{"esp":"ses-eu-west-1"},{"esp":"mailjet"},{"esp":"sendgrid","retired":true}]`)
	var human strings.Builder
	require.NoError(t, p.Text(&human))
	require.Contains(t, human.String(), "link.example.com (customerio-eu; also ses-eu-west-1; also mailjet; retired sendgrid)\n")
}

// A host whose own ESP is none may have others, and all may be retired.
func TestNoESPOfItsOwn(t *testing.T) {
	p, h := hostOf(t, `"esp": "none", "also": [{"esp": "ses-eu-west-1"}]`)
	require.Equal(t, []string{"Amazon SES issues no certificates for link domains: there is nothing to switch off"}, h.First)
	require.Contains(t, h.Notes[0], `is answered here, as esp is "none", so ses-eu-west-1 cannot verify`)
	require.Contains(t, h.Records[2].Note, "in place of the one to r.eu-west-1.awstrack.me,")
	require.Contains(t, strings.Join(p.DoNot, "\n"), "change the tracking domain")

	p, h = hostOf(t, `"esp": "none", "also": [{"esp": "sendgrid", "retired": true}]`)
	require.Equal(t, []string{"every ESP of this host is retired, so there is nothing to ask one for"}, h.First)
	require.Equal(t, []string{keepHost}, h.DoNot)
	require.Equal(t, []string{noProxy}, p.DoNot)
	require.Contains(t, strings.Join(h.Then, "\n"), `no "unsubscribes" is set: `+canspam.Rule)
	require.Contains(t, h.Records[2].Note, "in place of the one to sendgrid.net or click.sendgrid.net,")
}
