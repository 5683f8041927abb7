package page

import (
	"context"
	"time"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/signed"
	"github.com/clickedge/clickedge/deploy/probe"
	"github.com/clickedge/clickedge/deploy/serve/switches"
)

// Bench is the running service, as the page sees and changes it. Its methods are
// safe for concurrent use.
type Bench interface {
	// State is what is in service now.
	State() *State
	// Links are requests to try on a site, in the state.
	Links(state *State, site *core.Site) []Link
	// Change changes what is switched, and puts it into service; an error
	// changes nothing.
	Change(change func(set *switches.Set, sites *switches.Sites) error) error
	// SetFault makes a stand-in fail, or lets it work again.
	SetFault(backend, fault string) error
	// Reset takes back all that was switched since the start.
	Reset() error
	// Send sends a request to the service itself.
	Send(ctx context.Context, r *Sending) (*probe.Answer, error)
}

// State is what is in service at a moment. It is not changed afterwards.
type State struct {
	File     string // sites.json
	Base     string // "http://127.0.0.1:7676"
	Now      time.Time
	Sites    *switches.Sites
	Switches *switches.Set
	// Overrides are the sites that something is switched of, as they are with
	// it.
	Overrides map[string]*core.Site
	Backends  []Backend
	Keys      signed.Keyring
	Learned   core.LearnedLinks // nil: nothing was learned
}

// Site returns a site as it is in service; nil where there is none.
func (s *State) Site(host string) *core.Site {
	site := s.Sites.Sites.Lookup(host)
	if site != nil && s.Overrides[site.Host] != nil {
		return s.Overrides[site.Host]
	}
	return site
}

// Backend is where requests are proxied to.
type Backend struct {
	Name, Origin string
	// StandIn: it can be made to fail. Fault is the fault in force.
	StandIn bool
	Fault   string
}

// Link is a request to try.
type Link struct {
	Name   string // what it shows
	Host   string
	Method string
	Target string
	// URL opens it in a browser; "" where no browser sends this request.
	URL               string
	Curl              string // a line for a shell
	ContentType, Body string
}

// Sending is a request that the page sends for its reader.
type Sending struct {
	Host, Method, Target string
	ContentType, Body    string
	UserAgent            string
}
