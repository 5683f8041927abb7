package server

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/learned"
	"github.com/clickedge/clickedge/core/sitesjson"
	"github.com/clickedge/clickedge/deploy/archive"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/files"
	"github.com/clickedge/clickedge/deploy/keyring"
	"github.com/clickedge/clickedge/deploy/module"
	"github.com/clickedge/clickedge/deploy/output"
	"github.com/clickedge/clickedge/deploy/sitesfile"
	"github.com/clickedge/clickedge/deploy/spool"
)

// versionLength is how many digits of the stamp of sites.json are the version.
const versionLength = 12

// load reads sites, overrides and secrets, and returns the hosts as well. What
// is wrong with one override, or with one secret, is said and does not keep the
// rest from being used.
func (r *run) load() (c *Content, hosts []string, err error) {
	r.memory.lift()
	defer func() { r.memory.read(r.forConnections()) }()
	sites, text, err := sitesfile.Load(r.In, r.Sites)
	if err != nil {
		return nil, nil, err
	}
	stamp := module.StampOf(text)
	c = &Content{Sites: TableOf(sites), Version: hex.EncodeToString(stamp[:])[:versionLength]}
	if c.Overrides, err = r.loadOverrides(sites); err != nil {
		return nil, nil, err
	}
	learns := sites.Learn() || c.Overrides.learn()
	if r.Links == "" && learns {
		return nil, nil, failure.Usage(errors.New("a site learns links, and there is no file for them"), "name one with --links; it is made where it does not exist")
	}
	if c.Archive, err = r.loadArchive(learns); err != nil {
		return nil, nil, err
	}
	kids := c.Overrides.keyIDs(sites)
	ring, err := r.loadKeys(kids, slices.Concat(sitesfile.All(sites), c.Overrides.sites()))
	if err != nil {
		return nil, nil, err
	}
	c.Keys = secretsOf(ring, kids)
	r.sayUnlocated(sites, c.Overrides)
	return c, c.Overrides.hosts(sites), nil
}

func (r *run) loadOverrides(sites *core.Sites) (Overrides, error) {
	if r.Overrides == "" {
		return nil, nil
	}
	text, err := r.In.ReadText("the overrides", r.Overrides, sitesfile.Most, "an empty object, {}, has none")
	if err != nil {
		return nil, err
	}
	list, err := ParseOverrides(text, sites)
	for _, host := range slices.Sorted(maps.Keys(list)) {
		if o := list[host]; o.Site == nil {
			fmt.Fprintf(r.Err, "warning: the override of %s is ignored: %s\n", host, o.Why)
		} else {
			fmt.Fprintf(r.Err, "%s has an override\n", host)
		}
	}
	return list, err
}

// loadArchive reads what is known of links beforehand.
func (r *run) loadArchive(learns bool) (learned.Archive, error) {
	if r.Archive == "" {
		return learned.Archive{}, nil
	}
	items, err := archive.Load(r.In, r.Archive)
	if err != nil {
		return learned.Archive{}, err
	}
	data, err := learned.AppendArchive(nil, items)
	if err != nil {
		return learned.Archive{}, failure.Bad(fmt.Errorf("%s: %w", r.Archive, err), "")
	}
	fmt.Fprintf(r.Err, "the archive %s has %s\n", r.Archive, archive.Summary(items))
	if !learns {
		fmt.Fprintf(r.Err, "warning: no site has \"learn\": the archive is not used\n")
	}
	return learned.OpenArchive(string(data)), nil
}

func (r *run) loadKeys(ids []string, sites []*core.Site) (*keyring.Ring, error) {
	want := keyring.Want{IDs: ids, Who: r.Sites}
	want.Files = r.keyFiles()
	ring, err := keyring.Gather(r.Source, want)
	if err != nil {
		return nil, err
	}
	for _, kid := range want.IDs {
		if ring.Has(kid) {
			fmt.Fprintf(r.Err, "key %s, fingerprint %s\n", kid, ring.Fingerprint(kid))
		} else {
			fmt.Fprintf(r.Err, "warning: no secret of key %q: %s\n", kid, sitesfile.WithoutSecret(kid, sites))
		}
	}
	return ring, nil
}

// sayUnlocated says which sites ask for what nobody tells here.
func (r *run) sayUnlocated(sites *core.Sites, overrides Overrides) {
	asks := map[string]bool{}
	for _, site := range slices.Concat(sitesfile.All(sites), overrides.sites()) {
		asks[site.Host] = site.Network // an override counts in place of the site
	}
	maps.DeleteFunc(asks, func(_ string, is bool) bool { return !is })
	if len(asks) > 0 {
		fmt.Fprintf(r.Err, "warning: \"verdict\": \"network\" of %s: there is no geolocation here, so the reason in the log is not_located\n",
			output.Some(slices.Sorted(maps.Keys(asks)), 6))
	}
}

// secrets are those of a ring, so that none is copied for each click.
type secrets map[string][]byte

// secretsOf takes the secrets of these keys out of a ring.
func secretsOf(ring *keyring.Ring, kids []string) secrets {
	s := secrets{}
	for _, kid := range kids {
		if secret, err := ring.Secret(kid); err == nil {
			s[kid] = secret
		}
	}
	return s
}

// Secret implements signed.Keyring.
func (s secrets) Secret(kid string) ([]byte, error) {
	if secret, ok := s[kid]; ok {
		return secret, nil
	}
	return nil, keyring.ErrNoSecret
}

// KeysCredential is the name of the credential of systemd that has secrets.
const KeysCredential = "clickedge.keys"

// noCredential is a credential in place of one that is missing: a unit that
// loads a file which may be missing must set something.
const noCredential = "{}"

// keyFiles are the files that have secrets.
func (r *run) keyFiles() (names []string) {
	if r.Keys != "" {
		names = append(names, r.Keys)
	}
	if name := r.credential(KeysCredential); name != "" && !holdsNone(name) {
		names = append(names, name)
	}
	return names
}

// holdsNone reports whether a credential is an empty object, as a unit sets it
// where there is no file of secrets: systemd has no credentials that may be
// missing.
func holdsNone(name string) bool {
	text, err := os.ReadFile(name)
	return err == nil && string(bytes.TrimSpace(text)) == "{}"
}

// watched are the files that are read again when they change.
func (r *run) watched() []string {
	names := append([]string{r.Sites}, r.keyFiles()...)
	for _, name := range []string{r.Overrides, r.Archive, r.Cert, r.Key, r.Delivery.Token, r.credential(spool.TokenCredential)} {
		if name != "" {
			names = append(names, name)
		}
	}
	if text, err := files.Read(r.In.Ctx, r.Sites, nil, sitesfile.Most); err == nil {
		_, _ = sitesjson.InlineFiles(r.Sites, text, func(file string) ([]byte, error) {
			names = append(names, filepath.Join(filepath.Dir(r.Sites), file))
			return nil, fs.ErrNotExist
		})
	}
	return slices.DeleteFunc(names, files.ReadOnce)
}
