package retire

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/esp"
)

const forecastSites = `{"sites": {
  "link.example.com": {"esp": "customerio-eu", "also": [{"esp": "sendgrid"}, {"esp": "ses-eu-west-1", "retired": "2027-01-01"}], "keys": ["k1"],
    "destinations": ["example.com", "*.example.com"]%s},
  "other.example.com": {"esp": "sendgrid"}}}`

// part is the ESP's part of link.example.com.
func part(t *testing.T, name, more string) *core.Site {
	sites, err := parse([]byte(fmt.Sprintf(forecastSites, more)))
	require.NoError(t, err, detail(err))
	for _, s := range sites.Lookup("link.example.com").ESPs() {
		if s.ESP == name {
			return s
		}
	}
	require.FailNow(t, "no such ESP", name)
	return nil
}

var lineNumber int

// line is a line of the log, from members that differ from a proxied click's.
func line(changes ...string) string {
	lineNumber++
	m := map[string]any{"v": 1, "time": "2026-07-01T10:00:00.000Z", "request": fmt.Sprintf("r%d", lineNumber), "host": "link.example.com", "esp": "customerio-eu",
		"kind": "click", "method": "GET", "action": "proxy", "code": "ok", "status": 302, "destination": "shop.example.com"}
	for _, c := range changes {
		name, value, _ := strings.Cut(c, "=")
		m[name] = value
	}
	text, _ := json.Marshal(m) // no map of strings fails
	return string(text)
}

func forecast(t *testing.T, site *core.Site, lines ...string) *Report {
	f := &Forecast{Site: site}
	require.NoError(t, f.Lines(strings.NewReader(strings.Join(lines, "\n")), f.Line))
	return f.Report(now)
}

// Each line is in one column, by what it shows and no more.
func TestForecastOfOneLine(t *testing.T) {
	customerio, sendgrid := part(t, "customerio-eu", ""), part(t, "sendgrid", "")
	learning := part(t, "sendgrid", `, "learn": true`)
	withOrigin := part(t, "sendgrid", `, "unsubscribes": "https://prefs.example.com"`)
	for name, c := range map[string]struct {
		site *core.Site
		line string
		want Counts
	}{
		"the ESP led to a listed host":            {customerio, line(), Counts{May: 1}},
		"the link was read":                       {customerio, line("reading=certain", "action=redirect"), Counts{Lands: 1}},
		"when the ESP failed":                     {customerio, line("reading=likely", "action=redirect", "code=esp_timeout"), Counts{Lands: 1}},
		"an app link":                             {customerio, line("kind=app"), Counts{May: 1}},
		"to another host":                         {customerio, line("destination=partner.example.net"), Counts{Page: 1}},
		"read, and not listed any more":           {customerio, line("reading=certain", "action=redirect", "destination=partner.example.net"), Counts{Page: 1}},
		"back to the link domain":                 {customerio, line("destination=link.example.com"), Counts{Page: 1}},
		"no destination":                          {customerio, line("destination="), Counts{Unknown: 1}},
		"one that is not told":                    {customerio, line("destination=?"), Counts{Unknown: 1}},
		"the ESP was down":                        {customerio, line("destination=", "action=refuse", "code=esp_unreachable"), Counts{Unknown: 1}},
		"read as leading elsewhere":               {customerio, line("reading=certain", "action=redirect", "agrees=no"), Counts{Unknown: 1}},
		"read, and the ESP agrees":                {customerio, line("reading=certain", "action=redirect", "agrees=yes"), Counts{Lands: 1}},
		"a page already":                          {customerio, line("destination=", "action=refuse", "code=retired"), Counts{Page: 1}},
		"a method that gets no redirect":          {customerio, line("method=POST"), Counts{Page: 1}},
		"withdrawn":                               {customerio, line("destination=", "action=refuse", "code=recalled", "reading=certain"), Counts{Withdrawn: 1}},
		"corrected, from the link":                {customerio, line("action=redirect", "code=recalled", "reading=certain"), Counts{Lands: 1}},
		"corrected, from the ESP's answer":        {customerio, line("code=recalled"), Counts{May: 1}},
		"of an ESP that encrypts":                 {sendgrid, line("esp=sendgrid"), Counts{Page: 1}},
		"of one, corrected":                       {sendgrid, line("esp=sendgrid", "code=recalled"), Counts{Page: 1}},
		"of one, learned":                         {sendgrid, line("esp=sendgrid", "reading=learned", "action=redirect"), Counts{Lands: 1, Learned: 1}},
		"of one that learns":                      {learning, line("esp=sendgrid"), Counts{May: 1}},
		"of one that learns, to another host":     {learning, line("esp=sendgrid", "destination=partner.example.net"), Counts{Page: 1}},
		"of one that learns, to nowhere":          {learning, line("esp=sendgrid", "destination="), Counts{Unknown: 1}},
		"an open":                                 {sendgrid, line("esp=sendgrid", "kind=open", "destination="), Counts{Lands: 1}},
		"an open of one that is retired":          {sendgrid, line("esp=sendgrid", "kind=open", "destination=", "action=reply"), Counts{Lands: 1}},
		"an unsubscribe":                          {sendgrid, line("esp=sendgrid", "kind=unsubscribe", "method=POST"), Counts{Page: 1}},
		"an unsubscribe, with an origin":          {withOrigin, line("esp=sendgrid", "kind=unsubscribe", "method=POST"), Counts{Lands: 1}},
		"what is no link":                         {customerio, line("kind=other", "destination="), Counts{Unknown: 1}},
		"in other letters, with a port and a dot": {customerio, line("host=LINK.Example.com.:443"), Counts{May: 1}},
	} {
		r := forecast(t, c.site, c.line)
		require.Equal(t, 1, r.OfESP, name)
		require.Len(t, r.Kinds, 1, name)
		got := r.Kinds[0].Counts
		require.Equal(t, time.Date(2026, 7, 1, 10, 0, 0, 0, time.UTC), got.Last)
		c.want.Requests, c.want.Last = 1, got.Last
		require.Equal(t, c.want, got, name)
	}
}

// The same is counted by verdict: a scanner's clicks are not readers'. Lines
// without a verdict are in no row of these.
func TestForecastByVerdict(t *testing.T) {
	learning := part(t, "sendgrid", `, "learn": true`)
	r := forecast(t, learning,
		line("esp=sendgrid", "verdict=human", "reading=learned", "action=redirect"), line("esp=sendgrid", "verdict=human"),
		line("esp=sendgrid", "verdict=bot", "destination=partner.example.net"), line("esp=sendgrid", "verdict=bot", "destination=partner.example.net"),
		line("esp=sendgrid", "verdict=bot", "time=2026-07-02T10:00:00.000Z"), line("esp=sendgrid", "verdict=unknown"), line("esp=sendgrid"), line("esp=sendgrid", "verdict=martian"),
		line("esp=sendgrid", "kind=open", "verdict=bot", "destination="), line("esp=sendgrid", "kind=unsubscribe", "method=POST"))
	require.Len(t, r.Kinds, 3)
	clicks := r.Kinds[0]
	first, last := time.Date(2026, 7, 1, 10, 0, 0, 0, time.UTC), time.Date(2026, 7, 2, 10, 0, 0, 0, time.UTC)
	require.Equal(t, Counts{Requests: 8, Lands: 1, Learned: 1, May: 5, Page: 2, Last: last}, clicks.Counts)
	require.Equal(t, []ByVerdict{
		{"human", Counts{Requests: 2, Lands: 1, Learned: 1, May: 1, Last: first}},
		{"unknown", Counts{Requests: 1, May: 1, Last: first}},
		{"bot", Counts{Requests: 3, May: 1, Page: 2, Last: last}},
	}, clicks.Verdicts)
	require.Equal(t, []ByVerdict{{"bot", Counts{Requests: 1, Lands: 1, Last: first}}}, r.Kinds[1].Verdicts)
	require.Empty(t, r.Kinds[2].Verdicts)

	var text strings.Builder
	r.Text(&text)
	for _, want := range []string{"\n  human      2         50.0%  50.0%     -           -          2026-07-01 10:00\n", "\n  bot        3         -      33.3%     66.6%",
		"clicks by verdict: 3 of 8 are of bots", "without a verdict: 2 clicks, in no row of these"} {
		require.Contains(t, text.String(), want)
	}
	data, err := json.Marshal(r)
	require.NoError(t, err)
	require.Contains(t, string(data), `"verdicts":[{"verdict":"human","requests":2,"lands":1,"of_them_learned":1,"may_land":1,`)
	require.NotContains(t, string(data), "martian")
}

// With an archive a click may land if that has a link to its host; what it has
// otherwise changes nothing, nor for links that are not learned.
func TestForecastWithAnArchive(t *testing.T) {
	customerio, sendgrid, learning := part(t, "customerio-eu", ""), part(t, "sendgrid", ""), part(t, "sendgrid", `, "learn": true`)
	for name, c := range map[string]struct {
		site *core.Site
		line string
		want Counts
	}{
		"known":                        {learning, line("esp=sendgrid"), Counts{May: 1}},
		"an app link":                  {learning, line("esp=sendgrid", "kind=app"), Counts{May: 1}},
		"not known":                    {learning, line("esp=sendgrid", "destination=www.example.com"), Counts{Page: 1, Unarchived: 1}},
		"known, and not listed":        {learning, line("esp=sendgrid", "destination=partner.example.net"), Counts{Page: 1}},
		"corrected by a rule":          {learning, line("esp=sendgrid", "destination=www.example.com", "code=recalled"), Counts{May: 1}},
		"answered from what was known": {learning, line("esp=sendgrid", "destination=www.example.com", "reading=learned", "action=redirect"), Counts{Lands: 1, Learned: 1}},
		"a page already":               {learning, line("esp=sendgrid", "destination=", "code=retired", "action=refuse"), Counts{Page: 1}},
		"no destination":               {learning, line("esp=sendgrid", "destination="), Counts{Unknown: 1}},
		"nothing is learned":           {sendgrid, line("esp=sendgrid"), Counts{Page: 1}},
		"links that can be read":       {customerio, line("destination=www.example.com"), Counts{May: 1}},
	} {
		f := &Forecast{Site: c.site, Archive: map[string]int{"shop.example.com": 2, "partner.example.net": 1}}
		f.Line([]byte(c.line))
		r := f.Report(now)
		require.Len(t, r.Kinds, 1, name)
		c.want.Requests, c.want.Last = 1, r.Kinds[0].Last
		require.Equal(t, c.want, r.Kinds[0].Counts, name)
		byArchive := c.want.May == 1 && c.site == learning && !strings.Contains(c.line, "recalled")
		require.Equal(t, byArchive, len(r.Archive) == 1, name)
	}
}

func TestForecastTextWithAnArchive(t *testing.T) {
	said := func(site *core.Site, archive map[string]int, lines ...string) string {
		f := &Forecast{Site: site, Archive: archive}
		for _, l := range lines {
			f.Line([]byte(l))
		}
		var b strings.Builder
		f.Report(now).Text(&b)
		return b.String()
	}
	learning := part(t, "sendgrid", `, "learn": true`)
	text := said(learning, map[string]int{"shop.example.com": 2, "www.example.com": 1}, line("esp=sendgrid"), line("esp=sendgrid"), line("esp=sendgrid", "kind=app"),
		line("esp=sendgrid", "destination=www.example.com"), line("esp=sendgrid", "destination=blog.example.com"), line("esp=sendgrid", "code=recalled"))
	for _, want := range []string{
		"clicks that may land: 1 were led to a listed host by sendgrid, and \"learn\" is on; ",
		"clicks that may land by the archive: 4 were led to a listed host to which it has links. Which link was clicked is not in the log, so these need not be the same, nor of this link domain\n" +
			"  shop.example.com  2 links known (3 clicks)\n  www.example.com  1 link known (1 click)\n",
		"clicks that get a page as the archive has no link to their host: 1; what is learned after it was written is not counted\n",
	} {
		require.Contains(t, text, want)
	}
	require.NotContains(t, text, "changes nothing")
	for _, site := range []*core.Site{part(t, "customerio-eu", ""), part(t, "sendgrid", "")} {
		require.Contains(t, said(site, map[string]int{}, line("esp="+site.ESP)), "the archive changes nothing here: it is used for links that are learned only\n")
		require.NotContains(t, said(site, nil, line("esp="+site.ESP)), "archive")
	}
	many := map[string]int{}
	var lines []string
	for i := range 21 {
		host := fmt.Sprintf("h%02d.example.com", i)
		many[host] = 1
		lines = append(lines, line("esp=sendgrid", "destination="+host))
	}
	require.Contains(t, said(learning, many, lines...), "\n  and 1 host more\n")
}

// What does not depend on the ESP is not counted.
func TestForecastLeavesOut(t *testing.T) {
	site := part(t, "customerio-eu", "")
	for _, l := range []string{
		line("host=other.example.com"),
		line("kid=k1", "action=redirect"),                                    // a signed link
		line("kid=k1", "kind=open", "action=reply"),                          // its pixel
		line("code=bad_tag", "action=refuse"),                                // a damaged one
		line("kind=other", "action=reply", "destination="),                   // the files of app links
		line("kind=health", "action=reply"),                                  // a probe
		line("code=wrong_host", "action=refuse", "esp=", "host=no.example"),  // no site
		line("code=too_long", "action=refuse"), line("code=loop", "kind=op"), // refused before
	} {
		r := forecast(t, site, l)
		require.Zero(t, r.OfHost, l)
		require.Equal(t, 1, r.Lines)
	}
	l := line()
	require.Equal(t, 1, forecast(t, site, l, l, "x "+l).OfESP, "delivered twice")
}

// A log that says too little says so.
func TestForecastDoubts(t *testing.T) {
	site := part(t, "customerio-eu", "")
	month := func(n int, more ...string) (list []string) {
		for i := range n {
			list = append(list, line(append(more, "time="+now.Add(-time.Duration(i)*40*24*time.Hour/time.Duration(n)).Format(time.RFC3339))...))
		}
		return list
	}
	require.Empty(t, forecast(t, site, month(200)...).Doubts)
	require.Equal(t, []string{"99 clicks: too few for a share to mean much"}, forecast(t, site, month(99)...).Doubts)
	for doubt, lines := range map[string][]string{
		"the log covers less than a day":                                                                month(200, "time=")[:1],
		"the last request for a link of customerio-eu is 31 days old":                                   {line()},
		"no line of a link of customerio-eu on link.example.com is in the log: nothing follows from it": month(200, "esp=sendgrid"),
	} {
		r := forecast(t, site, lines...)
		require.Contains(t, strings.Join(r.Doubts, "\n"), doubt)
	}
	require.Contains(t, forecast(t, site, month(200, "esp=sendgrid")...).Doubts[0], "the log has there: sendgrid (200)")
	require.Contains(t, forecast(t, site).Doubts[0], "nothing follows")
}

// Two ESPs that are custom have one name in the log.
func TestForecastNamesake(t *testing.T) {
	const two = `{"esp": "custom", "origin": "https://t.example.net", "links": "mautic", "also": [{"esp": "custom", "origin": "https://u.example.net", "links": "customerio"}, {"esp": "mailgun"}], "destinations": ["example.com"]}`
	for name, want := range map[string]bool{"also[0]": true, "mailgun": false} {
		c, err := (&Order{Host: "link.example.com", ESP: name}).Change([]byte(around(two)), "sites.json", parse)
		require.NoError(t, err, detail(err))
		require.Equal(t, want, c.Namesake())
	}
	f := &Forecast{Site: part(t, "customerio-eu", ""), Namesake: true}
	f.Line([]byte(line()))
	require.Contains(t, f.Report(now).Doubts[0], "another ESP of the site is called customerio-eu in the log too")
}

// No share is rounded to all or to nothing.
func TestPercent(t *testing.T) {
	for want, c := range map[string][2]int{"100%": {3, 3}, "-": {0, 3}, "33.3%": {1, 3}, "66.6%": {2, 3}, "99.9%": {9999, 10000}, "<0.1%": {1, 10000}} {
		require.Equal(t, want, percent(c[0], c[1]))
	}
}

func TestForecastText(t *testing.T) {
	var lines []string
	for i := range 40 {
		lines = append(lines, line(), line("reading=certain", "action=redirect"), line("destination="+fmt.Sprintf("h%02d.example.net", i)), line("kind=open", "destination="), line("esp=sendgrid"))
	}
	lines = append(lines, line("destination=h07.example.net"), line("destination="), line("kind=unsubscribe", "time=2026-07-02T11:12:13Z"), line("kind=other"), "no line of the log")
	var b strings.Builder
	forecast(t, part(t, "customerio-eu", ""), lines...).Text(&b)
	text := b.String()
	for _, want := range []string{
		"the click log: 204 lines, 2026-07-01 10:00 to 2026-07-02 11:12 UTC; 204 requests for ESPs' links on link.example.com, 164 of them of customerio-eu\n",
		"\nclick        122       32.7%  32.7%     33.6%       0.8%       2026-07-01 10:00\n",
		"\nopen         40        100%   -         -           -          2026-07-01 10:00\n",
		"\nunsubscribe  1         -      -         100%        -          2026-07-02 11:12\n",
		`40 were read from the link when they were clicked (the line has "reading")`,
		"Read are whole ones\n",
		"without allow_http, those to http:// get a page\n",
		"clicks not known: 1 have no destination in the log",
		"\n  h07.example.net  1.6% (2 clicks)\n  h00.example.net  0.8% (1 click)\n",
		"\n  and 20 hosts more\n",
		"without an origin in unsubscribes, a page says that nothing was done\n",
		"other: what has the form of no link goes to the site's own esp",
		"mail that nobody has opened in this time is not in the log\n",
		"doubt: the log covers 1 day: too little",
	} {
		require.Contains(t, text, want)
	}
	b.Reset()
	forecast(t, part(t, "sendgrid", `, "unsubscribes": "https://prefs.example.com"`), line("esp=sendgrid"), line("esp=sendgrid", "reading=learned"),
		line("esp=sendgrid", "kind=unsubscribe"), line("esp=sendgrid", "code=recalled", "destination=")).Text(&b)
	require.Contains(t, b.String(), "only sendgrid can read its links, so those land of which something was learned: 1 of 3 here were answered from that\nnothing is learned of them: \"learn\": true does that while the ESP still answers\n")
	require.Contains(t, b.String(), "they reach prefs.example.com; whether it understands them is not in the log")
	require.Contains(t, b.String(), "withdrawn by a rule of recalls: 1")
}

// FuzzForecast: whatever the lines say, each is in one column of one kind, and
// none of a family that cannot be read lands but what was learned.
func FuzzForecast(f *testing.F) {
	f.Add("customerio-eu", "click", "GET", "proxy", "ok", "shop.example.com", "certain", "yes")
	f.Add("sendgrid", "app", "HEAD", "redirect", "recalled", "?", "learned", "")
	f.Add("sendgrid", "unsubscribe", "POST", "refuse", "unsubscribe_retired", "", "", "no")
	f.Fuzz(func(t *testing.T, name, kind, method, action, code, destination, reading, agrees string) {
		for _, site := range []*core.Site{part(t, "customerio-eu", ""), part(t, "sendgrid", "")} {
			l := line("esp="+name, "kind="+kind, "method="+method, "action="+action, "code="+code, "destination="+destination, "reading="+reading, "agrees="+agrees)
			r := forecast(t, site, l)
			require.LessOrEqual(t, r.OfESP, r.OfHost)
			require.Equal(t, 1, r.Lines+r.Others)
			for _, k := range r.Kinds {
				require.Equal(t, k.Requests, k.Lands+k.May+k.Page+k.Withdrawn+k.Unknown)
				for _, v := range k.Verdicts {
					require.Equal(t, k.Counts, v.Counts)
				}
				if !site.Origin.Family.Readable() && (k.Kind == esp.KindClick.String() || k.Kind == esp.KindApp.String()) {
					require.Equal(t, k.Learned, k.Lands+k.May)
				}
			}
			r.Text(&strings.Builder{})
		}
		known := &Forecast{Site: part(t, "sendgrid", `, "learn": true`), Archive: map[string]int{"shop.example.com": 1}}
		known.Line([]byte(line("esp="+name, "kind="+kind, "method="+method, "action="+action, "code="+code, "destination="+destination, "reading="+reading, "agrees="+agrees)))
		for _, k := range known.Report(now).Kinds {
			require.Equal(t, k.Requests, k.Lands+k.May+k.Page+k.Withdrawn+k.Unknown)
			require.LessOrEqual(t, k.Unarchived, k.Page)
			require.True(t, k.May == 0 || destination == "shop.example.com" || code == "recalled", "%s may land", destination)
		}
	})
}
