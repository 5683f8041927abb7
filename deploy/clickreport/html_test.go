package clickreport

import (
	"bytes"
	"flag"
	"io"
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"
)

var update = flag.Bool("update", false, "rewrite the page in testdata")

// The page of a small log is held fast.
func TestPage(t *testing.T) {
	log, err := os.Open("testdata/clicks.ndjson")
	require.NoError(t, err)
	defer log.Close()
	c := new(Clicks)
	require.NoError(t, c.Lines(log, c.Line))
	var page bytes.Buffer
	require.NoError(t, c.Report().HTML(&page))
	const golden = "testdata/clicks.html"
	if *update {
		require.NoError(t, os.WriteFile(golden, page.Bytes(), 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), page.String())
	requireElements(t, page.Bytes())
	requireAccessible(t, page.Bytes())
}

// A log without a request, and one without a click, have a page too.
func TestEmptyPage(t *testing.T) {
	for _, c := range []*Clicks{read(t), read(t, line(1, "kind", "open")), read(t, line(1, "time", "0001-01-01T00:00:01Z"), line(2, "time", "9999-12-31T23:59:59Z"))} {
		var page bytes.Buffer
		require.NoError(t, c.Report().HTML(&page))
		requireElements(t, page.Bytes())
		requireAccessible(t, page.Bytes())
	}
}

// hostile are names that a page, a terminal or a spreadsheet could take for
// more than a name.
var hostile = []string{`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `' onload='x`, `</title><b>`, `</style><style>*{color:red}`, `{{.}}`, `&lt;b&gt;`,
	`=cmd|' /C calc'!A1`, `+1`, `-1`, `@x`, "\u202egpj", "\x1b[2J", "a\nb,c\"d", "javascript:alert(1)", "<!--", "]]>"}

// Nothing from the log is ever markup, whichever member it is in.
func TestNothingFromTheLogIsMarkup(t *testing.T) {
	var lines []string
	for i, name := range hostile {
		quoted := strconv.Quote(name)
		lines = append(lines, line(2*i, "host", quoted, "esp", quoted, "kind", quoted, "verdict", quoted, "code", quoted, "destination", quoted, "action", quoted, "origin_error", quoted),
			line(2*i+1, "host", name, "esp", name, "kind", name, "verdict", name, "code", name, "destination", name, "missed", name, "origin_status", "200"))
	}
	r := read(t, lines...).Report()
	require.Equal(t, 2*len(hostile), r.Total.Requests)
	requireOnlyOurs(t, r)
	var page bytes.Buffer
	require.NoError(t, r.HTML(&page))
	require.Contains(t, page.String(), "&lt;script&gt;alert(1)&lt;/script&gt;")
}

// elements are those that the template has, with their attributes.
var elements = []string{"html", "head", "meta", "title", "style", "body", "a", "main", "h1", "h2", "p", "nav", "ul", "li", "div", "strong", "dl", "dt", "dd",
	"section", "figure", "figcaption", "span", "svg", "line", "g", "rect", "details", "summary", "table", "thead", "tbody", "tr", "th", "td", "footer"}

var attributes = []string{"lang", "charset", "http-equiv", "content", "name", "class", "href", "id", "aria-label", "aria-hidden", "role", "tabindex", "scope", "colspan",
	"viewbox", "preserveaspectratio", "x", "y", "x1", "x2", "y1", "y2", "width", "height"}

// requireElements reads the page as a browser does: nothing is in it but what
// the template has, and no link leads out of it.
func requireElements(t testing.TB, page []byte) {
	t.Helper()
	for z := html.NewTokenizer(bytes.NewReader(page)); ; {
		switch kind := z.Next(); kind {
		case html.ErrorToken:
			require.ErrorIs(t, z.Err(), io.EOF)
			return
		case html.CommentToken:
			t.Fatalf("a comment: %s", z.Raw())
		case html.StartTagToken, html.SelfClosingTagToken:
			token := z.Token()
			require.Contains(t, elements, token.Data)
			for _, a := range token.Attr {
				require.Contains(t, attributes, a.Key, token.Data)
				require.False(t, a.Key == "href" && a.Val[0] != '#', a.Val)
			}
		}
	}
}

// requireAccessible: every plot has words or is hidden from who cannot see it,
// what scrolls can be reached by keyboard and has a name, ids are unique, and
// every link within the page leads somewhere.
func requireAccessible(t testing.TB, page []byte) {
	t.Helper()
	root, err := html.Parse(bytes.NewReader(page))
	require.NoError(t, err)
	var ids, targets []string
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		attr := map[string]string{}
		for _, a := range n.Attr {
			attr[a.Key] = a.Val
		}
		switch {
		case n.Data == "svg" && attr["aria-hidden"] != "true":
			require.Equal(t, "img", attr["role"])
			require.NotEmpty(t, attr["aria-label"])
		case attr["tabindex"] != "":
			require.Equal(t, "0", attr["tabindex"])
			require.Equal(t, "region", attr["role"])
			require.NotEmpty(t, attr["aria-label"])
		case n.Data == "th" && n.FirstChild != nil:
			require.NotEmpty(t, attr["scope"])
		}
		if attr["id"] != "" {
			require.NotContains(t, ids, attr["id"])
			ids = append(ids, attr["id"])
		}
		if n.Data == "a" {
			targets = append(targets, attr["href"][1:])
		}
	}
	for _, id := range targets {
		require.True(t, slices.Contains(ids, id), id)
	}
}
