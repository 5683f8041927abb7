package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/clickedge/clickedge/core/clean"
	"github.com/clickedge/clickedge/deploy/files"
	"github.com/clickedge/clickedge/deploy/migrate"
	"github.com/clickedge/clickedge/deploy/output"
)

func (env *Env) migrateCommand() *cobra.Command {
	o, asJSON := &migrate.Order{}, false
	cmd := &cobra.Command{
		Use:   "migrate [FILE]",
		Short: "Read an nginx, CloudFront or Fastly VCL set-up and write its sites.json",
		Long: `Reads what stands on a link domain today and proxies to an ESP, and writes the entry
of sites.json that takes its place: an nginx configuration, what "aws cloudfront
get-distribution" prints, or a Fastly VCL service as its API gives it with its parts
(/service/ID/details). Without FILE it is read from standard input. Nothing is run
and nobody is asked. What else may stand on a link domain, from Apache to Terraform,
is not read, but named, with what to do. Paths that go to another ESP than the rest
become "also", if they are those of its links.

What was wrong in the old set-up, and what sites.json does not say, is told on
standard error, each with its place. With --into the sites are put into a sites.json
that is there, or a new one; a host that it has already is left as it is and nothing
is written, unless --replace.

An nginx configuration may include files below its own folder only; --root names
another, as in --root /etc/nginx.`,
		Example: `  clickedge migrate /etc/nginx/sites-enabled/link.conf --root /etc/nginx
  aws cloudfront get-distribution --id E1 | clickedge migrate --into sites.json
  clickedge migrate service.json --from fastly-vcl --host link.example.com --json`,
		Args: args(0, 1),
		RunE: func(_ *cobra.Command, args []string) error {
			o.File, o.Typed, o.In = append(args, files.Std)[0], len(args) > 0, env.in
			return env.migrate(o, asJSON)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.From, "from", "", "the `format`: nginx, cloudfront or fastly-vcl (default told from the text)")
	f.StringArrayVar(&o.Hosts, "host", nil, "take this link `domain` only; may be given again. Where the configuration names none, it is for this")
	f.StringVar(&o.Root, "root", "", "the `folder` below which nginx's includes are read (default that of FILE)")
	f.StringVar(&o.Into, "into", "", "put the sites into this `file` instead of writing them to standard output")
	f.BoolVar(&o.Replace, "replace", false, "with --into: replace hosts that the file has already")
	f.BoolVar(&asJSON, "json", false, "print sites and notes as one JSON document")
	_ = cmd.MarkFlagDirname("root")
	_ = cmd.MarkFlagFilename("into", "json")
	return cmd
}

func (env *Env) migrate(o *migrate.Order, asJSON bool) error {
	r, err := o.Read()
	if err != nil {
		return err
	}
	if asJSON {
		if err := output.JSON(env.Out, r.Document()); err != nil {
			return err
		}
	} else {
		env.printFindings(r.Findings)
	}
	if err := r.Failure(); err != nil {
		return err
	}
	if o.Into == "" {
		if !asJSON {
			_, err = env.Out.Write(r.JSON())
		}
		return err
	}
	text, err := o.Merge(r)
	if err != nil {
		return err
	}
	if err := output.File(env.Out, o.Into, text, 0o644, ""); err != nil {
		return err
	}
	fmt.Fprintf(env.Err, "%s: %s written\n", o.Into, output.Count(len(r.Sites), "site"))
	return nil
}

func (env *Env) printFindings(list []migrate.Finding) {
	for _, n := range list {
		host := ""
		if n.Host != "" {
			host = " (" + n.Host + ")"
		}
		fmt.Fprintf(env.Err, "%s\n", clean.Text(n.String()+host))
	}
}
