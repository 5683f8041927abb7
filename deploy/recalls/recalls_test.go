package recalls

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core/recall"
	"github.com/clickedge/clickedge/core/sitesjson"
	"github.com/clickedge/clickedge/deploy/override"
)

const host = "link.example.com"

func site(t testing.TB, entry, file string) *Site {
	t.Helper()
	s, err := Read(t.Context(), nil, host, nil, []byte(`{"sites": {"link.example.com": `+file+`}}`))
	require.NoError(t, err)
	if entry != "" {
		s.Entry = entry
		s.Object, err = override.Parse([]byte(entry))
		require.NoError(t, err)
	}
	return s
}

func TestAdd(t *testing.T) {
	s := site(t, "", `{"esp": "sendgrid", "recalls": [{"from": "https://a.example/1", "gone": true, "at": "x"}]}`)
	o, at, err := s.Add(Rule{From: "https://a.example/?a=1&b=<2>", To: "https://b.example/?c&d", By: "Ann"}, false)
	require.NoError(t, err)
	require.Equal(t, 1, at)
	require.Equal(t, `{"esp":"sendgrid","recalls":[{"from":"https://a.example/1","gone":true,"at":"x"},{"from":"https://a.example/?a=1&b=<2>","to":"https://b.example/?c&d","by":"Ann"}]}`, o.Text())

	for from, want := range map[string]string{
		"https://a.example/*":     "meets every link to a.example",
		"https://a.example":       "",
		"https://A.example:443/1": "recalls[0] is about https://a.example/1 already",
		"a.example/x":             "is not an http or https URL",
		"https://a.example/x#y":   `has a "#"`,
	} {
		_, _, err := s.Add(Rule{From: from, Gone: true}, false)
		if want == "" {
			require.NoError(t, err, from)
			continue
		}
		require.ErrorContains(t, err, want)
	}
}

// A rule for one page is put before the first that would meet it.
func TestAddBeforeAWiderOne(t *testing.T) {
	s := site(t, "", `{"esp":"sendgrid","recalls":[{"from":"https://b.example/*","gone":true},{"from":"https://a.example/x*","gone":true},{"from":"https://a.example/*","gone":true}]}`)
	for from, want := range map[string]int{"https://a.example/xy": 1, "https://a.example/y": 2, "https://b.example/": 0, "https://c.example/": 3} {
		_, at, err := s.Add(Rule{From: from, Gone: true}, false)
		require.NoError(t, err)
		require.Equal(t, want, at, from)
	}
}

func TestFindAndRemove(t *testing.T) {
	const file = `{"esp":"sendgrid","recalls":[{"from":"https://a.example/0","gone":true}]}`
	const entry = `{"recalls":[{"from":"https://a.example/0","gone":true},{"from":"https://a.example/1","gone":true,"at":"2026-03-02T00:00:00Z"},{"from":"https://a.example/2","gone":true,"at":"2026-03-01T00:00:00Z"}],"esp":"sendgrid"}`
	s := site(t, entry, file)
	for which, want := range map[string]int{"": 1, "0": 0, "2": 2, "https://A.example:443/2": 2} {
		i, err := s.Find(which)
		require.NoError(t, err)
		require.Equal(t, want, i, which)
	}
	for _, which := range []string{"3", "-1", "https://a.example/3", "x"} {
		_, err := s.Find(which)
		require.ErrorContains(t, err, "has no rule", which)
	}
	o, err := s.Remove(1)
	require.NoError(t, err)
	require.NotContains(t, o.Text(), "a.example/1")
	s.Object, s.Entry = o, o.Text()
	o, err = s.Remove(1)
	require.NoError(t, err)
	require.Nil(t, o, "it says what sites.json says")

	s = site(t, "", file)
	_, err = s.Remove(0)
	require.ErrorContains(t, err, "the rule stands in sites.json")
	s = site(t, `{"esp":"sendgrid"}`, file)
	_, err = s.Find("")
	require.ErrorContains(t, err, "has no recalls")
}

func TestDiffers(t *testing.T) {
	require.Empty(t, site(t, `{"recalls":[],"esp":"sendgrid"}`, `{"esp":"sendgrid"}`).Differs())
	require.Equal(t, []string{"esp", "home"}, site(t, `{"esp":"spgo","recalls":[]}`, `{"esp":"sendgrid","home":"x"}`).Differs())
	require.Empty(t, site(t, "", `{"esp":"sendgrid"}`).Differs())
}

func TestPreview(t *testing.T) {
	from, _ := recall.ReadFrom("https://shop.example.com/a")
	p := &Preview{Host: host, From: from}
	for _, line := range []string{
		`{"v":1,"time":"2026-03-01T10:00:00Z","request":"a","host":"link.example.com","kind":"click","action":"proxy","destination":"shop.example.com"}`,
		`{"v":1,"time":"2026-03-01T10:00:00Z","request":"a","host":"link.example.com","kind":"click","action":"proxy","destination":"shop.example.com"}`,
		`{"v":1,"time":"2026-03-01T09:00:00Z","request":"b","host":"Link.example.com:443","kind":"other","action":"proxy","destination":"shop.example.com"}`,
		`{"v":1,"time":"2026-03-01T09:00:00Z","request":"c","host":"link.example.com","kind":"open","action":"proxy","destination":"shop.example.com"}`,
		`{"v":1,"time":"2026-03-01T09:00:00Z","request":"d","host":"x.example.com","kind":"click","action":"proxy","destination":"shop.example.com"}`,
		`{"v":1,"time":"2026-03-01T09:00:00Z","request":"e","host":"link.example.com","kind":"click","action":"refuse","destination":""}`,
		`{"v":1,"time":"2026-03-01T09:00:00Z","request":"f","host":"link.example.com","kind":"click","action":"proxy","destination":"www.example.com"}`,
		`no log`,
	} {
		p.Line([]byte(line))
	}
	var b bytes.Buffer
	p.Text(&b)
	require.Equal(t, "of 3 clicks on link.example.com in the log, 2 led to shop.example.com, from 2026-03-01T09:00:00Z to 2026-03-01T10:00:00Z\n"+
		"the log has hosts and no paths: the rule meets those of them that lead to https://shop.example.com/a\n", b.String())

	p = &Preview{Host: host, From: from}
	p.Line([]byte(`{"v":1,"time":"2026-03-01T09:00:00Z","request":"f","host":"link.example.com","kind":"click","action":"proxy","destination":"shop.exmaple.com"}`))
	b.Reset()
	p.Text(&b)
	require.Contains(t, b.String(), "they led to shop.exmaple.com\n", "the host may be misspelt")
}

func TestTry(t *testing.T) {
	const ses = "/CL0/https:%2F%2Fshop.example.com%2Fa/1/010001a0a01d5872-5c963d3e-2a09-4018-8d07-d0f0737cf930-000000/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=452"
	s, err := sitesjson.ParseSite(host, []byte(`{"esp": "ses-us-east-1", "keys": ["k1"], "destinations": ["www.example.com"], "recalls": [
		{"from": "https://shop.example.com/a", "to": "https://www.example.com/"}, {"from": "https://link.example.com/page", "gone": true}]}`))
	require.NoError(t, err)
	for url, want := range map[string]string{
		"https://shop.example.com/a#b": "https://shop.example.com/a#b: to https://www.example.com/, by recalls[0]",
		"https://shop.example.com/b":   "https://shop.example.com/b: not recalled",
		"https://link.example.com" + ses: "https://link.example.com" + ses + " leads to https://shop.example.com/a: to https://www.example.com/, by recalls[0]; " +
			"as far as the ESP's answer leads where the link says",
		"https://link.example.com/page":        "https://link.example.com/page: gone, by recalls[1]",
		"https://link.example.com/CI0/0100/x=": "https://link.example.com/CI0/0100/x=; what is of kind open is never recalled",
		"https://link.example.com/to/k1.x":     "https://link.example.com/to/k1.x; this is not a signed link, or its parts are out of order",
		"/a":                                   "/a; not an http or https URL",
		"mailto:ann@example.com":               "mailto:ann@example.com; not an http or https URL",
	} {
		require.Equal(t, want, Try(s, url).Text())
	}
}
