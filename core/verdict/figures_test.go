package verdict

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// described is a request of a gateway as somebody has described it in public.
// See testdata/README.md.
type described struct {
	Gateway   string   `json:"gateway"`
	What      string   `json:"what"`
	Source    string   `json:"source"`
	Written   string   `json:"written"` // day of the description
	AS        uint32   `json:"as"`      // 0: the platform is taken to know none of what is listed
	Method    string   `json:"method"`
	UserAgent string   `json:"user_agent"`
	Told      []string `json:"told"`    // what the description has; the rest is filled in
	SentBy    []string `json:"sent_by"` // how the other fields are filled in
}

// filled returns the request with the fields that no description tells.
func (d *described) filled(sentBy string) Signals {
	s := fetched(d.UserAgent)
	if sentBy == "browser" {
		s = person(d.UserAgent)
	}
	s.Method = d.Method
	return s
}

func readDescribed(t *testing.T) (list []described) {
	raw, err := os.ReadFile(filepath.Join("testdata", "gateways.json"))
	require.NoError(t, err)
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	require.NoError(t, decoder.Decode(&list))
	for _, d := range list {
		u, err := url.Parse(d.Source)
		require.NoError(t, err)
		require.Equal(t, "https", u.Scheme, d.Source)
		_, err = time.Parse(time.DateOnly, d.Written)
		require.NoError(t, err)
		require.NotEmpty(t, d.What)
		require.NotEmpty(t, d.SentBy)
		for _, told := range d.Told {
			require.Contains(t, []string{"as", "method", "user_agent", "version", "agent"}, told)
		}
		for _, by := range d.SentBy {
			require.Contains(t, []string{"library", "browser"}, by)
		}
	}
	return list
}

// person is what a browser sends when its user opens a link.
func person(ua string) Signals {
	engine, major, _ := readEngine(ua)
	s := opened(ua)
	s.FetchUser = engine.sendsFetchUser() && major >= 76 && (engine != engineGecko || major >= 90)
	s.FetchMetadata = engine == engineWebKit || major >= fetchMetadataSince[engine]
	return s
}

// situations are where people are when they open a link, and what that changes
// of the request.
var situations = []struct {
	name    string
	network Network
	change  func(*Signals)
}{
	{"at home", Network{AS: 3320}, nil},
	{"behind Zscaler", Network{AS: 62044, ProxyType: "corporate", ProxyDescription: "cloud-security"}, nil},
	{"behind Netskope", Network{AS: 55256}, nil},
	{"iCloud Private Relay at Cloudflare", Network{AS: 13335, ProxyType: "consumer-privacy", ProxyDescription: "apple"}, nil},
	{"iCloud Private Relay at Akamai", Network{AS: 36183}, nil},
	{"iCloud Private Relay at Fastly", Network{AS: 54113}, nil},
	{"a desktop at Amazon WorkSpaces", hosted(16509), nil},
	{"a desktop at Windows 365", hosted(8075), nil},
	{"an employee of Proofpoint", Network{AS: 26211}, nil},
	{"an employee of Mimecast", Network{AS: 30031}, nil},
	{"an employee of Barracuda", Network{AS: 15324, ProxyType: "hosting", ProxyDescription: "cloud"}, nil},
	{"isolated by Menlo", Network{AS: 62654}, nil},
	{"isolated by Mimecast", Network{AS: 42427}, nil},
	{"a VPN's exit at a hoster", Network{AS: 16276, ProxyType: "hosting", ProxyDescription: "vpn"}, nil},
	{"Tor", Network{AS: 60729, ProxyType: "anonymous", ProxyDescription: "tor-exit"}, nil},
	{"a company ends TLS", Network{AS: 3320, JA4: ja4Go, H2: h2Go}, nil},
	{"Proofpoint ends its employees' TLS and removes Sec-Fetch-*", Network{AS: 26211, JA4: ja4Go, H2: h2Go},
		func(s *Signals) { s.FetchMetadata, s.FetchUser = false, false }},
	{"an app's WebView on a VPN in a cloud", hosted(14061), func(s *Signals) { s.FetchUser = false }},
	{"an app's WebView at Mimecast", Network{AS: 30031}, func(s *Signals) { s.FetchUser = false }},
	{"images at Proofpoint, in a mail program that is a browser", Network{AS: 26211}, func(s *Signals) { s.FetchUser = false }},
	{"a screen reader at Mimecast", Network{AS: 30031}, func(s *Signals) {
		s.Bot = BotAnalysis{Analysed: true, Detected: true, Category: BotAccessibility}
	}},
	{"at Proofpoint without TLS", Network{AS: 26211}, func(s *Signals) { s.Secure, s.FetchMetadata, s.FetchUser = false, false, false }},
	{"at Proofpoint, after the row's date", Network{AS: 26211, Day: networksUntil + 1}, nil},
	{"not located", Network{}, nil},
}

// counts counts verdicts.
type counts struct {
	Bot     int `json:"bot"`
	Human   int `json:"human"`
	Unknown int `json:"unknown"`
}

func (c *counts) add(w Who) {
	*[...]*int{WhoUnknown: &c.Unknown, WhoHuman: &c.Human, WhoBot: &c.Bot}[w]++
}

func (c counts) rows() int { return c.Bot + c.Human + c.Unknown }

// compared is what is said of the same requests by the headers alone and with
// the network.
type compared struct {
	Headers counts `json:"headers"`
	Network counts `json:"network"`
}

func (c *compared) add(s Signals, n Network) {
	c.Headers.add(Judge(&s).Who)
	c.Network.add(located(s, n).Who)
}

// mostFalseBots is the share of people that may be called bots.
const mostFalseBots = 0.001

// What is said of the gateways that somebody has described, and of people in
// every situation with every browser of the fixtures. The counts are a record
// that -update writes, with the table in the specification; the bound is not.
func TestNetworkFigures(t *testing.T) {
	gateways := map[string]*compared{} // by gateway and by what sends
	for _, d := range readDescribed(t) {
		for _, by := range d.SentBy {
			key := d.Gateway + " " + by
			if gateways[key] == nil {
				gateways[key] = &compared{}
			}
			gateways[key].add(d.filled(by), Network{AS: d.AS})
		}
	}
	asked, all := map[string]*compared{}, compared{}
	agents := people(t)
	for _, where := range situations {
		c := &compared{}
		asked[where.name] = c
		for _, ua := range agents {
			s := person(ua)
			if where.change != nil {
				where.change(&s)
			}
			c.add(s, where.network)
			all.add(s, where.network)
			if v := located(s, where.network); v.Who == WhoBot {
				t.Logf("%s is called a bot: %s, %s", where.name, v.AppendReasons(nil), ua)
			}
		}
	}
	require.Len(t, asked, len(situations))
	require.Greater(t, all.Network.rows(), 60_000)
	require.LessOrEqual(t, float64(all.Network.Bot), mostFalseBots*float64(all.Network.rows()), "people are called bots")
	for name, c := range asked {
		require.LessOrEqual(t, float64(c.Network.Bot), mostFalseBots*float64(c.Network.rows()), name)
		require.LessOrEqual(t, c.Network.Human, c.Headers.Human, name)
	}
	for name, c := range gateways {
		require.GreaterOrEqual(t, c.Network.Bot, c.Headers.Bot, name)
		require.LessOrEqual(t, c.Network.Human, c.Headers.Human, name)
	}

	record, err := json.MarshalIndent(map[string]any{"gateways": gateways, "people": asked}, "", "  ")
	require.NoError(t, err)
	golden(t, filepath.Join("testdata", "network-figures.json"), func(string) string { return string(record) + "\n" })
	golden(t, filepath.Join("..", "spec", "click-log.md"), func(text string) string {
		before, rest, ok := strings.Cut(text, figuresBegin)
		_, after, ok2 := strings.Cut(rest, figuresEnd)
		require.True(t, ok && ok2, "the specification has no place for the table")
		return before + figuresBegin + figuresTable(gateways, all) + figuresEnd + after
	})
}

const (
	figuresBegin = "<!-- networks: generated by `go test ./core/verdict -run NetworkFigures -update` -->\n"
	figuresEnd   = "<!-- /networks -->\n"
)

// figuresTable is the table of the specification.
func figuresTable(gateways map[string]*compared, people compared) string {
	var b strings.Builder
	b.WriteString("| gateway | filled in as | requests | `bot` by headers | `bot` with the network | `human` by headers | `human` with the network | recall of `bot` by headers | with the network |\n|---|---|---|---|---|---|---|---|---|\n")
	total := compared{}
	for _, key := range slices.Sorted(maps.Keys(gateways)) {
		c := gateways[key]
		name, by, _ := strings.Cut(key, " ")
		c.row(&b, strings.ReplaceAll(name, "_", " "), by)
		total.Headers, total.Network = total.Headers.plus(c.Headers), total.Network.plus(c.Network)
	}
	total.row(&b, "all gateways", "")
	fmt.Fprintf(&b, "| people, %d situations | | %d | %d | %d | %d | %d | | |\n\n", len(situations), people.Network.rows(), people.Headers.Bot, people.Network.Bot, people.Headers.Human, people.Network.Human)
	fmt.Fprintf(&b, "Precision of `bot`: %s by headers, %s with the network.\n",
		share(total.Headers.Bot, total.Headers.Bot+people.Headers.Bot), share(total.Network.Bot, total.Network.Bot+people.Network.Bot))
	return b.String()
}

func (c *compared) row(b *strings.Builder, name, by string) {
	rows := float64(c.Network.rows())
	fmt.Fprintf(b, "| %s | %s | %d | %d | %d | %d | %d | %.2f | %.2f |\n", name, by, c.Network.rows(), c.Headers.Bot, c.Network.Bot, c.Headers.Human, c.Network.Human,
		float64(c.Headers.Bot)/rows, float64(c.Network.Bot)/rows)
}

func (c counts) plus(d counts) counts {
	return counts{c.Bot + d.Bot, c.Human + d.Human, c.Unknown + d.Unknown}
}

func share(n, of int) string { return fmt.Sprintf("%.2f (%d of %d)", float64(n)/float64(of), n, of) }

// golden compares a file with what it should be; -update writes it.
func golden(t *testing.T, file string, want func(string) string) {
	t.Helper()
	got, err := os.ReadFile(file)
	if err != nil && (!*update || !os.IsNotExist(err)) {
		require.NoError(t, err)
	}
	text := want(string(got))
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(text), 0o644))
		return
	}
	require.Equal(t, text, string(got), "run: go test ./core/verdict -run NetworkFigures -update")
}

func browsers(t *testing.T) (list []string) {
	for name, rows := range fixtures(t) {
		if strings.HasPrefix(name, "browsers-") {
			list = append(list, rows...)
		}
	}
	require.Greater(t, len(list), 1900)
	return list
}

var oldVersion = regexp.MustCompile(`(Chrome|Firefox)/[0-9]+`)

// people are the browsers of the fixtures, and again with a version that sends
// Sec-Fetch-*: most of the fixtures are older, and the rules ask for it.
func people(t *testing.T) []string {
	list := browsers(t)
	for _, ua := range list {
		list = append(list, oldVersion.ReplaceAllString(ua, "${1}/141"))
	}
	slices.Sort(list)
	list = slices.Compact(list)
	modern := 0
	for _, ua := range list {
		if s := person(ua); s.FetchUser {
			modern++
		}
	}
	require.Greater(t, modern, 900)
	return list
}
