package sitetable

import (
	"bytes"
	"encoding/binary"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/destination"
	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/core/header"
	"github.com/clickedge/clickedge/core/outcome"
	"github.com/clickedge/clickedge/core/sitesjson"
)

var update = flag.Bool("update", false, "rewrite golden files")

// open makes a table of sites and opens it.
func open(t testing.TB, sites *core.Sites) *Table {
	t.Helper()
	table, err := Open(string(Make(sites)))
	require.NoError(t, err)
	return &table
}

// requireSameSite compares a site that was looked up with the one it was made
// of. The lists are compared by what they let through.
func requireSameSite(t testing.TB, want, got *core.Site) {
	t.Helper()
	require.NotNil(t, got)
	requireSameESP(t, want, got)
	require.Len(t, got.Also, len(want.Also))
	for i := range want.Also {
		requireSameESP(t, want.Also[i], got.Also[i])
	}
	for _, p := range append(want.Destinations, destination.Pattern{Host: "unlisted.example.org"}) {
		for _, host := range []string{p.Host, "a." + p.Host, "x" + p.Host, p.Host + ".x", "x" + p.Host[1:], ""} {
			require.Equal(t, lists(want, host), lists(got, host), "%s: %q", want.Host, host)
		}
	}
}

// requireSameESP compares what one of the ESPs of two sites has.
func requireSameESP(t testing.TB, want, got *core.Site) {
	t.Helper()
	a, b := *want, *got
	a.Destinations, b.Listed, a.Also, b.Also = nil, "", nil, nil
	a.Origin, a.SecondOrigin, a.Unsubscribes = withoutHealth(a.Origin), withoutHealth(a.SecondOrigin), withoutHealth(a.Unsubscribes)
	require.Equal(t, a, b)
}

// lists reports whether a site's list has a host, in either of its forms.
func lists(s *core.Site, host string) bool {
	return s.Listed.Match(host) || slices.ContainsFunc(s.Destinations, func(p destination.Pattern) bool { return p.Match(host) })
}

// withoutHealth is what a lookup reads of an origin.
func withoutHealth(o *core.Origin) *core.Origin {
	if o == nil {
		return nil
	}
	c := *o
	c.Health = core.Health{}
	return &c
}

// requireSameSites compares every site of a table, found as hosts come in, and
// reads the table back.
func requireSameSites(t testing.TB, sites *core.Sites) {
	t.Helper()
	table, space := open(t, sites), new(Space)
	require.Equal(t, sites.Len(), table.Len())
	for _, host := range sites.Hosts() {
		for _, asked := range []string{host, strings.ToUpper(host), host + ".", host + ":443"} {
			requireSameSite(t, sites.Lookup(asked), table.Lookup(asked, "/", space))
		}
		require.True(t, table.Has(host))
		require.Nil(t, table.Lookup("x"+host, "/", space))
	}
	again, err := decodeTable([]byte(table.data))
	require.NoError(t, err)
	require.Equal(t, inOrder(sites), again)
}

func TestTableOfGoldenSites(t *testing.T) {
	paths, err := filepath.Glob("../sitesjson/testdata/sites/good-*.json")
	require.NoError(t, err)
	require.Greater(t, len(paths), 5, "no sites were found")
	for _, path := range paths {
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		if sites, err := sitesjson.Parse(path, data); err == nil {
			requireSameSites(t, sites)
		}
	}
}

// crowd is a sites.json with n sites of one operator of many brands: each has
// its own destinations and home; ESPs and keys are a handful.
func crowd(n int) []byte {
	list := make([]string, n)
	for i := range list {
		esp := [...]string{"sendgrid", "customerio-eu", "ses-eu-west-1", "iterable"}[i%4]
		list[i] = fmt.Sprintf(`"link.brand-%d.example": {"esp": %q, "keys": ["k2", "k1"], "destinations": ["brand-%d.example", "*.brand-%d.example"], `+
			`"home": "https://www.brand-%d.example/"}`, i, esp, i, i, i)
	}
	return []byte(`{"sites": {` + strings.Join(list, ",\n") + `}}`)
}

func TestTableOfManySites(t *testing.T) {
	for _, n := range []int{1, 2, 3, 7, 8, 9, 1000, 20_000} {
		sites, err := sitesjson.Parse("sites.json", crowd(n))
		require.NoError(t, err)
		data := Make(sites)
		if n >= 1000 {
			t.Logf("%d sites: %d bytes each, %d buckets", n, len(data)/n, open(t, sites).buckets)
			require.Less(t, len(data)/n, 280, "bytes for a site that has nothing in common with others but its ESP")
		}
		if n <= 1000 {
			requireSameSites(t, sites)
			continue
		}
		table, space := open(t, sites), new(Space)
		for i := range n {
			host := fmt.Sprintf("link.brand-%d.example", i)
			requireSameSite(t, sites.Lookup(host), table.Lookup(host, "/", space))
		}
		t.Logf("%d of %d sites beyond their bucket", table.spread(t, sites), n)
		require.Less(t, table.spread(t, sites), n/15, "sites of which a lookup reads beyond their bucket")
	}
}

// spread counts the sites that are not wholly in their bucket's page.
func (t *Table) spread(tb testing.TB, sites *core.Sites) (n int) {
	for _, host := range sites.Hosts() {
		at, _ := t.find(host)
		start, end := bucketAt(bucketOf(hashHost(host), t.buckets))
		r := t.data.cut(uint64(at), siteFixed)
		require.Len(tb, r, siteFixed)
		for _, offset := range []int{at, int(le32(r, 0)), int(le32(r, 4)), int(le32(r, 12))} {
			if offset != 0 && (offset < start || offset >= end) {
				n++
				break
			}
		}
	}
	return n
}

// Sites that have all but their host in common.
func TestTableShares(t *testing.T) {
	list := make([]string, 1000)
	for i := range list {
		list[i] = fmt.Sprintf(`"link-%d.example.com": {"esp": "sendgrid"}`, i)
	}
	sites, err := sitesjson.Parse("sites.json", []byte(`{"sites": {`+strings.Join(list, ",")+`}}`))
	require.NoError(t, err)
	require.Less(t, len(Make(sites))/1000, 80)
}

func TestTableLookupAllocatesNothing(t *testing.T) {
	sites, err := sitesjson.Parse("sites.json", crowd(100))
	require.NoError(t, err)
	table, space := open(t, sites), new(Space)
	require.Zero(t, testing.AllocsPerRun(100, func() {
		if site := table.Lookup("link.brand-42.example", "/", space); site == nil || !lists(site, "www.brand-42.example") {
			t.Error("not found")
		}
		table.Lookup("link.brand-42.example:8080", "/", space)
		table.Lookup("nobody.example", "/", space)
	}))
}

// More keys than a Space has room for are all there.
func TestTableManyKeys(t *testing.T) {
	sites, err := sitesjson.Parse("sites.json", []byte(`{"sites": {"a.example.com": {"esp": "none", "signed_links": "anywhere",
		"keys": ["k1", "k2", "k3", "k4", "k5", "k6", "k7", "k8", "12345678"]}}}`))
	require.NoError(t, err)
	requireSameSites(t, sites)
}

// A space that held one site holds nothing of it when it has been used again.
func TestSpaceIsUsedAgain(t *testing.T) {
	sites, err := sitesjson.Parse("sites.json", []byte(`{"sites": {
		"full.example.com": {"esp": "sparkpost", "second_origin": "https://v2.spgo.io", "clicks": "redirect", "when_esp_fails": "redirect", "keys": ["k1"],
			"destinations": ["example.com"], "allow_http": true, "signed_links": "anywhere", "home": "https://www.example.com/", "esp_timeout": "1s",
			"app_links": {"android": [{"relation": ["delegate_permission/common.handle_all_urls"], "target": {"namespace": "web", "site": "https://example.com"}}]}},
		"bare.example.com": {"esp": "none", "keys": ["k2"], "signed_links": "anywhere"},
		"headed.example.com": {"esp": "custom", "origin": "https://a.example.net", "second_origin": "b.example.net", "headers": {"X-A": "1"}},
		"plain.example.com": {"esp": "custom", "origin": "https://a.example.net", "second_origin": "b.example.net"}}}`))
	require.NoError(t, err)
	table, space := open(t, sites), new(Space)
	require.Equal(t, "x-a\x001\x00", table.Lookup("headed.example.com", "/", space).SecondOrigin.Headers)
	plain := table.Lookup("plain.example.com", "/", space)
	require.Empty(t, plain.Origin.Headers+plain.SecondOrigin.Headers)
	require.NotNil(t, table.Lookup("full.example.com", "/", space).SecondOrigin)
	requireSameSite(t, sites.Lookup("bare.example.com"), table.Lookup("bare.example.com", "/", space))
	require.False(t, lists(table.Lookup("bare.example.com", "/", space), "example.com"))
}

// whole is a sites.json with one site that has all that a table has.
const whole = `{"sites": {"a.example.com": {
	"esp": "custom", "origin": "https://track.example.net", "second_origin": "other.example.net", "links": "postal", "headers": {"X-Brand": "a"},
	"also": [{"esp": "ses-eu-west-1", "clicks": "redirect", "second_origin": "https://ses.example.net", "retired": "2026-09-30"},
		{"esp": "sendgrid", "retired": true}, {"esp": "mailjet", "origin": "https://mailjet.example.net", "cookies": "pass", "esp_timeout": "2s"}],
	"unsubscribes": "https://preferences.example.net", "keys": ["k1"], "destinations": ["example.com", "*.example.com"], "home": "https://example.com/",
	"recalls": [{"from": "https://example.com/a*", "to": "https://example.com/b"}, {"from": "http://example.com:8080/", "gone": true}],
	"app_links": {"android": [{"relation": ["delegate_permission/common.handle_all_urls"], "target": {"namespace": "android_app", "package_name": "com.example",
		"sha256_cert_fingerprints": ["00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF"]}}]}
}}}`

// The layout is a promise to modules that are deployed: who changes it has to
// change tableLayout, too. The same goes for the numbers of the families.
func TestTableLayout(t *testing.T) {
	sites, err := sitesjson.Parse("sites.json", []byte(whole))
	require.NoError(t, err)
	var families []string
	for f := esp.Family(0); f.String() != "unknown"; f++ {
		families = append(families, f.String())
	}
	var got strings.Builder
	fmt.Fprintf(&got, "layout %d\nfamilies %s\n", tableLayout, strings.Join(families, " "))
	for line := range slices.Chunk(Make(sites), 32) {
		fmt.Fprintf(&got, "% x\n", line)
	}
	const path = "testdata/table.golden"
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(got.String()), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err, "run with -update once")
	require.Equal(t, string(want), got.String())
}

// A signed link is the site's own, so that what other ESPs have is not read.
func TestSignedLinksNeedNoOtherESP(t *testing.T) {
	sites, err := sitesjson.Parse("sites.json", []byte(whole))
	require.NoError(t, err)
	table, space := open(t, sites), new(Space)
	for target, also := range map[string]int{"/to/k1.uaHR0cA.AAAA": 0, "/px/k1": 0, "/": 3, "/top": 3, "": 3} {
		site := table.Lookup("a.example.com", target, space)
		require.Len(t, site.Also, also, target)
		require.NotEmpty(t, site.Recalls)
		require.Equal(t, target != "/top" && also == 0, site.IsSigned(target))
		require.Same(t, site.For("/to/k1.uaHR0cA.AAAA"), site)
	}
}

// A lookup that writes first leaves the table as it was, and finds the same.
func TestWriteFirst(t *testing.T) {
	sites, err := sitesjson.Parse("sites.json", crowd(500))
	require.NoError(t, err)
	data := Make(sites)
	memory := bytes.Clone(data)
	table, err := Open(unsafe.String(unsafe.SliceData(memory), len(memory)))
	require.NoError(t, err)
	require.Greater(t, table.buckets, 10)
	table.WriteFirst(memory)
	for _, host := range sites.Hosts() {
		requireSameSite(t, sites.Lookup(host), table.Lookup(host, "/", new(Space)))
		require.Nil(t, table.Lookup("x"+host, "/", new(Space)))
	}
	require.Equal(t, data, memory)
	table.WriteFirst(memory[:1]) // less than the table
	require.NotNil(t, table.Lookup("link.brand-42.example", "/", new(Space)))
}

// With its header from elsewhere a table needs none of its own.
func TestOpenBy(t *testing.T) {
	sites, err := sitesjson.Parse("sites.json", crowd(500))
	require.NoError(t, err)
	data := Make(sites)
	header := string(data[:HeaderLength])
	clear(data[:HeaderLength])
	var table Table
	require.NoError(t, table.OpenBy(header, string(data)))
	for _, host := range sites.Hosts() {
		requireSameSite(t, sites.Lookup(host), table.Lookup(host, "/", new(Space)))
	}
	for name, header := range map[string]string{"none": "", "half of it": header[:HeaderLength-1], "the table's own": string(data[:HeaderLength])} {
		require.ErrorIs(t, new(Table).OpenBy(header, string(data)), ErrFormat, name)
	}
	require.ErrorIs(t, new(Table).OpenBy(header, string(data[:HeaderLength])), ErrFormat, "no table")
	require.Equal(t, 500, table.Len())
}

func TestOpenRefuses(t *testing.T) {
	sites, err := sitesjson.Parse("sites.json", crowd(3))
	require.NoError(t, err)
	good := Make(sites)
	change := func(at int, to ...byte) string {
		b := append([]byte(nil), good...)
		copy(b[at:], to)
		return string(b)
	}
	for name, data := range map[string]string{
		"nothing":                     "",
		"half a header":               string(good[:tableHeader-1]),
		"half a bucket":               string(good[:tableHeader+bucketHeader]),
		"another format":              change(0, 'x'),
		"a later layout":              change(7, tableLayout+1),
		"the layout before":           change(7, tableLayout-1),
		"no buckets":                  change(12, 0, 0, 0, 0),
		"more buckets than there are": change(12, 0, 0, 0, 0x40),
	} {
		_, err := Open(data)
		require.ErrorIs(t, err, ErrFormat, name)
		_, err = decodeTable([]byte(data))
		require.ErrorIs(t, err, ErrFormat, name)
	}
	_, err = decodeTable(append(good, 0))
	require.ErrorIs(t, err, ErrFormat, "a byte too many")
	_, err = decodeTable(good[:len(good)-1])
	require.ErrorIs(t, err, ErrFormat, "a byte too few")

	var none *Table
	require.Nil(t, none.Lookup("a.example.com", "/", new(Space)))
	require.False(t, none.Has("a.example.com"))
	require.Zero(t, none.Len())
	require.Zero(t, new(Table).Len())
	require.Nil(t, new(Table).Lookup("a.example.com", "/", new(Space)))
}

// FuzzTable: whatever the bytes, a lookup stays inside them, and what it finds
// can be decided on. What decodeTable takes is what Table writes.
func FuzzTable(f *testing.F) {
	for _, n := range []int{1, 2, 5} {
		sites, err := sitesjson.Parse("sites.json", crowd(n))
		require.NoError(f, err)
		data := Make(sites)
		f.Add(data, "link.brand-1.example", uint16(0), uint32(0))
		f.Add(data, "link.brand-0.example", uint16(len(data)/8), ^uint32(0)) // a reference beyond the end
		f.Add(data[:len(data)/2], "link.brand-0.example", uint16(1), uint32(9))
	}
	sites, err := sitesjson.Parse("sites.json", []byte(whole))
	require.NoError(f, err)
	data := Make(sites)
	for at := range len(data) / 4 {
		f.Add(data, "a.example.com", uint16(at), uint32(len(data)-1))
	}
	f.Fuzz(func(t *testing.T, data []byte, host string, at uint16, word uint32) {
		if sites, err := decodeTable(data); err == nil {
			require.Equal(t, data, Make(sites))
			for _, h := range sites.Hosts() {
				host = h
			}
		}
		if i := int(at) * 4; i+4 <= len(data) && i > 0 {
			data = append([]byte(nil), data...)
			binary.LittleEndian.PutUint32(data[i:], word)
		}
		table, err := Open(string(data))
		if err != nil {
			return
		}
		site := table.Lookup(host, "/", new(Space))
		table.Has(host)
		if site == nil {
			return
		}
		require.Contains(t, []string{host, core.CanonicalHost(host)}, site.Host)
		lists(site, host)
		site.Origins()
		for _, target := range []string{"/", "/to/k1.uaHR0cHM6Ly9leGFtcGxlLmNvbS8.AAAAAAAAAAAAAAAAAAAAAA", "/robots.txt", "/.well-known/assetlinks.json", "/ls/click?upn=x", "/asm/x",
			"/CL0/https:%2F%2Fexample.com%2Fa/1/010001a0a01d5872-5c963d3e-2a09-4018-8d07-d0f0737cf930-000000/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=452"} {
			for _, second := range []int64{0, 1 << 40} {
				decide(t, &core.Request{Method: "GET", Target: target}, site.For(target), time.Unix(second, 0))
			}
		}
	})
}

// decide asks core all that the guest asks it.
func decide(t *testing.T, req *core.Request, site *core.Site, now time.Time) {
	d := core.Decide(req, site, now)
	switch d.Action {
	case core.Redirect:
		require.Contains(t, []outcome.Code{outcome.OK, outcome.Recalled}, d.Code)
	case core.Reply:
		d.Reply.Answer(site, "1", 1, 0)
	case core.Proxy:
		require.NotNil(t, d.Origin)
		site.OutgoingHost(d.Origin)
		var edits core.Edits
		site.EditRequest(d.Origin, &core.Arrival{Headers: header.All, Scheme: "https"}, edits.Add)
		core.AfterFailure(req, site, outcome.ESPError)
		d.AfterAnswer(req, site, 302, "https://example.com/a\x00", true)
	}
}

// FuzzTableOfSites: whatever sites.json says, the table says.
func FuzzTableOfSites(f *testing.F) {
	paths, err := filepath.Glob("../sitesjson/testdata/sites/good-*.json")
	require.NoError(f, err)
	require.NotEmpty(f, paths)
	for _, path := range paths {
		data, err := os.ReadFile(path)
		require.NoError(f, err)
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if sites, err := sitesjson.Parse("sites.json", data); err == nil {
			requireSameSites(t, sites)
		}
	})
}

func BenchmarkTable(b *testing.B) {
	sites, err := sitesjson.Parse("sites.json", crowd(100_000))
	require.NoError(b, err)
	b.Run("make", func(b *testing.B) {
		for b.Loop() {
			b.ReportMetric(float64(len(Make(sites)))/100_000, "bytes/site")
		}
	})
	table, space := open(b, sites), new(Space)
	b.Run("lookup", func(b *testing.B) {
		for b.Loop() {
			table.Lookup("link.brand-4711.example", "/", space)
		}
	})
}
