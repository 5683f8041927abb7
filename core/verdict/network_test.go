package verdict

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReadPlace(t *testing.T) {
	deep := strings.Repeat("[", 20) + strings.Repeat("]", 20)
	for name, c := range map[string]struct {
		place string
		ok    bool
		as    uint32
		words string
	}{
		"as the platform says it": {`{"as_name":"Fastly, Inc","as_number":54113,"latitude":37.77869,"proxy_description":"cloud","proxy_type":"hosting"}`,
			true, 54113, "hosting/cloud"},
		"no proxy":                   {`{"as_number":1,"proxy_description":"?","proxy_type":"?"}`, true, 1, "/"},
		"an empty word":              {`{"proxy_type":""}`, true, 0, "/"},
		"words with dashes":          {`{"proxy_type":"consumer-privacy","proxy_description":"tor-exit"}`, true, 0, "consumer-privacy/tor-exit"},
		"the highest number":         {`{"as_number":4294967295}`, true, 4294967295, "/"},
		"a number too high":          {`{"as_number":4294967296}`, true, 0, "/"},
		"a number far too high":      {`{"as_number":184467440737095516160}`, true, 0, "/"},
		"a number below zero":        {`{"as_number":-1}`, true, 0, "/"},
		"a number with a point":      {`{"as_number":1.0}`, true, 0, "/"},
		"a number in quotes":         {`{"as_number":"15169"}`, true, 0, "/"},
		"no number":                  {`{"as_number":null,"proxy_type":"hosting"}`, true, 0, "hosting/"},
		"a word that is a list":      {`{"proxy_type":["hosting"]}`, true, 0, "/"},
		"a word of somebody's own":   {`{"proxy_type":"<script>","proxy_description":"a\"b"}`, true, 0, "/"},
		"a word too long":            {`{"proxy_type":"` + strings.Repeat("a", maxWord+1) + `"}`, true, 0, "/"},
		"the longest word":           {`{"proxy_type":"` + strings.Repeat("a", maxWord) + `"}`, true, 0, strings.Repeat("a", maxWord) + "/"},
		"nothing in it":              {`{}`, true, 0, "/"},
		"nothing":                    {``, false, 0, "/"},
		"a number twice":             {`{"as_number":1,"as_number":2}`, false, 0, "/"},
		"a word twice":               {`{"proxy_type":"vpn","proxy_type":"?"}`, false, 0, "/"},
		"cut off":                    {`{"as_number":15169,"proxy_type":"hosting"`, false, 0, "/"},
		"something behind it":        {`{"as_number":15169}{}`, false, 0, "/"},
		"no object":                  {`[{"as_number":15169}]`, false, 0, "/"},
		"deeper than anybody writes": {`{"as_number":15169,"x":` + deep + `}`, false, 0, "/"},
		"not UTF-8":                  {"{\"as_number\":15169,\"city\":\"S\xe3o\"}", false, 0, "/"},
	} {
		t.Run(name, func(t *testing.T) {
			n := Network{Day: 7, AS: 9, ProxyType: "old", ProxyDescription: "old", JA4: "t13d", H2: "1:2"}
			require.Equal(t, c.ok, n.ReadPlace([]byte(c.place)))
			require.Equal(t, c.as, n.AS)
			require.Equal(t, c.words, n.ProxyType+"/"+n.ProxyDescription)
			n.AS, n.ProxyType, n.ProxyDescription = 0, "", ""
			require.Equal(t, Network{Day: 7, JA4: "t13d", H2: "1:2"}, n, "the rest is left alone")
		})
	}
}

var aWord = regexp.MustCompile(`^[a-z0-9_-]{1,32}$`)

// What is read is what encoding/json reads, of any text.
func FuzzReadPlace(f *testing.F) {
	f.Fuzz(func(t *testing.T, place []byte) {
		var n Network
		before := bytes.Clone(place)
		ok := n.ReadPlace(place)
		require.Equal(t, before, place)
		require.Zero(t, testing.AllocsPerRun(1, func() { n.ReadPlace(place) }))
		if !ok {
			require.Equal(t, Network{}, n)
		}
		var members map[string]json.RawMessage
		if err := json.Unmarshal(place, &members); err != nil || members == nil {
			require.False(t, ok, "no object: %v", err)
			return
		}
		want := placeOf(members)
		if ok && !bytes.Contains(place, []byte(`\`)) { // a name may be written with escapes: it is not looked for
			require.Equal(t, want, n)
		}
		// Written by encoding/json, without what parsers differ on, it is read.
		for name := range members {
			if name != "as_number" && name != "proxy_type" && name != "proxy_description" {
				delete(members, name)
			}
		}
		plain, err := json.Marshal(members)
		require.NoError(t, err)
		if n.ReadPlace(plain); !strings.Contains(string(plain), "[[[[[[[") && !strings.Contains(string(plain), "{") {
			require.Equal(t, want, n)
		}
	})
}

// placeOf reads as ReadPlace does.
func placeOf(members map[string]json.RawMessage) (n Network) {
	if as, err := strconv.ParseUint(string(members["as_number"]), 10, 32); err == nil {
		n.AS = uint32(as)
	}
	for name, word := range map[string]*string{"proxy_type": &n.ProxyType, "proxy_description": &n.ProxyDescription} {
		if text := strings.TrimSuffix(strings.TrimPrefix(string(members[name]), `"`), `"`); strings.HasPrefix(string(members[name]), `"`) && aWord.MatchString(text) {
			*word = text
		}
	}
	return n
}

const (
	// The values are in ja4plus-mapping.csv of https://github.com/FoxIO-LLC/ja4
	// and at https://privacycheck.sec.lrz.de/passive/fp_h2/fp_http2.html.
	ja4Chrome  = "t13d1516h2_8daaf6152771_02713d6af862"
	ja4QUIC    = "q13d0312h3_55b375c5d22e_06cda9e17597"
	ja4Firefox = "t13d1715h2_5b57614c22b0_7121afd63204"
	ja4Safari  = "t13d2014h2_a09f3c656075_14788d8d241b"
	ja4Python  = "t13d4312h1_c7886603b240_b26ce05bbdd6"
	ja4Go      = "t12d190800_d83cc789557e_7af1ed941c26"

	h2Chrome  = "1:65536;2:0;4:6291456;6:262144|15663105|0|m,a,s,p"
	h2Firefox = "1:65536;2:0;4:131072;5:16384|12517377|0|m,p,a,s"
	h2Safari  = "2:0;4:2097152;3:100;5:16384;9:1|10485760|0|m,s,p,a"
	h2Go      = "2:0;4:4194304;6:10485760|1073741824|0|a,m,p,s"

	uaEdge    = uaChrome + " Edg/141.0.0.0"
	uaMac     = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15"
	uaWebView = "Mozilla/5.0 (Linux; Android 15; Pixel 9 Build/BP1A.250505.005; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/141.0.7390.111 Mobile Safari/537.36"
	uaOldest  = "Mozilla/5.0 (Windows NT 6.1; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/70.0.3538.77 Safari/537.36"
)

// today is a day on which every row counts.
const today = networksUntil

func located(s Signals, n Network) Verdict {
	v := Judge(&s)
	n.Day = max(n.Day, today)
	v.Locate(&s, &n)
	return v
}

func hosted(as uint32) Network {
	return Network{AS: as, ProxyType: "hosting", ProxyDescription: "cloud"}
}

// webKit is what Safari sends when somebody opens a link: no Sec-Fetch-User.
func webKit(ua string) Signals {
	return with(opened(ua), func(s *Signals) { s.FetchUser = false })
}

// inApp is what an app's WebView sends for a link that the app opens in it.
func inApp(ua string) Signals { return webKit(ua) }

// The one rule that says bot: a program in a browser's name in the network of a
// company that scans mail.
func TestScannerInABrowsersName(t *testing.T) {
	for name, c := range map[string]struct {
		signals Signals
		network Network
		who     Who
	}{
		"Chrome's name":               {fetched(uaChrome), Network{AS: 26211}, WhoBot},
		"Firefox's name":              {fetched(uaFirefox), Network{AS: 30031}, WhoBot},
		"in a cloud of its own words": {fetched(uaChrome), hosted(15324), WhoBot},
		"from behind a VPN":           {fetched(uaChrome), Network{AS: 26211, ProxyType: "anonymous", ProxyDescription: "vpn"}, WhoBot},

		// The counter-examples: each lacks one of the things that the rule asks for.
		"an employee with Chrome":                        {opened(uaChrome), Network{AS: 26211}, WhoUnknown},
		"an employee with Firefox":                       {opened(uaFirefox), Network{AS: 30031}, WhoUnknown},
		"an employee with an iPhone":                     {webKit(uaIPhone), Network{AS: 26211}, WhoUnknown},
		"an employee in the WebView of Gmail or Outlook": {inApp(uaWebView), Network{AS: 30031}, WhoUnknown},
		"an employee whose proxy removes Sec-Fetch-*": {with(fetched(uaChrome), func(s *Signals) { s.AcceptLanguage = true }),
			Network{AS: 26211, JA4: ja4Go}, WhoUnknown},
		"an employee behind a proxy that the platform knows": {fetched(uaChrome), Network{AS: 26211, ProxyType: "corporate", ProxyDescription: "cloud-security"}, WhoUnknown},
		"an employee with a browser from before Sec-Fetch-*": {fetched(uaOldest), Network{AS: 26211}, WhoUnknown},
		"an employee without TLS":                            {with(fetched(uaChrome), func(s *Signals) { s.Secure = false }), Network{AS: 26211}, WhoUnknown},
		"an employee's Outlook on a desktop, link and pixel": {fetched(uaOffice), Network{AS: 26211}, WhoUnknown},
		"an employee's Thunderbird loads the images":         {fetched("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Thunderbird/140.4.0"), Network{AS: 26211}, WhoUnknown},
		"an employee's mail comes through Gmail":             {fetched(uaGmail), Network{AS: 26211}, WhoUnknown},
		"an employee has it read out": {with(fetched(uaChrome), func(s *Signals) {
			s.Bot = BotAnalysis{Analysed: true, Detected: true, Category: BotAccessibility, Name: "reader"}
		}), Network{AS: 26211}, WhoUnknown},
		"somebody acted": {with(fetched(uaChrome), func(s *Signals) { s.FetchUser = true }), Network{AS: 26211}, WhoUnknown},
		"the images of Outlook on the web, through a proxy in a cloud": {fetched(uaChrome), hosted(8075), WhoUnknown},
		"the same with the handshake of a program":                     {fetched(uaChrome), Network{AS: 8075, JA4: ja4Go, H2: h2Go}, WhoUnknown},
		"an app behind Zscaler":                                        {fetched(uaChrome), Network{AS: 62044}, WhoUnknown},
		"the network is unknown":                                       {fetched(uaChrome), Network{}, WhoUnknown},
		"an unlisted network":                                          {fetched(uaChrome), Network{AS: 3320}, WhoUnknown},
		"the row is older than its date":                               {fetched(uaChrome), Network{AS: 26211, Day: networksUntil + 1}, WhoUnknown},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.who.String(), located(c.signals, c.network).Who.String())
			require.NotEqual(t, WhoBot, Judge(&c.signals).Who, "the headers alone decide it")
		})
	}
}

// What contradicts that a person's own browser sent the request makes human
// unknown, and never bot.
func TestHumanIsDoubted(t *testing.T) {
	for name, c := range map[string]struct {
		signals Signals
		network Network
		who     Who
		reasons string
	}{
		"Chrome by script in a cloud":             {opened(uaChrome), hosted(16509), WhoUnknown, "cloud_network"},
		"Chrome by script where it scans mail":    {opened(uaChrome), Network{AS: 30031}, WhoUnknown, "scanner_network"},
		"Chrome's headers, a program's handshake": {opened(uaChrome), Network{AS: 3320, JA4: ja4Python}, WhoUnknown, "tls_mismatch"},
		"Chrome's headers, a program's HTTP/2":    {opened(uaChrome), Network{AS: 3320, H2: h2Go}, WhoUnknown, "h2_mismatch"},
		"Chrome's headers, Firefox's HTTP/2":      {opened(uaChrome), Network{AS: 3320, H2: h2Firefox}, WhoUnknown, "h2_mismatch"},

		// People who lose the word human to it, and stay people.
		"Amazon WorkSpaces with Chrome":             {opened(uaChrome), hosted(14618), WhoUnknown, "cloud_network"},
		"Windows 365 with Edge":                     {opened(uaEdge), hosted(8075), WhoUnknown, "cloud_network"},
		"a VPN's exit at a hoster with Firefox":     {opened(uaFirefox), Network{AS: 9009, ProxyType: "hosting", ProxyDescription: "vpn"}, WhoUnknown, "cloud_network,anonymous_proxy"},
		"an isolated browser of Mimecast":           {opened(uaChrome), Network{AS: 42427, JA4: ja4Chrome, H2: h2Chrome}, WhoUnknown, "scanner_network"},
		"an isolated browser of Proofpoint, on AWS": {opened(uaChrome), hosted(16509), WhoUnknown, "cloud_network"},
		"a company's proxy ends TLS 1.3":            {opened(uaEdge), Network{AS: 3320, JA4: "t12d1307h1_1f2d3a4b5c6d_aabbccddeeff"}, WhoUnknown, "tls_mismatch"},
		"Gmail's WebView on a VPN in a cloud":       {inApp(uaWebView), hosted(16276), WhoUnknown, "cloud_network"},

		// People who keep it.
		"at home":                              {opened(uaChrome), Network{AS: 3320, JA4: ja4Chrome, H2: h2Chrome}, WhoHuman, ""},
		"at home, by HTTP/3":                   {opened(uaChrome), Network{AS: 3320, JA4: ja4QUIC}, WhoHuman, ""},
		"at home with Firefox":                 {opened(uaFirefox), Network{AS: 3320, JA4: ja4Firefox, H2: h2Firefox}, WhoHuman, ""},
		"behind Zscaler":                       {opened(uaChrome), Network{AS: 62044, ProxyType: "corporate", ProxyDescription: "cloud-security"}, WhoHuman, "gateway_network"},
		"behind Netskope":                      {opened(uaEdge), Network{AS: 55256}, WhoHuman, "gateway_network"},
		"behind Netskope in a cloud":           {opened(uaEdge), Network{AS: 16509, ProxyType: "corporate", ProxyDescription: "cloud-security"}, WhoHuman, "cloud_network,gateway_network"},
		"isolated by Menlo":                    {opened(uaChrome), Network{AS: 62654}, WhoHuman, "gateway_network"},
		"Chrome behind Cloudflare's WARP":      {opened(uaChrome), Network{AS: 13335}, WhoHuman, "gateway_network"},
		"a VPN":                                {opened(uaChrome), Network{AS: 3320, ProxyType: "anonymous", ProxyDescription: "vpn"}, WhoHuman, "anonymous_proxy"},
		"Tor's browser":                        {opened(uaFirefox), Network{AS: 60729, ProxyDescription: "tor-exit"}, WhoHuman, "anonymous_proxy"},
		"a university":                         {opened(uaFirefox), Network{AS: 680, ProxyType: "edu"}, WhoHuman, ""},
		"a fingerprint of another form":        {opened(uaChrome), Network{AS: 3320, JA4: "t13d1516h2", H2: "m,a,s"}, WhoHuman, ""},
		"a browser from before Sec-Fetch-Dest": {opened(strings.Replace(uaChrome, "141", "79", 1)), Network{AS: 3320, JA4: ja4Go, H2: h2Go}, WhoHuman, ""},
		"a network whose row is too old":       {opened(uaChrome), Network{AS: 16509, Day: networksUntil + 1}, WhoHuman, "network_stale"},
		"nothing known":                        {opened(uaChrome), Network{}, WhoHuman, "not_located"},
		"a fingerprint is no place":            {opened(uaChrome), Network{JA4: ja4Chrome}, WhoHuman, "not_located"},
	} {
		t.Run(name, func(t *testing.T) {
			before := Judge(&c.signals)
			v := located(c.signals, c.network)
			require.Equal(t, c.who.String(), v.Who.String())
			want := string(before.AppendReasons(nil))
			if c.reasons != "" {
				want += "," + c.reasons
			}
			require.Equal(t, want, string(v.AppendReasons(nil)))
		})
	}
}

// Safari never says whether somebody acted. Neither the relay, nor a cloud, nor
// its fingerprints make it a bot.
func TestSafariStaysUnknown(t *testing.T) {
	for name, n := range map[string]Network{
		"iCloud Private Relay at Cloudflare": {AS: 13335, ProxyType: "consumer-privacy", ProxyDescription: "apple", JA4: ja4Safari, H2: h2Safari},
		"iCloud Private Relay at Akamai":     {AS: 36183, ProxyType: "consumer-privacy", ProxyDescription: "apple"},
		"at Akamai, by its other number":     {AS: 20940},
		"iCloud Private Relay at Fastly":     {AS: 54113},
		"a VPN's exit at a hoster":           {AS: 16276, ProxyType: "hosting", ProxyDescription: "vpn"},
		"behind Zscaler, which ends TLS":     {AS: 22616, JA4: ja4Go},
		"a Mac in a cloud":                   hosted(14618),
		"where mail is scanned":              {AS: 22843},
		"not located":                        {},
	} {
		for _, ua := range []string{uaIPhone, uaMac} {
			v := located(webKit(ua), n)
			require.Equal(t, WhoUnknown.String(), v.Who.String(), name)
			require.Zero(t, v.Reasons&(ReasonTLSMismatch|ReasonH2Mismatch), name)
		}
	}
}

// The words are all that Fastly documents:
// https://fastly.com/documentation/reference/vcl/variables/geolocation/client-geo-proxy-type
// and …/client-geo-proxy-description.
func TestPlatformWords(t *testing.T) {
	for word, want := range map[string]ReasonSet{
		"hosting": ReasonCloudNetwork, "anonymous": ReasonAnonymousProxy, "public": ReasonAnonymousProxy,
		"corporate": ReasonGatewayNetwork, "consumer-privacy": ReasonGatewayNetwork, "aol": ReasonGatewayNetwork, "blackberry": ReasonGatewayNetwork,
		"edu": 0, "transparent": 0, "vpn": 0, "unheard-of": 0,
	} {
		require.Equal(t, want, (&Network{ProxyType: word}).wordReasons(), word)
	}
	for word, want := range map[string]ReasonSet{
		"cloud": ReasonCloudNetwork, "vpn": ReasonAnonymousProxy, "tor-exit": ReasonAnonymousProxy, "tor-relay": ReasonAnonymousProxy,
		"cloud-security": ReasonGatewayNetwork, "apple": ReasonGatewayNetwork, "google": ReasonGatewayNetwork, "web-browser": ReasonGatewayNetwork,
		"dns": 0, "hosting": 0, "unheard-of": 0,
	} {
		require.Equal(t, want, (&Network{ProxyDescription: word}).wordReasons(), word)
	}
	require.Equal(t, ReasonCloudNetwork|ReasonAnonymousProxy, (&Network{ProxyType: "hosting", ProxyDescription: "vpn"}).wordReasons())
}

func TestNetworkNames(t *testing.T) {
	for as, want := range map[uint32]string{
		26211: "proofpoint", 30031: "mimecast", 15324: "barracuda", 8075: "microsoft", 16509: "aws", 62044: "zscaler", 13335: "cloudflare",
		46484: "", 52129: "", 7583: "", 397726: "mimecast", 0: "", 1: "", 3320: "", 4294967295: "",
	} {
		require.Equal(t, want, located(opened(uaChrome), Network{AS: as}).Network.String(), as)
	}
	require.Empty(t, located(opened(uaChrome), Network{AS: 26211, Day: networksUntil + 1}).Network.String(), "a row that is too old has no name")
}

// A row counts on its last day, and no longer: the clock is the request's.
func TestRowsGoStale(t *testing.T) {
	for i := range networkRows {
		r := &networkRows[i]
		for day, stale := range map[int64]bool{0: false, int64(r.until): false, int64(r.until) + 1: true, 1 << 40: true} {
			v, s := Verdict{}, Signals{}
			v.Locate(&s, &Network{AS: r.as, Day: day})
			require.Equal(t, stale, v.Reasons&ReasonNetworkStale != 0, "AS%d", r.as)
			require.Equal(t, !stale, v.Reasons&networkReasons[r.kind] != 0, "AS%d", r.as)
			require.Equal(t, stale, v.Network == 0, "AS%d", r.as)
		}
		require.LessOrEqual(t, NetworksUntil(), int64(r.until))
		require.True(t, i == 0 || networkRows[i-1].as < r.as, "not sorted")
	}
}

func TestLocateAllocatesNothing(t *testing.T) {
	for _, n := range []Network{hosted(26211), {AS: 396982, JA4: ja4Go, H2: strings.Repeat("|", 500)}, {}} {
		s := fetched(uaChrome)
		require.Zero(t, testing.AllocsPerRun(10, func() {
			v := Judge(&s)
			v.Locate(&s, &n)
		}))
	}
}

func TestOldTLS(t *testing.T) {
	for ja4, want := range map[string]bool{
		ja4Chrome: false, ja4QUIC: false, ja4Firefox: false, ja4Safari: false, ja4Python: true, ja4Go: true,
		"t13i1515h2_8daaf6152771_02713d6af862": false, "t13d190900_9dc949149365_97f8aa674fd9": true, "t13d1412h2_e33ad33b3d25_6b314db333b6": false,
		"": false, "t13d1516h2": false, "x12d1516h1_a_b": false, "t12d1516h2-a": false,
	} {
		require.Equal(t, want, oldTLS(ja4), ja4)
	}
}

func TestH2Order(t *testing.T) {
	for h2, want := range map[string]string{
		h2Chrome: "m,a,s,p", h2Firefox: "m,p,a,s", h2Safari: "m,s,p,a", h2Go: "a,m,p,s",
		"[1:65536;3:1000;4:6291456]|15663105|0|m,a,s,p|0,0,220,11": "m,a,s,p",
		"m,a,s,p": "m,a,s,p", "": "", "|||": "", "1|2|3|m,a,s": "", "1|2|3|m,m,s,p": "", "1|2|3|m;a;s;p": "", "0,1,2,3": "", "m,a,s,x": "",
	} {
		require.Equal(t, want, h2Order(h2), h2)
	}
}

// FuzzLocate: what the network says is added, and turns a verdict only by the
// rules that are written down.
func FuzzLocate(f *testing.F) {
	f.Fuzz(func(t *testing.T, ua, kind, description, ja4, h2 string, as uint32, bits uint16, day int64) {
		on := func(i int) bool { return bits>>i&1 != 0 }
		s := Signals{
			Method: "GET", UserAgent: ua, Accept: on(0), AcceptLanguage: on(1), From: on(2), FetchMetadata: on(4), FetchUser: on(5), Secure: on(6),
			Bot: BotAnalysis{Analysed: on(7), Detected: on(8), Category: BotCategory(bits >> 12)},
		}
		n := Network{Day: day, AS: as, ProxyType: kind, ProxyDescription: description, JA4: ja4, H2: h2}
		before := Judge(&s)
		v := before
		v.Locate(&s, &n)
		again := before
		again.Locate(&s, &n)
		require.Equal(t, v, again, "not deterministic")
		require.Equal(t, before.Reasons, v.Reasons&before.Reasons, "a reason is gone")
		require.Zero(t, (v.Reasons&^before.Reasons)&(ReasonNotLocated-1), "a reason of the headers has come")
		require.Equal(t, before.Agent, v.Agent)
		require.True(t, v.Network == 0 || day <= networksUntil && as != 0)
		switch {
		case before.Who == WhoBot:
			require.Equal(t, WhoBot, v.Who)
		case v.Who == WhoHuman:
			require.Equal(t, WhoHuman, before.Who)
		case before.Who == WhoHuman:
			require.Equal(t, WhoUnknown, v.Who, "human never becomes bot")
			require.NotZero(t, v.Reasons&(doubtsHuman|doubtsHumanAlone))
		case v.Who == WhoBot:
			require.NotZero(t, v.Reasons&ReasonScannerNetwork)
			require.False(t, s.FetchUser || s.FetchMetadata || s.AcceptLanguage || !s.Secure)
			require.Zero(t, v.Reasons&(ReasonGatewayNetwork|personBehind|ReasonOddUserAgent|ReasonNetworkStale))
		}
		trapped, located := before, v
		trapped.Trapped()
		trapped.Locate(&s, &n)
		located.Trapped()
		require.Equal(t, located, trapped, "Trapped before or after is the same")

		text := string(v.AppendReasons(nil))
		var read ReasonSet
		for i, name := range reasonNames {
			if slices.Contains(strings.Split(text, ","), name) {
				read |= 1 << i
			}
		}
		require.Equal(t, v.Reasons, read, text)
	})
}
