package cli

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/deploy/doctor"
	"github.com/clickedge/clickedge/deploy/doctor/catalogue"
	"github.com/clickedge/clickedge/deploy/doctor/report"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/interrupt"
	"github.com/clickedge/clickedge/deploy/sitesfile"
	"github.com/clickedge/clickedge/deploy/terminal"
)

type doctorRun struct {
	env   *Env
	opt   doctor.Options
	esps  []string
	at    []string
	sites string
	ca    string
	html  string
	json  bool
	facts bool
	quiet bool
}

func (env *Env) doctorCommand() *cobra.Command {
	d := &doctorRun{env: env}
	cmd := &cobra.Command{
		Use:   "doctor HOST | URL",
		Short: "Say from outside what is wrong with a link domain, whatever stands on it",
		Long: fmt.Sprintf(`Examines a branded link domain from outside, in the order in which things break: DNS,
TLS, HTTP, the ESP behind, what is done to links on their way, filters, caching,
app links and speed. It names what was seen, what that means, the fix for the CDN
or server and the ESP in use, and the page that states the rule; and what could not
be seen, and why. It works for clickedge, Cloudflare, CloudFront and other CDNs, for
nginx, Apache, Caddy, HAProxy and Varnish, and for clickedge server (--cdn server).
Browsers use HTTP/2: where it is offered,
everything is asked over both.

It opens no recipient's link but the one given with --link, and that once; never one
that shows that it unsubscribes (encrypted ones do not: give a button's); and it
follows no redirect. The links that it makes up name nobody. It sends %d DNS queries
and %d requests at most, and %d more for each further ESP. For comparison it asks the
ESP's origin with the same made-up links; --origin none forbids that, and then less
can be seen.

Where a host has several ESPs, --esp is given for each, the one first that gets what is
no link of the others; or they are taken from sites.json, with those that are retired.
Then it asks for a link of each in its own form, and says which ESP answered whose.

On a terminal a line on standard error says what is being asked; --quiet and --json
leave it out.

Exit codes: 0 nothing to fix; %d warnings; %d errors; %d the command was called wrongly.`,
			doctor.MaxQueries, doctor.MaxRequests, doctor.RequestsPerESP, failure.ExitWarnings, failure.ExitBad, failure.ExitUsage),
		Example: `  clickedge doctor link.example.com
  clickedge doctor link.example.com --esp customerio-eu --html report.html
  clickedge doctor link.example.com --esp customerio-eu --esp sendgrid
  clickedge doctor link.example.com --via 192.0.2.10 --resolver 1.1.1.1 --resolver 8.8.8.8
  clickedge doctor link.example.com --link 'https://link.example.com/e/c/…'`,
		Args: needs("link domain"),
		RunE: d.run,
	}
	d.flags(cmd)
	return cmd
}

func (d *doctorRun) flags(cmd *cobra.Command) {
	f, o := cmd.Flags(), &d.opt
	f.StringArrayVar(&d.esps, "esp", nil, "the ESP's `preset`, as customerio-eu; guessed if not given; again for each further ESP")
	f.StringVar(&o.CDN, "cdn", "", "fastly, cloudflare, cloudfront, nginx, apache, caddy, haproxy, varnish or other; guessed if not given")
	f.StringVar(&o.Link, "link", "", "a tracked `URL` from a mail to yourself, to be opened once")
	f.StringVar(&o.Via, "via", "", "ask at this `address` instead of the host's, before DNS leads there")
	f.StringArrayVar(&o.Resolvers, "resolver", nil, "ask this DNS `server`; given again, the answers are compared")
	f.StringVar(&o.SecondRecord, "second-record", "", "the second `name` of SendGrid's link branding, as 1234567.example.com")
	f.StringArrayVar(&d.at, "origin", []string{doctor.OriginPreset}, "ask the ESP at its `preset` address, at another host:port, or none; PRESET=host:port for one of several")
	f.StringVar(&o.OtherOrigin, "other-origin", "", "where Customer.io's other region is asked, as `host:port`, if --origin names one")
	f.IntVar(&o.HTTPPort, "http-port", 0, "the `port` of http, if not 80")
	f.IntVar(&o.HTTPSPort, "https-port", 0, "the `port` of https, if not 443")
	f.DurationVar(&o.Timeout, "timeout", 10*time.Second, "how long to wait for each answer")
	f.DurationVar(&o.Slow, "slow", time.Second, "from when on a first byte is called slow")
	f.StringVar(&d.ca, "ca", "", "trust the authorities in this PEM `file` and no others")
	sitesFlag(cmd, &d.sites)
	f.StringVar(&d.html, "html", "", "write the report as one page to this `file` as well")
	f.BoolVar(&d.json, "json", false, "print JSON")
	f.BoolVarP(&d.facts, "verbose", "v", false, "print what was seen and is in order, too")
	f.BoolVar(&d.quiet, "quiet", false, "do not say on a terminal what is being asked")
	_ = cmd.MarkFlagFilename("html", "html")
}

func (d *doctorRun) run(cmd *cobra.Command, args []string) error {
	ctx := cmd.Context()
	d.opt.Now = d.env.Now
	notes, err := d.opt.TakeTarget(args)
	if err != nil {
		return err
	}
	for _, n := range notes {
		fmt.Fprintf(d.env.Err, "note: %s\n", n)
	}
	if err := d.complete(cmd); err != nil {
		return err
	}
	line := terminal.NewProgress(d.env.Err, d.env.LookupEnv, d.quiet || d.json)
	d.opt.Progress = func(s catalogue.Section, what string) { line.Show(s.Title() + ": " + what) }
	found, err := doctor.Examine(ctx, d.opt)
	line.End()
	if err != nil {
		return doctor.Failure(err)
	}
	if err := interrupt.Of(ctx, ""); err != nil {
		return err
	}
	if err := d.writeHTML(found); err != nil {
		return err
	}
	if err := d.print(found); err != nil {
		return err
	}
	return doctor.Verdict(found)
}

// complete reads the files that flags name.
func (d *doctorRun) complete(cmd *cobra.Command) (err error) {
	d.opt.Origin = doctor.OriginPreset
	d.opt.TakeESPs(d.esps)
	if err := d.opt.CheckTimes(); err != nil {
		return err
	}
	if d.opt.Roots, err = d.env.in.Authorities(d.ca); err != nil {
		return err
	}
	if !cmd.Flags().Changed("esp") {
		if err := d.fromSites(cmd.Flags().Changed("sites")); err != nil {
			return err
		}
	}
	return d.opt.TakeOrigins(d.at)
}

// fromSites takes what sites.json says of the host. A sites.json that only lies
// there need not have the host: the doctor works for any set-up.
func (d *doctorRun) fromSites(asked bool) error {
	sites, err := sitesfile.LoadIfThere(d.env.in, d.sites, asked)
	if err != nil || sites == nil {
		return err
	}
	site := sites.Lookup(core.CanonicalHost(d.opt.Host))
	switch {
	case site == nil && asked:
		return sitesfile.UnknownHost(d.opt.Host, sitesfile.Shown(d.sites), sites)
	case site == nil:
		return nil
	}
	d.opt.TakeSite(site, d.env.Now())
	if names := d.opt.Names(); !asked && len(names) == 1 {
		fmt.Fprintf(d.env.Err, "note: the ESP is that of %s: %s\n", d.sites, names[0])
	} else if !asked && len(names) > 1 {
		fmt.Fprintf(d.env.Err, "note: the ESPs are those of %s: %s\n", d.sites, strings.Join(names, ", "))
	}
	return nil
}

func (d *doctorRun) writeHTML(r *report.Report) error {
	if d.html == "" {
		return nil
	}
	var page bytes.Buffer
	if err := r.WriteHTML(&page); err != nil {
		return err
	}
	return d.env.writeFile(d.html, page.Bytes(), "name another file with --html")
}

func (d *doctorRun) print(r *report.Report) error {
	if d.json {
		return r.WriteJSON(d.env.Out)
	}
	width, color := terminal.Style(d.env.Out, d.env.LookupEnv)
	return r.WriteText(d.env.Out, report.TextOptions{Width: width, Color: color, Facts: d.facts})
}
