package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/deploy/codes"
	"github.com/clickedge/clickedge/deploy/expiry"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/keyring"
	"github.com/clickedge/clickedge/deploy/output"
	"github.com/clickedge/clickedge/deploy/pasted"
	"github.com/spf13/cobra"
)

type verify struct {
	env      *Env
	sites    string
	link     linkArg
	keyFiles []string
	now      string
	json     bool
}

func (env *Env) verifyCommand() *cobra.Command {
	v := &verify{env: env}
	cmd := &cobra.Command{
		Use:   "verify " + linkUse,
		Short: "Check a signed link of one's own",
		Long: `Says what the module would say of a signed link: ok, or the code of the refusal and
what it means. Exits with 1 where the link is refused. Any other link of the site is
for "clickedge explain".

` + linkHelp,
		Example: `  clickedge verify --key-file k2.key 'https://link.example.com/to/k2.u…'`,
		RunE:    func(_ *cobra.Command, args []string) error { return v.run(args) },
	}
	sitesFlag(cmd, &v.sites)
	v.link.add(cmd)
	keyFileFlag(cmd, &v.keyFiles)
	cmd.Flags().StringVar(&v.now, "now", "", "check as if it were this `time`, in RFC 3339")
	cmd.Flags().BoolVar(&v.json, "json", false, "print JSON")
	return cmd
}

// verified is what verify --json prints.
type verified struct {
	Code    core.Code `json:"code"`
	Meaning string    `json:"meaning"`
	Link    *minted   `json:"link,omitempty"`
	Pixel   bool      `json:"pixel,omitempty"`
	// The key that the link names, where its secret was at hand.
	KeyID       string `json:"kid,omitempty"`
	Fingerprint string `json:"fingerprint,omitempty"`
	// SignedWith is the key whose secret the tag was made with, where that is
	// another one than the link names.
	SignedWith string `json:"signed_with,omitempty"`
}

func (v *verify) run(args []string) error {
	l, sites, site, err := v.find(args)
	if err != nil {
		return err
	}
	now, err := v.env.nowFlag(v.now)
	if err != nil {
		return err
	}
	path, _, _ := strings.Cut(l.Target, "?")
	ring, err := v.ring(sites, site, path)
	if err != nil {
		return err
	}
	link, code := core.Verify(site.Host, path, site.Keys, ring, now)
	if code == core.OK && !link.Pixel {
		code = site.AllowsSigned(link.Destination)
	}
	result := verified{Code: code, Meaning: codes.Explain(code).What, Pixel: link.Pixel}
	v.used(&result, site, path, ring, now)
	return v.say("https://"+l.Host+l.Target, link, result)
}

// find takes the URL apart and makes sure that a signed link is meant.
func (v *verify) find(args []string) (*pasted.Link, *core.Sites, *core.Site, error) {
	sites, _, err := v.env.loadSites(v.sites)
	if err != nil {
		return nil, nil, nil, err
	}
	l, err := v.link.read(args, sites)
	if err != nil {
		return nil, nil, nil, err
	}
	for _, n := range l.Notes {
		fmt.Fprintf(v.env.Err, "note: %s\n", n)
	}
	site := sites.Lookup(l.Host)
	switch {
	case site == nil:
		return l, nil, nil, unknownHost(l.Host, shownName(v.sites), sites)
	case len(site.Keys) == 0:
		return l, nil, nil, failure.Bad(fmt.Errorf("site %s has no keys, so it takes no links of one's own", site.Host), "clickedge explain says what it gets")
	case !isOwn(l.Target):
		return l, nil, nil, failure.Bad(fmt.Errorf("this is no link of one's own: these begin with %s or %s (%s)", core.LinkPrefix, core.PixelPrefix, core.Malformed),
			"clickedge explain says what it gets")
	}
	return l, sites, site, nil
}

func isOwn(target string) bool {
	return strings.HasPrefix(target, core.LinkPrefix) || strings.HasPrefix(target, core.PixelPrefix)
}

// ring gathers the secrets. That the operator gave none is no finding about the
// link, so it is not reported as one.
func (v *verify) ring(sites *core.Sites, site *core.Site, path string) (*keyring.Ring, error) {
	ring, err := v.env.siteSecrets(v.keyFiles, site, sites, "", nil)
	shape, code := core.Inspect(site.Host, path)
	if err != nil || code != core.OK || !slices.Contains(site.Keys, shape.KeyID) || ring.Has(shape.KeyID) {
		return ring, err
	}
	err = fmt.Errorf("the link is signed with key %q: %w", shape.KeyID, keyring.ErrNoSecret)
	return nil, v.env.noSecret(andGiven(err, ring), shape.KeyID)
}

// used finds the key that the link names, and, where its tag is wrong, the key
// that it was signed with in truth.
func (v *verify) used(r *verified, site *core.Site, path string, ring *keyring.Ring, now time.Time) {
	shape, code := core.Inspect(site.Host, path)
	if code != core.OK || !ring.Has(shape.KeyID) {
		return
	}
	r.KeyID, r.Fingerprint = shape.KeyID, ring.Fingerprint(shape.KeyID)
	if r.Code != core.BadTag {
		return
	}
	for _, kid := range ring.IDs() {
		other, _ := ring.Secret(kid)
		if _, code := core.Verify(site.Host, path, site.Keys, secretOf(other), now); code != core.BadTag && kid != shape.KeyID {
			r.SignedWith = kid
		}
	}
}

// secretOf is a ring in which every id has this secret.
type secretOf []byte

// Secret implements core.Keyring.
func (s secretOf) Secret(string) ([]byte, error) { return s, nil }

func (v *verify) say(url string, l core.Link, result verified) error {
	if l.KeyID != "" {
		m := describeLink(cutQuery(url), l)
		result.Link = &m
	}
	if v.json {
		if err := output.JSON(v.env.Out, result); err != nil {
			return err
		}
	} else {
		v.print(result, l)
	}
	if result.Code == core.OK {
		return nil
	}
	advice := codes.Explain(result.Code).Advice
	if result.Code == core.BadTag {
		advice += "; compare the fingerprint with that of whoever signed it"
	}
	return failure.Bad(errors.New("the link does not verify"), advice)
}

func (v *verify) print(r verified, l core.Link) {
	if r.Code != core.OK {
		fmt.Fprintf(v.env.Out, "%s: %s\n", r.Code, r.Meaning)
		if r.Fingerprint != "" {
			fmt.Fprintf(v.env.Out, "checked with key %s, fingerprint %s\n", r.KeyID, r.Fingerprint)
		}
		if r.SignedWith != "" {
			fmt.Fprintf(v.env.Out, "it was signed with the secret of %s under the name of %s\n", r.SignedWith, r.KeyID)
		}
		return
	}
	fmt.Fprintf(v.env.Out, "ok\nhost         %s\nkey          %s\nfingerprint  %s\nexpires      %s\n", l.Host, l.KeyID, r.Fingerprint, expiry.Text(l.Expiry))
	if l.ID != "" {
		fmt.Fprintf(v.env.Out, "id           %s\n", idText(l.ID))
	}
	if l.Pixel {
		fmt.Fprintln(v.env.Out, "answers      the open pixel")
		return
	}
	fmt.Fprintf(v.env.Out, "destination  %s\n", l.Destination)
}

func cutQuery(url string) string {
	path, _, _ := strings.Cut(url, "?")
	return path
}
