package origins

import (
	"net/http"

	"github.com/clickedge/clickedge/core/esp"
)

// custom is an unknown origin: its answer shows the request.
var custom = &family{
	routes: []route{{
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
