package cli

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/clickedge/clickedge/core"
	"github.com/spf13/cobra"
)

type dnsPlan struct {
	env        *Env
	sites      string
	host       string
	cdn        string
	format     string
	target     string
	ca         string
	challenges []string
	terraform  string
}

func (env *Env) dnsCommand() *cobra.Command {
	d := &dnsPlan{env: env}
	cmd := &cobra.Command{
		Use:   "dns [sites.json] [--host H] [--format text|zone|json]",
		Short: "Print the DNS records to set for each link domain, and what not to do",
		Long: `Prints, for each host of sites.json: the CNAME to the CDN, the record that proves to the
certificate authority whose the domain is, and the CAA record that lets it issue; what
must stay as it is; what must not be done; and what to tell the ESP.

The proof's value comes from Fastly: with --terraform from "terraform output -json", with
--challenge by hand. Without either a placeholder stands in its place, which --format zone
leaves out of the zone.`,
		Example: `  clickedge dns
  terraform output -json dns | clickedge dns sites.json --terraform -
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
	f.StringVar(&d.target, "target", "", "the `name` that the CNAMEs lead to (default: Terraform's, or "+fastlyTarget+")")
	f.StringVar(&d.ca, "ca", "", "who issues the certificates: certainly, lets-encrypt or globalsign (default: Terraform's, or certainly)")
	f.StringArrayVar(&d.challenges, "challenge", nil, "`HOST=NAME`, where _acme-challenge.HOST leads; may be given again")
	f.StringVar(&d.terraform, "terraform", "", "`file` with the output of terraform output -json, - for standard input")
	return cmd
}

// fastlyTarget is one of Fastly's shared names, <letter>.sni.global.fastly.net, of
// which the letter stands for a TLS configuration (docs.fastly.com, "Working with
// CNAME records and your DNS provider"). Which is an account's own is in its
// console, and Terraform knows.
const fastlyTarget = "t.sni.global.fastly.net"

// authorities are the CAA values of the authorities that Fastly orders from.
var authorities = map[string]string{
	"certainly":    "certainly.com",
	"lets-encrypt": "letsencrypt.org",
	"globalsign":   "globalsign.com",
}

func (d *dnsPlan) run(name string) error {
	sites, _, err := d.env.loadSites(name)
	if err != nil {
		return err
	}
	z, err := d.zone()
	if err != nil {
		return err
	}
	hosts := sites.Hosts()
	if d.host != "" {
		site := sites.Lookup(d.host)
		if site == nil {
			return unknownHost(d.host, name, sites)
		}
		hosts = []string{site.Host}
	}
	var list []hostDNS
	for _, host := range hosts {
		list = append(list, z.host(sites.Lookup(host)))
	}
	if stray := z.strayChallenge(sites); stray != "" {
		return usage(fmt.Errorf("--challenge names %q, which %s does not have", cut(stray, 120), name), "it has "+someHosts(sites))
	}
	return d.print(list)
}

// zone reads what the flags say of the CDN.
func (d *dnsPlan) zone() (*dnsZone, error) {
	issuer, ok := authorities[d.ca]
	switch {
	case d.cdn != "fastly":
		return nil, usage(fmt.Errorf("--cdn %q is not known", cut(d.cdn, 60)), "fastly is the one that there is")
	case !ok && d.ca != "":
		return nil, usage(fmt.Errorf("--ca %q is not known", cut(d.ca, 60)), "one of certainly, lets-encrypt, globalsign")
	case !slices.Contains([]string{"text", "zone", "json"}, d.format):
		return nil, usage(fmt.Errorf("--format %q is not known", cut(d.format, 60)), "one of text, zone, json")
	}
	z := &dnsZone{issuer: authorities["certainly"], challenges: map[string][]dnsRecord{}}
	if d.terraform != "" {
		if err := d.readTerraform(z); err != nil {
			return nil, err
		}
	}
	if issuer != "" {
		z.issuer = issuer
	}
	if d.target != "" {
		z.target = d.target
	}
	if z.target == "" {
		z.target = fastlyTarget
	}
	if !isDNSName(z.target) {
		return nil, usage(fmt.Errorf("--target %q is no host name", cut(z.target, 120)), "write it like "+fastlyTarget)
	}
	return z, d.readChallenges(z)
}

func (d *dnsPlan) readChallenges(z *dnsZone) error {
	for _, s := range d.challenges {
		host, value, ok := strings.Cut(s, "=")
		host, value = core.CanonicalHost(host), strings.TrimSuffix(value, ".")
		if !ok || !isDNSName(host) || !isDNSName(value) {
			return usage(fmt.Errorf("--challenge %q is not HOST=NAME", cut(s, 200)), "write it like link.example.com=abc123.fastly-validations.com")
		}
		z.challenges[host] = []dnsRecord{{Name: "_acme-challenge." + host, Type: "CNAME", Value: value}}
	}
	return nil
}

// strayChallenge finds a challenge of no host of ours, a slip of the hand.
func (z *dnsZone) strayChallenge(sites *core.Sites) string {
	for _, host := range slices.Sorted(maps.Keys(z.challenges)) {
		if !sites.Has(host) {
			return host
		}
	}
	return ""
}

// isDNSName tells whether s can stand in a zone file as a name: letters, digits,
// "-" and "_", in labels.
func isDNSName(s string) bool {
	s = strings.TrimSuffix(s, ".")
	if len(s) > 253 {
		return false
	}
	if _, err := netip.ParseAddr(s); err == nil {
		return false
	}
	labels := strings.Split(s, ".")
	for _, l := range labels {
		if l == "" || len(l) > 63 || strings.Trim(l, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") != "" {
			return false
		}
	}
	return len(labels) > 1
}

var errNotTerraform = errors.New("it is not what terraform output -json prints")
