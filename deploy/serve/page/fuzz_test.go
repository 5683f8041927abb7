package page

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"github.com/clickedge/clickedge/core/clean"
	"github.com/clickedge/clickedge/deploy/probe"
	"github.com/clickedge/clickedge/hostsim/wire"
)

// FuzzHostileText puts one text wherever text from outside can stand: what is
// pasted, a request with its fields, what the ESP was sent, what it answered, a
// recall. The elements and attributes of the page stay the same, and the text is
// there to be read.
func FuzzHostileText(f *testing.F) {
	r := newRig(f)
	r.page.say = func(string) {}
	plain := r.shapes(f, "x")
	f.Fuzz(func(t *testing.T, text string) {
		if strings.TrimSpace(text) == "" || len(text) > 300 {
			return
		}
		for i, shape := range r.shapes(t, text) {
			require.Equal(t, plain[i].elements, shape.elements, "page %d", i)
			require.Contains(t, shape.text, clean.Cut(clean.Text(text), 1000))
		}
	})
}

// shape is a page as a browser reads it.
type shape struct {
	elements []string // with their attributes' names
	text     string   // of elements and attributes
}

// shapes are the pages on which a text stands.
func (r *rig) shapes(t testing.TB, text string) []shape {
	r.answer = &probe.Answer{Status: 302, Header: wire.Header{{Name: "Location", Value: text}}, Body: []byte("x")}
	request := r.request("/" + text)
	request.Exchange.Request.Header = wire.Header{{Name: text, Value: text}}
	request.ResponseHeader = wire.Header{{Name: "Location", Value: text}}
	request.Sent[0].Target, request.Sent[0].Header = "/"+text, wire.Header{{Name: text, Value: text}}
	request.Calls[0].Args = text
	request.Site = nil
	r.page.Record(request)
	_, last := r.page.memory.latest()
	r.page.memory.list = r.page.memory.list[len(r.page.memory.list)-1:]
	r.page.said = nil
	pages := []string{
		r.get("/requests/" + strconv.FormatUint(last, 10)).Body.String(),
		r.post("/send", "host", "link.example.com", "method", "GET", "target", url.QueryEscape("/"+text)).Body.String(),
		r.post("/recall", "host", "link.example.com", "from", "h:"+text, "then", "gone").Body.String(),
	}
	r.page.said = nil
	pages = append(pages, r.post("/explain", "host", "link.example.com", "target", url.QueryEscape("/"+text)).Body.String())
	var list []shape
	for _, page := range pages {
		list = append(list, shapeOf(t, page))
	}
	return list
}

// shapeOf parses a page. How many facts there are depends on the text, so equal
// elements count once.
func shapeOf(t testing.TB, page string) (s shape) {
	root, err := html.Parse(strings.NewReader(page))
	require.NoError(t, err)
	var all strings.Builder
	var walk func(*html.Node)
	walk = func(n *html.Node) {
		switch n.Type {
		case html.TextNode:
			all.WriteString(n.Data)
		case html.ElementNode:
			element := n.Data
			for _, a := range n.Attr {
				element += " " + a.Key
				all.WriteString(a.Val)
			}
			s.elements = append(s.elements, element)
		case html.CommentNode:
			s.elements = append(s.elements, "comment")
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c)
		}
	}
	walk(root)
	slices.Sort(s.elements)
	s.elements = slices.Compact(s.elements)
	s.text = all.String()
	return s
}
