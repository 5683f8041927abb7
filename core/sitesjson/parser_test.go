package sitesjson

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/destination"
	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/core/header"
	"github.com/clickedge/clickedge/core/outcome"
	"github.com/clickedge/clickedge/core/recall"
	"github.com/clickedge/clickedge/core/signed"
)

var update = flag.Bool("update", false, "rewrite golden files")

// sitesFiles returns the cases of testdata/sites: good-*.json are read,
// bad-*.json are refused, and the .golden beside each says what comes of it.
func sitesFiles(t testing.TB) []string {
	files, err := filepath.Glob("testdata/sites/*.json")
	require.NoError(t, err)
	require.Greater(t, len(files), 40, "cases are missing")
	return files
}

func TestSitesGolden(t *testing.T) {
	for _, path := range sitesFiles(t) {
		name := strings.TrimSuffix(filepath.Base(path), ".json")
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile(path)
			require.NoError(t, err)
			sites, err := Parse("sites.json", data)
			require.Equal(t, strings.HasPrefix(name, "good-"), err == nil, "%v", err)
			golden := strings.TrimSuffix(path, ".json") + ".golden"
			got := describeSites(sites, err)
			if *update {
				require.NoError(t, os.WriteFile(golden, []byte(got), 0o644))
			}
			want, err := os.ReadFile(golden)
			require.NoError(t, err, "run with -update once")
			require.Equal(t, string(want), got)
		})
	}
}

// describeSites writes every field of every site, then the backends.
func describeSites(sites *core.Sites, err error) string {
	if err != nil {
		return err.Error() + "\n"
	}
	var b strings.Builder
	for _, host := range sites.Hosts() {
		s := sites.Lookup(host)
		fmt.Fprintf(&b, "%s\n  esp %s, keys %v, anywhere %t, destinations %v, http %t\n", s.Host, s.ESP, s.Keys, s.SignedAnywhere, s.Destinations, s.AllowHTTP)
		fmt.Fprintf(&b, "  redirect %t, count %t, when it fails %t, home %q\n", s.ClickRedirect, s.Count, s.FailRedirect, s.Home)
		if s.Learn {
			fmt.Fprintf(&b, "  learn\n")
		}
		if s.LogHashes != "" {
			fmt.Fprintf(&b, "  log hashes %s\n", s.LogHashes)
		}
		if s.Network {
			fmt.Fprintf(&b, "  verdict network\n")
		}
		if o := s.Origin; o != nil {
			fmt.Fprintf(&b, "  %s\n", describeOrigin(o))
		}
		if o := s.SecondOrigin; o != nil {
			fmt.Fprintf(&b, "  second %s\n", describeOrigin(o))
		}
		if s.ESPTimeout != core.DefaultTimeout {
			fmt.Fprintf(&b, "  the ESP has %s\n", s.ESPTimeout)
		}
		for _, r := range s.Recalls.List() {
			fmt.Fprintf(&b, "  recalls %s to %q\n", r.From, r.To)
		}
		for _, e := range s.Also {
			fmt.Fprintf(&b, "  also %s, retired %d, redirect %t, count %t, when it fails %t, timeout %s\n", e.ESP, e.Retired, e.ClickRedirect, e.Count, e.FailRedirect, e.ESPTimeout)
			if e.Learn {
				fmt.Fprintf(&b, "    learn\n")
			}
			fmt.Fprintf(&b, "    %s\n", describeOrigin(e.Origin))
			if e.SecondOrigin != nil {
				fmt.Fprintf(&b, "    second %s\n", describeOrigin(e.SecondOrigin))
			}
		}
		if o := s.Unsubscribes; o != nil {
			fmt.Fprintf(&b, "  unsubscribes %s\n", describeOrigin(o))
		}
		if l := s.AppLinks; l != nil {
			fmt.Fprintf(&b, "  apple %s\n  android %s\n", l.Apple, l.Android)
		}
	}
	b.WriteString("backends\n")
	for _, o := range sites.Origins() {
		fmt.Fprintf(&b, "  %s\n", o.Backend)
	}
	return b.String()
}

func describeOrigin(o *core.Origin) string {
	text := fmt.Sprintf("%s (%s): %s = %s:%d, tls %t, own host %t, forwarded host %t, cookies %s, health %v",
		o.Preset, o.Family, o.Backend, o.Address, o.Port, o.TLS, o.OriginHost, o.ForwardedHost, o.Cookies, o.Health)
	if o.Headers != "" {
		text += fmt.Sprintf(", headers %q", o.Headers)
	}
	return text
}

func TestErrorNeverHoldsSecrets(t *testing.T) {
	for _, path := range sitesFiles(t) {
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		if _, err = Parse("sites.json", data); err != nil {
			require.NotContains(t, err.Error(), "this-would-be-a-secret", path)
			require.NotContains(t, err.Error(), "not to be seen", path)
		}
	}
}

func TestParseSite(t *testing.T) {
	site, err := ParseSite("link.example.com", []byte(`{"esp": "custom", "origin": "https://track.example.net", "clicks": "redirect", "destinations": ["example.com"]}`))
	require.NoError(t, err)
	require.Equal(t, "link.example.com", site.Host)
	require.Equal(t, "custom-track.example.net", site.Origin.Backend)
	require.True(t, site.ClickRedirect)
	require.True(t, site.Count)

	// One site and the same site within a file are equal.
	sites, err := Parse("sites.json", []byte(`{"sites": {"link.example.com": {"esp": "custom", "origin": "https://track.example.net", "clicks": "redirect", "destinations": ["example.com"]}}}`))
	require.NoError(t, err)
	require.Equal(t, sites.Lookup("link.example.com"), site)
}

func TestParseSiteMistakes(t *testing.T) {
	for _, c := range []struct{ host, data, want string }{
		{"link.example.com", "", `link.example.com:1:1: found the end of the file where a value belongs`},
		{"link.example.com", "null", `link.example.com:1:1: is null, not an object: give it a value, or leave it out`},
		{"link.example.com", `{"esp": "sengrid"}`, `link.example.com:1: esp: unknown esp "sengrid": did you mean "sendgrid"?`},
		{"link.example.com", "\n{}", `link.example.com:2: esp: is missing: name a preset, as in "esp": "sendgrid", or "none"`},
		{"link.example.com", `{"esp": "custom", "origin": "https://link.example.com"}`,
			`link.example.com:1: origin: leads to "link.example.com", a link domain itself: requests would go round in circles: give the ESP's own host`},
		{"link.example.com", `{"esp": "sendgrid"} x`, `link.example.com:1:21: found 'x' after the end of the object: a file holds one object`},
		{"Link.example.com", `{"esp": "sendgrid"}`, `Link.example.com:1:1: "Link.example.com" is not the name of a link domain: write "link.example.com"`},
		{"", `{"esp": "sendgrid"}`, `:1:1: "" is not the name of a link domain: write a name like "www.example.com"`},
		{"link.example.com", `{"sites": {}}`, "link.example.com:1: esp: is missing: name a preset, as in \"esp\": \"sendgrid\", or \"none\"\n" +
			`link.example.com:1: sites: unknown field: the fields are "esp", "also", "unsubscribes", "origin", "second_origin", "tenant", "host", "cookies", "x_forwarded_host", "headers", "links", "destinations", "public_suffix", "allow_http", "clicks", "count", "when_esp_fails", "esp_timeout", "learn", "keys", "signed_links", "log_hashes", "verdict", "recalls", "home" or "app_links"`},
	} {
		site, err := ParseSite(c.host, []byte(c.data))
		require.Nil(t, site, c.data)
		require.EqualError(t, err, c.want, c.data)
		var all *Error
		require.True(t, errors.As(err, &all), c.data)
	}
}

func TestParseSize(t *testing.T) {
	data := make([]byte, maxSitesFile+1)
	_, err := Parse("sites.json", data)
	require.EqualError(t, err, "sites.json:1:1: the file has 67108865 bytes; at most 67108864 are read: spread the link domains over several services")
}

func TestMistakesArePlaced(t *testing.T) {
	data := "{\"sites\": {\r\n  \"ä\": {\"esp\": \"sendgrid\"}, \"b.example.com\": {\"esp\": 1},\r\n\t\"c.example.com\": {}}}"
	_, err := Parse("sites.json", []byte(data))
	var all *Error
	require.True(t, errors.As(err, &all))
	type place struct{ line, column int }
	var got []place
	for _, m := range all.Mistakes {
		got = append(got, place{m.Line, m.Column})
	}
	require.Equal(t, []place{{2, 3}, {2, 54}, {3, 2}}, got)
}

// However many mistakes there are, the first hundred by their place are told,
// though a missing field is found after what stands further down.
func TestMistakesAreCapped(t *testing.T) {
	for _, sites := range []int{40, 50, 51, 66, 67, 68, 100, 1000} {
		var b strings.Builder
		b.WriteString(`{"sites": {`)
		for i := range sites {
			if i > 0 {
				b.WriteString(",")
			}
			fmt.Fprintf(&b, "\n\"h%d.example.com\": {\n\"keyz\": 1}", i)
		}
		b.WriteString("\n}}")
		_, err := Parse("sites.json", []byte(b.String()))
		var all *Error
		require.True(t, errors.As(err, &all))
		require.Equal(t, 2*sites, len(all.Mistakes)+all.More)
		require.Len(t, all.Mistakes, min(100, 2*sites))
		for i, m := range all.Mistakes {
			require.Equal(t, i+2, m.Line)
		}
		if all.More > 0 {
			require.True(t, strings.HasSuffix(err.Error(), "\nsites.json: and "+strconv.Itoa(all.More)+" more mistakes"))
		}
	}
}

func TestSitesShareOrigins(t *testing.T) {
	data := manySites(100)
	sites, err := Parse("sites.json", data)
	require.NoError(t, err)
	require.Equal(t, 100, sites.Len())
	pointers := map[*core.Origin]bool{}
	for _, h := range sites.Hosts() {
		pointers[sites.Lookup(h).Origin] = true
	}
	require.Len(t, pointers, 2)
	require.Len(t, sites.Origins(), 2)
}

// Equal headers in another order or letter case are one origin, others are not;
// all of them need one backend.
func TestSitesShareHeaders(t *testing.T) {
	const custom = `{"esp": "custom", "origin": "https://track.example.net"`
	sites, err := Parse("sites.json", []byte(`{"sites": {
		"a.example.com": `+custom+`, "headers": {"X-A": "1", "X-B": "2"}},
		"b.example.com": `+custom+`, "headers": {"x-b": "2", "x-a": "1"}},
		"c.example.com": `+custom+`, "headers": {"X-A": "2", "X-B": "1"}},
		"d.example.com": `+custom+`, "links": "postal"},
		"e.example.com": `+custom+`}}}`))
	require.NoError(t, err)
	at := func(host string) *core.Origin { return sites.Lookup(host + ".example.com").Origin }
	require.Same(t, at("a"), at("b"))
	for _, other := range []string{"c", "d", "e"} {
		require.NotEqual(t, at("a"), at(other))
	}
	require.NotEqual(t, at("d"), at("e"))
	require.Len(t, sites.Origins(), 1)
}

// What was parsed does not change with the bytes it was parsed from.
func TestSitesKeepNothing(t *testing.T) {
	for _, path := range sitesFiles(t) {
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		sites, err := Parse("sites.json", data)
		before := describeSites(sites, err)
		for i := range data {
			data[i] = '#'
		}
		require.Equal(t, before, describeSites(sites, err), path)
	}
}

// Parsing and reading at the same time: the race detector judges.
func TestSitesConcurrent(t *testing.T) {
	data := manySites(50)
	shared, err := Parse("sites.json", data)
	require.NoError(t, err)
	want := describeSites(shared, nil)
	got := make([]string, 8)
	var wg sync.WaitGroup
	for i := range got {
		wg.Go(func() {
			if own, err := Parse("sites.json", data); err != nil || describeSites(own, nil) != want {
				return
			}
			got[i] = describeSites(shared, nil)
		})
	}
	wg.Wait()
	for _, g := range got {
		require.Equal(t, want, g)
	}
}

// manySites is a file of n sites that use most fields.
func manySites(n int) []byte {
	var b strings.Builder
	b.WriteString(`{"sites": {`)
	for i := range n {
		if i > 0 {
			b.WriteString(",")
		}
		esp := [...]string{"customerio-eu", "sparkpost"}[i%2]
		fmt.Fprintf(&b, "\n  \"link.brand-%d.example\": {\"esp\": %q, \"destinations\": [\"brand-%d.example\", \"*.brand-%d.example\"], "+
			`"clicks": "redirect", "when_esp_fails": "redirect", "keys": ["k2", "k1"], "home": "https://www.brand-%d.example/"}`, i, esp, i, i, i)
	}
	b.WriteString("\n}}\n")
	return []byte(b.String())
}

func BenchmarkParse(b *testing.B) {
	for _, n := range []int{1, 1000, 100_000} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			data := manySites(n)
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Parse("sites.json", data); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// FuzzParse: what is refused is refused with a place and a problem, and what
// is read keeps every promise that the rest of the package builds on.
func FuzzParse(f *testing.F) {
	for _, path := range sitesFiles(f) {
		data, err := os.ReadFile(path)
		require.NoError(f, err)
		if len(data) < 10_000 { // the engine would spend its time on the large ones
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		sites, err := Parse("sites.json", data)
		if err != nil {
			require.Nil(t, sites)
			checkError(t, err, data)
			return
		}
		require.NotZero(t, sites.Len())
		for _, host := range sites.Hosts() {
			site := sites.Lookup(host)
			require.Equal(t, host, site.Host)
			checkSite(t, sites, site)
		}
		checkAgainstJSON(t, sites, data)
	})
}

func checkError(t *testing.T, err error, data []byte) {
	var all *Error
	require.True(t, errors.As(err, &all))
	require.NotEmpty(t, all.Mistakes)
	require.True(t, utf8.ValidString(err.Error()), "%q", err.Error())
	last := Mistake{Line: 1, Column: 1}
	for _, m := range all.Mistakes {
		require.NotEmpty(t, m.Problem)
		require.NotContains(t, m.String(), "\n", "one line each")
		require.True(t, m.Line > last.Line || m.Line == last.Line && m.Column >= last.Column, "sorted")
		last = m
	}
	require.LessOrEqual(t, last.Line, 1+strings.Count(string(data), "\n"))
}

func checkSite(t *testing.T, sites *core.Sites, s *core.Site) {
	require.True(t, destination.IsHost(s.Host))
	require.Equal(t, core.CanonicalHost(s.Host), s.Host)
	if s.ClickRedirect || s.FailRedirect || len(s.Keys) > 0 && !s.SignedAnywhere {
		require.NotEmpty(t, s.Destinations)
	}
	require.False(t, s.SignedAnywhere && len(s.Keys) == 0)
	for _, p := range s.Destinations {
		again, ok := destination.ParsePattern(p.String())
		require.True(t, ok)
		require.Equal(t, p, again)
	}
	seen := map[string]bool{}
	for _, k := range s.Keys {
		require.True(t, signed.IsKeyID(k) && !seen[k], "%q", k)
		seen[k] = true
	}
	if s.Home != "" {
		d, ok := destination.Parse(s.Home)
		require.True(t, ok && d.TLS && d.Host != s.Host, "%q", s.Home)
	}
	require.True(t, s.ESPTimeout >= core.MinTimeout && s.ESPTimeout <= core.MaxTimeout)
	if l := s.AppLinks; l != nil {
		checkAppLinks(t, l)
	}
	checkRecalls(t, s)
	checkAlso(t, sites, s)
	if s.ESP == "none" {
		require.Nil(t, s.Origin)
		require.Nil(t, s.SecondOrigin)
		require.True(t, len(s.Keys) > 0 || len(s.Also) > 0)
		return
	}
	checkOrigins(t, sites, s)
}

// checkRecalls: what a rule compares with is in the form in which it is
// compared, each rule can be reached, and where it leads is allowed.
func checkRecalls(t *testing.T, s *core.Site) {
	rules := s.Recalls.List()
	require.LessOrEqual(t, len(rules), recall.Max)
	all := recall.Rules("")
	for i, r := range rules {
		again, fault := recall.ReadFrom(r.From.String())
		require.Empty(t, fault, r.From)
		require.Equal(t, r.From, again)
		if r.To != "" {
			require.Equal(t, outcome.OK, s.Allows(r.To), r.To)
		}
		for _, before := range rules[:i] {
			require.False(t, before.From.Covers(r.From), "%s before %s", before.From, r.From)
		}
		all = all.Append(r)
	}
	require.Equal(t, s.Recalls, all)
}

func checkOrigins(t *testing.T, sites *core.Sites, s *core.Site) {
	checkOrigin(t, sites, s, s.Origin)
	if second := s.SecondOrigin; second != nil {
		checkOrigin(t, sites, s, second)
		require.NotEqual(t, s.Origin.Backend, second.Backend)
	}
}

// checkAlso checks that an entry of also differs from the site in nothing but
// what belongs to its ESP, and that no two ESPs have a link in common.
func checkAlso(t *testing.T, sites *core.Sites, s *core.Site) {
	require.LessOrEqual(t, len(s.Also), core.MaxAlso)
	require.Zero(t, s.Retired)
	families := map[esp.Family]bool{}
	if s.Origin != nil {
		families[s.Origin.Family] = true
	}
	for _, e := range s.Also {
		require.False(t, families[e.Origin.Family], "%s", e.ESP)
		require.NotEmpty(t, e.Origin.Family.Paths(), "%s", e.ESP)
		families[e.Origin.Family] = true
		if e.Retired != core.LongRetired {
			checkOrigins(t, sites, e)
		}
		require.True(t, e.ESPTimeout >= core.MinTimeout && e.ESPTimeout <= core.MaxTimeout)
		same := *e
		same.ESP, same.Origin, same.SecondOrigin, same.ESPTimeout, same.Retired = s.ESP, s.Origin, s.SecondOrigin, s.ESPTimeout, s.Retired
		same.ClickRedirect, same.Count, same.FailRedirect, same.Learn, same.Also = s.ClickRedirect, s.Count, s.FailRedirect, s.Learn, s.Also
		require.Equal(t, *s, same)
	}
	if o := s.Unsubscribes; o != nil {
		require.True(t, destination.IsHost(o.Address) && !sites.Has(o.Address) && o.OriginHost && o.ForwardedHost, "%v", o)
	}
}

// checkHeaders: whatever sites.json says, what is sent is a field that a site
// may set, and each once.
func checkHeaders(t *testing.T, o *core.Origin) {
	last, count := "", 0
	for rest := o.Headers; rest != ""; count++ {
		var name, value string
		name, rest = header.Next(rest)
		value, rest = header.Next(rest)
		require.Less(t, last, name)
		require.True(t, isToken(name), "%q", name)
		require.Empty(t, core.RefusedHeader(name))
		require.Regexp(t, `^[!-~]([ -~]*[!-~])?$`, value)
		require.LessOrEqual(t, len(value), maxHeaderValue)
		last = name
	}
	require.LessOrEqual(t, count, maxHeaders)
	require.True(t, count == 0 || o.Preset == core.PresetCustom)
}

func checkOrigin(t *testing.T, sites *core.Sites, s *core.Site, o *core.Origin) {
	require.NotNil(t, o)
	require.Equal(t, s.ESP, o.Preset)
	require.True(t, destination.IsHost(o.Address), "%q", o.Address)
	require.Equal(t, strings.ToLower(o.Address), o.Address)
	require.False(t, sites.Has(o.Address), "%q would loop", o.Address)
	require.NotZero(t, o.Port)
	require.NotEmpty(t, o.Backend)
	require.LessOrEqual(t, len(o.Backend), maxBackend)
	preset, ok := core.LookupPreset(s.ESP)
	require.True(t, ok)
	require.Equal(t, preset.Family, o.Sender())
	checkHeaders(t, o)
	require.Contains(t, backends(sites), backendKey(o), "Origins names every backend, with this very address")
}

// backends is Origins without what may differ between sites of one backend.
func backends(s *core.Sites) map[core.Origin]bool {
	all := map[core.Origin]bool{}
	for _, o := range s.Origins() {
		all[backendKey(o)] = true
	}
	return all
}

func backendKey(o *core.Origin) core.Origin {
	return core.Origin{Backend: o.Backend, Address: o.Address, Port: o.Port, TLS: o.TLS, Health: o.Health}
}

// checkAgainstJSON reads the same file with encoding/json.
func checkAgainstJSON(t *testing.T, sites *core.Sites, data []byte) {
	var file struct {
		Sites map[string]struct {
			ESP          string   `json:"esp"`
			Destinations []string `json:"destinations"`
			Keys         []string `json:"keys"`
			Home         string   `json:"home"`
			Clicks       string   `json:"clicks"`
			Count        *bool    `json:"count"`
			AllowHTTP    bool     `json:"allow_http"`
			Signed       string   `json:"signed_links"`
			Fails        string   `json:"when_esp_fails"`
		} `json:"sites"`
	}
	require.NoError(t, json.Unmarshal(data, &file))
	require.Len(t, file.Sites, sites.Len())
	for host, want := range file.Sites {
		got := sites.Lookup(host)
		require.NotNil(t, got, "%q", host)
		require.Equal(t, want.ESP, got.ESP)
		require.Equal(t, want.Home, got.Home)
		require.Equal(t, want.AllowHTTP, got.AllowHTTP)
		require.Equal(t, want.Clicks == "redirect", got.ClickRedirect)
		require.Equal(t, want.Fails == "redirect", got.FailRedirect)
		require.Equal(t, want.Signed == "anywhere", got.SignedAnywhere)
		require.Equal(t, want.Count == nil || *want.Count, got.Count)
		require.Equal(t, fmt.Sprint(want.Destinations), fmt.Sprint(got.Destinations))
		require.Equal(t, fmt.Sprint(want.Keys), fmt.Sprint(got.Keys))
	}
}
