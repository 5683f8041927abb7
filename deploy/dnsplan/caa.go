package dnsplan

import (
	"maps"
	"slices"
)

// Authorities are the CAA values of the authorities that Fastly orders from, by
// the names that its API gives them.
var Authorities = map[string]string{
	"certainly":    "certainly.com",
	"lets-encrypt": "letsencrypt.org",
	"globalsign":   "globalsign.com",
}

// AuthorityNames are their names.
func AuthorityNames() []string { return slices.Sorted(maps.Keys(Authorities)) }

// caa is placed above the host, since no other record can stand beside a CNAME.
func (o *Options) caa(host string) Record {
	r := Record{Name: parent(host), Type: "CAA", Value: `0 issue "` + o.Issuer + `"`, Maybe: true, Step: StepProof}
	if r.Name == "" {
		r.Name, r.Note = host, "only where "+host+" has CAA records; those that are there stay"
		return r
	}
	r.Note = "only where " + r.Name + " has CAA records; those that are there stay. It cannot stand at the link domain, beside a CNAME"
	return r
}
