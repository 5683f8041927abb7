package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/clickedge/clickedge/deploy/output"
	"github.com/clickedge/clickedge/deploy/signedlink"
	"github.com/clickedge/clickedge/deploy/sitesfile"
)

type verify struct {
	env   *Env
	check signedlink.Check
	link  linkArg
	json  bool
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
	sitesFlag(cmd, &v.check.SitesFile)
	v.link.add(cmd)
	keyFileFlag(cmd, &v.check.KeyFiles)
	cmd.Flags().StringVar(&v.check.Now, "now", "", "check as if it were this `time`, in RFC 3339")
	cmd.Flags().BoolVar(&v.json, "json", false, "print JSON")
	return cmd
}

func (v *verify) run(args []string) error {
	c := &v.check
	c.Keys, c.Clock = v.env.keys(), v.env.Now
	var err error
	if c.Sites, _, err = sitesfile.Load(v.env.in, c.SitesFile); err != nil {
		return err
	}
	l, err := v.link.read(args, c.Sites)
	if err != nil {
		return err
	}
	for _, n := range l.Notes {
		fmt.Fprintf(v.env.Err, "note: %s\n", n)
	}
	link, result, err := c.Verify(l.Host, l.Target)
	if err != nil {
		return err
	}
	if v.json {
		if err := output.JSON(v.env.Out, result); err != nil {
			return err
		}
	} else {
		result.Text(v.env.Out, link)
	}
	return result.Failure()
}
