package follow_test

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/core/signed"
	"github.com/clickedge/clickedge/core/sitesjson"
	"github.com/clickedge/clickedge/deploy/follow"
	"github.com/clickedge/clickedge/deploy/origins"
	"github.com/clickedge/clickedge/deploy/probe"
	"github.com/clickedge/clickedge/hostsim/wire"
)

const sitesJSON = `{"sites": {
  "link.example.com": {"esp": "customerio-eu", "destinations": ["shop.example.com"]},
  "mg.example.com": {"esp": "mailgun", "destinations": ["shop.example.com"]},
  "ses.example.com": {"esp": "ses-eu-west-1"},
  "several.example.com": {"esp": "mailgun", "also": [{"esp": "iterable"}]},
  "many.example.com": {"esp": "customerio-eu", "also": [{"esp": "sparkpost", "retired": true}, {"esp": "mailgun"}], "destinations": ["shop.example.com"]},
  "px.example.com": {"esp": "none", "keys": ["k1"], "destinations": ["shop.example.com"]}
}}`

// web stands for all hosts but the ESPs', over https and http; it answers by
// host and target.
type web struct {
	fleet  *origins.Fleet
	sites  *core.Sites
	client *probe.Client

	mu    sync.Mutex
	asked []string
	heads []wire.Header
}

// answers are by "host/target": a Location, or "status field: value|field:
// value|body".
type answers map[string]string

func newWeb(t *testing.T, a answers) *web {
	t.Helper()
	w := &web{}
	var err error
	w.sites, err = sitesjson.Parse("sites.json", []byte(sitesJSON))
	require.NoError(t, err)
	w.fleet, err = origins.Start(w.sites.Origins(), origins.Options{Landing: []string{"shop.example.com"}})
	require.NoError(t, err)
	t.Cleanup(func() { w.fleet.Close() })
	cert, err := w.fleet.Certificate("*.example.com", "*.example.net", "sendgrid.net")
	require.NoError(t, err)
	secure := w.listen(t, a, &tls.Config{Certificates: []tls.Certificate{cert}})
	landing, plain := w.fleet.LandingAddr()
	w.client = &probe.Client{Roots: w.fleet.CA(), Via: map[string]string{
		"": secure, "plain.example.com": w.listen(t, a, nil), "shop.example.com": landing, "shop.example.com:80": plain,
		"mg.example.com": w.fleet.Addr("mailgun"), "ses.example.com": w.fleet.Addr("ses-eu-west-1"),
	}}
	return w
}

func (w *web) listen(t *testing.T, a answers, config *tls.Config) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &wire.Server{TLSConfig: config, Handler: http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		key := r.Host + r.RequestURI
		w.mu.Lock()
		w.asked, w.heads = append(w.asked, r.Method+" "+key), append(w.heads, wire.RawHeader(r).Clone())
		w.mu.Unlock()
		a.answer(rw, key)
	})}
	go s.Serve(ln)
	t.Cleanup(func() { s.Close() })
	return ln.Addr().String()
}

func (a answers) answer(rw http.ResponseWriter, key string) {
	text, ok := a[key]
	if !ok {
		text = "404"
	}
	parts := strings.Split(text, "|")
	status, err := strconv.Atoi(parts[0])
	if err != nil {
		status, parts = 302, []string{"", "Location: " + text}
	}
	header, body := wire.Header{}, ""
	for _, p := range parts[1:] {
		if name, value, ok := strings.Cut(p, ": "); ok && wire.ValidName(name) {
			header.Add(name, value)
		} else {
			body += p
		}
	}
	header.Set("Content-Length", strconv.Itoa(len(body)))
	_ = rw.(wire.HeadWriter).WriteHead(status, header)
	_, _ = rw.Write([]byte(body))
}

func (w *web) walk(t *testing.T, url string, change func(*follow.Options)) *follow.Result {
	t.Helper()
	opt := follow.Options{Client: w.client, Sites: w.sites, CountClick: true}
	if change != nil {
		change(&opt)
	}
	r, err := follow.Walk(t.Context(), url, opt)
	require.NoError(t, err)
	require.NotEmpty(t, r.Hops)
	return r
}

func codes(r *follow.Result) (list []string) {
	for _, h := range r.Hops {
		for _, n := range h.Notes {
			list = append(list, n.Code)
		}
	}
	return list
}

const (
	// A Customer.io link to https://shop.example.com/a?b=1&c=2, from old mail.
	cioLink = "/e/c/eyJlbWFpbF9pZCI6ImRnVEVTVEFBQUFBQSIsImhyZWYiOiJodHRwczovL3Nob3AuZXhhbXBsZS5jb20vYT9iPTFcdTAwMjZjPTIiLCJpbnRlcm5hbCI6ImUyYWIwYTAwYTIzNWEzMzUiLCJsaW5rX2lkIjoxMH0"
	cioDest = "https://shop.example.com/a?b=1&c=2"
)

func TestWalkArrives(t *testing.T) {
	w := newWeb(t, answers{"link.example.com" + cioLink: "302|Location: " + cioDest + "|Cache-Control: no-store"})
	r := w.walk(t, "https://link.example.com"+cioLink, nil)
	require.Equal(t, follow.Arrived, r.End)
	require.True(t, r.OK(), "%v", r.Hops[0].Notes)
	require.Len(t, r.Hops, 2)
	first, last := r.Hops[0], r.Hops[1]
	require.Equal(t, "customerio", first.Is.Family)
	require.Equal(t, "click", first.Is.Kind)
	require.True(t, first.Is.Site)
	require.Equal(t, 302, first.Status)
	require.Equal(t, cioDest, first.Location)
	require.Equal(t, []string{"Cache-Control: no-store"}, first.Caching)
	require.Equal(t, 29, first.Certificate.DaysLeft)
	require.Positive(t, first.Times.TLS)
	require.Equal(t, "other", last.Is.Kind)
	require.Equal(t, 200, last.Status)
	require.Equal(t, &follow.Promise{Said: cioDest, Got: cioDest, Kept: true, How: "the redirect is what the link says, byte for byte"}, r.Promise)
	require.Equal(t, []string{"GET link.example.com" + cioLink}, w.asked)
}

// Stand-ins of ESPs, requested directly: one whose origin speaks http, and one
// with its own certificate.
func TestWalkESP(t *testing.T) {
	w := newWeb(t, nil)
	for _, l := range w.fleet.Links(w.sites.Lookup("mg.example.com")) {
		if l.Kind != esp.KindClick {
			continue
		}
		r := w.walk(t, "http://mg.example.com"+l.Target, nil)
		require.Equal(t, follow.Arrived, r.End, r.Problem)
		require.True(t, r.Promise.Kept)
		require.Equal(t, l.Destination, r.Final)
	}
	r := w.walk(t, "https://ses.example.com/favicon.ico", nil)
	require.Equal(t, follow.Unanswered, r.End)
	require.Contains(t, codes(r), "esp-certificate")
	require.Contains(t, r.Problem, "a browser stops here with a warning")
}

// What is never requested, and what is requested only with CountClick.
func TestWalkRefuses(t *testing.T) {
	id, err := signed.EncodeID([]byte("reader 7"))
	require.NoError(t, err)
	mint := func(l signed.Link) string {
		l.Host, l.KeyID = "px.example.com", "k1"
		url, err := signed.Mint(l, []byte(strings.Repeat("k", 32)))
		require.NoError(t, err)
		return url
	}
	for name, c := range map[string]struct {
		url string
		end follow.End
	}{
		"a click":                        {"https://link.example.com" + cioLink, follow.NeedsConsent},
		"an open of one of several":      {"https://several.example.com/u/o?_t=a", follow.NeedsConsent},
		"an unsubscribe beside it":       {"https://several.example.com/u/dW5zdWItdG9rZW4", follow.Unsubscribe},
		"an open":                        {"https://link.example.com/e/o/eyJlbWFpbF9pZCI6ImRnVEVTVEFBQUFBQT09In0=", follow.NeedsConsent},
		"a click on an unknown host":     {"https://other.example.com/ls/click?upn=u001.AAECAwQF", follow.NeedsConsent},
		"an app's link":                  {"https://other.example.com/uni/ls/click?upn=u001.AAECAwQF", follow.NeedsConsent},
		"a signed link":                  {mint(signed.Link{Destination: "https://shop.example.com/"}), follow.NeedsConsent},
		"a signed pixel":                 {mint(signed.Link{Pixel: true, ID: id}), follow.NeedsConsent},
		"a token of an unknown form":     {"https://other.example.com/r/a8fK20sLq93mZpQx71Rt55Yw", follow.NeedsConsent},
		"a loose form":                   {"https://other.example.com/o/b3Blbi10b2tlbg", follow.NeedsConsent},
		"an unsubscribe":                 {"https://link.example.com/unsubscribe/dgTESTAAAAAAgHgG", follow.Unsubscribe},
		"SendGrid's":                     {"https://other.example.com/asm/unsubscribe/?user_id=1", follow.Unsubscribe},
		"Mailgun's, of a loose form":     {"https://other.example.com/u/dW5zdWItdG9rZW4", follow.Unsubscribe},
		"Iterable's":                     {"https://other.example.com/u/unsubscribe?_t=a", follow.Unsubscribe},
		"one that only says so":          {"https://other.example.com/list?action=Unsub%73cribe", follow.Unsubscribe},
		"in another language":            {"https://other.example.com/newsletter/abmelden", follow.Unsubscribe},
		"a click that leads to one":      {mint(signed.Link{Destination: "https://shop.example.com/optout?u=1"}), follow.Unsubscribe},
		"one on a host without a family": {"https://px.example.com/unsubscribe", follow.Unsubscribe},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWeb(t, nil)
			r := w.walk(t, c.url, func(o *follow.Options) { o.CountClick = false })
			require.Equal(t, c.end, r.End)
			require.False(t, r.OK())
			require.Empty(t, w.asked)
			require.False(t, r.Hops[0].Asked)
			if c.end == follow.Unsubscribe {
				require.Equal(t, follow.Unsubscribe, w.walk(t, c.url, nil).End, "not even where a click may be counted")
				require.Empty(t, w.asked)
			}
		})
	}
}

func TestWalkStopsOnTheWay(t *testing.T) {
	w := newWeb(t, answers{
		"a.example.com/":                 "https://b.example.net/wf/unsubscribe?upn=u001.AAECAwQF",
		"a.example.com/count":            "https://link.example.com" + cioLink,
		"a.example.com/shoes":            "https://b.example.net/c/shoes",
		"b.example.net/c/shoes":          "200",
		"a.example.com/loop":             "https://b.example.net/loop",
		"b.example.net/loop":             "https://a.example.com/loop#again",
		"a.example.com/inside":           "http://10.0.0.1/latest/meta-data",
		"a.example.com/mail":             "mailto:help@example.com",
		"a.example.com/nowhere":          "https://",
		"a.example.com/gone":             "410",
		"a.example.com/1":                "/2",
		"a.example.com/2":                "/3",
		"a.example.com/3":                "/4",
		"a.example.com/cookie":           "302|Location: /cookie|Set-Cookie: seen=1",
		"a.example.com/none":             "302|no location",
		"a.example.com/list-unsubscribe": "200",
	})
	careful := func(o *follow.Options) {
		o.CountClick = false
		o.Client = &probe.Client{Roots: w.fleet.CA(), Via: map[string]string{"a.example.com": w.client.Via[""], "b.example.net": w.client.Via[""]}}
		o.Max = 2
	}
	for path, c := range map[string]struct {
		end  follow.End
		hops int
	}{
		"/":        {follow.Unsubscribe, 2},
		"/count":   {follow.NeedsConsent, 2},
		"/shoes":   {follow.Arrived, 2}, // Mailgun's form, but the page of a shop
		"/loop":    {follow.Looped, 3},
		"/inside":  {follow.Private, 2},
		"/mail":    {follow.LeftWeb, 1},
		"/nowhere": {follow.BadLocation, 1},
		"/gone":    {follow.Failed, 1},
		"/1":       {follow.TooMany, 4},
		"/cookie":  {follow.Looped, 3}, // once more with the cookie, as a browser would
		"/none":    {follow.Arrived, 1},
	} {
		r := w.walk(t, "https://a.example.com"+path, careful)
		require.Equal(t, c.end, r.End, "%s: %s", path, r.Problem)
		require.Len(t, r.Hops, c.hops, path)
		require.Equal(t, c.end == follow.Arrived, r.Problem == "", path)
	}
	for _, asked := range w.asked {
		require.NotContains(t, asked, "unsub")
		require.NotContains(t, asked, "/e/c/")
	}
}

func TestWalkNotes(t *testing.T) {
	sendgrid := "/ls/click?upn=u001.AAECAwQF"
	w := newWeb(t, answers{
		"a.example.com" + sendgrid:          "301|Location: http://plain.example.com/x?y|X-Cache: Hit from cloudfront|Age: 40|Cache-Control: public, max-age=300",
		"plain.example.com/x?y":             "https://plain.example.com/",
		"a.example.com/odd":                 `https://b.example.net\a b`,
		"b.example.net/a%20b":               `200|Content-Type: text/html; charset=utf-8|<html><head><META content="0; URL='https://c.example.net/'" http-equiv=refresh><script>if (x) window.location.replace("https://d.example.net/")</script>`,
		"a.example.com/port":                "https://b.example.net:8443/",
		"b.example.net:8443/":               "200|Refresh: 0; url=/x|Set-Cookie: a=1; Domain=example.net|Strict-Transport-Security: max-age=1; includeSubDomains",
		"a.example.com/two":                 "302|Location: /odd2|Location: /odd3",
		"a.example.com/esp":                 "https://sendgrid.net/",
		"sendgrid.net/":                     "200|Set-Cookie: a=1|Strict-Transport-Security: max-age=1",
		"a.example.com/other":               "https://px.example.com/",
		"px.example.com/":                   "200",
		"a.example.com/nolocation":          "302|x",
		"link.example.com/e/c/x":            "200|X-Amz-Ses-Region: us-east-1",
		"ses2.example.com/I0/010001a0a01d5": "200",
	})
	for path, want := range map[string][]string{
		sendgrid:      {"permanent", "from-a-store", "may-be-stored", "to-http"},
		"/odd":        {"location-read-differently", "other-brand", "meta-refresh", "script-redirect"},
		"/port":       {"port", "other-brand", "wide-cookie", "hsts-below", "refresh"},
		"/two":        {"two-locations"},
		"/esp":        {"bare-esp", "cookie", "hsts"},
		"/other":      {"other-link-domain"},
		"/nolocation": {"no-location"},
	} {
		r := w.walk(t, "https://a.example.com"+path, nil)
		require.Subset(t, codes(r), want, path)
	}
	late := w.walk(t, "https://a.example.com/other", func(o *follow.Options) {
		o.Now = func() time.Time { return time.Now().Add(20 * 24 * time.Hour) }
	})
	require.Contains(t, codes(late), "certificate-expires")
}

// A redirect from http to https that drops the link's path or query.
func TestWalkTargetLost(t *testing.T) {
	for location, says := range map[string]string{
		"https://plain.example.com/":                         "the path is gone",
		"https://plain.example.com/ls/click":                 "the query is gone",
		"https://plain.example.com/ls/click?upn=u001.AA%2BB": "the query is another",
		"https://plain.example.com/ls%2Fclick?upn=u001.AA+B": "the path was decoded or encoded",
	} {
		w := newWeb(t, answers{"plain.example.com/ls/click?upn=u001.AA+B": location})
		r := w.walk(t, "http://plain.example.com/ls/click?upn=u001.AA+B", nil)
		require.Subset(t, codes(r), []string{"to-https", "target-changed"}, location)
		require.Contains(t, r.Hops[0].Notes[len(r.Hops[0].Notes)-1].Text, says)
	}
}

func TestWalkPromise(t *testing.T) {
	for location, c := range map[string]struct {
		kept bool
		how  string
	}{
		cioDest:                              {true, "the redirect is what the link says, byte for byte"},
		cioDest + "&utm_source=mail":         {true, "the page in the link, with parameters added to its query"},
		"https://SHOP.example.com/a?b=1&c=2": {true, "the destination in the link, as a browser writes it"},
		"https://shop.example.com/a?b=1":     {false, "the page in the link, but its query is another"},
		"https://shop.example.com/":          {false, "another page on the host in the link"},
		"https://a.example.com/":             {false, "the walk never came to the host in the link"},
	} {
		w := newWeb(t, answers{"link.example.com" + cioLink: location, "a.example.com/": "200"})
		r := w.walk(t, "https://link.example.com"+cioLink, nil)
		require.Equal(t, follow.Arrived, r.End)
		require.Equal(t, c.kept, r.Promise.Kept, location)
		require.Equal(t, c.how, r.Promise.How, location)
		require.Equal(t, c.kept, r.OK(), location)
	}
}

// A cookie goes back to the host that set it and nowhere else.
func TestWalkCookies(t *testing.T) {
	w := newWeb(t, answers{
		"a.example.com/":     "302|Location: /2|Set-Cookie: id=secret; Domain=example.com; Path=/|Set-Cookie: b=1|Set-Cookie: id=newer",
		"a.example.com/2":    "https://b.example.com/",
		"b.example.com/":     "http://plain.example.com/",
		"plain.example.com/": "200",
	})
	r := w.walk(t, "https://a.example.com/", nil)
	require.Equal(t, follow.Arrived, r.End)
	require.Len(t, w.heads, 4)
	require.Equal(t, []string{"b=1; id=newer"}, w.heads[1].Values("Cookie"))
	for _, i := range []int{0, 2, 3} {
		require.False(t, w.heads[i].Has("Cookie"), "hop %d", i+1)
		require.False(t, w.heads[i].Has("Referer"))
	}
}

func TestWalkHeadAndFamily(t *testing.T) {
	w := newWeb(t, answers{"a.example.com/c/x": "https://shop.example.com/"})
	r := w.walk(t, "https://a.example.com/c/x", func(o *follow.Options) { o.Head, o.Family, o.UserAgent = true, esp.FamilyMailgun, "mail" })
	require.Equal(t, follow.Arrived, r.End)
	require.Equal(t, "mailgun", r.Hops[0].Is.Family)
	require.NotEmpty(t, r.Hops[0].Is.Doubt)
	require.Equal(t, []string{"HEAD a.example.com/c/x"}, w.asked)
	agent, _ := w.heads[0].Get("User-Agent")
	require.Equal(t, "mail", agent)
}

// A walk that is cancelled says so and requests nothing more.
func TestWalkBrokenOff(t *testing.T) {
	w := newWeb(t, answers{"a.example.com/": "/2", "a.example.com/2": "200"})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r, err := follow.Walk(ctx, "https://a.example.com/", follow.Options{Client: w.client})
	require.NoError(t, err)
	require.Equal(t, follow.Unanswered, r.End)
	require.Len(t, r.Hops, 1)
	require.Empty(t, w.asked)
}

func TestWalkNoURL(t *testing.T) {
	for _, url := range []string{"", "mailto:a@example.com", "https://", "https://a b/"} {
		_, err := follow.Walk(t.Context(), url, follow.Options{})
		require.ErrorContains(t, err, "not the address of a link: ", url)
	}
}

// On a host with several ESPs a link is read as that of the ESP whose form it
// has; a path that is no link is none, whatever other pages have it.
func TestSeveralESPs(t *testing.T) {
	w := newWeb(t, answers{})
	for target, family := range map[string]string{"/c/eJwDAAAAAAE": "mailgun", "/f/a/b/c/d~~": "sparkpost", "/e/c/eyJ9": "customerio", "/shoes": ""} {
		r := w.walk(t, "https://many.example.com"+target, nil)
		require.Equal(t, family, r.Hops[0].Is.Family, target)
	}
}
