package cli

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/core/outcome"
	"github.com/clickedge/clickedge/core/signed"
	"github.com/clickedge/clickedge/deploy/expiry"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/keyring"
	"github.com/clickedge/clickedge/deploy/output"
	"github.com/clickedge/clickedge/deploy/signedlink"
	"github.com/clickedge/clickedge/deploy/sitesfile"
)

type sign struct {
	env      *Env
	sites    string
	host     string
	keyFiles []string
	kid      string
	expires  string
	id       string
	idText   string // base64url
	pixel    bool
	json     bool
}

func (env *Env) signCommand() *cobra.Command {
	s := &sign{env: env}
	cmd := &cobra.Command{
		Use:   "sign --host HOST [flags] DESTINATION | - | --pixel",
		Short: "Make signed links",
		Long: `Signs a link on a branded host that leads to DESTINATION, with the site's first key
unless --kid says otherwise. With "-", destinations are read from standard input,
one a line, and links come out in the same order: all of them, or none when one is
refused. A destination that the site would not redirect to is refused here too.

The secret comes from --key-file or from the environment, ` + contract.KeyVariable + `<KID>, as in
` + contract.KeyVariable + `K2: never from the command line. Which key signed is said on standard
error, with its fingerprint. A key file that does not say whose secret it holds is
taken where the site has one key, with --kid, or as --key-file KID=FILE.`,
		Example: `  clickedge sign --host link.example.com --key-file k2.key --expires 30d https://www.example.com/sale
  clickedge sign --host link.example.com --key-file k2.key --id 4711 --pixel
  clickedge sign --host link.example.com --key-file k2.key - <destinations.txt`,
		Args: args(0, 1),
		RunE: func(_ *cobra.Command, args []string) error { return s.run(args) },
	}
	sitesFlag(cmd, &s.sites)
	f := cmd.Flags()
	f.StringVar(&s.host, "host", "", "the branded `host` of the link (default the only site with keys)")
	keyFileFlag(cmd, &s.keyFiles)
	f.StringVar(&s.kid, "kid", "", "`id` of the key to sign with (default the site's first)")
	f.StringVar(&s.expires, "expires", "none", "when the link dies: 30d, 12h, a `time` in RFC 3339, or none")
	f.StringVar(&s.id, "id", "", "an id for the click log, 1 to 64 bytes of `text`; everybody with the link can read it")
	f.StringVar(&s.idText, "id-base64url", "", "the same for any bytes, in `base64url`")
	f.BoolVar(&s.pixel, "pixel", false, "make the open pixel, which has an id and no destination")
	f.BoolVar(&s.json, "json", false, "print one line of JSON for each link")
	cmd.MarkFlagsMutuallyExclusive("id", "id-base64url")
	return cmd
}

func (s *sign) run(args []string) error {
	if s.pixel != (len(args) == 0) {
		return failure.Usage(errors.New("sign: give one destination, or --pixel and none"), "clickedge sign --help has examples")
	}
	m, err := s.minter()
	if err != nil {
		return err
	}
	links, err := s.mintAll(m, args)
	if err != nil {
		return err
	}
	if err := s.print(links); err != nil {
		return err
	}
	for _, to := range m.Respelt {
		fmt.Fprintf(s.env.Err, "signed as %s: a link has its scheme in lower case, and a space as %%20\n", printable(to))
	}
	fmt.Fprintf(s.env.Err, "signed with %s\n", m.Key)
	return nil
}

func (s *sign) minter() (*signedlink.Minter, error) {
	sites, _, err := sitesfile.Load(s.env.in, s.sites)
	if err != nil {
		return nil, err
	}
	site, err := s.site(sites)
	if err != nil {
		return nil, err
	}
	m := &signedlink.Minter{Site: site, Now: s.env.Now(), Link: signed.Link{Host: site.Host, Pixel: s.pixel}}
	if m.Link.KeyID, err = s.keyID(site); err != nil {
		return nil, err
	}
	if m.Link.ID, err = s.linkID(); err != nil {
		return nil, err
	}
	if m.Link.Expiry, err = expiry.Parse(s.expires, m.Now); err != nil {
		return nil, err
	}
	m.Key, err = s.key(sites, site, m.Link.KeyID)
	return m, err
}

// site finds the site to sign for; only one with keys can be meant.
func (s *sign) site(sites *core.Sites) (*core.Site, error) {
	if s.host != "" {
		site := sites.Lookup(s.host)
		if site == nil {
			return nil, sitesfile.UnknownHost(s.host, s.sites, sites)
		}
		if len(site.Keys) == 0 {
			return nil, failure.Bad(fmt.Errorf("site %s has no keys, so it takes no signed links", site.Host),
				`name a key for it in sites.json, as in "keys": ["k1"], and make its secret with clickedge keys new`)
		}
		return site, nil
	}
	keyed := sitesfile.KeyedHosts(sites)
	if len(keyed) == 0 {
		return nil, failure.Bad(fmt.Errorf("no site of %s has keys, so none takes signed links", s.sites),
			`name a key in sites.json, as in "keys": ["k1"], and make its secret with clickedge keys new`)
	}
	if len(keyed) > 1 {
		return nil, failure.Usage(fmt.Errorf("%s has %s with keys: which one is meant?", s.sites, output.Count(len(keyed), "site")), "name it with --host")
	}
	return sites.Lookup(keyed[0]), nil
}

func (s *sign) keyID(site *core.Site) (string, error) {
	if s.kid == "" {
		return site.Keys[0], nil
	}
	if !slices.Contains(site.Keys, s.kid) {
		return "", failure.Bad(fmt.Errorf("site %s does not list key %q (%s)", site.Host, cut(s.kid, 20), outcome.UnknownKey),
			"it lists "+strings.Join(site.Keys, ", "))
	}
	return s.kid, nil
}

func (s *sign) linkID() (string, error) {
	raw := []byte(s.id)
	if s.idText != "" {
		var err error
		if raw, err = base64.RawURLEncoding.Strict().DecodeString(s.idText); err != nil {
			return "", failure.Usage(fmt.Errorf("--id-base64url %q is not base64url without padding", cut(s.idText, 90)), "")
		}
	}
	if len(raw) == 0 {
		if s.pixel {
			return "", failure.Usage(errors.New("a pixel needs an id"), "say which mail was opened with --id")
		}
		return "", nil
	}
	id, err := signed.EncodeID(raw)
	if err != nil {
		return "", failure.Usage(err, "64 bytes at most: put the rest into your own database")
	}
	return id, nil
}

// key finds the secret of the key to sign with.
func (s *sign) key(sites *core.Sites, site *core.Site, kid string) (keyring.Key, error) {
	ring, err := keyring.GatherSite(s.env.keys(), s.keyFiles, site, sites, s.kid, []string{kid})
	if err != nil {
		return keyring.Key{}, err
	}
	key, err := ring.Key(kid)
	if err != nil {
		return key, s.missing(ring, kid, err)
	}
	return key, nil
}

// missing says which key was given instead of the one that signs.
func (s *sign) missing(ring *keyring.Ring, kid string, err error) error {
	if given := ring.IDs(); len(given) > 0 {
		return failure.Usage(ring.ErrMissing(err),
			fmt.Sprintf("new links are signed with the site's first key; --kid %s signs with this one", given[0]))
	}
	return keyring.Missing(s.env.keys(), err, kid)
}

// mintAll makes every link, or none: half a list would be taken for a whole
// one.
func (s *sign) mintAll(m *signedlink.Minter, args []string) ([]signedlink.Minted, error) {
	if s.pixel {
		return one(m.Mint(""))
	}
	if args[0] != "-" {
		return one(m.Mint(args[0]))
	}
	if err := s.env.in.Claim("the destinations", args[0]); err != nil {
		return nil, err
	}
	return m.MintLines(s.env.In)
}

func one(l signedlink.Minted, err error) ([]signedlink.Minted, error) {
	return []signedlink.Minted{l}, err
}

func (s *sign) print(links []signedlink.Minted) error {
	out := bufio.NewWriter(s.env.Out)
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	for _, l := range links {
		if s.json {
			if err := enc.Encode(l); err != nil {
				return err
			}
			continue
		}
		fmt.Fprintln(out, l.URL)
	}
	return out.Flush()
}
