package verdict

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core/word"
)

const (
	uaChrome  = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"
	uaFirefox = "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0"
	uaIPhone  = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Mobile/15E148 Safari/604.1"
	uaGmail   = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
	uaOffice  = "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; WOW64; Trident/7.0; ms-office; MSOffice 16)"
	uaGoogle  = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
)

var update = flag.Bool("update", false, "rewrite golden files")

// opened returns what Chromium and Firefox send when somebody opens a link.
func opened(ua string) Signals {
	return Signals{
		Method: "GET", UserAgent: ua, Accept: true, AcceptLanguage: true,
		FetchMetadata: true, FetchUser: true, Secure: true,
	}
}

// fetched returns what a program sends that sets only its user agent.
func fetched(ua string) Signals {
	return Signals{Method: "GET", UserAgent: ua, Accept: true, Secure: true}
}

func with(s Signals, change func(*Signals)) Signals {
	change(&s)
	return s
}

func TestJudge(t *testing.T) {
	const plain = "not_analysed,fetch_metadata,user_activation"
	for _, c := range []struct {
		name    string
		signals Signals
		who     Who
		reasons string
		agent   string
	}{
		{"nothing known", Signals{}, WhoUnknown, "not_analysed,method,no_user_agent,no_accept,no_accept_language", ""},
		{"a click in Chrome", opened(uaChrome), WhoHuman, plain, ""},
		{"a click in Firefox", opened(uaFirefox), WhoHuman, plain, ""},
		{"Fastly has looked and found none", with(opened(uaChrome), func(s *Signals) { s.Bot.Analysed = true }),
			WhoHuman, "fastly_none,fetch_metadata,user_activation", ""},
		{"Safari sends no Sec-Fetch-User", with(opened(uaIPhone), func(s *Signals) { s.FetchUser = false }),
			WhoUnknown, "not_analysed,fetch_metadata", ""},
		{"so one that does is not believed", opened(uaIPhone), WhoUnknown, plain, ""},
		{"Chrome by script", with(opened(uaChrome), func(s *Signals) { s.FetchUser = false }),
			WhoUnknown, "not_analysed,fetch_metadata", ""},
		{"a program in Chrome's name", fetched(uaChrome), WhoUnknown, "not_analysed,no_accept_language,no_fetch_metadata", ""},
		{"Chrome without TLS", with(fetched(uaChrome), func(s *Signals) { s.Secure, s.AcceptLanguage = false, true }),
			WhoUnknown, "not_analysed", ""},
		{"Sec-Fetch-User alone", with(opened(uaChrome), func(s *Signals) { s.FetchMetadata, s.Secure = false, false }),
			WhoUnknown, "not_analysed,no_fetch_metadata,user_activation", ""},
		{"Chromium before Sec-Fetch-Dest", fetched(strings.Replace(uaChrome, "141", "79", 1)),
			WhoUnknown, "not_analysed,no_accept_language", ""},
		{"no Accept", with(opened(uaChrome), func(s *Signals) { s.Accept = false }),
			WhoUnknown, "not_analysed,no_accept,fetch_metadata,user_activation", ""},
		{"no browser's form", opened("Outlook-iOS/2.0"), WhoUnknown, "not_analysed,odd_user_agent,fetch_metadata,user_activation", ""},

		{"on the list", fetched(uaGoogle), WhoBot, "not_analysed,known_agent,odd_user_agent,no_accept_language", "Googlebot"},
		{"on the list, with a browser's headers", opened(uaChrome + " Chrome-Lighthouse"),
			WhoBot, "not_analysed,known_agent,fetch_metadata,user_activation", "Chrome-Lighthouse"},
		{"a library on the list", fetched("curl/8.5.0"), WhoBot, "not_analysed,known_agent,odd_user_agent,no_accept_language", "curl"},
		{"an anchored text elsewhere", opened(uaChrome + " curl"), WhoHuman, plain, ""},
		{"a mail gateway that says so", fetched("Barracuda Sentinel (EE)"),
			WhoBot, "not_analysed,known_agent,odd_user_agent,no_accept_language", "Barracuda Sentinel"},
		{"declares itself", fetched("Mozilla/5.0 (compatible; unheard-of-bot/1.0)"),
			WhoBot, "not_analysed,declared,odd_user_agent,no_accept_language", ""},
		{"a phone named bot", opened("Mozilla/5.0 (Linux; Android 7.0; ID bot 53 Build/NRD90M) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36"),
			WhoHuman, plain, ""},
		{"a phone named Butterfly", opened("Mozilla/5.0 (Linux; Android 6.0.1; HTC Butterfly 2 Build/MMB29M) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36"),
			WhoHuman, plain, ""},
		{"Facebook's in-app browser", opened("Mozilla/5.0 (Linux; Android 16; Pixel 10 Pro XL Build/CP1A.260305.018; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/146.0.7680.174 Mobile Safari/537.36 MetaIAB Facebook"),
			WhoHuman, plain, ""},

		{"Gmail's images", fetched(uaGmail), WhoUnknown, "not_analysed,mail_proxy,odd_user_agent,no_accept_language", "GoogleImageProxy"},
		{"Gmail's images, a bot to Fastly", with(fetched(uaGmail), func(s *Signals) {
			s.Bot = BotAnalysis{Analysed: true, Detected: true, Category: 8, Name: "Google"}
		}), WhoUnknown, "fastly_bot,mail_proxy,odd_user_agent,no_accept_language", "GoogleImageProxy"},
		{"Yahoo's images", fetched("YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html"),
			WhoUnknown, "not_analysed,mail_proxy,odd_user_agent,no_accept_language", "YahooMailProxy"},
		{"Apple's images", fetched("Mozilla/5.0"), WhoUnknown, "not_analysed,bare_user_agent,no_accept_language", ""},
		{"Office looks ahead", fetched(uaOffice), WhoUnknown, "not_analysed,office,odd_user_agent,no_accept_language", "ms-office"},
		{"Office asks whether it exists", with(fetched("Microsoft Office Existence Discovery"), func(s *Signals) { s.Method = "HEAD" }),
			WhoBot, "not_analysed,office,head,odd_user_agent,no_accept_language", "Microsoft Office"},

		{"HEAD", with(opened(uaChrome), func(s *Signals) { s.Method = "HEAD" }),
			WhoBot, "not_analysed,head,fetch_metadata,user_activation", ""},
		{"one-click unsubscribe", with(opened(uaChrome), func(s *Signals) { s.Method = "POST" }),
			WhoUnknown, "not_analysed,method,fetch_metadata,user_activation", ""},
		{"prefetch", with(opened(uaChrome), func(s *Signals) { s.Purpose = "prefetch" }),
			WhoBot, "not_analysed,prefetch,fetch_metadata,user_activation", ""},
		{"prerender", with(opened(uaChrome), func(s *Signals) { s.Purpose = "prefetch;prerender" }),
			WhoBot, "not_analysed,prefetch,fetch_metadata,user_activation", ""},
		{"Safari's preview", with(fetched(uaIPhone), func(s *Signals) { s.Purpose = "Preview" }),
			WhoBot, "not_analysed,prefetch,no_accept_language", ""},
		{"another purpose", with(opened(uaChrome), func(s *Signals) { s.Purpose = "prefetched" }), WhoHuman, plain, ""},
		{"From", with(fetched(uaFirefox), func(s *Signals) { s.From = true }),
			WhoBot, "not_analysed,from,no_accept_language,no_fetch_metadata", ""},
		{"Web Bot Auth", with(opened(uaChrome), func(s *Signals) { s.SignatureAgent = true }),
			WhoBot, "not_analysed,signature_agent,fetch_metadata,user_activation", ""},

		{"Fastly's bot", with(opened(uaChrome), func(s *Signals) {
			s.Bot = BotAnalysis{Analysed: true, Detected: true, Verified: true, Category: 13, Name: "SAFE-LINKS"}
		}), WhoBot, "fastly_bot,fastly_verified,fetch_metadata,user_activation", "SAFE-LINKS"},
		{"the list's name before Fastly's", with(fetched(uaGoogle), func(s *Signals) {
			s.Bot = BotAnalysis{Analysed: true, Detected: true, Category: 11, Name: "GOOGLE"}
		}), WhoBot, "fastly_bot,known_agent,odd_user_agent,no_accept_language", "Googlebot"},
		{"Fastly suspects", with(opened(uaChrome), func(s *Signals) {
			s.Bot = BotAnalysis{Analysed: true, Detected: true, Category: BotSuspected}
		}), WhoUnknown, "fastly_suspected,fetch_metadata,user_activation", ""},
		{"Fastly suspects headless", with(opened(uaChrome), func(s *Signals) {
			s.Bot = BotAnalysis{Analysed: true, Detected: true, Category: BotHeadless}
		}), WhoUnknown, "fastly_suspected,fetch_metadata,user_activation", ""},
		{"a screen reader", with(opened(uaChrome), func(s *Signals) {
			s.Bot = BotAnalysis{Analysed: true, Detected: true, Category: BotAccessibility, Name: "reader"}
		}), WhoUnknown, "fastly_accessibility,fetch_metadata,user_activation", "reader"},
		{"detected without analysis is no analysis", with(opened(uaChrome), func(s *Signals) {
			s.Bot = BotAnalysis{Detected: true, Name: "x"}
		}), WhoHuman, plain, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := Judge(&c.signals)
			require.Equal(t, c.who.String(), v.Who.String())
			require.Equal(t, c.reasons, string(v.AppendReasons(nil)))
			require.Equal(t, c.agent, v.Agent)
		})
	}
}

// Who follows a trap, and people who do so.
func TestTrapped(t *testing.T) {
	const plain = "not_analysed,fetch_metadata,user_activation"
	unsaid := func(s *Signals) { s.FetchUser = false }
	for _, c := range []struct {
		name    string
		signals Signals
		who     Who
		reasons string
	}{
		{"a program like Chrome", with(opened(uaChrome), unsaid), WhoBot, "not_analysed,fetch_metadata,trap"},
		{"a phone that does not say whether somebody acted", with(opened(uaIPhone), unsaid), WhoBot, "not_analysed,fetch_metadata,trap"},
		{"a crawler", opened(uaGoogle), WhoBot, "not_analysed,known_agent,odd_user_agent,fetch_metadata,user_activation,trap"},
		{"nothing at all", Signals{Method: "GET"}, WhoBot, "not_analysed,no_user_agent,no_accept,no_accept_language,trap"},
		// The counter-examples.
		{"somebody reads the mail as text", opened(uaChrome), WhoUnknown, plain + ",trap"},
		{"the same in a program of Office", opened(uaOffice), WhoUnknown, "not_analysed,office,odd_user_agent,fetch_metadata,user_activation,trap"},
		{"a screen reader reads it out", with(opened(uaChrome), func(s *Signals) {
			s.FetchUser, s.Bot = false, BotAnalysis{Analysed: true, Detected: true, Category: BotAccessibility, Name: "reader"}
		}), WhoUnknown, "fastly_accessibility,fetch_metadata,trap"},
	} {
		v := Judge(&c.signals)
		v.Trapped()
		require.Equal(t, c.who.String(), v.Who.String(), c.name)
		require.Equal(t, c.reasons, string(v.AppendReasons(nil)), c.name)
	}
}

func TestReasonNames(t *testing.T) {
	require.Equal(t, ReasonSet(1)<<(len(reasonNames)-1), ReasonH2Mismatch, "a reason without a name, or a name without")
	seen := map[string]bool{}
	for i, name := range reasonNames {
		require.Regexp(t, `^[a-z0-9_]+$`, name)
		require.False(t, seen[name], name)
		seen[name] = true
		require.Equal(t, name, string(Verdict{Reasons: 1 << i}.AppendReasons(nil)))
	}
	require.Empty(t, Verdict{}.AppendReasons(nil))
}

// figures is what Judge made of a fixture, with the bounds that hold. The
// counts are a record, written by -update; only the bounds are asserted.
type figures struct {
	Rows         int     `json:"rows"`
	Bot          int     `json:"bot"`
	Human        int     `json:"human"`
	Unknown      int     `json:"unknown"`
	BotAtLeast   float64 `json:"bot_at_least"`
	BotAtMost    float64 `json:"bot_at_most"`
	HumanAtLeast float64 `json:"human_at_least"`
	HumanAtMost  float64 `json:"human_at_most"`
}

func (f *figures) add(v Verdict) {
	f.Rows++
	*[...]*int{WhoUnknown: &f.Unknown, WhoHuman: &f.Human, WhoBot: &f.Bot}[v.Who]++
}

func (f *figures) share(n int) float64 { return float64(n) / float64(f.Rows) }

// Each fixture is judged twice: fetched by a program that sets only its user
// agent, and with every header that Chromium sends when somebody opens a link,
// which shows what the user agent alone decides.
func TestVerdictFigures(t *testing.T) {
	golden := filepath.Join("testdata", "figures.json")
	raw, err := os.ReadFile(golden)
	require.NoError(t, err)
	var want map[string]figures
	require.NoError(t, json.Unmarshal(raw, &want))
	got := map[string]figures{}
	for name, rows := range fixtures(t) {
		for how, signals := range map[string]func(string) Signals{"fetched": fetched, "opened": opened} {
			key := name + " " + how
			require.Contains(t, want, key)
			f := want[key]
			f.Rows, f.Bot, f.Human, f.Unknown = 0, 0, 0, 0
			for _, ua := range rows {
				s := signals(ua)
				f.add(Judge(&s))
			}
			got[key] = f
			t.Logf("%-40s %4d rows: %4d bot (%.2f%%), %4d human (%.2f%%), %4d unknown",
				key, f.Rows, f.Bot, 100*f.share(f.Bot), f.Human, 100*f.share(f.Human), f.Unknown)
			require.GreaterOrEqual(t, f.share(f.Bot), f.BotAtLeast, key)
			require.LessOrEqual(t, f.share(f.Bot), f.BotAtMost, key)
			require.GreaterOrEqual(t, f.share(f.Human), f.HumanAtLeast, key)
			require.LessOrEqual(t, f.share(f.Human), f.HumanAtMost, key)
		}
	}
	require.Len(t, got, len(want))
	logPrecision(t, got)
	if *update {
		out, err := json.MarshalIndent(got, "", "  ")
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(golden, append(out, '\n'), 0o644))
	}
}

// logPrecision prints what the counts say of the verdict "bot" over the
// crawlers and browsers that the list's authors did not choose.
func logPrecision(t *testing.T, got map[string]figures) {
	crawlers := got["crawlers-crawlerdetect fetched"]
	wrong, browsers := 0, 0
	for _, name := range []string{"browsers-crawlerdetect fetched", "browsers-user-agents fetched"} {
		wrong, browsers = wrong+got[name].Bot, browsers+got[name].Rows
	}
	t.Logf("bot: precision %.4f (%d of %d browsers called bot), recall %.4f (%d of %d crawlers)",
		float64(crawlers.Bot)/float64(crawlers.Bot+wrong), wrong, browsers, crawlers.share(crawlers.Bot), crawlers.Bot, crawlers.Rows)
}

// fixtures returns the user agents in testdata, and the instances that
// the list itself gives for its patterns.
func fixtures(tb testing.TB) map[string][]string {
	out := map[string][]string{"crawlers-list": listInstances(tb)}
	for _, name := range []string{"browsers-user-agents", "browsers-crawlerdetect", "crawlers-crawlerdetect"} {
		raw, err := os.ReadFile(filepath.Join("testdata", name+".txt"))
		require.NoError(tb, err)
		out[name] = strings.Split(strings.TrimSuffix(string(raw), "\n"), "\n")
		require.Greater(tb, len(out[name]), 900)
	}
	return out
}

func listInstances(tb testing.TB) (out []string) {
	raw, err := os.ReadFile(filepath.Join("agents", "crawler-user-agents.json"))
	require.NoError(tb, err)
	var list []struct {
		Instances []string `json:"instances"`
	}
	require.NoError(tb, json.Unmarshal(raw, &list))
	for _, entry := range list {
		out = append(out, entry.Instances...)
	}
	require.NotEmpty(tb, out)
	return out
}

// oneRowEach returns one of the two rows of each text.
var oneRowEach = sync.OnceValue(func() (out []*agentRow) {
	seen := map[uint16]bool{}
	for k := range agentRows {
		if r := &agentRows[k]; !seen[r.off] {
			seen[r.off] = true
			out = append(out, r)
		}
	}
	return out
})

// naiveAgent is findAgent without the table's gram, bit set and order.
func naiveAgent(ua string) (best *agentRow) {
	for _, r := range oneRowEach() {
		found := strings.Contains(ua, r.text())
		switch {
		case r.is&agentAtStart != 0 && r.is&agentAtEnd != 0:
			found = ua == r.text()
		case r.is&agentAtStart != 0:
			found = strings.HasPrefix(ua, r.text())
		case r.is&agentAtEnd != 0:
			found = strings.HasSuffix(ua, r.text())
		}
		if found && r.saysMore(best) {
			best = r
		}
	}
	return best
}

func TestFindAgentAgreesWithTheNaiveSearch(t *testing.T) {
	for name, rows := range fixtures(t) {
		for _, ua := range rows {
			require.Equal(t, said(naiveAgent(ua)), said(findAgentOf(ua)), "%s: %q", name, ua)
		}
	}
	for _, r := range oneRowEach() {
		for _, ua := range []string{r.text(), "x" + r.text(), r.text() + "x", r.text()[1:], r.text()[:r.n-1]} {
			require.Equal(t, said(naiveAgent(ua)), said(findAgentOf(ua)), "%q", ua)
		}
	}
}

// said returns what a row says; a text has two rows, either of which may be
// found.
func said(r *agentRow) string {
	if r == nil {
		return ""
	}
	return fmt.Sprintf("%d %#x %s", r.off, r.is, r.text())
}

// A browser's user agent must meet next to no row, or the table is slow.
func TestBrowsersMeetFewRows(t *testing.T) {
	all := fixtures(t)
	for _, name := range []string{"browsers-user-agents", "browsers-crawlerdetect"} {
		rows, grams, hits := all[name], 0, 0
		for _, ua := range rows {
			grams += len(ua)
			for i, before := 0, uint64(0); i+8 <= len(ua); i += 8 {
				w := word.At(ua, i)
				four := hashGrams(w<<8|before, w>>8)
				for before = w >> 56; four != 0; four >>= 16 {
					hits += int(agentBits[four>>6&511] >> (four & 63) & 1)
				}
			}
		}
		t.Logf("%s: %d of %d grams meet a row, %.2f a user agent", name, hits, grams, float64(hits)/float64(len(rows)))
		require.Less(t, float64(hits)/float64(len(rows)), 3.0)
	}
}

func TestJudgeAllocatesNothing(t *testing.T) {
	buf := make([]byte, 0, 512)
	for _, ua := range []string{uaChrome, uaIPhone, uaGmail, uaGoogle, "", strings.Repeat("Googlebot/", 500)} {
		s := opened(ua)
		require.Zero(t, testing.AllocsPerRun(10, func() { buf = Judge(&s).AppendReasons(buf[:0]) }), ua)
	}
}

func TestJudgeLooksAtTheFirstKilobyte(t *testing.T) {
	pad := uaChrome + strings.Repeat(" ", maxUserAgent-len(uaChrome))
	s := opened(pad + "Googlebot/2.1")
	require.Equal(t, WhoHuman, Judge(&s).Who)
	s = opened(pad[10:] + "Googlebot/2.1")
	require.Equal(t, WhoBot, Judge(&s).Who)
}

func FuzzJudge(f *testing.F) {
	for i, ua := range []string{"", uaChrome, uaFirefox, uaIPhone, uaGmail, uaOffice, uaGoogle, "Mozilla/5.0", "bot", "curl/8", "\x00\x00W", "Mozilla/5.0 (\xff) AppleWebKit/ Chrome/99999999999999999999"} {
		f.Add(ua, "GET", "prefetch;prerender", uint16(i*37), uint8(i))
	}
	f.Fuzz(func(t *testing.T, ua, method, purpose string, bits uint16, category uint8) {
		on := func(i int) bool { return bits>>i&1 != 0 }
		s := Signals{
			Method: method, UserAgent: ua, Purpose: purpose, Accept: on(0), AcceptLanguage: on(1), From: on(2),
			SignatureAgent: on(3), FetchMetadata: on(4), FetchUser: on(5), Secure: on(6),
			Bot: BotAnalysis{Analysed: on(7), Detected: on(8), Verified: on(9), Category: BotCategory(category), Name: "n"},
		}
		v := Judge(&s)
		require.Equal(t, v, Judge(&s), "not deterministic")
		require.Equal(t, said(naiveAgent(ua)), said(findAgentOf(ua)))
		require.True(t, v.Agent == "" || v.Agent == "n" || strings.Contains(agentTexts, v.Agent), "the client's own text in the log")
		require.NotPanics(t, func() { v.AppendReasons(nil) })
		if v.Who == WhoHuman {
			require.True(t, s.FetchUser && s.Method == "GET" && s.Accept && s.AcceptLanguage)
			require.Zero(t, v.Reasons&(provesBot|personBehind|contradictsHuman))
		}
		if v.Who == WhoBot {
			require.NotZero(t, v.Reasons&provesBot)
		}
	})
}

var benchAgents = []struct{ name, ua string }{
	{"chrome", uaChrome}, {"firefox", uaFirefox}, {"iphone", uaIPhone}, {"googlebot", uaGoogle},
}

func BenchmarkJudge(b *testing.B) {
	for _, c := range benchAgents {
		b.Run(c.name, func(b *testing.B) {
			s := opened(c.ua)
			b.SetBytes(int64(len(c.ua)))
			b.ReportAllocs()
			for b.Loop() {
				Judge(&s)
			}
		})
	}
}

func BenchmarkFindAgent(b *testing.B) {
	for name, find := range map[string]func(string) *agentRow{"table": findAgentOf, "naive": naiveAgent} {
		for _, c := range benchAgents {
			b.Run(name+"/"+c.name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					find(c.ua)
				}
			})
		}
	}
}

// The text that is there ready made is what would be made.
func TestUsualReasons(t *testing.T) {
	var names []string
	for i, name := range reasonNames {
		if usualReasons>>i&1 != 0 {
			names = append(names, name)
		}
	}
	require.Equal(t, strings.Join(names, ","), string(Verdict{Reasons: usualReasons}.AppendReasons(nil)))
	s := opened(uaChrome)
	require.Equal(t, ReasonSet(usualReasons), Judge(&s).Reasons)
}

// findAgentOf finds as Judge does.
func findAgentOf(ua string) *agentRow {
	_, _, from := readEngine(ua)
	return findAgent(ua, from)
}

// To pass over what all Chromiums have pays, and changes nothing: names around
// it are found at every distance.
func TestAgentsAroundChromium(t *testing.T) {
	require.True(t, chromiumIsClear, "the list has a text with a gram of this one: passing over it does not happen")
	for pad := range 17 {
		platform := platformStart + strings.Repeat("x", pad)
		for _, ua := range []string{
			platform + ") " + "Googlebot/2.1)" + chromium + "140.0.0.0 Safari/537.36",
			platform + ")" + chromium + "140.0.0.0 Googlebot/2.1",
			platform + ")" + chromium + "Googlebot/2.1",
			platform + ")" + chromium + "1 " + strings.Repeat("y", pad) + "bingbot/2.0",
			platform + "; bingbot)" + chromium,
			platform + ")" + chromium,
		} {
			require.Equal(t, said(naiveAgent(ua)), said(findAgentOf(ua)), ua)
		}
	}
}

func TestReasonsAreThoseOfTheSpecification(t *testing.T) {
	spec, err := os.ReadFile(filepath.Join("..", "spec", "click-log.md"))
	require.NoError(t, err)
	for _, name := range append(reasonNames[:], whoNames[:]...) {
		require.Contains(t, string(spec), "\n| `"+name+"` | ")
	}
}
