package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/deploy/dnsplan"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/output"
	"github.com/clickedge/clickedge/deploy/sitesfile"
)

type dnsCmd struct {
	env        *Env
	sites      string
	host       string
	cdn        string
	format     string
	target     string
	ca         string
	challenges []string
	terraform  string
	cutOver    bool
}

func (env *Env) dnsCommand() *cobra.Command {
	d := &dnsCmd{env: env}
	cmd := &cobra.Command{
		Use:   "dns [sites.json] [--host H] [--format text|zone|json] [--cut-over]",
		Short: "Print the DNS records to set for each link domain, and what not to do",
		Long: `Prints, for each host of sites.json, what to do in which order: what the ESP must be told
before anything moves, above all where it issues the domain's certificate itself; the
record that proves to the certificate authority whose the domain is, and the CAA record
that lets it issue; then the CNAME to the CDN. And what must stay as it is, and what
must not be done.

The CNAME moves readers, so --format zone has it as a comment until --cut-over, which
is refused where the proof of a host is not known: its readers would be moved to where
it may have no certificate.

The proof's value comes from Fastly: with --terraform from "terraform output -json", with
--challenge by hand. Without either a placeholder stands in its place, which --format zone
leaves out of the zone.`,
		Example: `  clickedge dns
  terraform output -json dns | clickedge dns sites.json --terraform - --format zone
  terraform output -json dns | clickedge dns sites.json --terraform - --format zone --cut-over
  clickedge dns --host link.example.com --challenge link.example.com=abc123.fastly-validations.com --format zone`,
		Args: args(0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			name, err := sitesArg(cmd, args, d.sites)
			if err != nil {
				return err
			}
			return d.run(name)
		},
	}
	sitesFlag(cmd, &d.sites)
	f := cmd.Flags()
	f.StringVar(&d.host, "host", "", "only this `host` of sites.json")
	f.StringVar(&d.cdn, "cdn", "fastly", "the CDN that answers for the hosts; there is one")
	f.StringVar(&d.format, "format", "text", "text, zone (a zone file's lines) or json")
	f.StringVar(&d.target, "target", "", "the `name` that the CNAMEs lead to (default: Terraform's, or "+dnsplan.FastlyTarget+")")
	f.StringVar(&d.ca, "ca", "", "who issues the certificates: certainly, lets-encrypt or globalsign (default: Terraform's, or certainly)")
	f.StringArrayVar(&d.challenges, "challenge", nil, "`HOST=NAME`, where _acme-challenge.HOST leads; may be given again")
	f.StringVar(&d.terraform, "terraform", "", "`file` with the output of terraform output -json, - for standard input")
	f.BoolVar(&d.cutOver, "cut-over", false, "the certificates are issued: the CNAMEs are live, and readers move")
	return cmd
}

func (d *dnsCmd) run(name string) error {
	sites, _, err := sitesfile.Load(d.env.in, name)
	if err != nil {
		return err
	}
	o, err := d.options()
	if err != nil {
		return err
	}
	hosts, err := d.hosts(name, sites)
	if err != nil {
		return err
	}
	if err := dnsplan.CheckChallenges(d.challenges, sites, name); err != nil {
		return err
	}
	plan := dnsplan.Make(hosts, o)
	if err := plan.CheckCutOver(); err != nil {
		return err
	}
	d.warn(plan)
	switch d.format {
	case "json":
		return output.JSON(d.env.Out, plan)
	case "zone":
		return plan.Zone(d.env.Out)
	}
	return plan.Text(d.env.Out)
}

func (d *dnsCmd) hosts(name string, sites *core.Sites) (list []*core.Site, err error) {
	if d.host != "" {
		site := sites.Lookup(d.host)
		if site == nil {
			return nil, sitesfile.UnknownHost(d.host, name, sites)
		}
		return []*core.Site{site}, nil
	}
	for _, host := range sites.Hosts() {
		list = append(list, sites.Lookup(host))
	}
	return list, nil
}

// options reads what the flags say of the CDN.
func (d *dnsCmd) options() (o dnsplan.Options, err error) {
	issuer, ok := dnsplan.Authorities[d.ca]
	switch {
	case d.cdn != "fastly":
		return o, failure.Usage(fmt.Errorf("--cdn %q is not known", cut(d.cdn, 60)), "fastly is the one that there is")
	case !ok && d.ca != "":
		return o, failure.Usage(fmt.Errorf("--ca %q is not known", cut(d.ca, 60)), "one of "+strings.Join(dnsplan.AuthorityNames(), ", "))
	case !slices.Contains([]string{"text", "zone", "json"}, d.format):
		return o, failure.Usage(fmt.Errorf("--format %q is not known", cut(d.format, 60)), "one of text, zone, json")
	}
	if d.terraform != "" {
		if o, err = d.readTerraform(); err != nil {
			return o, err
		}
	}
	o.CutOver = d.cutOver
	if issuer != "" {
		o.Issuer = issuer
	}
	if d.target != "" {
		if err := dnsplan.CheckTarget(d.target); err != nil {
			return o, failure.Usage(fmt.Errorf("--target %w", err), "write it like "+dnsplan.FastlyTarget)
		}
		o.Target = d.target
	}
	return o, o.AddChallenges(d.challenges)
}

// maxTerraform bounds what is read of Terraform's outputs, in bytes.
const maxTerraform = 16 << 20

func (d *dnsCmd) readTerraform() (o dnsplan.Options, err error) {
	const hint = "deploy/terraform/example has an output dns, for terraform output -json dns"
	text, err := d.env.in.ReadText("Terraform's outputs", d.terraform, maxTerraform, "terraform output -json dns prints them")
	if err != nil {
		return o, err
	}
	o, err = dnsplan.ReadTerraform(text)
	switch {
	case errors.Is(err, dnsplan.ErrTarget):
		return o, failure.Usage(fmt.Errorf("%s: cname_targets: %w", sitesfile.Shown(d.terraform), err), "Fastly's are like "+dnsplan.FastlyTarget)
	case errors.Is(err, dnsplan.ErrProof):
		return o, failure.Usage(fmt.Errorf("%s: %w", sitesfile.Shown(d.terraform), err), "Fastly's are CNAMEs from _acme-challenge to fastly-validations.com")
	case err != nil:
		return o, failure.Usage(fmt.Errorf("%s: %w", sitesfile.Shown(d.terraform), err), hint)
	}
	return o, nil
}

// warn says what a cut-over takes for granted.
func (d *dnsCmd) warn(plan *dnsplan.Plan) {
	if d.cutOver && d.target == "" && plan.Target == dnsplan.FastlyTarget {
		fmt.Fprintf(d.env.Err, "warning: the CNAMEs lead to %s, which may not be yours: Fastly gives the name with the certificate\nhint: --terraform or --target says which it is\n", plan.Target)
	}
}
