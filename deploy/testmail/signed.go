package testmail

import (
	"fmt"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/signed"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/keyring"
	"github.com/clickedge/clickedge/deploy/signedlink"
)

// sign makes a signed link and a pixel where the site has keys and the secret
// of its first is given. Without an ESP there is nothing else to test.
func (o *Order) sign(sites *core.Sites) error {
	site := o.Site
	if len(site.Keys) == 0 {
		if len(o.KeyFiles) > 0 {
			return failure.Usage(fmt.Errorf("site %s has no keys, so no secret can sign for it", site.Host), "leave --key-file out, or name the key in sites.json")
		}
		return nil
	}
	kid := site.Keys[0]
	ring, err := keyring.GatherSite(o.Keys, o.KeyFiles, site, sites, "", []string{kid})
	if err != nil {
		return err
	}
	key, err := ring.Key(kid)
	if err != nil {
		missing := keyring.Missing(o.Keys, ring.ErrMissing(err), kid)
		if site.Origin == nil || len(o.KeyFiles) > 0 {
			return missing
		}
		fmt.Fprintf(o.Err, "note: no signed link in it: %v; %s\n", err, missing.Hint)
		return nil
	}
	id, err := signed.EncodeID([]byte("testmail " + o.Now.UTC().Format("2006-01-02T15:04:05Z")))
	if err != nil {
		return err
	}
	mint := &signedlink.Minter{Site: site, Link: signed.Link{Host: site.Host, KeyID: kid, ID: id}, Key: key, Now: o.Now}
	link, err := mint.Mint(o.Target)
	if err != nil {
		return err
	}
	mint.Link.Pixel = true
	pixel, err := mint.Mint("")
	o.Signed, o.Pixel = link.URL, pixel.URL
	fmt.Fprintf(o.Err, "signed with %s\n", key)
	return err
}
