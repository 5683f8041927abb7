package retire

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/sitesfile"
)

func parse(text []byte) (*core.Sites, error) {
	sites, _, err := sitesfile.Parse("sites.json", text, func(string) ([]byte, error) { return nil, fs.ErrNotExist })
	return sites, err
}

// around is a file that must stay as it is around the site.
func around(site string) string {
	return "{\r\n \"sites\" : {\n\t\"a.example.com\": {\"esp\":\"sendgrid\" },\n\t\"link.example.com\": " + site + ",\n\"z.example.com\":\t{\"esp\": \"mailgun\"}}}\n\n"
}

var now = time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC)

// What stands in the site, whatever its layout, before and after.
func TestChange(t *testing.T) {
	for name, c := range map[string]struct {
		order         Order
		before, after string
		successor     string
	}{
		"an entry of also": {Order{ESP: "sendgrid", On: "2026-09-30"},
			`{"esp": "customerio-eu", "also": [{"esp": "sendgrid"}]}`,
			`{"esp": "customerio-eu", "also": [{"esp": "sendgrid", "retired": "2026-09-30"}]}`, ""},
		"at once, written closely": {Order{ESP: "sendgrid"},
			`{"esp":"customerio-eu","also":[{"esp":"sendgrid","cookies":"strip"}]}`,
			`{"esp":"customerio-eu","also":[{"esp":"sendgrid","cookies":"strip","retired":true}]}`, ""},
		"over several lines": {Order{ESP: "sendgrid"},
			"{\n  \"esp\": \"customerio-eu\",\n  \"also\": [\n    {\n      \"esp\": \"sendgrid\"\n    }\n  ]\n}",
			"{\n  \"esp\": \"customerio-eu\",\n  \"also\": [\n    {\n      \"esp\": \"sendgrid\",\n      \"retired\": true\n    }\n  ]\n}", ""},
		"with an origin for unsubscribes": {Order{ESP: "sendgrid", Unsubscribes: "https://prefs.example.com"},
			`{"esp": "customerio-eu", "also": [{"esp": "sendgrid"}]}`,
			`{"esp": "customerio-eu", "also": [{"esp": "sendgrid", "retired": true}], "unsubscribes": "https://prefs.example.com"}`, ""},
		"another origin": {Order{ESP: "sendgrid", Unsubscribes: "https://prefs.example.com"},
			`{"unsubscribes": "https://old.example.com", "esp": "customerio-eu", "also": [{"esp": "sendgrid", "retired": "2026-01-01"}]}`,
			`{"unsubscribes": "https://prefs.example.com", "esp": "customerio-eu", "also": [{"esp": "sendgrid", "retired": true}]}`, ""},
		"another day": {Order{ESP: "sendgrid", On: "2026-09-30"},
			`{"esp": "customerio-eu", "also": [{"esp": "sendgrid", "retired" : true}]}`,
			`{"esp": "customerio-eu", "also": [{"esp": "sendgrid", "retired" : "2026-09-30"}]}`, ""},
		"by its place": {Order{ESP: "also[1]"},
			`{"esp": "customerio-eu", "also": [{"esp": "mailgun"}, {"esp": "sendgrid"}]}`,
			`{"esp": "customerio-eu", "also": [{"esp": "mailgun"}, {"esp": "sendgrid", "retired": true}]}`, ""},
		"the site's own, for the first that is active": {Order{ESP: "sendgrid", On: "2026-09-30"},
			`{"esp": "sendgrid", "also": [{"esp": "mailgun", "retired": "2026-01-01"}, {"esp": "customerio-eu"}], "destinations": ["example.com"]}`,
			`{"esp": "customerio-eu", "also": [{"esp": "mailgun", "retired": "2026-01-01"}, {"esp": "sendgrid", "retired": "2026-09-30"}], "destinations": ["example.com"]}`, "customerio-eu"},
		"for the one that is named": {Order{ESP: "sendgrid", Successor: "mailgun"},
			`{"esp": "sendgrid", "also": [{"esp": "customerio-eu"}, {"esp": "mailgun"}]}`,
			`{"esp": "mailgun", "also": [{"esp": "customerio-eu"}, {"esp": "sendgrid", "retired": true}]}`, "mailgun"},
		"for one that is new": {Order{ESP: "sendgrid", Successor: "mailgun"},
			`{"esp": "sendgrid", "home": "https://www.example.com/"}`,
			`{"esp": "mailgun", "also": [{"esp": "sendgrid", "retired": true}], "home": "https://www.example.com/"}`, "mailgun"},
		"for one that is new, beside others": {Order{ESP: "sendgrid", Successor: "mailgun"},
			`{"esp":"sendgrid","also":[{"esp":"customerio-eu"}]}`,
			`{"esp":"mailgun","also":[{"esp":"customerio-eu"},{"esp":"sendgrid","retired":true}]}`, "mailgun"},
		"for none": {Order{ESP: "sendgrid", Successor: "none"},
			`{"keys": ["k1"], "esp": "sendgrid", "cookies": "strip", "destinations": ["example.com"]}`,
			`{"keys": ["k1"], "esp": "none", "also": [{"esp": "sendgrid", "cookies": "strip", "retired": true}], "destinations": ["example.com"]}`, "none"},
		"what belongs to each goes with it": {Order{ESP: "custom"},
			`{"origin": "https://t.example.net", "host": "origin", "esp": "custom", "links": "sendgrid", "headers": {"X-A": "1"}, "esp_timeout": "2s", "destinations": ["example.com"], "also": [
  {"esp": "sparkpost", "second_origin": "https://v2.spgo.io", "clicks": "redirect", "count": false},
  {"esp": "mailgun"}]}`,
			`{"esp": "sparkpost", "second_origin": "https://v2.spgo.io", "clicks": "redirect", "count": false, "esp_timeout": "2s", "destinations": ["example.com"], "also": [
  {"esp": "custom", "origin": "https://t.example.net", "host": "origin", "links": "sendgrid", "headers": {"X-A": "1"}, "clicks": "proxy", "retired": true},
  {"esp": "mailgun", "clicks": "proxy"}]}`, "sparkpost"},
		"what all had from the site stays": {Order{ESP: "sendgrid"},
			`{"esp": "sendgrid", "clicks": "redirect", "when_esp_fails": "redirect", "esp_timeout": "3s", "destinations": ["example.com"], "also": [{"esp": "customerio-eu", "esp_timeout": "9s"}, {"esp": "mailgun", "clicks": "proxy"}]}`,
			`{"esp": "customerio-eu", "clicks": "redirect", "when_esp_fails": "redirect", "esp_timeout": "9s", "destinations": ["example.com"], "also": [{"esp": "sendgrid", "esp_timeout": "3s", "retired": true}, {"esp": "mailgun", "clicks": "proxy", "esp_timeout": "3s"}]}`, "customerio-eu"},
		"taken back": {Order{ESP: "sendgrid", Undo: true},
			`{"esp": "customerio-eu", "also": [{"retired": true, "esp": "sendgrid"}, {"esp": "mailgun", "retired": true}], "unsubscribes": "https://prefs.example.com", "destinations": ["example.com"]}`,
			`{"esp": "customerio-eu", "also": [{"esp": "sendgrid"}, {"esp": "mailgun", "retired": true}], "unsubscribes": "https://prefs.example.com", "destinations": ["example.com"]}`, ""},
		"the last one taken back": {Order{ESP: "sendgrid", Undo: true},
			`{"esp": "customerio-eu", "also": [{"esp": "sendgrid", "retired": "2026-01-01"}], "unsubscribes": "https://prefs.example.com"}`,
			`{"esp": "customerio-eu", "also": [{"esp": "sendgrid"}]}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			c.order.Host = "LINK.example.com"
			change, err := c.order.Change([]byte(around(c.before)), "sites.json", parse)
			require.NoError(t, err, detail(err))
			require.Equal(t, around(c.after), string(change.After))
			require.Equal(t, c.successor, change.Successor)
			require.False(t, change.Same)
			require.Equal(t, c.order.Undo, change.Entry.Retired == 0)
			require.NotEmpty(t, change.Says())
			require.Contains(t, change.Diff("sites.json"), "\n+")
		})
	}
}

func detail(err error) string {
	if f := failure.Of(err); f != nil {
		return f.Detail
	}
	return ""
}

// What cannot be done is refused, and says what to do.
func TestChangeRefuses(t *testing.T) {
	const two = `{"esp": "customerio-eu", "also": [{"esp": "sendgrid"}]}`
	for _, c := range []struct {
		order   Order
		site    string
		problem string
		hint    string
		exit    int
	}{
		{Order{ESP: "mailgun"}, two, `link.example.com has no esp "mailgun"`, "it has customerio-eu, sendgrid", 1},
		{Order{ESP: "none"}, `{"esp": "none", "keys": ["k1"], "destinations": ["example.com"]}`, `has no esp "none"`, "it has none", 1},
		{Order{ESP: "sendgrid", Host: "other.example.com"}, two, `no site "other.example.com"`, "it has a.example.com", 1},
		{Order{ESP: "sendgrid", On: "2026-9-3"}, two, `--on "2026-9-3" is not a date`, "2026-09-30", 2},
		{Order{ESP: "sendgrid", On: "2026-02-30"}, two, "is not a date", "", 2},
		{Order{ESP: "sendgrid", Successor: "mailgun"}, two, "only the site's own esp, customerio-eu, has a successor", "leave --successor out", 2},
		{Order{ESP: "sendgrid", Undo: true, On: "2026-09-30"}, two, "--undo takes a date away", "", 2},
		{Order{ESP: "customerio-eu", Undo: true}, two, "never retired there", "only an entry of also", 1},
		{Order{ESP: "sendgrid"}, `{"esp": "sendgrid"}`, "no other in also is active", "--successor NAME", 1},
		{Order{ESP: "sendgrid"}, `{"esp": "sendgrid", "also": [{"esp": "mailgun", "retired": true}], "destinations": ["example.com"]}`, "no other in also is active", "", 1},
		{Order{ESP: "sendgrid", Successor: "sendgrid"}, `{"esp": "sendgrid"}`, "is the one that is retired", "", 2},
		{Order{ESP: "sendgrid", Successor: "mailgum"}, `{"esp": "sendgrid"}`, `unknown esp "mailgum"`, "", 2},
		{Order{ESP: "sendgrid", Successor: "mailgun"}, `{"esp": "sendgrid", "also": [{"esp": "mailgun", "retired": true}], "destinations": ["example.com"]}`, "is retired itself", "--undo", 1},
		{Order{ESP: "sendgrid", Successor: "mandrill"}, `{"esp": "sendgrid"}`, "with this change, sites.json has 1 mistake; nothing was written", "", 1},
		{Order{ESP: "customerio-eu"}, two, "with this change, sites.json has 1 mistake", "", 1}, // no destinations
		{Order{ESP: "sendgrid", Unsubscribes: "prefs"}, two, "with this change, sites.json has 1 mistake", "", 1},
		{Order{ESP: "custom", Successor: "mailgun"}, `{"esp": "custom", "origin": "https://t.example.net"}`, "with this change", "", 1},
		{Order{ESP: "custom"}, `{"esp": "custom", "origin": "https://t.example.net", "links": "postal", "also": [{"esp": "custom", "origin": "https://u.example.net", "links": "mautic"}]}`,
			`more than one esp "custom"`, "also[0]", 1},
	} {
		if c.order.Host == "" {
			c.order.Host = "link.example.com"
		}
		_, err := c.order.Change([]byte(around(c.site)), "sites.json", parse)
		require.ErrorContains(t, err, c.problem)
		require.Contains(t, failure.Of(err).Hint, c.hint)
		require.Equal(t, c.exit, failure.Of(err).Exit, c.problem)
	}
	_, err := (&Order{Host: "link.example.com", ESP: "x"}).Change([]byte("{"), "sites.json", parse)
	require.Error(t, err)
}

// Whatever two ESPs a host has, either can be retired, with and without the
// other as the site's own, and taken back; every other ESP is what it was. A
// site for which the change means more is refused by the same check, so nothing
// else needs to be compared here.
func TestEveryPair(t *testing.T) {
	fields := map[string]string{"mandrill": `, "origin": "https://mandrill.example.net"`, "mailjet": `, "origin": "https://mailjet.example.net"`,
		"postmark": `, "origin": "https://postmark.example.net"`, "sparkpost-enterprise": `, "tenant": "acme"`}
	list := []string{"customerio-eu", "braze-sendgrid", "sparkpost-enterprise", "ses-eu-west-1", "mailgun", "iterable-eu", "mandrill", "mailjet", "postmark"}
	for _, a := range list {
		for _, b := range list {
			if a == b {
				continue
			}
			text := fmt.Sprintf(`{"esp": %q%s, "also": [{"esp": %q%s, "clicks": "redirect", "when_esp_fails": "page"}], "when_esp_fails": "redirect", "destinations": ["example.com"]}`, a, fields[a], b, fields[b])
			for _, esp := range []string{a, b} {
				o := Order{Host: "link.example.com", ESP: esp, On: "2026-09-30", Unsubscribes: "https://prefs.example.com"}
				c, err := o.Change([]byte(around(text)), "sites.json", parse)
				require.NoError(t, err, detail(err))
				require.Equal(t, esp, c.Entry.ESP)
				require.Equal(t, int64(1790726400), c.Entry.Retired)
				require.Equal(t, "prefs.example.com", c.New.Unsubscribes.Address)
				again, err := o.Change(c.After, "sites.json", parse)
				require.NoError(t, err)
				require.True(t, again.Same)
				undo := Order{Host: "link.example.com", ESP: esp, Undo: true}
				back, err := undo.Change(c.After, "sites.json", parse)
				require.NoError(t, err, detail(err))
				require.Equal(t, "\"https://prefs.example.com\"", back.Cleared)
				if esp == b {
					require.Equal(t, around(text), string(back.After))
				}
			}
		}
	}
}

func TestSaysAndWarnings(t *testing.T) {
	change := func(o Order, text string) *Change {
		o.Host = "link.example.com"
		c, err := o.Change([]byte(around(text)), "sites.json", parse)
		require.NoError(t, err, detail(err))
		return c
	}
	c := change(Order{ESP: "sendgrid", On: "2026-07-01"}, `{"esp": "customerio-eu", "cookies": "pass", "also": [{"esp": "sendgrid"}]}`)
	warnings := strings.Join(c.Warnings(now), "\n")
	require.Contains(t, warnings, "2026-07-01 is not ahead: sendgrid is asked for nothing as soon as this is published")
	require.Contains(t, warnings, `also[0]: esp "sendgrid" is retired since 2026-07-01, and the site has no "unsubscribes"`)
	require.Contains(t, warnings, "gives recipients 30 days")
	require.NotContains(t, warnings, `"cookies"`, "what was so before")
	require.Contains(t, warnings, "1 other site of the file has sendgrid too: a.example.com")
	require.Equal(t, []string{"sendgrid is asked for nothing on link.example.com from 2026-07-01 00:00 UTC on"}, c.Says())
	require.Contains(t, c.Back("my sites.json"), "clickedge retire link.example.com sendgrid --undo --sites 'my sites.json'")

	c = change(Order{ESP: "customerio-eu", On: "2026-09-30", Unsubscribes: "https://prefs.example.com"}, `{"esp": "customerio-eu", "also": [{"esp": "sendgrid"}], "destinations": ["example.com"]}`)
	require.Empty(t, c.Warnings(now))
	require.Len(t, c.Says(), 3)
	require.Contains(t, c.Says()[1], "once this is published, and not on that day, sendgrid is the site's own esp")
	require.Contains(t, c.Says()[1], "files of app links")
	require.Contains(t, c.Says()[2], "prefs.example.com gets the unsubscribes")
	require.Contains(t, c.Back("sites.json"), "customerio-eu stays in also then")

	c = change(Order{ESP: "customerio-eu", Successor: "none"}, `{"esp": "customerio-eu", "destinations": ["example.com"]}`)
	require.Contains(t, c.Says()[1], "once this is published, the site has no ESP of its own")
	require.Len(t, c.Warnings(now), 1)

	c = change(Order{ESP: "sendgrid", Undo: true}, `{"esp": "customerio-eu", "also": [{"esp": "sendgrid", "retired": true}], "unsubscribes": "https://prefs.example.com"}`)
	require.Empty(t, c.Warnings(now))
	require.Empty(t, c.Back("sites.json"))
	require.Contains(t, c.Says()[1], `"https://prefs.example.com", goes too`)
}

// Of a file in one line only the place is shown.
func TestDiffOfLongLines(t *testing.T) {
	var b strings.Builder
	b.WriteString(`{"sites":{"link.example.com":{"esp":"customerio-eu","also":[{"esp":"sendgrid"}]}`)
	for i := range 100 {
		fmt.Fprintf(&b, `,"h%d.example.com":{"esp":"mailgun"}`, i)
	}
	b.WriteString("}}")
	c, err := (&Order{Host: "link.example.com", ESP: "sendgrid"}).Change([]byte(b.String()), "sites.json", parse)
	require.NoError(t, err)
	require.Less(t, len(c.Diff("sites.json")), 400)
	require.Contains(t, c.Diff("sites.json"), `"esp":"sendgrid","retired":true}]}`)
}

// every calls f for each ESP of each site of a file.
func every(t *testing.T, text []byte, sites *core.Sites, f func(o Order, own bool)) {
	for _, host := range sites.Hosts() {
		for i, e := range sites.Lookup(host).ESPs() {
			o := Order{Host: host, ESP: e.ESP}
			if i > 0 {
				o.ESP = alsoName(i - 1)
			}
			if e.Origin != nil {
				f(o, i == 0)
			}
		}
	}
}

// Every example, and every file of the parser's tests: each ESP is retired, or
// it is refused for a reason that is the operator's; and an entry of also that
// is retired and taken back leaves no trace.
func TestEveryFile(t *testing.T) {
	changed := 0
	for _, pattern := range []string{"../examples/*.json", "../../core/sitesjson/testdata/sites/good-*.json"} {
		names, err := filepath.Glob(pattern)
		require.NoError(t, err)
		require.NotEmpty(t, names)
		for _, name := range names {
			text, err := os.ReadFile(name)
			require.NoError(t, err)
			read := func(text []byte) (*core.Sites, error) {
				sites, _, err := sitesfile.Parse(name, text, func(file string) ([]byte, error) { return os.ReadFile(filepath.Join(filepath.Dir(name), file)) })
				return sites, err
			}
			sites, err := read(text)
			require.NoError(t, err, name)
			every(t, text, sites, func(o Order, own bool) {
				for _, successor := range []string{"", "none", "mailgun"} {
					if !own && successor != "" {
						continue
					}
					o.Successor = successor
					c, err := o.Change(text, name, read)
					require.NotErrorIs(t, err, errOther, "%s: %+v", name, o)
					if err != nil {
						continue
					}
					changed++
					if own || c.Same || bytes.Contains(text, []byte(`"retired"`)) {
						continue
					}
					o.Undo = true
					back, err := o.Change(c.After, name, read)
					require.NoError(t, err)
					require.Equal(t, string(text), string(back.After))
				}
			})
		}
	}
	require.Greater(t, changed, 40)
}

// FuzzChange: whatever file the parser takes, a change gives one that it takes,
// in which nothing else is another.
func FuzzChange(f *testing.F) {
	names, err := filepath.Glob("../../core/sitesjson/testdata/sites/good-*.json")
	require.NoError(f, err)
	for _, name := range names {
		text, err := os.ReadFile(name)
		require.NoError(f, err)
		f.Add(string(text), "2026-09-30", "none", "https://prefs.example.com")
	}
	f.Add(around(`{"origin":"https://t.example.net","esp":"custom","links":"postal","also":[{"esp":"mailgun","clicks":"redirect"}],"destinations":["example.com"]}`), "", "", "")
	f.Fuzz(func(t *testing.T, text, on, successor, unsubscribes string) {
		sites, err := parse([]byte(text))
		if err != nil || sites.Len() > 20 {
			return
		}
		every(t, []byte(text), sites, func(o Order, _ bool) {
			o.On, o.Successor, o.Unsubscribes = on, successor, unsubscribes
			c, err := o.Change([]byte(text), "sites.json", parse)
			if err != nil {
				require.NotContains(t, err.Error(), "internal error")
				return
			}
			after, err := parse(c.After)
			require.NoError(t, err)
			require.Equal(t, sites.Len(), after.Len())
			require.NotZero(t, c.Entry.Retired)
			c.Diff("sites.json")
		})
	})
}
