package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/clickedge/clickedge/deploy/dnsplan"
)

func (env *Env) dnsCommand() *cobra.Command {
	o := &dnsplan.Order{}
	cmd := &cobra.Command{
		Use:   "dns [sites.json] [--host H] [--server ADDRESS] [--format text|zone|json] [--cut-over]",
		Short: "Print the DNS records to set for each link domain, and what not to do",
		Long: `Prints, for each host of sites.json, what to do in which order: what the ESP must be told
before anything moves, above all where it issues the domain's certificate itself; the
record that proves to the certificate authority whose the domain is, and the CAA record
that lets it issue; then the CNAME to the CDN. And what must stay as it is, and what
must not be done. A host with several ESPs has one set of records; of a retired one it says
what may be deleted.

The CNAME moves readers, so --format zone has it as a comment until --cut-over, which
is refused where the proof of a host is not known: its readers would be moved to where
it may have no certificate.

The proof's value comes from Fastly: with --terraform from "terraform output -json", with
--challenge by hand. Without either a placeholder stands in its place, which --format zone
leaves out of the zone.

With --server it is the addresses of a server of your own that move readers. Its certificate
comes once they do, so there is no proof: before, you look at the server itself.`,
		Example: `  clickedge dns
  terraform output -json dns | clickedge dns sites.json --terraform - --format zone
  terraform output -json dns | clickedge dns sites.json --terraform - --format zone --cut-over
  clickedge dns --host link.example.com --challenge link.example.com=abc123.fastly-validations.com --format zone
  clickedge dns --server 203.0.113.5 --server 2001:db8::5`,
		Args: args(0, 1),
		RunE: withSites(&o.SitesFile, func(*cobra.Command) error { return env.dns(o) }),
	}
	sitesFlag(cmd, &o.SitesFile)
	f := cmd.Flags()
	f.StringVar(&o.Host, "host", "", "only this `host` of sites.json")
	f.StringArrayVar(&o.Servers, "server", nil, "the public `address` of your server, in place of a CDN; again for IPv6")
	f.StringVar(&o.CDN, "cdn", "fastly", "the CDN that answers for the hosts; there is one")
	f.StringVar(&o.Format, "format", "text", "text, zone (a zone file's lines) or json")
	f.StringVar(&o.Target, "target", "", "the `name` that the CNAMEs lead to (default: Terraform's, or "+dnsplan.FastlyTarget+")")
	f.StringVar(&o.CA, "ca", "", "who issues the certificates: certainly, lets-encrypt or globalsign (default: Terraform's, or certainly)")
	f.StringArrayVar(&o.Challenges, "challenge", nil, "`HOST=NAME`, where _acme-challenge.HOST leads; may be given again")
	f.StringVar(&o.Terraform, "terraform", "", "`file` with the output of terraform output -json, - for standard input")
	f.BoolVar(&o.CutOver, "cut-over", false, "the certificates are issued: the CNAMEs are live, and readers move")
	return cmd
}

func (env *Env) dns(o *dnsplan.Order) error {
	o.In, o.Now = env.in, env.Now()
	plan, err := o.Plan()
	if err != nil {
		return err
	}
	if o.SharedTarget(plan) {
		fmt.Fprintf(env.Err, "warning: the CNAMEs lead to %s, which may not be yours: Fastly gives the name with the certificate\nhint: --terraform or --target says which it is\n", plan.Target)
	}
	return plan.Write(env.Out, o.Format)
}
