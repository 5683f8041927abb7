package publish

import (
	"strings"

	"github.com/clickedge/clickedge/core"
)

// Wanted is the wanted state of a service.
type Wanted struct {
	// ServiceID is the service's id; "" finds the service by Name, or creates
	// it.
	ServiceID string
	// Name is that of the service, and of stores that are created for it.
	Name  string
	Sites *core.Sites
	// Package is the archive, Hash what
	// [github.com/clickedge/clickedge/deploy/pack.Hash] says of it, and Comment
	// becomes the version's.
	Package []byte
	Hash    string
	Comment string
	// Inside is what the package knows of learned links.
	Inside Inside
	// ForgetLinks publishes even if the active version knows more.
	ForgetLinks bool
	// Log is the log target; nil leaves the present one.
	Log *Log
	// TLS orders certificates; nil leaves them to others.
	TLS *TLS
	// Classic makes new domains part of each version, as in older services.
	// Existing domains stay as they are.
	Classic bool
	// RemoveHosts are the hosts to remove from the service.
	RemoveHosts []string
	// AllowMissingKeys publishes even if the secret store lacks a key, whose
	// links are then refused.
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

// mark is the description of a domain, by which a later publish recognises a
// former link domain. Terraform's fastly_domain has the same.
func (w *Wanted) mark() string { return markPrefix + w.Name + "." }

const markPrefix = "Branded link domain of "

func marked(description string) bool { return strings.HasPrefix(description, markPrefix) }

// fastlyNames reports whether a domain is one that Fastly gives to services; no
// mail has links to it.
func fastlyNames(domain string) bool {
	return strings.HasSuffix(domain, ".edgecompute.app") || strings.HasSuffix(domain, ".fastly.net")
}
