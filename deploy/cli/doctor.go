package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/deploy/check"
	"github.com/clickedge/clickedge/deploy/doctor"
	"github.com/clickedge/clickedge/deploy/doctor/catalogue"
	"github.com/clickedge/clickedge/deploy/doctor/report"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/interrupt"
	"github.com/clickedge/clickedge/deploy/output"
	"github.com/clickedge/clickedge/deploy/pasted"
	"github.com/clickedge/clickedge/deploy/sitesfile"
	"github.com/clickedge/clickedge/deploy/terminal"
)

type doctorRun struct {
	env   *Env
	opt   doctor.Options
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
or server and the ESP at hand, and the page that states the rule; and what could not
be seen, and why. It works for clickedge, Cloudflare, CloudFront and other CDNs, for
nginx, Apache, Caddy, HAProxy and Varnish. Browsers use HTTP/2: where it is offered,
everything is asked over both.

It opens no recipient's link but the one given with --link, and that once; never one
that shows that it unsubscribes (encrypted ones do not: give a button's); and it
follows no redirect. The links that it makes up name nobody. It sends %d DNS queries
and %d requests at most. For comparison it asks the ESP's origin with the same
made-up links; --origin none forbids that, and then less can be seen.

On a terminal a line on standard error says what is being asked; --quiet and --json
leave it out.

Exit codes: 0 nothing to fix; %d warnings; %d errors; %d the command was called wrongly.`,
			doctor.MaxQueries, doctor.MaxRequests, ExitWarnings, ExitBad, ExitUsage),
		Example: `  clickedge doctor link.example.com
  clickedge doctor link.example.com --esp customerio-eu --html report.html
  clickedge doctor link.example.com --via 192.0.2.10 --resolver 1.1.1.1 --resolver 8.8.8.8
  clickedge doctor link.example.com --link 'https://link.example.com/e/c/…'`,
		Args: needs("link domain"),
		RunE: func(cmd *cobra.Command, args []string) error { return d.run(cmd.Context(), cmd, args) },
	}
	d.flags(cmd)
	return cmd
}

func (d *doctorRun) flags(cmd *cobra.Command) {
	f, o := cmd.Flags(), &d.opt
	f.StringVar(&o.ESP, "esp", "", "the ESP's `preset`, as customerio-eu; guessed if not given")
	f.StringVar(&o.CDN, "cdn", "", "fastly, cloudflare, cloudfront, nginx, apache, caddy, haproxy, varnish or other; guessed if not given")
	f.StringVar(&o.Link, "link", "", "a tracked `URL` from a mail to yourself, to be opened once")
	f.StringVar(&o.Via, "via", "", "ask at this `address` instead of the host's, before DNS leads there")
	f.StringArrayVar(&o.Resolvers, "resolver", nil, "ask this DNS `server`; given again, the answers are compared")
	f.StringVar(&o.SecondRecord, "second-record", "", "the second `name` of SendGrid's link branding, as 1234567.example.com")
	f.StringVar(&o.Origin, "origin", doctor.OriginPreset, "ask the ESP at its `preset` address, at another host:port, or none")
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

func (d *doctorRun) run(ctx context.Context, cmd *cobra.Command, args []string) error {
	d.opt.Now = d.env.Now
	if err := d.takeHost(args); err != nil {
		return err
	}
	if err := d.complete(cmd); err != nil {
		return err
	}
	line := terminal.NewProgress(d.env.Err, d.env.LookupEnv, d.quiet || d.json)
	d.opt.Progress = func(s catalogue.Section, what string) { line.Show(s.Title() + ": " + what) }
	found, err := doctor.Examine(ctx, d.opt)
	line.End()
	if err != nil {
		return doctorFailure(err)
	}
	if err := interrupt.Of(d.env.in.Ctx, ""); err != nil {
		return err
	}
	if err := d.writeHTML(found); err != nil {
		return err
	}
	if err := d.print(found); err != nil {
		return err
	}
	return verdict(found)
}

// complete reads the files that flags name.
func (d *doctorRun) complete(cmd *cobra.Command) error {
	if d.opt.Origin == "none" {
		d.opt.Origin = doctor.OriginNone
	}
	if d.opt.Timeout <= 0 {
		return failure.Usage(fmt.Errorf("--timeout %s is no time to wait", d.opt.Timeout), "give a duration, as 10s")
	}
	if d.opt.Slow <= 0 {
		return failure.Usage(fmt.Errorf("--slow %s is no time to wait", d.opt.Slow), "give a duration, as 1s")
	}
	if d.ca != "" {
		var err error
		if d.opt.Roots, err = d.env.in.Authorities(d.ca); err != nil {
			return err
		}
	}
	if cmd.Flags().Changed("esp") {
		return nil
	}
	return d.fromSites(cmd)
}

// takeHost reads the link domain, which may stand in a URL. The link itself is
// not opened: that counts a click, and is asked for with --link.
func (d *doctorRun) takeHost(args []string) error {
	l, err := pasted.Parse(args, pasted.Options{AnyHost: true})
	if err != nil {
		return failure.Usage(err, `name the link domain, as in "link.example.com"`)
	}
	d.opt.Host = l.Host
	for _, n := range l.Notes {
		fmt.Fprintf(d.env.Err, "note: %s\n", n)
	}
	if l.Addr != "" && d.opt.Via == "" {
		d.opt.Via, d.opt.HTTPPort, d.opt.HTTPSPort = d.portsOf(l)
		fmt.Fprintf(d.env.Err, "note: it is asked at %s, as the URL says\n", l.Addr)
	} else if l.Port != "" && l.Addr == "" {
		_, d.opt.HTTPPort, d.opt.HTTPSPort = d.portsOf(l)
	}
	if l.Target != "/" {
		fmt.Fprintf(d.env.Err, "note: %s is examined; the link is not opened, as that counts a click: --link opens it, once\n", l.Host)
	}
	return nil
}

// portsOf puts the URL's port in the place of its scheme's, unless a flag has
// one.
func (d *doctorRun) portsOf(l *pasted.Link) (addr string, httpPort, httpsPort int) {
	httpPort, httpsPort = d.opt.HTTPPort, d.opt.HTTPSPort
	addr, port := l.Addr, l.Port
	if host, p, err := net.SplitHostPort(l.Addr); err == nil {
		addr, port = host, p
	}
	n, err := strconv.Atoi(port)
	switch {
	case err != nil:
	case l.TLS && httpsPort == 0:
		httpsPort = n
	case !l.TLS && httpPort == 0:
		httpPort = n
	}
	return addr, httpPort, httpsPort
}

// fromSites takes the ESP of sites.json, and its origin where the preset has
// none. A sites.json that only lies there need not have the host: the doctor
// works for any set-up.
func (d *doctorRun) fromSites(cmd *cobra.Command) error {
	sites, err := sitesfile.LoadAtHand(d.env.in, d.sites, cmd.Flags().Changed("sites"))
	if err != nil || sites == nil {
		return err
	}
	site := sites.Lookup(core.CanonicalHost(d.opt.Host))
	if site == nil {
		if !cmd.Flags().Changed("sites") {
			return nil
		}
		return sitesfile.UnknownHost(d.opt.Host, sitesfile.Shown(d.sites), sites)
	}
	if site.Origin == nil {
		return nil
	}
	d.opt.ESP = site.Origin.Preset
	if !cmd.Flags().Changed("sites") {
		fmt.Fprintf(d.env.Err, "note: the ESP is that of %s: %s\n", d.sites, d.opt.ESP)
	}
	if preset, ok := core.LookupPreset(d.opt.ESP); ok && preset.Address == "" && d.opt.Origin == doctor.OriginPreset {
		d.opt.Origin = check.OriginURL(site.Origin)
	}
	return nil
}

func doctorFailure(err error) error {
	switch {
	case errors.Is(err, doctor.ErrUnsubscribe):
		return failure.Usage(err, "opening it could unsubscribe the recipient; take a button's link from a mail to yourself")
	case errors.Is(err, doctor.ErrOptions):
		return failure.Usage(err, "clickedge doctor --help lists the flags")
	}
	return failure.Bad(err, "")
}

func (d *doctorRun) writeHTML(r *report.Report) error {
	if d.html == "" {
		return nil
	}
	var page bytes.Buffer
	if err := r.WriteHTML(&page); err != nil {
		return err
	}
	return output.File(d.env.Out, d.html, page.Bytes(), 0o644, "")
}

func (d *doctorRun) print(r *report.Report) error {
	if d.json {
		return r.WriteJSON(d.env.Out)
	}
	width, color := terminal.Style(d.env.Out, d.env.LookupEnv)
	return r.WriteText(d.env.Out, report.TextOptions{Width: width, Color: color, Facts: d.facts})
}

// verdict turns the worst finding into an exit code.
func verdict(r *report.Report) error {
	switch r.Worst() {
	case catalogue.Error:
		hint := ""
		if len(r.Worrying()) > 1 {
			hint = "fix the first one first: others may follow from it"
		}
		return failure.Bad(errors.New(r.Host+" has "+r.Verdict()), hint)
	case catalogue.Warning:
		return &failure.Error{Exit: ExitWarnings, Err: errors.New(r.Host + " has " + r.Verdict())}
	}
	return nil
}
