package browser

import (
	"fmt"
	"html"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/core/outcome"
	"github.com/clickedge/clickedge/core/signed"
)

// mail is an HTML message in a webmail.
type mail struct {
	links    []link
	damaged  []damage
	pictures []string // URLs of open pixels
}

// link is an anchor and where its click must end.
type link struct {
	name    string
	url     string // as written in the mail
	arrives string // the address bar at the end
}

// damage is an anchor whose click must end on one of clickedge's pages.
type damage struct {
	link
	status int64
	code   outcome.Code
	title  string
}

var _ http.Handler = (*mail)(nil)

// ServeHTTP shows the mail. The icon is in the page, so that the browser asks
// for nothing that is not in the mail.
func (m *mail) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	io.WriteString(w, `<!doctype html><html lang="en"><meta charset="utf-8"><title>Mail</title><link rel="icon" href="data:,">`)
	for i, l := range m.links {
		fmt.Fprintf(w, `<p><a id="link-%d" href="%s">%s</a></p>`, i, html.EscapeString(l.url), html.EscapeString(l.name))
	}
	for i, d := range m.damaged {
		fmt.Fprintf(w, `<p><a id="damaged-%d" href="%s">%s</a></p>`, i, html.EscapeString(d.url), html.EscapeString(d.name))
	}
	for _, url := range m.pictures {
		fmt.Fprintf(w, `<img alt="" src="%s">`, html.EscapeString(url))
	}
	io.WriteString(w, "</html>\n")
}

// write makes a mail with every link that a browser can follow: signed links,
// and sample links of all sites' stand-ins.
func (r *rig) write(t *testing.T, scheme string) *mail {
	t.Helper()
	m := &mail{damaged: damages(t, scheme)}
	m.links = append(m.links,
		own(t, scheme, "https://www.example.com/welcome?from=mail&x=%2F"),
		own(t, scheme, "https://shop.example.com/sale?a=%2520#offer"),
		own(t, scheme, "http://shop.example.com/plain"),
		recalled(own(t, scheme, "https://shop.example.com/wrong?code=1"), "https://shop.example.com/corrected?a=b#c"))
	m.pictures = append(m.pictures, mint(t, scheme, signed.Link{ID: id(t, "reader 7"), Pixel: true}))
	for _, host := range r.sites.Hosts() {
		before := len(m.links)
		for _, site := range r.sites.Lookup(host).ESPs() {
			if site.Origin != nil {
				r.writeESP(m, scheme, site)
			}
		}
		require.Greater(t, len(m.links), before, host)
	}
	require.Len(t, m.pictures, 13, "an open of ours, one each of four ESPs, and two forms of SendGrid's for each of four hosts")
	return m
}

func (r *rig) writeESP(m *mail, scheme string, site *core.Site) {
	host := site.Host
	for _, l := range r.fleet.Links(site) {
		url := scheme + "://" + host + l.Target
		switch {
		case site.Retired != 0 && l.Kind.Leads() && !site.Origin.Family.Readable():
			m.damaged = append(m.damaged, damage{link{name: host + ": " + l.Name, url: url}, 410, outcome.Retired, "This link has ended"})
		case l.Kind == esp.KindOpen:
			m.pictures = append(m.pictures, url)
		case l.Destination != "" && l.Kind != esp.KindHealth:
			to := link{host + ": " + l.Name, url, l.Destination}
			if host == recalledHost && l.Kind.Leads() { // whatever its links say, or hide
				to = recalled(to, "https://www.example.com/corrected")
			}
			m.links = append(m.links, to)
		}
	}
}

func own(t *testing.T, scheme, destination string) link {
	t.Helper()
	url := mint(t, scheme, signed.Link{Destination: destination, ID: id(t, "reader 7"), Expiry: noon.Unix()/60 + 1})
	return link{"ours to " + destination, url, destination}
}

// recalledHost is a host of SendGrid's, all of whose links are recalled.
const recalledHost = "recalled.example.com"

// recalled is a link whose destination a rule corrects.
func recalled(l link, to string) link {
	l.name, l.arrives = l.name+", recalled", to
	return l
}

// mint signs a link. The signed text begins with https in old mail too.
func mint(t *testing.T, scheme string, l signed.Link) string {
	t.Helper()
	l.Host, l.KeyID = ownHost, "k1"
	url, err := signed.Mint(l, []byte(secret))
	require.NoError(t, err)
	return scheme + strings.TrimPrefix(url, "https")
}

func id(t *testing.T, text string) string {
	t.Helper()
	id, err := signed.EncodeID([]byte(text))
	require.NoError(t, err)
	return id
}

// damages are signed links with faults.
func damages(t *testing.T, scheme string) []damage {
	t.Helper()
	whole := mint(t, scheme, signed.Link{Destination: homePage})
	altered := strings.Replace(whole, ".u", ".iMQ.u", 1)
	late := mint(t, scheme, signed.Link{Destination: homePage, Expiry: noon.Unix() / 60})
	return []damage{
		{link{name: "altered", url: altered}, 403, outcome.BadTag, "This link cannot be trusted"},
		{link{name: "cut off", url: whole[:len(whole)-5]}, 400, outcome.BadEncoding, "This link is damaged"},
		{link{name: "withdrawn", url: mint(t, scheme, signed.Link{Destination: "https://shop.example.com/withdrawn"})}, 410, outcome.Recalled, "This link has been withdrawn"},
		{link{name: "expired", url: late}, 410, outcome.Expired, "This link has expired"},
	}
}
