package origins

import (
	"fmt"
	"net/http"
	"slices"

	"github.com/clickedge/clickedge/core"
)

// preferenceCentre is a server of the sender's own, which gets the unsubscribes
// of retired ESPs. It knows itself by its Host, and the link domain by
// X-Forwarded-Host: a request without these is not for it.
var preferenceCentre = &family{
	refuse: func(w http.ResponseWriter, q *request) bool {
		if q.host != bareHost(q.origin.spec.Address) {
			text(w, http.StatusMisdirectedRequest, "Host is not "+q.origin.spec.Address)
			return true
		}
		if from := q.Header.Values("X-Forwarded-Host"); len(from) != 1 || !q.branded(bareHost(from[0])) {
			text(w, http.StatusBadRequest, "X-Forwarded-Host names no link domain")
			return true
		}
		return false
	},
	routes: []route{{
		target:  whole(`/.*`),
		methods: []string{"GET", "HEAD", "POST"},
		answer: func(w http.ResponseWriter, q *request) {
			if q.Method == "POST" && isOneClick(q) {
				text(w, http.StatusOK, fmt.Sprintf("You have been unsubscribed (number %d since the start).", q.origin.taken.Add(1)))
				return
			}
			unsubscribe(w, q)
		},
	}},
	samples: func(*sampler) []SampleLink { return nil },
}

// UnsubscribeBackends lists the backends of the sites that get nothing but the
// unsubscribes of retired ESPs. One that is an ESP's, too, is that ESP's.
func UnsubscribeBackends(sites *core.Sites) (list []string) {
	esps := map[string]bool{}
	for _, host := range sites.Hosts() {
		site := sites.Lookup(host)
		for _, o := range site.Origins() {
			if o != site.Unsubscribes {
				esps[o.Backend] = true
			}
		}
	}
	for _, host := range sites.Hosts() {
		o := sites.Lookup(host).Unsubscribes
		if o != nil && !esps[o.Backend] && !slices.Contains(list, o.Backend) {
			list = append(list, o.Backend)
		}
	}
	return list
}

// Unsubscribed returns how many one-click unsubscribes each of
// [Options].Unsubscribes has taken, by backend.
func (f *Fleet) Unsubscribed() map[string]int64 {
	taken := map[string]int64{}
	for _, backend := range f.opt.Unsubscribes {
		if o := f.origins[backend]; o != nil {
			taken[backend] = o.taken.Load()
		}
	}
	return taken
}
