package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/clickedge/clickedge/core"
	"github.com/spf13/cobra"
)

type verify struct {
	env      *Env
	sites    string
	keyFiles []string
	now      string
	json     bool
}

func (env *Env) verifyCommand() *cobra.Command {
	v := &verify{env: env}
	cmd := &cobra.Command{
		Use:   "verify URL",
		Short: "Check a signed link of one's own",
		Long: `Says what the module would say of a signed link: ok, or the code of the refusal and
what it means. Exits with 1 where the link is refused. Any other link of the site is
for "clickedge explain".`,
		Example: `  clickedge verify --key-file k2.key 'https://link.example.com/to/k2.u…'`,
		Args:    args(1, 1),
		RunE:    func(_ *cobra.Command, args []string) error { return v.run(args[0]) },
	}
	sitesFlag(cmd, &v.sites)
	cmd.ValidArgsFunction = cobra.NoFileCompletions
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
}

func (v *verify) run(url string) error {
	l, site, err := v.find(url)
	if err != nil {
		return err
	}
	now, err := v.env.nowFlag(v.now)
	if err != nil {
		return err
	}
	path, _, _ := strings.Cut(l.target, "?")
	ring, err := v.ring(site, path)
	if err != nil {
		return err
	}
	link, code := core.Verify(site.Host, path, site.Keys, ring, now)
	if code == core.OK && !link.Pixel {
		code = site.AllowsSigned(link.Destination)
	}
	return v.say(url, link, code)
}

// find takes the URL apart and makes sure that a signed link is meant.
func (v *verify) find(url string) (link, *core.Site, error) {
	l, err := splitLink(url)
	if err != nil {
		return l, nil, err
	}
	sites, _, err := v.env.loadSites(v.sites)
	if err != nil {
		return l, nil, err
	}
	site := sites.Lookup(l.host)
	switch {
	case site == nil:
		return l, nil, unknownHost(l.host, v.sites, sites)
	case len(site.Keys) == 0:
		return l, nil, bad(fmt.Errorf("site %s has no keys, so it takes no links of one's own", site.Host), "clickedge explain says what it gets")
	case !isOwn(l.target):
		return l, nil, bad(fmt.Errorf("this is no link of one's own: these begin with %s or %s (%s)", core.LinkPrefix, core.PixelPrefix, core.Malformed),
			"clickedge explain says what it gets")
	}
	return l, site, nil
}

func isOwn(target string) bool {
	return strings.HasPrefix(target, core.LinkPrefix) || strings.HasPrefix(target, core.PixelPrefix)
}

// ring gathers the secrets. That the operator gave none is no finding about the
// link, so it is not reported as one.
func (v *verify) ring(site *core.Site, path string) (*keyring, error) {
	shape, code := core.Inspect(site.Host, path)
	kids := site.Keys
	if code == core.OK && slices.Contains(site.Keys, shape.KeyID) {
		kids = append([]string{shape.KeyID}, kids...)
	}
	ring, err := v.env.keyring(v.keyFiles, kids)
	if err != nil || code != core.OK || !slices.Contains(site.Keys, shape.KeyID) || ring.has(shape.KeyID) {
		return ring, err
	}
	return nil, usage(fmt.Errorf("the link is signed with key %q: %w", shape.KeyID, errNoSecret), noSecretHint(shape.KeyID))
}

func (v *verify) say(url string, l core.Link, code core.Code) error {
	why := explainCode(code)
	result := verified{Code: code, Meaning: why.what, Pixel: l.Pixel}
	if l.KeyID != "" {
		m := describeLink(cutQuery(url), l)
		result.Link = &m
	}
	if v.json {
		if err := printJSON(v.env.Out, result); err != nil {
			return err
		}
	} else {
		v.print(result, l)
	}
	if code == core.OK {
		return nil
	}
	return bad(errors.New("the link does not verify"), why.advice)
}

func (v *verify) print(r verified, l core.Link) {
	if r.Code != core.OK {
		fmt.Fprintf(v.env.Out, "%s: %s\n", r.Code, r.Meaning)
		return
	}
	fmt.Fprintf(v.env.Out, "ok\nhost         %s\nkey          %s\nexpires      %s\n", l.Host, l.KeyID, expiryText(l.Expiry))
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
