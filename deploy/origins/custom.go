package origins

import (
	"html"
	"net/http"
	"net/url"
	"strconv"

	"github.com/clickedge/clickedge/core/esp"
)

// custom is an unknown origin: its answer shows the request. A path of the form
// "/leads/302/<escaped Location>" is answered with that status and Location, and
// a body that names it too, so that a link of no known form leads somewhere.
var custom = &family{
	routes: []route{{
		target:  whole(`/leads/(30[12378])/([^?]*)(?:\?.*)?`),
		methods: []string{"GET", "HEAD", "POST"},
		answer: func(w http.ResponseWriter, q *request) {
			status, _ := strconv.Atoi(q.match[1])
			to, err := url.PathUnescape(q.match[2])
			if err != nil {
				text(w, http.StatusBadRequest, "Bad Request")
				return
			}
			redirectAs(w, q, status, to, `<a href="`+html.EscapeString(to)+`">Found</a>`+"\n")
		},
	}, {
		target:  whole(`.*`),
		methods: []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"},
		answer: func(w http.ResponseWriter, q *request) {
			text(w, http.StatusOK, q.origin.spec.Address+" got "+q.Method+" "+q.Target)
		},
	}},
	samples: func(*sampler) []SampleLink {
		return []SampleLink{sample("anything", esp.KindOther, "/any/path?with=query")}
	},
}
