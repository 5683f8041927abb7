package origins

import (
	"encoding/json"

	"github.com/clickedge/clickedge/core/esp"
)

var mandrill = &family{
	cache: "no-store",
	routes: []route{
		click(`/track/click/\d+/[^/?]+`, readMandrill),
		get(`/track/open\.php`, pixel),
		page(`/track/unsub\.php`, unsubscribe),
	},
	samples: mandrillSamples,
}

// mandrillOuter is JSON whose p is JSON once more, as a string.
type mandrillOuter struct {
	S string `json:"s"`
	V int    `json:"v"`
	P string `json:"p"`
}

type mandrillInner struct {
	U     int      `json:"u"`
	V     int      `json:"v"`
	URL   string   `json:"url"`
	ID    string   `json:"id"`
	URLID []string `json:"url_ids"`
}

func readMandrill(q *request) (string, bool) {
	var outer mandrillOuter
	var inner mandrillInner
	raw, err := decode64(q.param("p"))
	if err != nil || json.Unmarshal(raw, &outer) != nil || json.Unmarshal([]byte(outer.P), &inner) != nil {
		return "", false
	}
	return inner.URL, inner.URL != ""
}

func mandrillLink(destination string) string {
	inner := toJSON(mandrillInner{U: 1234, V: 1, URL: destination, ID: "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", URLID: []string{"bbbbbbbb"}})
	outer := toJSON(mandrillOuter{S: "AAAAAAAAAAAAAAAAAAAAAAAAAAA", V: 1, P: inner})
	return "/track/click/1234/shop.example.com?p=" + encode64(outer)
}

func mandrillSamples(s *sampler) []SampleLink {
	links := append(s.clicks(mandrillLink), sample("open", esp.KindOpen, "/track/open.php?u=1234&id=aaaaaaaa"))
	return append(links, unsubscribes("/track/unsub.php?u=1234&id=aaaaaaaa")...)
}
