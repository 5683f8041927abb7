package cli

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/deploy/codes"
	"github.com/clickedge/clickedge/deploy/expiry"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/files"
	"github.com/clickedge/clickedge/deploy/idn"
	"github.com/clickedge/clickedge/deploy/keyring"
	"github.com/clickedge/clickedge/deploy/output"
	"github.com/spf13/cobra"
)

// maxLine bounds a line of destinations on standard input, in bytes.
const maxLine = 1 << 20

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
		Short: "Make signed links of one's own",
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
	_ = cmd.RegisterFlagCompletionFunc("host", env.completeHosts(&s.sites, keyedSite))
	return cmd
}

func keyedHosts(sites *core.Sites) []string {
	return slices.DeleteFunc(sites.Hosts(), func(h string) bool { return len(sites.Lookup(h).Keys) == 0 })
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
	for _, to := range m.respelt {
		fmt.Fprintf(s.env.Err, "signed as %s: a link has its scheme in lower case, and a space as %%20\n", printable(to))
	}
	fmt.Fprintf(s.env.Err, "signed with %s\n", m.key)
	return nil
}

// minter is what all links of one call share.
type minter struct {
	site *core.Site
	link core.Link // without its destination
	key  keyring.Key
	now  time.Time
	// respelt are the destinations that were not signed letter for letter.
	respelt []string
}

// minted is a link as --json prints it.
type minted struct {
	URL         string `json:"url"`
	Host        string `json:"host"`
	KeyID       string `json:"kid"`
	Expires     string `json:"expires,omitempty"`
	ID          string `json:"id,omitempty"`
	Destination string `json:"destination,omitempty"`
}

func (s *sign) minter() (*minter, error) {
	sites, _, err := s.env.loadSites(s.sites)
	if err != nil {
		return nil, err
	}
	site, err := s.site(sites)
	if err != nil {
		return nil, err
	}
	m := &minter{site: site, now: s.env.Now(), link: core.Link{Host: site.Host, Pixel: s.pixel}}
	if m.link.KeyID, err = s.keyID(site); err != nil {
		return nil, err
	}
	if m.link.ID, err = s.linkID(); err != nil {
		return nil, err
	}
	if m.link.Expiry, err = expiry.Parse(s.expires, m.now); err != nil {
		return nil, err
	}
	m.key, err = s.key(sites, site, m.link.KeyID)
	return m, err
}

// site finds the site to sign for; only one with keys can be meant.
func (s *sign) site(sites *core.Sites) (*core.Site, error) {
	if s.host != "" {
		site := sites.Lookup(s.host)
		if site == nil {
			return nil, unknownHost(s.host, s.sites, sites)
		}
		if len(site.Keys) == 0 {
			return nil, failure.Bad(fmt.Errorf("site %s has no keys, so it takes no links of one's own", site.Host),
				`name a key for it in sites.json, as in "keys": ["k1"], and make its secret with clickedge keys new`)
		}
		return site, nil
	}
	keyed := keyedHosts(sites)
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
		return "", failure.Bad(fmt.Errorf("site %s does not list key %q (%s)", site.Host, cut(s.kid, 20), core.UnknownKey),
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
	id, err := core.EncodeID(raw)
	if err != nil {
		return "", failure.Usage(err, "64 bytes at most: put the rest into your own database")
	}
	return id, nil
}

// key finds the secret of the key to sign with.
func (s *sign) key(sites *core.Sites, site *core.Site, kid string) (keyring.Key, error) {
	ring, err := s.env.siteSecrets(s.keyFiles, site, sites, s.kid, []string{kid})
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
		return failure.Usage(andGiven(err, ring),
			fmt.Sprintf("new links are signed with the site's first key; --kid %s signs with this one", given[0]))
	}
	return s.env.noSecret(err, kid)
}

// mintAll makes every link, or none: half a list would be taken for a whole one.
func (s *sign) mintAll(m *minter, args []string) ([]minted, error) {
	if s.pixel {
		return one(m.mint(""))
	}
	if args[0] != "-" {
		return one(m.mint(args[0]))
	}
	if err := s.env.claimStdin("the destinations", args[0]); err != nil {
		return nil, err
	}
	return m.mintLines(s.env.In)
}

func one(l minted, err error) ([]minted, error) { return []minted{l}, err }

func (m *minter) mintLines(in io.Reader) ([]minted, error) {
	var links []minted
	var refused []string
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, maxLine)
	n := 1
	for ; lines.Scan(); n++ {
		text := lines.Text() // without its line end, "\r\n" included
		if text == "" {
			continue
		}
		link, err := m.mint(text)
		if err != nil {
			refused = append(refused, fmt.Sprintf("line %d: %v", n, err))
		}
		links = append(links, link)
	}
	if err := lines.Err(); errors.Is(err, bufio.ErrTooLong) {
		return nil, failure.Bad(fmt.Errorf("line %d of the destinations goes on after %s, which is all that is read; nothing was signed", n, files.Size(maxLine)), "one URL a line")
	} else if err != nil {
		return nil, failure.Bad(fmt.Errorf("cannot read the destinations: %w", err), "one URL a line")
	}
	return links, m.refusals(links, refused)
}

func (m *minter) refusals(links []minted, refused []string) error {
	switch {
	case len(links) == 0:
		return failure.Usage(errors.New("no destinations on standard input"), "one URL a line")
	case len(refused) == 0:
		return nil
	}
	f := failure.Bad(fmt.Errorf("%d of %s refused; nothing was signed", len(refused), output.Count(len(links), "destination")), m.allowed())
	f.Detail = strings.Join(refused, "\n")
	return f
}

// mint makes one link and reads it back the way the module will.
func (m *minter) mint(destination string) (minted, error) {
	link := m.link
	if to, ok := core.Sendable(destination); ok && to != destination && !link.Pixel {
		m.respelt, destination = append(m.respelt, to), to
	}
	link.Destination = destination
	if !link.Pixel {
		if d, ok := core.ParseDestination(destination); ok {
			if err := idn.Check(d.Host); err != nil {
				return minted{}, failure.Bad(fmt.Errorf("destination %q: %w", cut(destination, 80), err), "write the name as DNS has it")
			}
		}
		if code := m.site.AllowsSigned(destination); code != core.OK {
			return minted{}, m.refuse(destination, code)
		}
	}
	url, err := core.Mint(link, []byte(m.key.Secret()))
	if err != nil {
		return minted{}, failure.Bad(err, "")
	}
	ring := keyring.NewRing(m.key)
	path := strings.TrimPrefix(url, "https://"+link.Host)
	if _, code := core.Verify(link.Host, path, m.site.Keys, ring, m.now); code != core.OK {
		return minted{}, failure.Bad(fmt.Errorf("internal error: the signed link does not verify (%s)", code), "please report this")
	}
	return describeLink(url, link), nil
}

func describeLink(url string, l core.Link) minted {
	m := minted{URL: url, Host: l.Host, KeyID: l.KeyID, ID: l.ID, Destination: l.Destination}
	if l.Expiry != 0 {
		m.Expires = time.Unix(l.Expiry*60, 0).UTC().Format(time.RFC3339)
	}
	return m
}

func (m *minter) refuse(destination string, code core.Code) error {
	why := codes.Explain(code)
	hint := why.Advice
	if code == core.UnlistedDestination {
		hint = m.allowed()
	}
	return failure.Bad(fmt.Errorf("%q: %s (%s)", cut(destination, 200), why.What, code), hint)
}

// allowed says where the site lets links lead.
func (m *minter) allowed() string {
	var list []string
	for _, p := range m.site.Destinations {
		list = append(list, p.String())
	}
	scheme := "https://"
	if m.site.AllowHTTP {
		scheme = "https:// or http://"
	}
	if m.site.SignedAnywhere {
		return m.site.Host + " signs links to any host, with " + scheme
	}
	return m.site.Host + " allows " + scheme + " and " + strings.Join(list, ", ")
}

func (s *sign) print(links []minted) error {
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
