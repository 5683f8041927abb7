package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/outcome"
	"github.com/clickedge/clickedge/core/signed"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/input"
	"github.com/clickedge/clickedge/deploy/keyring"
	"github.com/clickedge/clickedge/deploy/output"
	"github.com/clickedge/clickedge/deploy/pasted"
	"github.com/clickedge/clickedge/deploy/signedlink"
	"github.com/clickedge/clickedge/deploy/sitesfile"
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
		Short: "Check a signed link",
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

func (v *verify) run(args []string) error {
	l, sites, site, err := v.find(args)
	if err != nil {
		return err
	}
	now, err := input.Time(v.now, v.env.Now)
	if err != nil {
		return err
	}
	path, _, _ := strings.Cut(l.Target, "?")
	ring, err := v.ring(sites, site, path)
	if err != nil {
		return err
	}
	link, result := signedlink.Verify(site, path, ring, now)
	if v.json {
		err = output.JSON(v.env.Out, result)
	} else {
		result.Text(v.env.Out, link)
	}
	if err != nil {
		return err
	}
	return result.Failure()
}

// find takes the URL apart and makes sure that a signed link is meant.
func (v *verify) find(args []string) (*pasted.Link, *core.Sites, *core.Site, error) {
	sites, _, err := sitesfile.Load(v.env.in, v.sites)
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
		return l, nil, nil, sitesfile.UnknownHost(l.Host, sitesfile.Shown(v.sites), sites)
	case len(site.Keys) == 0:
		return l, nil, nil, failure.Bad(fmt.Errorf("site %s has no keys, so it takes no signed links", site.Host), "clickedge explain says what it gets")
	case !core.HasSignedForm(l.Target):
		return l, nil, nil, failure.Bad(fmt.Errorf("this is no signed link: these begin with %s or %s (%s)", signed.LinkPrefix, signed.PixelPrefix, outcome.Malformed),
			"clickedge explain says what it gets")
	}
	return l, sites, site, nil
}

// ring gathers the secrets. That the operator gave none is no finding about the
// link, so it is not reported as one.
func (v *verify) ring(sites *core.Sites, site *core.Site, path string) (*keyring.Ring, error) {
	ring, err := keyring.GatherSite(v.env.keys(), v.keyFiles, site, sites, "", nil)
	shape, code := signed.Inspect(site.Host, path)
	if err != nil || code != outcome.OK || !slices.Contains(site.Keys, shape.KeyID) || ring.Has(shape.KeyID) {
		return ring, err
	}
	err = fmt.Errorf("the link is signed with key %q: %w", shape.KeyID, keyring.ErrNoSecret)
	return nil, keyring.Missing(v.env.keys(), ring.ErrMissing(err), shape.KeyID)
}
