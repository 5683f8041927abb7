package cli

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/clickedge/clickedge/core/clean"
	"github.com/clickedge/clickedge/deploy/adopt"
	"github.com/clickedge/clickedge/deploy/dnsplan"
	"github.com/clickedge/clickedge/deploy/doctor"
	"github.com/clickedge/clickedge/deploy/doctor/catalogue"
	"github.com/clickedge/clickedge/deploy/doctor/report"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/output"
	"github.com/clickedge/clickedge/deploy/setup"
	"github.com/clickedge/clickedge/deploy/terminal"
)

type adoptCmd struct {
	env       *Env
	draft     setup.Draft
	site      siteFlags
	opt       doctor.Options
	asked     string // where the ESP is asked directly
	ca        string
	quiet     bool
	json      bool
	written   []string // files
	road      string
	addresses []string
	cert, key string
}

func (env *Env) adoptCommand() *cobra.Command {
	a := &adoptCmd{env: env}
	cmd := &cobra.Command{
		Use:   "adopt HOST [--for server|fastly]",
		Short: "Take over a link domain that stands somewhere: its site, and the road there",
		Long: `Looks at what stands on a link domain now, as the doctor does: DNS, who answers, the
certificate, the ESP, and the files that let apps open links. Then it writes the site into
sites.json and prints the road to the cut-over, in at most five commands, for a server of
your own or for Fastly.

It takes what it saw. Where links may lead cannot be seen from outside: it asks, or takes
--destination; without, the ESP answers everything, and nothing is redirected when it fails.
Files for apps are kept beside sites.json, byte for byte, unless the ESP serves them
itself. A site that sites.json has already is left as it is, and only the road is printed.
What is there is never written over; a host is added to a sites.json with --add.

It changes nothing elsewhere, and what it asks is bounded: see clickedge doctor.`,
		Example: `  clickedge adopt link.example.com
  clickedge adopt link.example.com --for server --address 203.0.113.5 --destination example.com
  clickedge adopt link.example.com --for server --address 203.0.113.5 --cert link.example.com.pem --key link.example.com.key
  clickedge adopt link.example.com --for fastly --esp customerio-eu --destination example.com --add
  clickedge adopt link.example.com --esp customerio-eu --destination example.com --json | jq -r '.road.steps[].command'`,
		Args: needs("link domain"),
		RunE: a.run,
	}
	a.site.add(cmd, &a.draft)
	roadFlag(cmd, &a.road)
	f, o := cmd.Flags(), &a.opt
	f.StringArrayVar(&a.addresses, "address", nil, "the public `address` of your server; again for IPv6")
	f.StringVar(&a.cert, "cert", "", "`file` with a certificate of your own for the server, in PEM")
	f.StringVar(&a.key, "key", "", "`file` with its private key, in PEM")
	f.StringVar(&o.Via, "via", "", "look at this `address` instead of the host's")
	f.StringArrayVar(&o.Resolvers, "resolver", nil, "ask this DNS `server`; given again, the answers are compared")
	f.StringVar(&a.asked, "ask-esp", doctor.OriginPreset, "ask the ESP at its `preset` address, at another host:port, or none")
	f.IntVar(&o.HTTPPort, "http-port", 0, "the `port` of http, if not 80")
	f.IntVar(&o.HTTPSPort, "https-port", 0, "the `port` of https, if not 443")
	f.DurationVar(&o.Timeout, "timeout", 10*time.Second, "how long to wait for each answer")
	f.StringVar(&a.ca, "ca", "", "trust the authorities in this PEM `file` and no others")
	f.BoolVar(&a.json, "json", false, "print JSON")
	f.BoolVar(&a.quiet, "quiet", false, "do not say on a terminal what is being asked")
	_ = cmd.MarkFlagFilename("cert")
	_ = cmd.MarkFlagFilename("key")
	cmd.MarkFlagsRequiredTogether("cert", "key")
	return cmd
}

func (a *adoptCmd) run(cmd *cobra.Command, args []string) error {
	road, addresses, err := a.check(cmd, args)
	if err != nil {
		return err
	}
	seen, err := a.look(cmd)
	if err != nil {
		return err
	}
	if !a.json { // the document comes at the end
		adopt.See(seen).Text(a.env.Out)
	}
	if err := a.write(cmd, seen); err != nil {
		return err
	}
	site, err := a.draft.Parsed()
	if err != nil {
		return err
	}
	if w := adopt.Foreign(site, seen); w != "" {
		fmt.Fprintf(a.env.Err, "warning: %s\n", clean.Text(w))
	}
	r := &adopt.Road{For: road, Site: site, Seen: seen, Sites: a.draft.File, Secrets: a.draft.Secrets(), Addresses: addresses, Cert: a.cert, Key: a.key, Now: a.env.Now()}
	if len(site.Keys) > 0 {
		r.KeyFile = a.draft.SecretOf(site.Keys[0])
	}
	if a.json {
		return output.JSON(a.env.Out, adoption{adopt.See(seen), a.draft.File, a.written, r.Guide()})
	}
	r.Guide().Text(a.env.Out, site.Host)
	return nil
}

// adoption is what adopt --json prints.
type adoption struct {
	Seen  *adopt.Sight `json:"seen"`
	Sites string       `json:"sites"`
	// Written are files; empty where the site was there already.
	Written []string     `json:"written"`
	Road    *adopt.Guide `json:"road"`
}

// say prints a line that stands in the document, too.
func (a *adoptCmd) say(format string, args ...any) {
	if !a.json {
		fmt.Fprintf(a.env.Out, format, args...)
	}
}

// check reads the flags, before anybody is asked.
func (a *adoptCmd) check(cmd *cobra.Command, args []string) (road setup.Road, addresses []netip.Addr, err error) {
	if err := refuseEmpty(cmd, "esp", "origin", "tenant", "destination", "home", "sites", "when-esp-fails", "also", "retired", "unsubscribes", "address", "cert", "key", "via", "resolver"); err != nil {
		return "", nil, err
	}
	notes, err := a.opt.TakeTarget(args)
	if err != nil {
		return "", nil, err
	}
	for _, n := range notes {
		if !strings.Contains(n, "--link") {
			fmt.Fprintf(a.env.Err, "note: %s\n", n)
		}
	}
	a.opt.Slow = time.Hour // how fast it is does not matter here
	if err := a.opt.CheckTimes(); err != nil {
		return "", nil, err
	}
	if road, _, err = setup.RoadOf(a.road, a.env.LookupEnv); err != nil {
		return "", nil, err
	}
	if addresses, err = a.serverAddresses(road); err != nil {
		return "", nil, err
	}
	d := &a.draft
	d.In, d.Site.Host = a.env.in, a.opt.Host
	a.site.take(d)
	if err := errors.Join(d.Look(), a.interview(cmd).Check()); err != nil {
		return "", nil, err
	}
	switch {
	case d.There() != nil:
		return road, addresses, a.refuseChange(cmd)
	case !a.canAsk():
		return road, addresses, d.Refuse()
	}
	return road, addresses, nil
}

// refuseChange refuses flags that say something else of a site than the file,
// which is left as it is.
func (a *adoptCmd) refuseChange(cmd *cobra.Command) error {
	var flags []string
	for _, name := range []string{"esp", "origin", "tenant", "destination", "when-esp-fails", "home", "also", "retired", "unsubscribes"} {
		if cmd.Flags().Changed(name) {
			flags = append(flags, "--"+name)
		}
	}
	if len(flags) == 0 {
		return nil
	}
	return failure.Usage(fmt.Errorf("%s has %s already, and is left as it is: %s would change nothing", a.draft.File, a.draft.Site.Host, output.And(flags)),
		"leave the flags out, and change the entry in the file; --sites writes another file")
}

// canAsk reports whether somebody can be asked.
func (a *adoptCmd) canAsk() bool { return !a.site.yes && terminal.Is(a.env.In) }

func (a *adoptCmd) serverAddresses(road setup.Road) (list []netip.Addr, err error) {
	if road == setup.Fastly && (len(a.addresses) > 0 || a.cert != "") {
		return nil, failure.Usage(errors.New("--address, --cert and --key are for a server of your own"), "say --for server, or leave them out")
	}
	for _, text := range a.addresses {
		at, err := dnsplan.ServerAddress(text)
		if err != nil {
			return nil, failure.Usage(fmt.Errorf("--address %w", err), "as in --address 203.0.113.5; a name is not enough for the record that readers need")
		}
		list = append(list, at)
	}
	return list, nil
}

// look examines the host.
func (a *adoptCmd) look(cmd *cobra.Command) (*report.Report, error) {
	a.opt.Now, a.opt.Files = a.env.Now, true
	var err error
	if a.opt.Roots, err = a.env.in.Authorities(a.ca); err != nil {
		return nil, err
	}
	a.opt.Origin = doctor.OriginPreset
	if site := a.draft.There(); site != nil {
		a.opt.TakeSite(site, a.env.Now())
	} else if esp := a.draft.Site.ESP; esp != "none" {
		a.opt.ESP = esp
	}
	if err := a.opt.TakeOrigins([]string{a.asked}); err != nil {
		return nil, err
	}
	line := terminal.NewProgress(a.env.Err, a.env.LookupEnv, a.quiet)
	a.opt.Progress = func(s catalogue.Section, what string) { line.Show(s.Title() + ": " + what) }
	seen, err := doctor.Examine(cmd.Context(), a.opt)
	line.End()
	if err != nil {
		return nil, doctor.Failure(err)
	}
	return seen, nil
}

func (a *adoptCmd) interview(cmd *cobra.Command) *setup.Interview {
	only := []string{"esp", "origin", "tenant", "destination", "when-esp-fails", "home", "retired", "unsubscribes"}
	given := func(flag string) bool {
		if f := cmd.Flags().Lookup(flag); f != nil && f.Changed || flag == "retired" && cmd.Flags().Changed("also") {
			return true
		}
		s := &a.draft.Site
		return flag == "host" || flag == "esp" && s.ESP != "" || flag == "origin" && s.Origin != "" || flag == "tenant" && s.Tenant != ""
	}
	return &setup.Interview{Draft: &a.draft, Given: given, In: a.env.in, W: a.env.Err, Only: only}
}

// write writes the site of what was seen and said, unless the file has it.
func (a *adoptCmd) write(cmd *cobra.Command, seen *report.Report) error {
	d := &a.draft
	a.written = []string{}
	if d.There() != nil {
		a.say("\n%s has %s already, and was left as it is\n", d.File, d.Site.Host)
		return nil
	}
	for _, n := range adopt.Take(d, seen) {
		fmt.Fprintf(a.env.Err, "note: %s\n", clean.Text(n))
	}
	if err := a.answer(cmd, seen); err != nil {
		return err
	}
	if err := d.Plan(); err != nil {
		return err
	}
	for _, w := range d.Warnings(a.env.Now()) {
		fmt.Fprintf(a.env.Err, "warning: %s\n", clean.Text(w))
	}
	names, err := d.Write()
	if err == nil {
		a.written = names
		a.say("\nwritten: %s\n", strings.Join(names, ", "))
	}
	return err
}

// answer asks for what was not seen, or says that it is missing.
func (a *adoptCmd) answer(cmd *cobra.Command, seen *report.Report) error {
	ask := a.interview(cmd)
	if err := ask.Check(); err != nil {
		return err
	}
	missing := ask.Missing()
	if a.canAsk() {
		return a.ask(ask, len(missing) > 0)
	}
	if i := slices.Index(missing, "--destination"); i >= 0 {
		fmt.Fprintln(a.env.Err, "note: no --destination was given: the ESP answers every link, and nothing is redirected when it fails")
		missing = slices.Delete(missing, i, i+1)
	}
	if len(missing) == 0 {
		return nil
	}
	if names := adopt.Candidates(seen); seen.Stands.RegionGuessed && len(names) > 0 {
		return failure.Usage(fmt.Errorf("which region of the ESP it is was not seen; nothing was written"), "say --esp "+output.Or(names))
	}
	return ask.MissingFailure(missing)
}

// ask asks for what was not seen, and whether the host is added to a file that
// is there.
func (a *adoptCmd) ask(i *setup.Interview, missing bool) error {
	d := &a.draft
	if d.Exists() && !d.Add {
		var err error
		if d.Add, err = a.env.in.Confirm(fmt.Sprintf("%s is there, with %s. Add %s to it?", d.File, d.Sites(), d.Site.Host), "--add"); err != nil {
			return err
		}
		if err := d.Refuse(); err != nil {
			return err
		}
	}
	if !missing {
		return nil
	}
	return i.Ask(func(string) error { return nil })
}
