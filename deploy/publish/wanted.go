package publish

import (
	"strings"

	"github.com/clickedge/clickedge/core"
)

// Wanted is what a service shall be.
type Wanted struct {
	// ServiceID is the service's; "" finds it by Name, or makes it.
	ServiceID string
	// Name is that of the service, and of stores that are made for it.
	Name  string
	Sites *core.Sites
	// Package is the archive, Hash what
	// [github.com/clickedge/clickedge/deploy/pack.Hash] says of it, and Comment
	// becomes the version's.
	Package []byte
	Hash    string
	Comment string
	// Log is where the click log goes; nil leaves it where it goes now.
	Log *Log
	// TLS orders certificates; nil leaves them to others.
	TLS *TLS
	// Classic makes new domains a part of each version, as they were of old.
	// One that is there stays what it is.
	Classic bool
	// RemoveHosts are taken off the service.
	RemoveHosts []string
	// AllowMissingKeys publishes though the secret store lacks a key: links
	// signed with it are refused.
	AllowMissingKeys bool
	// Stage stages the new version instead of activating it. Domains and
	// certificates then stay as they are.
	Stage bool
}

// TLS says how certificates are ordered.
type TLS struct {
	Authority     string // "certainly", "lets-encrypt" or "globalsign"
	Configuration string // id; "" is the account's default
}

// objects are the parts of a version that the sites need by themselves.
func (w *Wanted) objects() (list []Object) {
	for _, b := range Backends(w.Sites) {
		list = append(list, b.object())
	}
	return list
}

// keys are the ids of the keys that sites name, each with the first host.
func (w *Wanted) keys() (kids []string, host map[string]string) {
	host = map[string]string{}
	for _, h := range w.Sites.Hosts() {
		for _, kid := range w.Sites.Lookup(h).Keys {
			if host[kid] == "" {
				host[kid] = h
				kids = append(kids, kid)
			}
		}
	}
	return kids, host
}

// mark is the description of a domain, by which a later publish knows that the
// host was a link domain. Terraform's fastly_domain has the same.
func (w *Wanted) mark() string { return markPrefix + w.Name + "." }

const markPrefix = "Branded link domain of "

func marked(description string) bool { return strings.HasPrefix(description, markPrefix) }

// fastlyNames reports whether a domain is one of those that Fastly gives to
// services, which are in nobody's mail.
func fastlyNames(domain string) bool {
	return strings.HasSuffix(domain, ".edgecompute.app") || strings.HasSuffix(domain, ".fastly.net")
}
