package adopt

import (
	"encoding/json"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/sitesjson"
	"github.com/clickedge/clickedge/deploy/doctor/catalogue"
	"github.com/clickedge/clickedge/deploy/doctor/report"
	"github.com/clickedge/clickedge/deploy/setup"
)

func draft(esp string) *setup.Draft {
	return &setup.Draft{Site: setup.Site{Host: "link.example.com", ESP: esp}, Beside: map[string][]byte{}}
}

func TestTakeESP(t *testing.T) {
	for _, c := range []struct {
		said, seen, at      string
		region              bool
		esp, origin, tenant string
		noted               string
	}{
		{seen: "customerio-eu", esp: "customerio-eu"},
		{seen: "customerio-us", region: true, noted: "not which of its regions"},
		{said: "customerio-eu", seen: "customerio-us", region: true, esp: "customerio-eu"},
		{at: "acme.et.e.sparkpost.com", esp: "sparkpost-enterprise", tenant: "acme"},
		{at: "a.b.et.e.sparkpost.com"},
		{seen: "postmark", at: "pm.mtasv.net.", esp: "postmark", origin: "https://pm.mtasv.net", noted: "where the CNAME leads"},
		{seen: "sendgrid", esp: "sendgrid", noted: "braze-sendgrid, clevertap, optimove or leanplum"},
		{said: "braze-sendgrid", seen: "sendgrid", esp: "braze-sendgrid"},
		{},
	} {
		d := draft(c.said)
		notes := Take(d, &report.Report{ESP: c.seen, ESPGuessed: c.said == "", Stands: report.Stands{AtESP: c.at, RegionGuessed: c.region}})
		require.Equal(t, c.esp, d.Site.ESP, "%+v", c)
		require.Equal(t, c.origin, d.Site.Origin)
		require.Equal(t, c.tenant, d.Site.Tenant)
		require.Contains(t, strings.Join(notes, "\n"), c.noted)
		require.Equal(t, c.noted == "", len(notes) == 0, "%q", notes)
	}
	require.Equal(t, []string{"customerio-us", "customerio-eu"}, Candidates(&report.Report{ESP: "customerio-eu"}))
	require.Empty(t, Candidates(&report.Report{}))
}

// A host that leads to another ESP than the site has is no silent move.
func TestForeign(t *testing.T) {
	all, err := sitesjson.Parse("sites.json", []byte(`{"sites": {"link.example.com": {"esp": "customerio-eu", "also": [{"esp": "braze-sendgrid"}, {"esp": "mailgun", "retired": true}], "destinations": ["example.com"]}}}`))
	require.NoError(t, err)
	site := all.Lookup("link.example.com")
	for at, warned := range map[string]bool{
		"": false, "e-eu.customeriomail.com": false, "sendgrid.net": false, "mailgun.org": false, "customeriomail.com": false, "proxy.example.net": false,
		"e.customeriomail.com": true, "r.eu-west-1.awstrack.me": true, "spgo.io": true,
	} {
		says := Foreign(site, &report.Report{Stands: report.Stands{AtESP: at}})
		require.Equal(t, warned, says != "", "%s: %s", at, says)
		if warned {
			require.Contains(t, says, at)
		}
	}
}

const android = `[{"relation": ["delegate_permission/common.handle_all_urls"], "target": {"namespace": "android_app", "package_name": "com.example.app", "sha256_cert_fingerprints": ["14:6D:E9:83:C5:73:06:50:D8:EE:B9:95:2F:34:FC:64:16:A0:83:42:E6:1D:BE:A8:8A:04:96:B2:3F:CF:44:E5"]}}]`

// Files are kept byte for byte, unless they are the ESP's or sites.json does not
// take them; what is said of them cannot control a terminal.
func TestTakeFiles(t *testing.T) {
	const path = "/.well-known/assetlinks.json"
	for _, c := range []struct {
		esp   string
		file  report.AppFile
		kept  bool
		noted string
	}{
		{"sendgrid", report.AppFile{Body: []byte(" " + android + "\n"), Whose: report.Own}, true, ""},
		{"sendgrid", report.AppFile{Body: []byte(android), Whose: report.Unknown}, true, "was not seen; it is kept"},
		{"", report.AppFile{Body: []byte(android), Whose: report.Own}, true, ""},
		{"sendgrid", report.AppFile{Body: []byte(android), Whose: report.ESPs}, false, "the ESP's own file"},
		{"iterable", report.AppFile{Body: []byte(android), Whose: report.Own}, false, "is not kept, as sites.json does not take it: does not go with esp"},
		{"sendgrid", report.AppFile{Body: []byte(`{"a": 1}`), Whose: report.Own}, false, "is not kept, as sites.json does not take it"},
		{"sendgrid", report.AppFile{Body: []byte(`[]`), Whose: report.Own}, false, "is not kept"},
		{"sendgrid", report.AppFile{Problem: "302 to \x1b[31m\"https://x\""}, false, `\x1b[31m`},
	} {
		c.file.Path, c.file.Field = path, "android"
		d := draft(c.esp)
		notes := strings.Join(Take(d, &report.Report{Stands: report.Stands{Files: []report.AppFile{c.file}}}), "\n")
		require.NotContains(t, notes, "\x1b")
		require.Contains(t, notes, c.noted)
		require.Equal(t, c.noted == "", notes == "", notes)
		if !c.kept {
			require.Empty(t, d.Beside, "%+v", c)
			require.Nil(t, d.Site.AppLinks)
			continue
		}
		require.Equal(t, c.file.Body, d.Beside["link.example.com.assetlinks.json"])
		require.Equal(t, &setup.AppLinks{Android: "link.example.com.assetlinks.json"}, d.Site.AppLinks)
		require.NotEqual(t, "custom", d.Site.ESP)
	}
}

// For every ESP, on both roads, seen or not: at most five commands; nothing
// moves readers before there was a look at what will answer; the way back is
// said.
func TestRoads(t *testing.T) {
	presets := core.Presets()
	sites := map[string]string{"none": `{"esp": "none", "keys": ["k1"], "destinations": ["example.com"]}`}
	for i := range presets {
		s := setup.Site{Host: "link.example.com", ESP: presets[i].Preset}
		more := ""
		if s.NeedsOrigin() {
			more = `, "origin": "https://track.example.net"`
		} else if s.NeedsTenant() {
			more = `, "tenant": "acme"`
		}
		sites[s.ESP] = `{"esp": "` + s.ESP + `", "keys": ["k1"], "destinations": ["example.com"]` + more + `}`
	}
	stands := []report.Stands{{}, {Chain: []string{"track.example.net"}}, {Addresses: []netip.Addr{netip.MustParseAddr("192.0.2.1")}, HTTPS: true}}
	for esp, text := range sites {
		all, err := sitesjson.Parse("sites.json", []byte(`{"sites": {"link.example.com": `+text+`}}`))
		require.NoError(t, err, esp)
		for _, road := range []setup.Road{setup.Server, setup.Fastly} {
			for _, seen := range stands {
				for _, cert := range []string{"", "c.pem"} {
					r := &Road{For: road, Site: all.Lookup("link.example.com"), Seen: &report.Report{Stands: seen}, Sites: "sites.json", KeyFile: "k1.key", Cert: cert, Key: cert, Now: time.Now()}
					requireRoad(t, r)
				}
			}
		}
	}
}

func requireRoad(t *testing.T, r *Road) {
	t.Helper()
	commands, moved := 0, -1
	for i, s := range r.steps() {
		if s.command != "" {
			commands++
		}
		if strings.HasPrefix(s.what, "In DNS: link.example.com ") {
			require.Equal(t, -1, moved, "readers move once")
			moved = i
		}
	}
	require.LessOrEqual(t, commands, MaxCommands)
	require.Greater(t, moved, 1)
	var looked bool
	for _, s := range r.steps()[:moved] {
		looked = looked || strings.Contains(s.command, "--resolve") || strings.Contains(s.command, " --via ")
	}
	require.True(t, looked, "before the cut-over there is a look at what will answer")
	last := r.steps()[len(r.steps())-1]
	require.Equal(t, "clickedge doctor link.example.com", last.command)
	var b strings.Builder
	r.Guide().Text(&b, r.Site.Host)
	require.Contains(t, b.String(), "The way back:\n    - ")
	if r.For == "server" && r.Cert == "" {
		require.Contains(t, b.String(), "readers over https wait for it")
		require.Contains(t, b.String(), "DNS-01")
	}
	guide := r.Guide()
	for _, record := range guide.Records { // each is in a step, too
		require.Contains(t, b.String(), record.Name+" "+record.Type+" "+record.Value)
	}
	guide.Records = []Record{}
	requireSame(t, guide, b.String())
	known := len(r.Seen.Stands.Chain)+len(r.Seen.Stands.Addresses) > 0
	require.Equal(t, known, strings.Contains(b.String(), "lower the time to live"))
}

// requireSame: as JSON a document has each text that is printed, and no other.
func requireSame(t *testing.T, document any, printed string) {
	t.Helper()
	text, err := json.Marshal(document)
	require.NoError(t, err)
	require.NotContains(t, string(text), ":null")
	var tree any
	require.NoError(t, json.Unmarshal(text, &tree))
	var leaves []string
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			for _, name := range slices.Sorted(maps.Keys(v)) {
				walk(v[name])
			}
		case []any:
			for _, one := range v {
				walk(one)
			}
		case string:
			leaves = append(leaves, v)
		}
	}
	walk(tree)
	for _, leaf := range leaves {
		if leaf != "server" && leaf != "fastly" {
			require.Contains(t, printed, leaf)
			printed = strings.Replace(printed, leaf, "", 1)
		}
	}
	for line := range strings.Lines(printed) { // titles and numbers are left
		require.Less(t, len(line), 90, line)
	}
}

// The records that move readers are there one by one: the addresses of the
// server, or Fastly's name.
func TestRecords(t *testing.T) {
	all, err := sitesjson.Parse("sites.json", []byte(`{"sites": {"link.example.com": {"esp": "sendgrid"}}}`))
	require.NoError(t, err)
	r := &Road{For: setup.Server, Site: all.Lookup("link.example.com"), Seen: &report.Report{}, Sites: "sites.json", Now: time.Now()}
	require.Empty(t, r.Guide().Records, "no address is known")
	r.Addresses = []netip.Addr{netip.MustParseAddr("203.0.113.5"), netip.MustParseAddr("2001:db8::5")}
	require.Equal(t, []Record{{"link.example.com", "A", "203.0.113.5"}, {"link.example.com", "AAAA", "2001:db8::5"}}, r.Guide().Records)
	requireRoad(t, r)
	r.For = setup.Fastly
	require.Equal(t, []Record{{"link.example.com", "CNAME", "t.sni.global.fastly.net"}}, r.Guide().Records)
}

// What was seen is the same in print and as JSON.
func TestSight(t *testing.T) {
	r := &report.Report{Host: "link.example.com", ESP: "sendgrid", Started: time.Unix(1_800_000_000, 0)}
	r.Seen = []report.Fact{{Section: catalogue.DNS, Name: "cname", Value: "sendgrid.net"}}
	r.Stands.Files = []report.AppFile{{Path: "/a", Body: []byte("123")}, {Path: "/b", Problem: "404"}}
	s := See(r)
	require.Equal(t, []Fact{{"cname", "sendgrid.net"}}, s.Facts)
	require.Equal(t, []File{{Path: "/a", Bytes: 3}, {Path: "/b", Problem: "404"}}, s.Files)
	require.Len(t, s.NotSeen, 2, "https was not answered")
	var b strings.Builder
	s.Text(&b)
	for _, text := range append(s.NotSeen, s.Answers, s.ESP, "/a: 3 bytes", "/b: 404", "cname", "sendgrid.net", "2027-01-15 08:00 UTC") {
		require.Contains(t, b.String(), text)
	}
	text, err := json.Marshal(See(&report.Report{}))
	require.NoError(t, err)
	require.NotContains(t, string(text), ":null")
}
