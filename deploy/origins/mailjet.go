package origins

import (
	"net/http"

	"github.com/clickedge/clickedge/core"
)

var mailjet = &family{
	cache: "no-store",
	routes: []route{
		get(`/lnk/[^/?]+/[^/?]+/[^/?]+/([^/?]+)`, mailjetClick),
		get(`/oo/[^/?]+/[^/?]+/e\.gif`, pixel),
		page(`/unsub2[^?]*`, unsubscribe),
	},
	samples: mailjetSamples,
}

func mailjetClick(w http.ResponseWriter, q *request) {
	destination, err := decode64(q.match[1])
	if err != nil || len(destination) == 0 {
		damaged(w)
		return
	}
	redirectAs(w, q, http.StatusTemporaryRedirect, string(destination))
}

const mailjetToken = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIj"

func mailjetLink(destination string) string {
	return "/lnk/" + mailjetToken + "/6/AAAAAAAAAAAAAAAAAAAAAA/" + encode64(destination)
}

func mailjetSamples(s *sampler) []SampleLink {
	links := append(s.clicks(mailjetLink), sample("open", core.KindOpen, "/oo/"+mailjetToken+"/0123abcd/e.gif"))
	return append(links, unsubscribes("/unsub2?m=&b=0123abcd&e=1234&x="+mailjetToken)...)
}
