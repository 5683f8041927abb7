package browser

import (
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/deploy/origins"
)

const (
	prefsHost   = "sendgrid.example.com"
	prefsTarget = "/asm/?user_id=1234567&data=AAECAwQFBgcICQoLDA0"
)

// preferences fills in an ESP's page with a form, a token and cookies, in a
// browser that has a session with the brand's own site, and cookies that a page
// of the parent domain forged to look like the ESP's.
func (f *front) preferences(t *testing.T, b *tab, r *rig) {
	mark := r.sites.Lookup(prefsHost).Origin.CookieMark()
	f.setBrandCookies(t, b, mark)
	r.fleet.Forget()
	url := f.scheme + "://" + prefsHost + prefsTarget
	f.ask(url)
	b.open(t, url)
	require.Equal(t, "Preferences", b.read(t, 200).Heading)
	f.checkJar(t, b, url, mark)

	f.ask(url) // POST
	f.ask(url) // and the page it leads back to
	p := b.click(t, "button")
	require.Equal(t, url, p.Href)
	require.Equal(t, int64(200), p.Status, p.Text)
	require.Contains(t, p.Text, "Saved: weekly")

	f.ask(url)
	b.open(t, url)
	require.NotContains(t, b.read(t, 200).Text, "Saved", "a cookie that the ESP deletes is gone")
	f.checkSeen(t, r.fleet.Seen())
}

// setBrandCookies sets the cookies that the parent domain can set.
func (f *front) setBrandCookies(t *testing.T, b *tab, mark string) {
	t.Helper()
	for name, value := range map[string]string{"session": "secret-of-the-brand", "_ga": "GA1.1", mark + "__Host-standin_token": "tossed"} {
		_, err := chromedp.Call(b.ctx, network.SetCookie, network.SetCookieParams{
			Name: name, Value: value, Domain: ".example.com", Path: "/", URL: f.scheme + "://www.example.com/"})
		require.NoError(t, err, name)
	}
}

// checkJar checks how the browser keeps the ESP's cookies.
func (f *front) checkJar(t *testing.T, b *tab, url, mark string) {
	t.Helper()
	got, err := chromedp.Call(b.ctx, network.GetCookies, network.GetCookiesParams{URLs: []string{url}})
	require.NoError(t, err)
	kept := map[string]string{}
	for _, c := range got.Cookies {
		if c.Value != "tossed" {
			kept[c.Name] = c.Domain
		}
	}
	want := map[string]string{"session": ".example.com", "_ga": ".example.com", mark + "standin_prefs": prefsHost}
	if f.scheme == "https" {
		want["__Host-"+mark+"standin_token"] = prefsHost
	}
	require.Equal(t, want, kept, "the ESP's are this host's alone")
}

// checkSeen: the ESP got four requests, with its own cookies only.
func (f *front) checkSeen(t *testing.T, seen []origins.Seen) {
	t.Helper()
	seen = slices.DeleteFunc(seen, func(s origins.Seen) bool { return s.Backend != "sendgrid" })
	require.Len(t, seen, 4)
	for i, s := range seen {
		cookies := strings.Join(s.Header.Values("Cookie"), "; ")
		require.NotContains(t, cookies, "secret-of-the-brand")
		require.NotContains(t, cookies, "tossed")
		if i > 0 {
			require.Contains(t, cookies, "standin_prefs=")
			require.Equal(t, f.scheme == "https", strings.Contains(cookies, "__Host-standin_token="))
		}
	}
}
