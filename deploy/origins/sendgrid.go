package origins

import "github.com/clickedge/clickedge/core/esp"

var sendGrid = &family{
	cache: "no-store",
	routes: []route{
		click(`/(?:uni/)?(?:ls|wf)/click`, readSendGrid),
		click(`/(?:uni/)?ss/c/[^/?]+/[^?]+`, readHidden),
		get(`/wf/open`, pixel),
		get(`/ss/o/[^?]+\.gif`, pixel),
		page(`/wf/unsubscribe`, unsubscribe),
		page(`/asm/unsubscribe/?`, unsubscribe),
		page(`/asm/?`, preferences),
	},
	samples: sendGridSamples,
}

// readSendGrid refuses a link without its upn.
func readSendGrid(q *request) (string, bool) {
	if q.param("upn") == "" {
		return "", false
	}
	return readHidden(q)
}

// The opaque parts have the form of real ones, and contain "-2F" and "_" as
// real ones do.
const (
	sendGridUPN   = "u001.AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh-2FgISIjJCUmJygpKissLS4v9ArV_AAECAwQFBgcICQoLDA0ODw-3D-3D"
	sendGridShort = "u001.AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8/4uj/AAAAAAAAAAAAAAAAAAAAAA"
)

func sendGridSamples(s *sampler) []SampleLink {
	links := []SampleLink{
		s.unreadable("click", esp.KindClick, "/ls/click?upn="+sendGridUPN),
		s.unreadable("click, older form", esp.KindClick, "/wf/click?upn="+sendGridUPN),
		s.unreadable("click, short form", esp.KindClick, "/ss/c/"+sendGridShort+"/h0/h001.AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"),
		s.unreadable("app link", esp.KindApp, "/uni/ls/click?upn="+sendGridUPN),
		sample("open", esp.KindOpen, "/wf/open?upn="+sendGridUPN),
		sample("open, short form", esp.KindOpen, "/ss/o/"+sendGridShort+"/ho.gif"),
	}
	links = append(links, unsubscribes("/wf/unsubscribe?upn="+sendGridUPN)...)
	return append(links, unsubscribes("/asm/unsubscribe/?user_id=1234567&data=AAECAwQFBgcICQoLDA0")...)
}
