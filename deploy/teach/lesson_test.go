package teach

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/learned"
	"github.com/clickedge/clickedge/core/sitesjson"
	"github.com/clickedge/clickedge/deploy/origins"
	"github.com/clickedge/clickedge/deploy/probe"
)

const (
	host = "http://link.example.com"
	shop = "https://shop.example.com/sale?utm_source=mail"
)

func sitesOf(t *testing.T) *core.Sites {
	sites, err := sitesjson.Parse("sites.json", []byte(`{"sites": {
		"link.example.com": {"esp": "sendgrid", "destinations": ["shop.example.com"], "when_esp_fails": "redirect", "learn": true,
			"keys": ["k1"], "recalls": [{"from": "https://shop.example.com/old", "to": "https://shop.example.com/new"}]},
		"off.example.com": {"esp": "sendgrid"},
		"read.example.com": {"esp": "customerio-eu", "destinations": ["shop.example.com"]}}}`))
	require.NoError(t, err)
	return sites
}

// Only links that are of use, and safe to follow, are: each other has a reason.
func TestLinks(t *testing.T) {
	account := &origins.SendGridAccount{Secret: t.Name()}
	m := account.Message()
	for _, c := range []struct{ url, left string }{
		{"HTTPS://link.example.com" + m.Long("https://shop.example.com/b"), ""},
		{"https://LINK.example.com:443" + m.Long("https://shop.example.com/b") + "#top", ""},
		{host + "/uni" + m.Short("https://shop.example.com/c"), ""},
		{host + m.Short(shop), "leads where another link of this mail does"},
		{host + account.Message().Long(shop), "leads where another link of this mail does"},
		{host + m.Short(shop) + "?x=1", "has no part that its destination could be known by, or was changed"},
		{host + "/wf/click?upn=old", "has no part that its destination could be known by, or was changed"},
		{host + "/asm/unsubscribe/?user_id=1", "an unsubscribe link, which is never followed"},
		{host + "/ls/click?upn=u001.unsubscribe-me", "an unsubscribe link, which is never followed"},
		{host + "/wf/open?upn=x", "not a click but of kind open, which is never followed"},
		{host + "/.well-known/clickedge", "not a click but of kind other, which is never followed"},
		{host, "not a link of an ESP's"},
		{host + "?x", "not a link of an ESP's"},
		{"mailto:ann@example.com", "not a link of the web"},
		{"https://shop.example.com/", "no site has the host"},
		{"https://off.example.com" + m.Short(shop), `the site has no "learn": true for sendgrid`},
		{"https://read.example.com/e/c/eyJlbWFpbF9pZCI6IlIifQ/0123456789abcdef", "says itself where it leads"},
	} {
		lessons := Links(sitesOf(t).Lookup, []string{host + m.Short(shop), c.url})
		require.Empty(t, lessons[0].Left)
		got := lessons[1]
		require.Equal(t, c.left, got.Left, c.url)
		require.True(t, c.left != "" || got.Name != "", c.url)
	}
}

// follow follows a link to a destination, by SendGrid's stand-in.
func follow(t *testing.T, destination string, fault origins.Fault) *Lesson {
	sites, account := sitesOf(t), &origins.SendGridAccount{Secret: t.Name()}
	fleet, err := origins.Start(sites.Origins(), origins.Options{SendGrid: account, PlainToo: true})
	require.NoError(t, err)
	t.Cleanup(func() { fleet.Close() })
	require.NoError(t, fleet.SetFault("sendgrid", fault))
	l := Links(sites.Lookup, []string{host + account.Message().Short(destination)})[0]
	require.Empty(t, l.Left)
	l.Follow(context.Background(), &probe.Client{Via: map[string]string{"link.example.com": fleet.PlainAddr("sendgrid")}})
	return l
}

// What is learned is what the answer says, and nothing that may be for one
// reader, for no reader of the site's, or the work of a rule.
func TestFollow(t *testing.T) {
	l := follow(t, shop, origins.Up)
	require.Equal(t, []string{shop, "", ""}, []string{l.Destination, l.Left, l.Personal})
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	item := l.Item(now)
	require.Equal(t, l.Name, item.Name.String())
	require.Equal(t, learned.KnownSince(now.Unix(), shop), item.Entry)

	require.Equal(t, "a long token", follow(t, "https://shop.example.com/reset/5f3c9a0b7d2e41c8a6b0", origins.Up).Personal)
	require.Equal(t, "an e-mail address", follow(t, "https://shop.example.com/?to=ann%40example.com", origins.Up).Personal)
	require.Contains(t, follow(t, "https://elsewhere.example.net/", origins.Up).Left, "the site does not list where it leads")
	require.Contains(t, follow(t, "https://shop.example.com/new", origins.Up).Left, "the site's recalls send readers")
	require.Contains(t, follow(t, shop, origins.ServerError).Left, "answered with status 500")
	require.NotEmpty(t, follow(t, shop, origins.Refuse).Left)
}

// A recipient's name in a destination is found in any letter case or escape.
func TestCheckPersonal(t *testing.T) {
	for destination, want := range map[string]string{
		"https://shop.example.com/hello/Ann.Lee": "the name of a recipient",
		"https://shop.example.com/?n=ann%2Elee":  "the name of a recipient",
		"https://shop.example.com/annual":        "",
		"https://shop.example.com/al":            "",
	} {
		l := &Lesson{Destination: destination}
		l.CheckPersonal([]string{"al@example.com", "ANN.lee@example.com"})
		require.Equal(t, want, l.Personal, destination)
	}
}

// Two links of an account that differ lead to two URLs. Else it is an error page,
// or the links begin at random.
func TestCheckShared(t *testing.T) {
	for _, c := range []struct {
		random bool
		opaque string
		want   string
	}{
		{false, "", ""},
		{false, "https://shop.example.com/expired", "2 links that differ lead to https://shop.example.com/expired: a page of the ESP's own"},
		{true, "", "2 links that differ lead to " + shop},
	} {
		sites, account := sitesOf(t), &origins.SendGridAccount{Secret: t.Name(), RandomStart: c.random}
		opt := origins.Options{SendGrid: account, PlainToo: true}
		if c.opaque != "" {
			opt.OpaqueTo = func(string) string { return c.opaque }
		}
		fleet, err := origins.Start(sites.Origins(), opt)
		require.NoError(t, err)
		t.Cleanup(func() { fleet.Close() })
		m, second := account.Message(), "https://shop.example.com/b"
		if c.random {
			second = shop
		}
		lessons := Links(sites.Lookup, []string{host + m.Short(shop), host + m.Short(second), host + m.Short("https://shop.example.com/c") + "?changed"})
		for _, l := range lessons[:2] {
			l.Follow(context.Background(), &probe.Client{Via: map[string]string{"link.example.com": fleet.PlainAddr("sendgrid")}})
		}
		CheckShared(lessons)
		for _, l := range lessons[:2] {
			require.Contains(t, l.Left, c.want)
			require.Equal(t, c.want == "", l.Left == "")
		}
		require.Contains(t, lessons[2].Left, "was changed")
	}
}
