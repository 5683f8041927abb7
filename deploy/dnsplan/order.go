package dnsplan

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/clean"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/input"
	"github.com/clickedge/clickedge/deploy/output"
	"github.com/clickedge/clickedge/deploy/sitesfile"
)

// Order is what "dns" is asked for, as its flags say it.
type Order struct {
	SitesFile  string
	Host       string   // "" for every host
	CDN        string   // "fastly"
	Format     string   // text, zone or json
	Target     string   // of the CNAMEs; "" for Terraform's or [FastlyTarget]
	CA         string   // a name of [Authorities]; "" for Terraform's
	Challenges []string // HOST=NAME
	Terraform  string   // file of Terraform's outputs, "" for none
	CutOver    bool
	Servers    []string // addresses of a server, in place of the CDN

	Now time.Time // [Options].Now

	In *input.Input
}

// Plan reads the files and makes the plan. A cut-over of a host whose proof is
// not known is refused.
func (o *Order) Plan() (*Plan, error) {
	sites, _, err := sitesfile.Load(o.In, o.SitesFile)
	if err != nil {
		return nil, err
	}
	options, err := o.options()
	if err != nil {
		return nil, err
	}
	list, err := o.sites(sites)
	if err != nil {
		return nil, err
	}
	if err := CheckChallenges(o.Challenges, sites, o.SitesFile); err != nil {
		return nil, err
	}
	plan := Make(list, options)
	return plan, plan.CheckCutOver()
}

// SharedTarget reports whether a plan moves readers to [FastlyTarget] although
// nobody named it: the account may have another.
func (o *Order) SharedTarget(p *Plan) bool {
	return o.CutOver && o.Target == "" && p.Target == FastlyTarget
}

// sites are the sites to plan for.
func (o *Order) sites(sites *core.Sites) (list []*core.Site, err error) {
	if o.Host != "" {
		site := sites.Lookup(o.Host)
		if site == nil {
			return nil, sitesfile.UnknownHost(o.Host, o.SitesFile, sites)
		}
		return []*core.Site{site}, nil
	}
	for _, host := range sites.Hosts() {
		list = append(list, sites.Lookup(host))
	}
	return list, nil
}

// options puts together what Terraform and the flags say; the flags win.
func (o *Order) options() (out Options, err error) {
	if err := o.checkNames(); err != nil {
		return out, err
	}
	if o.Terraform != "" {
		if out, err = o.readTerraform(); err != nil {
			return out, err
		}
	}
	out.CutOver, out.Now = o.CutOver, o.Now
	if out.Server, err = o.servers(); err != nil {
		return out, err
	}
	if o.CA != "" {
		out.Issuer = Authorities[o.CA]
	}
	if o.Target != "" {
		if err := CheckTarget(o.Target); err != nil {
			return out, failure.Usage(fmt.Errorf("--target %w", err), "write it like "+FastlyTarget)
		}
		out.Target = o.Target
	}
	return out, out.AddChallenges(o.Challenges)
}

// checkNames refuses a CDN, an authority or a format that there is not.
func (o *Order) checkNames() error {
	unknown := func(flag, value, hint string) error {
		return failure.Usage(fmt.Errorf("--%s %q is not known", flag, clean.Cut(value, 60)), hint)
	}
	_, known := Authorities[o.CA]
	switch {
	case o.CDN != "fastly":
		return unknown("cdn", o.CDN, "fastly is the one that there is")
	case !known && o.CA != "":
		return unknown("ca", o.CA, "one of "+strings.Join(AuthorityNames(), ", "))
	case !slices.Contains(formats, o.Format):
		return unknown("format", o.Format, "one of "+strings.Join(formats, ", "))
	}
	return nil
}

// maxTerraform bounds what is read of Terraform's outputs, in bytes.
const maxTerraform = 16 << 20

func (o *Order) readTerraform() (Options, error) {
	text, err := o.In.ReadText("Terraform's outputs", o.Terraform, maxTerraform, "terraform output -json dns prints them")
	if err != nil {
		return Options{}, err
	}
	out, err := ReadTerraform(text)
	if err == nil {
		return out, nil
	}
	file, hint := sitesfile.Shown(o.Terraform), "deploy/terraform/example has an output dns, for terraform output -json dns"
	switch {
	case errors.Is(err, ErrTarget):
		file, hint = file+": cname_targets", "Fastly's are like "+FastlyTarget
	case errors.Is(err, ErrProof):
		hint = "Fastly's are CNAMEs from _acme-challenge to fastly-validations.com"
	}
	return out, failure.Usage(fmt.Errorf("%s: %w", file, err), hint)
}

// formats are the forms in which a plan is written.
var formats = []string{"text", "zone", "json"}

// Write writes the plan in one of the formats: text, zone or json.
func (p *Plan) Write(w io.Writer, format string) error {
	switch format {
	case "json":
		return output.JSON(w, p)
	case "zone":
		return p.Zone(w)
	}
	return p.Text(w)
}
