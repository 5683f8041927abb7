package signedlink

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/clean"
	"github.com/clickedge/clickedge/core/outcome"
	"github.com/clickedge/clickedge/core/signed"
	"github.com/clickedge/clickedge/deploy/expiry"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/input"
	"github.com/clickedge/clickedge/deploy/keyring"
	"github.com/clickedge/clickedge/deploy/output"
	"github.com/clickedge/clickedge/deploy/sitesfile"
)

// Order is what "sign" is asked for, as its flags say it.
type Order struct {
	SitesFile string
	Host      string // "" for the only site with keys
	KeyFiles  []string
	KID       string // "" for the site's first key
	Expires   string // as package expiry reads it
	ID        string // for the click log, "" for none
	IDBase64  string // the same for any bytes, "" for none
	Pixel     bool
	Trap      bool // a link that nobody sees in the mail

	In   *input.Input
	Keys *keyring.Source
	Now  time.Time
}

// Minter finds site, key and secret, and checks the rest.
func (o *Order) Minter() (*Minter, error) {
	sites, _, err := sitesfile.Load(o.In, o.SitesFile)
	if err != nil {
		return nil, err
	}
	site, err := o.site(sites)
	if err != nil {
		return nil, err
	}
	m := &Minter{Site: site, Now: o.Now, Link: signed.Link{Host: site.Host, Pixel: o.Pixel}}
	if m.Link.KeyID, err = o.keyID(site); err != nil {
		return nil, err
	}
	if m.Link.ID, err = o.linkID(); err != nil {
		return nil, err
	}
	if m.Link.Expiry, err = expiry.Parse(o.Expires, m.Now); err != nil {
		return nil, err
	}
	m.Key, err = o.key(sites, site, m.Link.KeyID)
	return m, err
}

// site finds the site to sign for; only one with keys can be meant.
func (o *Order) site(sites *core.Sites) (*core.Site, error) {
	if o.Host != "" {
		site := sites.Lookup(o.Host)
		if site == nil {
			return nil, sitesfile.UnknownHost(o.Host, o.SitesFile, sites)
		}
		if len(site.Keys) == 0 {
			return nil, failure.Bad(fmt.Errorf("site %s has no keys, so it takes no signed links", site.Host),
				`name a key for it in sites.json, as in "keys": ["k1"], and make its secret with clickedge keys new`)
		}
		return site, nil
	}
	keyed := sitesfile.KeyedHosts(sites)
	if len(keyed) == 0 {
		return nil, failure.Bad(fmt.Errorf("no site of %s has keys, so none takes signed links", o.SitesFile),
			`name a key in sites.json, as in "keys": ["k1"], and make its secret with clickedge keys new`)
	}
	if len(keyed) > 1 {
		return nil, failure.Usage(fmt.Errorf("%s has %s with keys: which one is meant?", o.SitesFile, output.Count(len(keyed), "site")), "name it with --host")
	}
	return sites.Lookup(keyed[0]), nil
}

// keyID is the key to sign with, one of the site's.
func (o *Order) keyID(site *core.Site) (string, error) {
	if o.KID == "" {
		return site.Keys[0], nil
	}
	if !slices.Contains(site.Keys, o.KID) {
		return "", failure.Bad(fmt.Errorf("site %s does not list key %q (%s)", site.Host, clean.Cut(o.KID, 20), outcome.UnknownKey),
			"it lists "+strings.Join(site.Keys, ", "))
	}
	return o.KID, nil
}

// trapMark is how the id of a trap begins: [signed.TrapID], decoded.
const trapMark = "\x00trap\x00"

// linkID is the id for the click log; "" for none.
func (o *Order) linkID() (string, error) {
	raw := []byte(o.ID)
	if o.IDBase64 != "" {
		var err error
		if raw, err = base64.RawURLEncoding.Strict().DecodeString(o.IDBase64); err != nil {
			return "", failure.Usage(fmt.Errorf("--id-base64url %q is not base64url without padding", clean.Cut(o.IDBase64, 90)), "")
		}
	}
	switch {
	case o.Trap && o.Pixel:
		return "", failure.Usage(errors.New("a pixel is no trap: every mail program asks for it"), "leave --pixel or --trap out")
	case o.Trap:
		raw = append([]byte(trapMark), raw...)
	case strings.HasPrefix(string(raw), trapMark):
		return "", failure.Usage(errors.New("the id begins as that of a trap: the log would call its readers bots"), "choose another id, or say --trap and leave its first six bytes out")
	}
	if len(raw) == 0 {
		if o.Pixel {
			return "", failure.Usage(errors.New("a pixel needs an id"), "say which mail was opened with --id")
		}
		return "", nil
	}
	id, err := signed.EncodeID(raw)
	if err != nil {
		return "", failure.Usage(err, "64 bytes at most, 58 in a trap: put the rest into your own database")
	}
	return id, nil
}

// key finds the secret of the key to sign with.
func (o *Order) key(sites *core.Sites, site *core.Site, kid string) (keyring.Key, error) {
	ring, err := keyring.GatherSite(o.Keys, o.KeyFiles, site, sites, o.KID, []string{kid})
	if err != nil {
		return keyring.Key{}, err
	}
	key, err := ring.Key(kid)
	given := ring.IDs()
	switch {
	case err == nil:
		return key, nil
	case len(given) == 0:
		return key, keyring.Missing(o.Keys, err, kid)
	}
	return key, failure.Usage(ring.ErrMissing(err),
		fmt.Sprintf("new links are signed with the site's first key; --kid %s signs with this one", given[0]))
}
