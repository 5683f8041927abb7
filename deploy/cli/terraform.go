package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/clickedge/clickedge/deploy/build"
	"github.com/clickedge/clickedge/deploy/files"
	"github.com/clickedge/clickedge/deploy/output"
	"github.com/clickedge/clickedge/deploy/publish"
	"github.com/clickedge/clickedge/deploy/sitesfile"
)

type terraform struct {
	env     *Env
	sites   string
	out     string
	pkg     string
	printed bool
}

func (env *Env) terraformCommand() *cobra.Command {
	t := &terraform{env: env}
	cmd := &cobra.Command{
		Use:   "terraform [sites.json] [-o clickedge.plan.json]",
		Short: "Write what the Terraform module needs to know of sites.json",
		Long: `Works out the backends that the sites need, from the table of ESPs that the module is
built with, and writes them for the Terraform module in deploy/terraform, together with
what it takes to notice that sites.json or the package has changed since.

The package must have been built with this very sites.json.`,
		Example: `  clickedge build -o pkg/clickedge.tar.gz && clickedge terraform && terraform apply
  clickedge terraform production.json --package pkg/production.tar.gz -o production.plan.json`,
		Args: args(0, 1),
		RunE: withSites(&t.sites, t.run),
	}
	sitesFlag(cmd, &t.sites)
	f := cmd.Flags()
	f.StringVarP(&t.out, "output", "o", "clickedge.plan.json", "the `file` to write")
	f.StringVar(&t.pkg, "package", "pkg/clickedge.tar.gz", "the package, a `file` that clickedge build has made")
	f.BoolVar(&t.printed, "stdout", false, "print it instead")
	cmd.MarkFlagsMutuallyExclusive("output", "stdout")
	return cmd
}

func (t *terraform) run(*cobra.Command) error {
	sites, text, raw, err := sitesfile.LoadRaw(t.env.in, t.sites)
	if err != nil {
		return err
	}
	p, err := build.PackageFor(t.env.in, t.pkg, t.sites, text)
	if err != nil {
		return err
	}
	plan := publish.NewPlanFile(raw, sites, p.Hash(), publish.InsideOf(p.Learned()))
	if t.printed || t.out == files.Std {
		return output.JSON(t.env.Out, plan)
	}
	var b strings.Builder
	if err := output.JSON(&b, plan); err != nil {
		return err
	}
	if err := t.env.writeFile(t.out, []byte(b.String()), anotherPlace); err != nil {
		return err
	}
	links := ""
	if plan.Learn || plan.LearnedLinks > 0 {
		links = ", " + output.Count(plan.LearnedLinks, "learned link") + " in the package"
	}
	fmt.Fprintf(t.env.Out, "%s  %s for %s%s\n", t.out, output.Count(len(plan.Backends), "backend"), output.Count(sites.Len(), "site"), links)
	return nil
}
