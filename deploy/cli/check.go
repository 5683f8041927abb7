package cli

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/clickedge/clickedge/core/sitesjson"
	"github.com/clickedge/clickedge/deploy/check"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/output"
	"github.com/clickedge/clickedge/deploy/override"
	"github.com/clickedge/clickedge/deploy/sitesfile"
)

type checkCmd struct {
	env    *Env
	sites  string
	json   bool
	fields bool
}

func (env *Env) checkCommand() *cobra.Command {
	c := &checkCmd{env: env}
	cmd := &cobra.Command{
		Use:   "check [sites.json] [--json]",
		Short: "Find every mistake in sites.json",
		Long: `Reads sites.json as the module would and lists every mistake in it, each with its
line; or else the sites, and the backends that the service needs. "clickedge check
--fields" lists what may stand in the file.`,
		Example: `  clickedge check
  clickedge check deploy/examples/ses.json --json`,
		Args: args(0, 1),
		RunE: withSites(&c.sites, c.run),
	}
	sitesFlag(cmd, &c.sites)
	cmd.Flags().BoolVar(&c.json, "json", false, "print JSON")
	cmd.Flags().BoolVar(&c.fields, "fields", false, "list the fields of a site instead")
	return cmd
}

func (c *checkCmd) run(*cobra.Command) error {
	switch {
	case c.fields && c.json:
		return output.JSON(c.env.Out, check.Fields())
	case c.fields:
		check.PrintFields(c.env.Out)
		return nil
	}
	sites, text, err := sitesfile.Load(c.env.in, c.sites)
	if err != nil {
		return c.fail(err)
	}
	r := check.Of(sites, c.env.Now())
	r.Warnings = append(r.Warnings, override.RoomWarnings(sites, text)...)
	if c.json {
		return output.JSON(c.env.Out, r)
	}
	for _, w := range r.Warnings {
		fmt.Fprintf(c.env.Err, "warning: %s\n", w)
	}
	r.Text(c.env.Out)
	return nil
}

// fail prints the mistakes as JSON where that was asked for.
func (c *checkCmd) fail(err error) error {
	var f *failure.Error
	var e *sitesjson.Error
	if !c.json || !errors.As(err, &e) || !errors.As(err, &f) {
		return err
	}
	f.Detail = ""
	return errors.Join(f, output.JSON(c.env.Out, check.Refused(e)))
}
