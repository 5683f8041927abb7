package e2e

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/hostsim"
	"github.com/clickedge/clickedge/hostsim/wire"
)

const chrome = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"

// browser is what Chromium sends when a link is opened by hand, and more.
func browser(more ...string) wire.Header {
	return wire.NewHeader(append([]string{
		"User-Agent", chrome, "Accept", "text/html", "Accept-Language", "de",
		"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document", "Sec-Fetch-User", "?1",
	}, more...)...)
}

// The verdict is in the log line, and changes nothing else.
func TestVerdict(t *testing.T) {
	r := newRig(t, backSite, nil)
	plain, _ := r.do(t, hostsim.Request{Host: "link.example.com", Target: sesClick, Header: browser()})
	for name, c := range map[string]struct {
		req            hostsim.Request
		who, reason    string
		agent, without string
	}{
		"a browser":       {hostsim.Request{Header: browser()}, "human", "user_activation", "", "no_accept"},
		"nothing at all":  {hostsim.Request{}, "unknown", "no_user_agent", "", ""},
		"a crawler":       {hostsim.Request{Header: wire.NewHeader("User-Agent", "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)")}, "bot", "known_agent", "bingbot", ""},
		"a prefetch":      {hostsim.Request{Header: browser("Sec-Purpose", "prefetch;prerender")}, "bot", "prefetch", "", ""},
		"an old prefetch": {hostsim.Request{Header: browser("X-Moz", "prefetch")}, "bot", "prefetch", "", ""},
		"HEAD":            {hostsim.Request{Method: "HEAD", Header: browser()}, "bot", "head", "", ""},
		"Fastly sees a bot": {hostsim.Request{Header: browser("X-Fastly-Bot-Analyzed", "true", "X-Fastly-Bot-Detected", "true",
			"X-Fastly-Bot-Verified", "true", "X-Fastly-Bot-Category", "search-engine-crawler", "X-Fastly-Bot-Name", "Some\"Bot")}, "bot", "fastly_verified", "Some\"Bot", "not_analysed"},
		"Fastly sees none": {hostsim.Request{Header: browser("X-Fastly-Bot-Analyzed", "true")}, "human", "fastly_none", "", "not_analysed"},
	} {
		t.Run(name, func(t *testing.T) {
			if strings.HasPrefix(name, "Fastly") {
				onHost(t, "Bot Management is Fastly's")
			}
			c.req.Host, c.req.Target = "link.example.com", sesClick
			resp, x := r.do(t, c.req)
			line := parse(t, clicks(x)[0])
			require.Equal(t, c.who, line.Verdict)
			require.Contains(t, ","+line.Reasons+",", ","+c.reason+",")
			require.Equal(t, c.agent, line.Agent)
			if c.without != "" {
				require.NotContains(t, line.Reasons, c.without)
			}
			require.Equal(t, plain.Status, resp.Status, "never acted upon")
			require.NotContains(t, clicks(x)[0], "Mozilla", "no user agent in the log")
		})
	}
	for _, target := range []string{"/unsubscribe/x", "/favicon.ico", "/robots.txt"} {
		_, x := r.do(t, hostsim.Request{Host: "link.example.com", Target: target, Header: browser()})
		require.Empty(t, parse(t, clicks(x)[0]).Verdict, "only clicks, app links and opens are judged: %s", target)
	}
}

// How many host calls a click makes, the log line's two included. Each costs
// more than a thousand instructions of the guest.
func TestHostCallsOfAClick(t *testing.T) {
	offHandler(t, "its host calls are the SDK's")
	onHost(t, "it makes none")
	stored := func(cfg *hostsim.Config) {
		cfg.ConfigStores = map[string]map[string]string{contract.ConfigStore: {"other.example.com": "{}"}}
	}
	for name, c := range map[string]struct {
		site  string
		calls int
	}{
		"proxied":           {oneSite, 26 + 1}, // the stand-in sets a cookie, which is taken off
		"answered and told": {`{"sites": {"link.example.com": {"esp": "ses-us-east-1", "clicks": "redirect", "destinations": ["shop.example.com"]}}}`, 30},
		"answered":          {`{"sites": {"link.example.com": {"esp": "ses-us-east-1", "clicks": "redirect", "count": false, "destinations": ["shop.example.com"]}}}`, 17},
	} {
		r := newRig(t, c.site, stored)
		_, x := r.do(t, hostsim.Request{Host: "link.example.com", Target: sesClick, Header: browser()})
		require.Equal(t, c.calls, x.CallCount, "%s: %v", name, x.Calls)
	}
}
