package core

import (
	"bufio"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core/internal/linkstest"
	"github.com/clickedge/clickedge/core/outcome"
)

func TestReplies(t *testing.T) {
	origin, _ := LookupPreset("sendgrid")
	plain := &Site{Host: "link.example.com", Origin: &origin}
	apps := &Site{Host: "link.example.com", Origin: &origin, AppLinks: &AppLinks{Apple: "{}"}}
	both := &Site{Host: "link.example.com", AppLinks: &AppLinks{Apple: "{}", Android: "[]"}}
	for _, c := range []struct {
		site   *Site
		method string
		target string
		action Action
		reply  ReplyBody
	}{
		{apps, "GET", "/apple-app-site-association", Reply, ReplyApple},
		{apps, "HEAD", "/.well-known/apple-app-site-association?x", Reply, ReplyApple},
		{apps, "POST", "/.well-known/apple-app-site-association", Refuse, ReplyNone},
		{apps, "GET", "/.well-known/apple-app-site-association/", Proxy, ReplyNone},
		{apps, "GET", "/.well-known/assetlinks.json", Proxy, ReplyNone},
		{both, "GET", "/.well-known/assetlinks.json", Reply, ReplyAndroid},
		{plain, "GET", "/apple-app-site-association", Proxy, ReplyNone},
		{plain, "GET", "/robots.txt", Reply, ReplyRobots},
		{plain, "GET", "/ROBOTS.TXT", Proxy, ReplyNone},
		{plain, "PUT", "/robots.txt", Refuse, ReplyNone},
		{plain, "GET", HealthPath, Reply, ReplyHealth},
		{nil, "GET", HealthPath, Reply, ReplyHealth},
		{nil, "GET", HealthPath + "x", Refuse, ReplyNone},
		{nil, "POST", HealthPath, Refuse, ReplyNone},
		{nil, "GET", "/robots.txt", Refuse, ReplyNone},
	} {
		d := Decide(&Request{Method: c.method, Target: c.target}, c.site, time.Unix(0, 0))
		require.Equal(t, c.action, d.Action, "%s %s", c.method, c.target)
		require.Equal(t, c.reply, d.Reply, "%s %s", c.method, c.target)
		require.Equal(t, c.action == Refuse, d.Code != outcome.OK)
	}
}

// No link of any ESP is taken for a path of ours.
func TestNoLinkIsShadowed(t *testing.T) {
	for _, l := range linkstest.Load(t, "testdata/links.json") {
		require.Equal(t, ReplyNone, replyTo(l.Path, &Site{AppLinks: &AppLinks{Apple: "{}", Android: "[]"}}), l.Path)
		require.False(t, isHealth(l.Path), l.Path)
	}
}

// Every line is one that RFC 9309 knows, crawlers are kept out, and app links
// stay open to Google.
func TestRobots(t *testing.T) {
	groups := map[string][]string{}
	var agents []string
	open := false
	for s := bufio.NewScanner(strings.NewReader(Robots)); s.Scan(); {
		name, value, _ := strings.Cut(s.Text(), ": ")
		switch {
		case name == "User-agent":
			if open {
				agents, open = nil, false
			}
			agents = append(agents, value)
		case name == "Allow" || name == "Disallow":
			open = true
			for _, a := range agents {
				groups[a] = append(groups[a], s.Text())
			}
		default:
			require.True(t, name == "" || name[0] == '#', name)
		}
	}
	require.Equal(t, []string{"Allow: /.well-known/", "Disallow: /"}, groups["*"])
	require.Equal(t, []string{"Allow: /"}, groups["Twitterbot"])
}

func TestHealth(t *testing.T) {
	var got map[string]any
	require.NoError(t, json.Unmarshal(AppendHealth(nil, `7"`, 2, 0), &got))
	require.Equal(t, map[string]any{"status": "ok", "version": `7"`, "sites": 2.0}, got)
	require.JSONEq(t, `{"status":"no_sites","version":"","sites":0}`, string(AppendHealth(nil, "", (*Sites)(nil).Len(), 0)))
	require.JSONEq(t, `{"status":"ok","version":"7","sites":2,"learned":3}`, string(AppendHealth(nil, "7", 2, 3)))
}

func TestRetryAfter(t *testing.T) {
	for value, want := range map[string]string{
		"1": "1", "120": "120", "3600": "3600", "0": "", "3601": "", "": "", "-1": "", "1.5": "", " 1": "", "99999999999999999999": "",
		"Wed, 21 Oct 2026 07:28:00 GMT": "", "0060": "",
	} {
		require.Equal(t, want, RetryAfterOf(value), value)
	}
	require.Equal(t, "60", Page{Code: outcome.ESPError}.retryAfter())
	require.Equal(t, "7", Page{Code: outcome.ESPError, RetryAfter: "7"}.retryAfter())
	require.Empty(t, Page{Code: outcome.BadTag, RetryAfter: "7"}.retryAfter())
}

func TestTimeout(t *testing.T) {
	s := &Site{}
	require.Equal(t, 5*time.Second, s.Timeout("GET"), "never none")
	s.ESPTimeout = time.Second
	require.Equal(t, time.Second, s.Timeout("HEAD"))
	require.Equal(t, time.Minute, s.Timeout("POST"))
}

func TestRepliesCostNothing(t *testing.T) {
	origin, _ := LookupPreset("sendgrid")
	site := &Site{Host: "link.example.com", Origin: &origin}
	req := &Request{Method: "GET", Target: "/robots.txt"}
	require.Zero(t, testing.AllocsPerRun(100, func() { Decide(req, site, time.Time{}) }))
}
