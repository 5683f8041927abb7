package main

import (
	"os"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/edge/internal/hostcall"
)

// locate finds the site of the request. An entry of the config store comes
// first; one that is not valid is left aside and said so in the log, since a
// slip of an operator's hand must not kill links that are in the mail.
func (x *exchange) locate() {
	x.site = findSite(x.host)
	var host string
	if x.site != nil {
		host = x.site.Host
	} else if host = core.CanonicalHost(x.host); host == "" {
		return
	}
	if entry, st := hostcall.Config(&x.buf, contract.ConfigStore, host); st == hostcall.OK {
		x.override(host, entry)
	}
}

// override puts the site of an entry in the place of that of sites.json, unless
// nothing can be sent where it says.
func (x *exchange) override(host, entry string) {
	site, err := core.ParseSite(host, []byte(entry))
	why := ""
	switch {
	case err != nil:
		why = firstMistake(err)
	case leadsBack(site.Origin), leadsBack(site.SecondOrigin):
		why = "an origin is a link domain"
	case absent(site.Origin):
		why = noBackend(site.Origin)
	case absent(site.SecondOrigin):
		why = noBackend(site.SecondOrigin)
	default:
		x.site, x.record.Override = site, "used"
		return
	}
	x.record.Override = "invalid"
	_, _ = os.Stderr.WriteString("warning: the entry " + host + " of config store " + contract.ConfigStore + " is left aside: " + why +
		"; request " + x.record.RequestID + "\n")
}

// leadsBack tells whether an origin is one of the link domains of sites.json,
// which an entry of the config store cannot know.
func leadsBack(o *core.Origin) bool { return o != nil && sites.Has(o.Address) }

// absent reports whether the service has no backend for an origin. An entry may name
// an ESP that no site of sites.json has, and then each of its clicks would fail. A
// host that cannot say is believed to have it.
func absent(o *core.Origin) bool {
	if o == nil {
		return false
	}
	exists, st := hostcall.BackendExists(o.Backend)
	return st == hostcall.OK && !exists
}

func noBackend(o *core.Origin) string { return "the service has no backend " + o.Backend }

// longestReason bounds what is said of an entry, in bytes.
const longestReason = 300

func firstMistake(err error) string {
	list, ok := err.(*core.SitesError) // nothing wraps it, and errors.As takes a part of package reflect along
	if !ok || len(list.Mistakes) == 0 {
		return "it cannot be read"
	}
	text := list.Mistakes[0].String()
	return text[:min(len(text), longestReason)]
}
