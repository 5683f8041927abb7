package switches

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/recalls"
	"github.com/clickedge/clickedge/deploy/sitesfile"
)

const text = `{"sites": {
  "link.example.com": {"esp": "customerio-eu", "destinations": ["*.example.com"], "when_esp_fails": "redirect",
    "also": [{"esp": "sendgrid"}, {"esp": "mailgun", "retired": "2020-01-01"}, {"esp": "custom", "origin": "https://a.example.net", "links": "mandrill"}, {"esp": "custom", "origin": "https://b.example.net", "links": "ses"}],
    "unsubscribes": "https://preferences.example.com",
    "recalls": [{"from": "https://www.example.com/old", "gone": true}]},
  "one.example.com": {"esp": "ses-us-east-1", "destinations": ["*.example.com"]},
  "own.example.com": {"esp": "none", "keys": ["k1"], "destinations": ["*.example.com"]}
}}`

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func parse(t *testing.T, text string) *Sites {
	t.Helper()
	sites, whole, err := sitesfile.Parse("sites.json", []byte(text), nil)
	require.NoError(t, err)
	s := &Sites{Name: "sites.json", Sites: sites, Text: whole}
	for _, o := range sites.Origins() {
		s.Backends = append(s.Backends, o.Backend)
	}
	return s
}

// site is a site as it is with what is switched.
func site(t *testing.T, s *Set, sites *Sites, host string) *core.Site {
	t.Helper()
	o, err := s.Override(sites, host)
	require.NoError(t, err)
	if o == nil {
		return sites.Sites.Lookup(host)
	}
	return o.Site
}

// retiredNames are the ESPs of a site that are asked for nothing.
func retiredNames(site *core.Site) (list []string) {
	for _, e := range site.ESPs() {
		if e.IsRetired(now) {
			list = append(list, e.ESP)
		}
	}
	slices.Sort(list)
	return list
}

// Every ESP of every site can be retired, each alone and all together, and what
// is taken back leaves nothing behind.
func TestRetire(t *testing.T) {
	sites := parse(t, text)
	all := New()
	for _, host := range sites.Sites.Hosts() {
		for _, e := range ESPs(sites.Sites.Lookup(host)) {
			was := retiredNames(sites.Sites.Lookup(host))
			one := New()
			if e.Name == "mailgun" {
				require.ErrorContains(t, one.Retire(sites, e, now), "retired already")
				continue
			}
			require.NoError(t, one.Retire(sites, e, now), "%v", e)
			require.True(t, one.IsRetired(e))
			want := append(slices.Clone(was), e.Name)
			slices.Sort(want)
			require.Equal(t, want, retiredNames(site(t, one, sites, host)), "%v", e)
			require.ErrorContains(t, one.Retire(sites, e, now), "retired already")
			require.Equal(t, []string{host}, one.Hosts())
			require.NoError(t, one.Unretire(sites, e))
			require.Empty(t, one.Hosts())
			require.ErrorContains(t, one.Unretire(sites, e), "was not retired here")
			require.NoError(t, all.Retire(sites, e, now), "%v", e)
		}
	}
	require.Equal(t, []string{"custom", "custom", "customerio-eu", "mailgun", "sendgrid"}, retiredNames(site(t, all, sites, "link.example.com")))
	require.Equal(t, "none", site(t, all, sites, "link.example.com").ESP)
	require.Equal(t, []string{"ses-us-east-1"}, retiredNames(site(t, all, sites, "one.example.com")))
	all.Clear()
	require.Empty(t, all.Hosts())
}

// The site's own ESP leaves to the first active one in also.
func TestRetireTheSitesOwn(t *testing.T) {
	sites := parse(t, text)
	s := New()
	require.NoError(t, s.Retire(sites, ESP{"link.example.com", 0, "customerio-eu"}, now))
	require.Equal(t, "sendgrid", site(t, s, sites, "link.example.com").ESP)
	require.Equal(t, []ESP{{"link.example.com", 0, "customerio-eu"}}, s.Retired("link.example.com"))
}

func TestRetireRefuses(t *testing.T) {
	sites := parse(t, text)
	s := New()
	for _, e := range []ESP{{"link.example.com", 9, "sendgrid"}, {"link.example.com", -1, "sendgrid"}, {"link.example.com", 0, "sendgrid"}, {"own.example.com", 0, "none"}, {"no.example.com", 0, "x"}} {
		require.Error(t, s.Retire(sites, e, now), "%v", e)
	}
	require.Empty(t, s.Hosts())
}

func TestRecall(t *testing.T) {
	sites := parse(t, text)
	s := New()
	const host = "link.example.com"
	gone := recalls.Rule{From: "https://shop.example.com/a*", Gone: true}
	require.NoError(t, s.Recall(sites, host, gone, false))
	require.NoError(t, s.Recall(sites, host, recalls.Rule{From: "https://shop.example.com/about", To: "https://www.example.com/"}, false))
	require.Len(t, s.Rules(host), 2)
	require.Len(t, site(t, s, sites, host).Recalls.List(), 3, "with that of sites.json")

	// Beside an ESP that is retired.
	require.NoError(t, s.Retire(sites, ESP{host, 1, "sendgrid"}, now))
	require.Len(t, site(t, s, sites, host).Recalls.List(), 3)
	require.Equal(t, []string{"mailgun", "sendgrid"}, retiredNames(site(t, s, sites, host)))

	for _, c := range []struct {
		rule recalls.Rule
		want string
	}{
		{gone, "is about https://shop.example.com/a* already"},
		{recalls.Rule{From: "https://www.example.com/old", Gone: true}, "is about https://www.example.com/old already"},
		{recalls.Rule{From: "shop", Gone: true}, "the link to recall"},
		{recalls.Rule{From: "https://shop.example.com/*", Gone: true}, "meets every link to shop.example.com"},
		{recalls.Rule{From: "https://shop.example.com/b"}, "either another destination or a page"},
		{recalls.Rule{From: "https://shop.example.com/b", To: "https://www.example.com/", Gone: true}, "either another destination or a page"},
		{recalls.Rule{From: "https://shop.example.com/b", To: "https://elsewhere.example.net/"}, "elsewhere.example.net"},
		{recalls.Rule{From: "https://shop.example.com/b", To: "javascript:alert(1)"}, "1 mistake"},
	} {
		err := s.Recall(sites, host, c.rule, false)
		require.Error(t, err, "%+v", c.rule)
		f := failure.Of(err)
		require.Contains(t, f.Error()+f.Detail, c.want)
		for _, word := range []string{"--from", "--to", "--wide", "clickedge recall"} {
			require.NotContains(t, f.Error()+f.Hint, word, "a page has no flags")
		}
		require.Len(t, s.Rules(host), 2, "nothing has changed")
	}
	require.NoError(t, s.Recall(sites, host, recalls.Rule{From: "https://shop.example.com/*", Gone: true}, true))
	require.Error(t, s.Recall(sites, "no.example.com", gone, false))

	require.ErrorContains(t, s.Unrecall(sites, host, "https://www.example.com/old"), "was not recalled here")
	require.NoError(t, s.Unrecall(sites, host, "https://shop.example.com/*"))
	require.NoError(t, s.Unrecall(sites, host, gone.From))
	require.NoError(t, s.Unrecall(sites, host, "https://shop.example.com/about"))
	require.NoError(t, s.Unretire(sites, ESP{host, 1, "sendgrid"}))
	require.Empty(t, s.Hosts())
}

// Other sites keep what fits, and lose what does not, which is said.
func TestAdopt(t *testing.T) {
	sites := parse(t, text)
	s := New()
	require.NoError(t, s.Retire(sites, ESP{"link.example.com", 1, "sendgrid"}, now))
	require.NoError(t, s.Recall(sites, "one.example.com", recalls.Rule{From: "https://shop.example.com/a", Gone: true}, false))
	require.Empty(t, s.Adopt(sites))
	require.Len(t, s.Hosts(), 2)
	other := parse(t, `{"sites": {"link.example.com": {"esp": "customerio-eu", "also": [{"esp": "mailgun"}]}, "one.example.com": {"esp": "ses-eu-west-1", "destinations": ["*.example.com"]}}}`)
	dropped := s.Adopt(other)
	require.Len(t, dropped, 1)
	require.Contains(t, dropped[0], "link.example.com: what was switched on the page does not fit the new sites.json and is gone")
	require.Equal(t, []string{"one.example.com"}, s.Hosts())
	require.Len(t, s.Adopt(parse(t, `{"sites": {"x.example.com": {"esp": "sendgrid"}}}`)), 1)
	require.Empty(t, s.Hosts())
}
