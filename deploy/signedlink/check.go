package signedlink

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/outcome"
	"github.com/clickedge/clickedge/core/signed"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/input"
	"github.com/clickedge/clickedge/deploy/keyring"
	"github.com/clickedge/clickedge/deploy/sitesfile"
)

// Check is what "verify" is asked for, as its flags say it.
type Check struct {
	Sites     *core.Sites
	SitesFile string // of Sites, for messages
	KeyFiles  []string
	Now       string // in RFC 3339, "" for the clock's

	Keys  *keyring.Source
	Clock func() time.Time
}

// Verify finds the site and the secrets for a link, and checks the link. Target
// is that of the request. The error is about the call: a link that does not
// verify is none.
func (c *Check) Verify(host, target string) (signed.Link, *Verified, error) {
	site, err := c.site(host, target)
	if err != nil {
		return signed.Link{}, nil, err
	}
	now, err := input.Time(c.Now, c.Clock)
	if err != nil {
		return signed.Link{}, nil, err
	}
	path, _, _ := strings.Cut(target, "?")
	ring, err := c.ring(site, path)
	if err != nil {
		return signed.Link{}, nil, err
	}
	link, result := Verify(site, path, ring, now)
	return link, result, nil
}

// site finds the link's site and makes sure that a signed link is meant.
func (c *Check) site(host, target string) (*core.Site, error) {
	site := c.Sites.Lookup(host)
	switch {
	case site == nil:
		return nil, sitesfile.UnknownHost(host, sitesfile.Shown(c.SitesFile), c.Sites)
	case len(site.Keys) == 0:
		return nil, failure.Bad(fmt.Errorf("site %s has no keys, so it takes no signed links", site.Host), "clickedge explain says what it gets")
	case !core.HasSignedForm(target):
		return nil, failure.Bad(fmt.Errorf("this is no signed link: these begin with %s or %s (%s)", signed.LinkPrefix, signed.PixelPrefix, outcome.Malformed),
			"clickedge explain says what it gets")
	}
	return site, nil
}

// ring gathers the secrets. If the operator gave none for the link's key, that
// is an error of the call and no finding about the link.
func (c *Check) ring(site *core.Site, path string) (*keyring.Ring, error) {
	ring, err := keyring.GatherSite(c.Keys, c.KeyFiles, site, c.Sites, "", nil)
	shape, code := signed.Inspect(site.Host, path)
	if err != nil || code != outcome.OK || !slices.Contains(site.Keys, shape.KeyID) || ring.Has(shape.KeyID) {
		return ring, err
	}
	err = fmt.Errorf("the link is signed with key %q: %w", shape.KeyID, keyring.ErrNoSecret)
	return nil, keyring.Missing(c.Keys, ring.ErrMissing(err), shape.KeyID)
}
