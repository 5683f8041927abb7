package core

import (
	"encoding/xml"
	"image/gif"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core/outcome"
)

// everyCode returns the codes of the specification that a page is for; a test
// of core/codes holds the two together.
func everyCode(t *testing.T) (list []outcome.Code) {
	t.Helper()
	spec, err := os.ReadFile("spec/click-log.md")
	require.NoError(t, err)
	for _, m := range regexp.MustCompile("(?m)^\\| `(\\w+)` \\| (\\d{3}|as the ESP answered) \\|").FindAllStringSubmatch(string(spec), -1) {
		list = append(list, outcome.Code(m[1]))
	}
	require.Greater(t, len(list), 20)
	return list
}

func TestPageOfEveryCode(t *testing.T) {
	for _, code := range everyCode(t) {
		n := code.Notice()
		p := Page{Code: code, RequestID: "0123", Home: "https://www.example.com/?a=1&b=2"}
		html := string(p.AppendHTML(nil))
		require.Equal(t, n.Status, p.StatusCode())
		require.GreaterOrEqual(t, n.Status, 400)
		require.Contains(t, html, "<h1>"+n.Title+"</h1>")
		require.Contains(t, html, string(code)+" · 0123")
		require.Contains(t, html, `href="https://www.example.com/?a=1&amp;b=2"`)
		require.Less(t, len(html), 1500, "a short page")
		wellFormed(t, html)
	}
}

// wellFormed reads the page as HTML that happens to be XML, void elements
// aside.
func wellFormed(t *testing.T, html string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(strings.TrimPrefix(html, "<!doctype html>")))
	d.Strict, d.AutoClose, d.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	for {
		_, err := d.Token()
		if err == io.EOF {
			return
		}
		require.NoError(t, err)
	}
}

func TestPageEscapes(t *testing.T) {
	html := string(Page{Code: outcome.Internal, RequestID: `"><script>'&`}.AppendHTML(nil))
	require.NotContains(t, html, "<script>")
	require.Contains(t, html, "&#34;&gt;&lt;script&gt;&#39;&amp;")
	require.NotContains(t, html, "href=", "no home, no link")
}

func TestPageOfAnUnknownCode(t *testing.T) {
	require.Equal(t, 500, Page{Code: "never_heard_of"}.StatusCode())
	require.Equal(t, 503, Page{Code: outcome.ESPError, Status: 503}.StatusCode(), "an ESP's own status stays")
}

func TestPixelIsAGIF(t *testing.T) {
	img, err := gif.Decode(strings.NewReader(Pixel))
	require.NoError(t, err)
	require.Equal(t, 1, img.Bounds().Dx()*img.Bounds().Dy())
	_, _, _, alpha := img.At(0, 0).RGBA()
	require.Zero(t, alpha, "transparent")
}
