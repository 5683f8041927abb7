package dnsplan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/clean"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/sitesfile"
)

// AddChallenges reads proofs in the form of --challenge, HOST=NAME, where NAME
// is what _acme-challenge.HOST leads to.
func (o *Options) AddChallenges(list []string) error {
	if o.Proofs == nil {
		o.Proofs = map[string][]Record{}
	}
	given := map[string]string{}
	for _, s := range list {
		host, value, ok := splitChallenge(s)
		if !ok {
			return failure.Usage(fmt.Errorf("--challenge %q is not HOST=NAME", clean.Cut(s, 200)), "write it like link.example.com=abc123.fastly-validations.com")
		}
		if before, twice := given[host]; twice && before != value {
			return failure.Usage(fmt.Errorf("--challenge is given twice for %q: %q and %q", host, clean.Cut(before, 120), clean.Cut(value, 120)), "one of them is another host's, or of an earlier subscription")
		}
		given[host] = value
		o.Proofs[host] = []Record{Proof(host, value)}
	}
	return nil
}

func splitChallenge(s string) (host, value string, ok bool) {
	host, value, ok = strings.Cut(s, "=")
	host, value = core.CanonicalHost(host), strings.TrimSuffix(value, ".")
	return host, value, ok && IsName(host) && IsName(value)
}

// CheckChallenges refuses a challenge for a host that is not in the sites, as
// that is a typing error. (Terraform may know of further domains.) File is the
// name of sites.json.
func CheckChallenges(list []string, sites *core.Sites, file string) error {
	for _, s := range slices.Sorted(slices.Values(list)) {
		if host, _, _ := splitChallenge(s); !sites.Has(host) {
			return failure.Usage(fmt.Errorf("--challenge names %q, which %s does not have", clean.Cut(host, 120), file), "it has "+sitesfile.Hosts(sites))
		}
	}
	return nil
}
