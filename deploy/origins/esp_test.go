package origins

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/hostsim/wire"
)

const shop = "https://shop.example.com/a?b=1&c=2"

func signedFor(host string) string {
	path := customerIOPath(shop)
	return path + "/" + signCustomerIO(host, path)
}

func TestCustomerIOSignature(t *testing.T) {
	const dummy = "/0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	path := customerIOPath(shop)
	for name, tc := range map[string]struct {
		host, target string
		opt          Options
		status       int
		refusal      string
	}{
		"its host":                      {branded, signedFor(branded), Options{}, 302, ""},
		"its host, with port and case":  {"Link.Example.Com:443", signedFor(branded), Options{}, 302, ""},
		"its host, with a query after":  {branded, signedFor(branded) + "?utm=1", Options{}, 302, ""},
		"another host":                  {"other.example.com", signedFor(branded), Options{}, 403, customerIOBadSignature},
		"host overridden":               {"track-eu.customer.io", signedFor(branded), Options{}, 403, customerIOBadToken},
		"host overridden, signed for":   {"track-eu.customer.io", signedFor("track-eu.customer.io"), Options{}, 403, customerIOBadToken},
		"host not known to the ESP":     {branded, signedFor(branded), Options{Branded: []string{"go.example.org"}}, 403, customerIOBadToken},
		"host known to the ESP":         {branded, signedFor(branded), Options{Branded: []string{"go.example.org", "LINK.example.com"}}, 302, ""},
		"unsigned, old mail":            {branded, path, Options{}, 302, ""},
		"empty signature":               {branded, path + "/", Options{}, 403, customerIOBadSignature},
		"cut signature":                 {branded, signedFor(branded)[:len(signedFor(branded))-2], Options{}, 403, customerIOBadSignature},
		"dummy signature":               {branded, path + dummy, Options{}, 403, customerIOBadSignature},
		"dummy signature, taken":        {branded, path + dummy, Options{AcceptAnySignature: true}, 302, ""},
		"dummy signature, no hex":       {branded, path + strings.Replace(dummy, "f", "x", 1), Options{AcceptAnySignature: true}, 403, customerIOBadSignature},
		"dummy signature, host changed": {"track-eu.customer.io", path + dummy, Options{AcceptAnySignature: true}, 403, customerIOBadToken},
		"damaged payload":               {branded, "/e/c/eyJlbWFpb", Options{}, 400, ""},
		"payload without href":          {branded, "/e/c/" + encode64(`{"email_id":"x"}`), Options{}, 400, ""},
		"unknown path":                  {branded, "/nothing", Options{}, 404, ""},
	} {
		t.Run(name, func(t *testing.T) {
			f := start(t, tc.opt)
			a := call(t, f, "customerio-eu", ask{target: tc.target, host: tc.host})
			require.Equal(t, tc.status, a.status)
			if tc.status == 403 {
				require.Equal(t, tc.refusal+"\n", a.body)
			}
			require.Equal(t, tc.status == 302, a.get("Location") == shop, a.get("Location"))
		})
	}
}

func TestCustomerIOHealth(t *testing.T) {
	f := start(t, Options{Branded: []string{"go.example.org"}})
	a := call(t, f, "customerio-eu", ask{target: "/health", host: "track-eu.customer.io"})
	require.Equal(t, 200, a.status)
	require.Equal(t, "{}", a.body)
	require.Equal(t, "application/json", a.get("Content-Type"))
}

// The fields that an ESP sends with Location, or omits.
func TestRedirectFields(t *testing.T) {
	f := start(t, Options{})
	for backend, want := range map[string]struct {
		status                int
		cache, server, cookie string
	}{
		"customerio-eu": {302, "", "", "standin_visit=1"},
		"sendgrid":      {302, "no-store", "", ""},
		"sparkpost":     {302, "no-store", "msys-http", "standin_visit=1"},
		"ses":           {302, "", "", "standin_visit=1"},
		"mailgun":       {302, "no-store", "", ""},
		"mandrill":      {302, "no-store", "", ""},
		"mailjet":       {307, "no-store", "", ""},
		"postmark":      {302, "no-store", "", ""},
		"iterable":      {303, "", "", "iterableEmailCampaignId=1001"},
		"mautic":        {302, "", "", "mautic_device_id=standin0000000000000000"},
		"listmonk":      {307, "", "", ""},
	} {
		t.Run(backend, func(t *testing.T) {
			link := f.Links(&core.Site{Host: branded, Origin: originOf(t, backend)})[0]
			for _, method := range []string{"GET", "HEAD"} {
				a := call(t, f, backend, ask{method: method, target: link.Target})
				require.Equal(t, want.status, a.status)
				require.Equal(t, want.cache, a.get("Cache-Control"))
				require.Equal(t, want.server, a.get("Server"))
				cookie, _, _ := strings.Cut(a.get("Set-Cookie"), ";")
				require.Equal(t, want.cookie, cookie)
				require.Equal(t, link.Destination, a.get("Location"))
			}
		})
	}
}

func TestMethods(t *testing.T) {
	f := start(t, Options{})
	for backend, target := range map[string]string{"sendgrid": "/ls/click?upn=x", "ses": "/favicon.ico", "customerio-eu": "/e/o/x"} {
		a := call(t, f, backend, ask{method: "POST", target: target, body: "x"})
		require.Equal(t, 405, a.status, backend)
		require.Equal(t, "GET, HEAD", a.get("Allow"))
	}
	a := call(t, f, "custom", ask{method: "PATCH", target: "/x?y=%", body: "z"})
	require.Equal(t, "10.1.2.3 got PATCH /x?y=%\n", a.body)
}

func TestSESHost(t *testing.T) {
	f := start(t, Options{Branded: []string{branded}})
	links := f.Links(&core.Site{Host: branded, Origin: originOf(t, "ses")})
	for _, l := range links {
		for _, host := range []string{"other.example.com", "r.eu-west-1.awstrack.me"} {
			want := 302
			switch {
			case strings.HasPrefix(l.Target, "/C"):
				want = 403
			case l.Kind == esp.KindHealth:
				want = 200
			}
			require.Equal(t, want, call(t, f, "ses", ask{target: l.Target, host: host}).status, l.Name)
		}
	}
}

func TestSESHealth(t *testing.T) {
	f := start(t, Options{})
	a := call(t, f, "ses", ask{method: "HEAD", target: "/favicon.ico"})
	require.Equal(t, 200, a.status)
	require.Equal(t, "eu-west-1", a.get("x-amz-ses-region"))
	require.Equal(t, "https", a.get("x-amz-ses-request-protocol"))
	require.Empty(t, a.body)
	require.Equal(t, "mail.example.org", regionOf("mail.example.org"))
}

func TestSESHeaderBytes(t *testing.T) {
	f := start(t, Options{})
	host := len("Host") + len(branded) + 4
	for over, status := range map[int]int{0: 200, 1: 400} {
		cookie := strings.Repeat("c", sesHeaderBytes-host-len("Cookie")-4+over)
		a := call(t, f, "ses", ask{target: "/favicon.ico", fields: wire.Header{{Name: "Cookie", Value: cookie}}})
		require.Equal(t, status, a.status)
	}
}

func TestSESReading(t *testing.T) {
	f := start(t, Options{})
	const tail = "/1/010201a0a01d5872-5c963d3e-2a09-4018-8d07-d0f0737cf930-000000" + sesSignature
	for target, location := range map[string]string{
		"/CL0/https:%2F%2Fa.example%2F%7C|\"^{}%5C%2520" + tail: `https://a.example/||"^{}\%20`,
		"/CL0/https:%2F%2Fa.example%2F%0D%0AX:%201" + tail:      "https://a.example/%0D%0AX:%201",
		"/CL0/https:%2F%2Fa.example%2Fcaf%C3%A9" + tail:         "https://a.example/caf\xc3\xa9",
		"/CL0/https:%2F%2Fa.example%2F?raw=1" + tail:            "https://a.example/?raw=1",
		"/CL0/https:%2F%2Fa.example%2F" + tail + "?utm=1":       "https://a.example/",
		"/CL0/https:%2F%2Fa.example%2F%" + tail:                 "",
		"/CL0/https:%2F%2Fa.example%2F/1/notamessage/sig=1":     "",
	} {
		a := call(t, f, "ses", ask{target: target})
		require.Equal(t, location, a.get("Location"), target)
		require.Equal(t, location == "", a.status/100 == 4, target)
	}
}

func TestSparkPostHost(t *testing.T) {
	f := start(t, Options{Branded: []string{branded}})
	click := "/f/a/" + sparkPostMAC + sparkPostPayload(shop)
	for name, tc := range map[string]struct {
		host, forwarded, target string
		status                  int
	}{
		"host":              {branded, "", click, 302},
		"forwarded host":    {"spgo.io", branded, click, 302},
		"both wrong":        {"spgo.io", "other.example.com", click, 404},
		"neither":           {"spgo.io", "", click, 404},
		"health of no host": {"spgo.io", "", sparkPostHealth, 302},
		"cut link":          {branded, "", "/f/a/b/c", 404},
	} {
		t.Run(name, func(t *testing.T) {
			q := ask{target: tc.target, host: tc.host}
			if tc.forwarded != "" {
				q.fields.Add("x-forwarded-host", tc.forwarded)
			}
			a := call(t, f, "sparkpost", q)
			require.Equal(t, tc.status, a.status)
			require.Equal(t, "msys-http", a.get("Server"))
		})
	}
}

func TestSparkPostTagStream(t *testing.T) {
	stream := func(bytes string) (string, bool) { return readSparkPost(tilde64([]byte(bytes))) }
	for name, bytes := range map[string]string{
		"length form 3":         "\xc4\x01x",
		"no length byte":        "\x44",
		"one length byte":       "\x84\x01",
		"value cut":             "\x44\x20https://a.example/",
		"rest after the stream": "\x44\x12https://a.example/\x44",
		"no destination":        "\x3f",
		"another scheme":        "\x44\x07ftp://a",
	} {
		_, ok := stream(bytes)
		require.False(t, ok, name)
	}
	destination, ok := stream("\x44\x12https://a.example/\x3f")
	require.True(t, ok)
	require.Equal(t, "https://a.example/", destination)
	_, ok = readSparkPost("b*d")
	require.False(t, ok)
}

func TestDamagedLinks(t *testing.T) {
	f := start(t, Options{})
	for backend, targets := range map[string][]string{
		"sendgrid": {"/ls/click", "/ls/click?upn=", "/wf/click?x=1"},
		"mailgun":  {"/c/e", "/c/eNpL", "/c/!!", "/c/" + encode64("x\x9cnot deflate"), mailgunLink("")},
		"mandrill": {"/track/click/1/a", "/track/click/1/a?p=", "/track/click/1/a?p=" + encode64(`{"p":"{"}`), mandrillLink("")},
		"mailjet":  {"/lnk/a/b/c/===", "/lnk/a/b/c/*"},
		"postmark": {"/3s/a%2/b/c"},
		"iterable": {"/u/click", "/u/click?_t=a", "/u/click?_t=a&_m=b;c"},
	} {
		for _, target := range targets {
			a := call(t, f, backend, ask{target: target})
			require.Equal(t, 400, a.status, "%s %s", backend, target)
			require.False(t, a.header.Has("Location"))
		}
	}
}

func TestUnknownPaths(t *testing.T) {
	f := start(t, Options{})
	for _, backend := range f.Backends() {
		for _, target := range []string{"/", "/nothing/here", "/%", "*"} {
			want := 404
			if backend == "custom" {
				want = 200
			}
			require.Equal(t, want, call(t, f, backend, ask{target: target}).status, "%s %s", backend, target)
		}
	}
}

func TestIterableCookies(t *testing.T) {
	f := start(t, Options{})
	a := call(t, f, "iterable", ask{target: "/u/click?_t=tt&_m=mm&_e=ee"})
	require.Equal(t, []string{"iterableEmailCampaignId=1001; Path=/; Max-Age=86400", "iterableTemplateId=tt; Path=/; Max-Age=86400",
		"iterableMessageId=mm; Path=/; Max-Age=86400"}, a.header.Values("Set-Cookie"))

	cookie, _, _ := strings.Cut(call(t, f, "iterable", ask{target: "/u/unsubscribe/x"}).get("Set-Cookie"), ";")
	form := ask{method: "POST", target: "/u/unsubscribe/x", body: "confirm=1", fields: wire.Header{{Name: "Content-Type", Value: "application/x-www-form-urlencoded"}}}
	require.Equal(t, 403, call(t, f, "iterable", form).status, "without the page's cookie")
	form.fields.Add("Cookie", "other=1; "+cookie)
	require.Equal(t, 200, call(t, f, "iterable", form).status)
	oneClick := ask{method: "POST", target: "/u/unsubscribe/x", body: "List-Unsubscribe=One-Click", fields: form.fields[:1]}
	require.Equal(t, 200, call(t, f, "iterable", oneClick).status, "mailbox providers have no cookies")
}

func TestIterableAppFiles(t *testing.T) {
	f := start(t, Options{})
	for _, target := range []string{"/.well-known/apple-app-site-association", "/apple-app-site-association", "/.well-known/assetlinks.json"} {
		a := call(t, f, "iterable", ask{target: target})
		require.Equal(t, 200, a.status)
		require.Equal(t, "application/json", a.get("Content-Type"))
	}
}

func TestUnsubscribe(t *testing.T) {
	const urlencoded, multi = "application/x-www-form-urlencoded", "multipart/form-data; boundary=b"
	part := "--b\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--b--\r\n"
	f := start(t, Options{})
	for name, tc := range map[string]struct {
		kind, body string
		status     int
	}{
		"form":                  {urlencoded, "List-Unsubscribe=One-Click", 200},
		"form with charset":     {urlencoded + "; charset=utf-8", "List-Unsubscribe=One-Click", 200},
		"multipart":             {multi, part, 200},
		"multipart, more parts": {multi, "--b\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\ny\r\n" + part, 200},
		"no body":               {urlencoded, "", 400},
		"no type":               {"", "List-Unsubscribe=One-Click", 400},
		"another type":          {"text/plain", "List-Unsubscribe=One-Click", 400},
		"another value":         {urlencoded, "List-Unsubscribe=Two-Click", 400},
		"another case":          {urlencoded, "list-unsubscribe=One-Click", 400},
		"multipart cut":         {multi, part[:len(part)-10], 400},
		"multipart, other name": {multi, strings.Replace(part, "List-Unsubscribe", "Other", 1), 400},
		"multipart as form":     {urlencoded, part, 400},
	} {
		t.Run(name, func(t *testing.T) {
			for backend, target := range map[string]string{
				"customerio-eu": "/unsubscribe/abc=", "sendgrid": "/asm/unsubscribe/?user_id=1", "mailgun": "/u/abc",
				"mandrill": "/track/unsub.php?u=1", "mailjet": "/unsub2?m=1",
			} {
				q := ask{method: "POST", target: target, body: tc.body}
				if tc.kind != "" {
					q.fields.Add("Content-Type", tc.kind)
				}
				a := call(t, f, backend, q)
				require.Equal(t, tc.status, a.status, backend)
				require.False(t, a.header.Has("Location"))
			}
		})
	}
	page := call(t, f, "customerio-eu", ask{target: "/unsubscribe/abc="})
	require.Equal(t, 200, page.status)
	require.Contains(t, page.body, `name="List-Unsubscribe" value="One-Click"`)
}

func TestSESForwardedHost(t *testing.T) {
	for name, tc := range map[string]struct {
		takes           ForwardedHost
		host, forwarded string
		status          int
	}{
		"ignored, and absent":           {ForwardedHostIgnored, branded, "", 302},
		"ignored":                       {ForwardedHostIgnored, branded, "other.example.com", 302},
		"ignored, and no help":          {ForwardedHostIgnored, "r.eu-west-1.awstrack.me", branded, 403},
		"wanted, and absent":            {ForwardedHostWanted, branded, "", 403},
		"wanted":                        {ForwardedHostWanted, branded, branded, 302},
		"wanted, whatever Host says":    {ForwardedHostWanted, "r.eu-west-1.awstrack.me", branded, 302},
		"wanted, and of another domain": {ForwardedHostWanted, branded, "other.example.com", 403},
		"harmful, and absent":           {ForwardedHostHarmful, branded, "", 302},
		"harmful":                       {ForwardedHostHarmful, branded, branded, 400},
	} {
		t.Run(name, func(t *testing.T) {
			f := start(t, Options{Branded: []string{branded}, ForwardedHost: tc.takes})
			q := ask{target: f.Links(&core.Site{Host: branded, Origin: originOf(t, "ses")})[0].Target, host: tc.host}
			if tc.forwarded != "" {
				q.fields = wire.NewHeader("X-Forwarded-Host", tc.forwarded)
			}
			require.Equal(t, tc.status, call(t, f, "ses", q).status)
		})
	}
}
