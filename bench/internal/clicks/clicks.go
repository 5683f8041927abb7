// Package clicks is the work of every guest in a run: the requests of readers,
// the sites, the e-mail service provider, and the right answers.
package clicks

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/core/signed"
	"github.com/clickedge/clickedge/core/sitesjson"
	"github.com/clickedge/clickedge/hostsim"
	"github.com/clickedge/clickedge/hostsim/wire"
)

// The hosts of the sites that are clicked.
const (
	SignedHost  = "link.example.com"
	DecodedHost = "ses.example.com"
	ProxiedHost = "cio.example.com"
	// LearnedHost is of LearnedSites alone.
	LearnedHost = "sendgrid.example.com"
)

const (
	// KeyID names Secret, which signs the links.
	KeyID  = "k1"
	Secret = "0123456789abcdef0123456789abcdef"

	shop     = "https://www.example.com/spring?utm_source=mail&utm_campaign=42"
	readerID = "cmVhZGVyNDI" // in signed links: base64url of "reader42"
)

// Kind is one kind of click.
type Kind struct {
	Name    string // one word, for files and arguments
	Title   string
	Request hostsim.Request
	// Status and Location are the right answer.
	Status   int
	Location string
	Logged   string // the code in the log line
}

// Shape varies a click. The zero value is the usual one: a short link and a
// browser's headers.
type Shape struct {
	// Destination is the length of the URL that a link leads to, in bytes; 0:
	// the usual one.
	Destination int
	// Headers is how many fields a request has beside Host; nil: those of a
	// browser.
	Headers *int
}

// Kinds returns every kind of click.
func Kinds(s Shape) ([]Kind, error) {
	to := s.destination()
	signed, err := signed.Mint(signed.Link{Host: SignedHost, KeyID: KeyID, ID: readerID, Destination: to}, []byte(Secret))
	if err != nil {
		return nil, err
	}
	target := strings.TrimPrefix(signed, "https://"+SignedHost)
	tampered := target[:len(target)-1] + "A"
	if tampered == target {
		tampered = target[:len(target)-1] + "Q"
	}
	escaped := strings.NewReplacer("/", "%2F", "?", "%3F").Replace(to)
	ses := "/CL0/" + escaped + "/1/0100" + "01a0a01d5872-5c963d3e-2a09-4018-8d07-d0f0737cf930-000000/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=452"
	proxied, err := customerIO(to)
	if err != nil {
		return nil, err
	}
	return []Kind{
		{Name: "signed", Title: "signed redirect", Request: s.request(SignedHost, target), Status: 302, Location: to, Logged: "ok"},
		{Name: "decoded", Title: "decoded redirect (SES)", Request: s.request(DecodedHost, ses), Status: 302, Location: to, Logged: "ok"},
		{Name: "proxied", Title: "proxied click", Request: s.request(ProxiedHost, proxied), Status: 302, Location: proxiedTo, Logged: "ok"},
		{Name: "refused", Title: "refused link", Request: s.request(SignedHost, tampered), Status: 403, Logged: "bad_tag"},
	}, nil
}

// LearnedKinds returns the clicks on a site that learns links, in this order:
// of the first message with a link, of the second, and of the third, which is
// the usual one: the link is known by then.
func LearnedKinds() []Kind {
	kind := func(name, title string, message byte) Kind {
		text := func(n int, c byte) string {
			return base64.RawURLEncoding.EncodeToString(bytes.Repeat([]byte{c}, n))
		}
		target := "/ss/c/u001." + text(80, 'x') + "/4uj/" + text(16, message) + "/h0/h001." + text(32, message)
		return Kind{Name: name, Title: title, Request: Shape{}.request(LearnedHost, target), Status: 302, Location: proxiedTo, Logged: "ok"}
	}
	return []Kind{
		kind("first_sight", "proxied click on a link that is noted", 'a'),
		kind("second_sight", "proxied click that makes a link known", 'b'),
		kind("learned", "proxied click on a known link", 'c'),
	}
}

// LearnedSites returns a sites.json with the site of [LearnedKinds].
func LearnedSites() []byte {
	return []byte(`{"sites": {"` + LearnedHost + `": {"esp": "sendgrid", "destinations": ["*.example.com"], "when_esp_fails": "redirect", "learn": true}}}`)
}

// NetworkKinds returns the clicks on sites whose verdict goes by the network: a
// signed and a proxied one, each as in [Kinds].
func NetworkKinds() ([]Kind, error) {
	kinds, err := Kinds(Shape{})
	if err != nil {
		return nil, err
	}
	list := []Kind{kinds[0], kinds[2]}
	for i := range list {
		list[i].Name += "_network"
		list[i].Title += ", verdict by the network"
	}
	return list, nil
}

// NetworkSites returns a sites.json with the sites of [NetworkKinds].
func NetworkSites() []byte {
	return []byte(`{"sites": {
  "` + SignedHost + `": {"esp": "customerio-eu", "destinations": ["example.com", "*.example.com"], "keys": ["` + KeyID + `"], "verdict": "network"},
  "` + ProxiedHost + `": {"esp": "customerio-eu", "destinations": ["*.example.com"], "when_esp_fails": "redirect", "verdict": "network"}
}}
`)
}

func (s Shape) destination() string {
	if s.Destination <= len(shop) {
		return shop
	}
	return shop + "&x=" + strings.Repeat("abcdefghijklmnop", s.Destination/16+1)[:s.Destination-len(shop)-3]
}

// customerIO is a click as Customer.io writes it into mail.
func customerIO(to string) (string, error) {
	href, err := json.Marshal(to)
	if err != nil {
		return "", err
	}
	payload := base64.RawURLEncoding.EncodeToString([]byte(`{"email_id":"dgTESTAAAAAA","href":` + string(href) + `,"internal":"e2ab0a00a235a335","link_id":10}`))
	return "/e/c/" + payload + "/" + strings.Repeat("0123456789abcdef", 4), nil
}

// BrowserHeaders is the number of fields beside Host of a usual click.
const BrowserHeaders = 12

// browser is what Chrome sends when a reader follows a link in a mail.
var browser = wire.NewHeader(
	"sec-ch-ua", `"Chromium";v="140", "Not=A?Brand";v="24", "Google Chrome";v="140"`,
	"sec-ch-ua-mobile", "?0",
	"sec-ch-ua-platform", `"Windows"`,
	"upgrade-insecure-requests", "1",
	"user-agent", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
	"accept", "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8",
	"sec-fetch-site", "cross-site",
	"sec-fetch-mode", "navigate",
	"sec-fetch-user", "?1",
	"sec-fetch-dest", "document",
	"accept-encoding", "gzip, deflate, br, zstd",
	"accept-language", "en-GB,en;q=0.9",
)

func (s Shape) request(host, target string) hostsim.Request {
	return hostsim.Request{Method: "GET", Host: host, Target: target, Header: s.header()}
}

func (s Shape) header() wire.Header {
	if s.Headers == nil {
		return browser.Clone()
	}
	h := browser.Clone()[:min(*s.Headers, len(browser))]
	for len(h) < *s.Headers {
		h = append(h, wire.Field{Name: fmt.Sprintf("x-request-field-%02d", len(h)), Value: "some value of usual length"})
	}
	return h
}

// SignedText is the text that the tag of a signed link signs: the link up to
// its last dot.
func SignedText(k *Kind) string {
	link := "https://" + k.Request.Host + k.Request.Target
	return link[:strings.LastIndexByte(link, '.')]
}

// Check says what is wrong with an answer; "" if nothing.
func (k *Kind) Check(resp *hostsim.Response, x *hostsim.Exchange) string {
	location, _ := resp.Header.Get("location")
	switch {
	case !x.Ending.OK():
		return fmt.Sprintf("guest %s: %s %s", x.Ending, x.Ending.Message, x.Stderr)
	case resp.Status != k.Status:
		return fmt.Sprintf("status %d, want %d", resp.Status, k.Status)
	case location != k.Location:
		return fmt.Sprintf("location %q, want %q", location, k.Location)
	}
	return ""
}

// CheckLogged is Check for a guest that also writes the click log.
func (k *Kind) CheckLogged(resp *hostsim.Response, x *hostsim.Exchange) string {
	if wrong := k.Check(resp, x); wrong != "" {
		return wrong
	}
	if len(x.Logs) != 1 || !strings.Contains(x.Logs[0].Line, `"code":"`+k.Logged+`"`) {
		return fmt.Sprintf("log %v, want one line with code %q", x.Logs, k.Logged)
	}
	return ""
}

// Sites returns a sites.json with n sites: those that are clicked, and others
// before and after them by name. One site is that of signed links only.
func Sites(n int) []byte { return sites(n, 0) }

// SitesWithAll returns a sites.json with n sites, 1 or as [Sites] has them, each
// with what takes room beside its ESP: two further ESPs, one of them retired,
// links that are learned, and recalls.
func SitesWithAll(n int) []byte { return sites(n, 1) }

// members of a site, plain and with all.
var (
	besideCustomerIO = [...]string{"", `, "also": [{"esp": "sendgrid", "learn": true}, {"esp": "ses-eu-west-1", "retired": true}], ` + recalls}
	besideSES        = [...]string{"", `, "also": [{"esp": "sendgrid", "learn": true}, {"esp": "customerio-eu", "retired": true}], ` + recalls}
	besideSendGrid   = [...]string{"", `, "learn": true, "also": [{"esp": "customerio-eu"}, {"esp": "ses-eu-west-1", "retired": true}], ` + recallsOf("example.net")}
	recalls          = recallsOf("example.com")
)

// recallsOf are rules that no click of ours meets.
func recallsOf(domain string) string {
	return `"recalls": [{"from": "https://shop.` + domain + `/sale?code=WRONG", "to": "https://shop.` + domain + `/sale"}, {"from": "https://shop.` + domain + `/vip/*", "gone": true}], "unsubscribes": "https://preferences.` + domain + `"`
}

func sites(n, all int) []byte {
	var b bytes.Buffer
	b.WriteString(`{"sites": {
  "` + SignedHost + `": {"esp": "customerio-eu", "destinations": ["example.com", "*.example.com"], "keys": ["` + KeyID + `"], "home": "https://www.example.com/"` + besideCustomerIO[all] + `}`)
	if n > 1 {
		b.WriteString(`,
  "` + DecodedHost + `": {"esp": "ses-us-east-1", "destinations": ["*.example.com"], "clicks": "redirect", "count": false` + besideSES[all] + `},
  "` + ProxiedHost + `": {"esp": "customerio-eu", "destinations": ["*.example.com"], "when_esp_fails": "redirect"` + besideCustomerIO[all] + `}`)
	}
	for i := len(own); i < n; i++ {
		fmt.Fprintf(&b, ",\n  \"link%06d.example.net\": {\"esp\": \"sendgrid\", \"destinations\": [\"example.net\", \"*.example.net\"], \"home\": \"https://www.example.net/\"%s}", i, besideSendGrid[all])
	}
	b.WriteString("\n}}\n")
	return b.Bytes()
}

// own are the sites that Sites has, unless it has one.
var own = [...]string{SignedHost, DecodedHost, ProxiedHost}

const proxiedTo = "https://www.example.com/from-the-esp"

// Answer is how the ESP answers a proxied click, as Customer.io does.
func Answer() (status int, header wire.Header) {
	return http.StatusFound, wire.NewHeader("location", proxiedTo, "cache-control", "max-age=0, private, must-revalidate",
		"content-type", "text/html; charset=utf-8", "x-request-id", "0123456789abcdef")
}

// ESP answers with [Answer].
func ESP(w http.ResponseWriter, _ *http.Request) {
	status, header := Answer()
	for _, f := range header {
		w.Header().Set(f.Name, f.Value)
	}
	w.WriteHeader(status)
}

// Environment is what a guest's environment holds, in a host other than the
// simulator: the same names in the same order.
func Environment() [][2]string {
	const zeros = "0000000000000000000000"
	return [][2]string{{"FASTLY_CACHE_GENERATION", "0"}, {"FASTLY_CUSTOMER_ID", zeros}, {"FASTLY_POP", "XXX"},
		{"FASTLY_REGION", "Somewhere"}, {"FASTLY_SERVICE_ID", zeros}, {"FASTLY_SERVICE_VERSION", "7"},
		{"FASTLY_HOSTNAME", "localhost"}, {"FASTLY_IS_STAGING", "0"}, {"FASTLY_TRACE_ID", strings.Repeat("0", 31) + "1"}}
}

// Config is the service that guests run in: the backends of the sites, answered
// in process, and the secret.
func Config(sitesJSON []byte) (hostsim.Config, error) {
	sites, err := sitesjson.Parse("sites.json", sitesJSON)
	if err != nil {
		return hostsim.Config{}, err
	}
	cfg := hostsim.Config{
		Backends:     map[string]hostsim.Backend{},
		ConfigStores: map[string]map[string]string{contract.ConfigStore: {}},
		SecretStores: map[string]map[string][]byte{contract.SecretStore: {KeyID: []byte(Secret)}},
		KVStores:     map[string]map[string]hostsim.KVEntry{contract.LinkStore: {}},
		Env:          map[string]string{"FASTLY_SERVICE_VERSION": "7"},
		Scheme:       "https",
		// As the platform tells a browser's; only clicks of NetworkKinds ask.
		H2Fingerprint: "1:65536;2:0;4:6291456;6:262144|15663105|0|m,a,s,p",
	}
	for _, o := range sites.Origins() {
		cfg.Backends[o.Backend] = hostsim.Backend{Handler: http.HandlerFunc(ESP)}
	}
	return cfg, nil
}
