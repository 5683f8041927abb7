package origins

import (
	"crypto/hmac"
	"net/http"
	"regexp"
	"strings"

	"github.com/clickedge/clickedge/core/esp"
)

var mailjet = &family{
	cache:  "no-store",
	status: http.StatusTemporaryRedirect,
	routes: []route{
		click(`/lnk/([^/?]+/[^/?]+/)([^/?]+)/([^/?]+)`, readMailjet),
		get(`/oo/[^/?]+/[^/?]+/e\.gif`, pixel),
		page(`/unsub2[^?]*`, unsubscribe),
	},
	samples: mailjetSamples,
}

func readMailjet(q *request) (string, bool) {
	raw, err := decode64(q.match[3])
	destination := string(raw)
	return destination, err == nil && destination != "" && mailjetSigned(q, q.match[1], q.match[2], destination)
}

// mailjetMark begins every mac that is made here, so that a cut link of the
// stand-in is refused even where macs from elsewhere are accepted.
const mailjetMark = "Stand-"

// signMailjet returns 22 characters that bind a URL to the fields before it.
func signMailjet(fields, destination string) string {
	mac := macOf("clickedge stand-in for Mailjet", fields+destination)
	return mailjetMark + encode64(string(mac[:12]))
}

var mailjetMAC = regexp.MustCompile(`^[A-Za-z0-9_-]{22}$`)

// mailjetSigned reports whether a link's mac is right.
func mailjetSigned(q *request, fields, mac, destination string) bool {
	if strings.HasPrefix(mac, mailjetMark) || !q.options().AcceptAnySignature {
		return hmac.Equal([]byte(mac), []byte(signMailjet(fields, destination)))
	}
	return mailjetMAC.MatchString(mac)
}

const mailjetToken = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIj"

func mailjetLink(destination string) string {
	const fields = mailjetToken + "/6/"
	return "/lnk/" + fields + signMailjet(fields, destination) + "/" + encode64(destination)
}

func mailjetSamples(s *sampler) []SampleLink {
	links := append(s.clicks(mailjetLink), sample("open", esp.KindOpen, "/oo/"+mailjetToken+"/0123abcd/e.gif"))
	return append(links, unsubscribes("/unsub2?m=&b=0123abcd&e=1234&x="+mailjetToken)...)
}
