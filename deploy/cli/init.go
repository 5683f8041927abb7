package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/clickedge/clickedge/core/clean"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/output"
	"github.com/clickedge/clickedge/deploy/setup"
	"github.com/clickedge/clickedge/deploy/terminal"
)

type initCmd struct {
	env    *Env
	draft  setup.Draft
	site   siteFlags
	road   string
	fastly bool
	list   bool
	asked  bool // on a terminal
}

func (env *Env) initCommand() *cobra.Command {
	i := &initCmd{env: env}
	cmd := &cobra.Command{
		Use:   "init [--host H --esp E --destination D …]",
		Short: "Describe a link domain and write its sites.json",
		Long: `Asks for the link domain, the ESP and the hosts that links lead to, and writes sites.json,
a key where you want signed links, and the three commands that come then. Each answer is
held against the rules of sites.json at once; ? lists the ESPs.

Flags answer in place of questions. Once host, ESP and destinations are given, nothing is
asked, and what is left has its default. Where there is no terminal, or with --yes, nothing
is asked either: what is missing is named.

What is there is never written over. A site is added to a sites.json that is there with
--add, which changes nothing else in it, or where you say so. All files are written, or none.
The key is in a file of its own beside sites.json, named by its id, that only you can read;
an id that another site of the file has is shared, with its secret.

The commands are for a server of your own, or for Fastly with --for fastly, and where
FASTLY_API_TOKEN is set.`,
		Example: `  clickedge init
  clickedge init --host link.example.com --esp customerio-eu --destination example.com --destination '*.example.com'
  clickedge init --host click.example.com --esp ses-eu-west-1 --destination shop.example.com --signed-links --add --for fastly`,
		Args: args(0, 0),
		RunE: i.run,
	}
	cmd.Flags().StringVar(&i.draft.Site.Host, "host", "", "the link `domain`, as link.example.com")
	i.site.add(cmd, &i.draft)
	f := cmd.Flags()
	f.BoolVar(&i.draft.Site.Learn, "learn", false, "remember where the ESP leads from links that only it can read")
	f.BoolVar(&i.draft.Signed, "signed-links", false, "make a key, for links that you sign yourself")
	f.StringVar(&i.draft.KeyID, "kid", "", "the `id` of that key: 1 to 8 of a-z 0-9 (default: k1, or the next one that is free)")
	f.BoolVar(&i.fastly, "fastly", false, "the same as --for fastly")
	f.BoolVar(&i.list, "list-esps", false, "list what --esp takes, and do nothing else")
	roadFlag(cmd, &i.road)
	cmd.MarkFlagsMutuallyExclusive("fastly", "for")
	return cmd
}

// siteFlags are the flags that describe a site, for init and adopt.
type siteFlags struct {
	destinations  []string
	also, retired []string
	yes           bool
}

func (s *siteFlags) add(cmd *cobra.Command, d *setup.Draft) {
	sitesFlag(cmd, &d.File)
	f := cmd.Flags()
	f.StringVar(&d.Site.ESP, "esp", "", "the `preset` of the ESP, as customerio-eu, or none")
	f.StringVar(&d.Site.Origin, "origin", "", "`URL` of the ESP's origin, for presets that do not know it")
	f.StringVar(&d.Site.Tenant, "tenant", "", "the tenant's `label`, for sparkpost-enterprise")
	f.StringArrayVar(&s.destinations, "destination", nil, "a `host` that links may lead to, *.example.com for all below one; none for no redirects; may be given again")
	f.StringVar(&d.Site.WhenESPFails, "when-esp-fails", "", "redirect or page (default: redirect, where links say where they lead)")
	f.StringVar(&d.Site.Home, "home", "", "an https `URL` that pages of the link domain offer as the way on")
	f.StringArrayVar(&s.also, "also", nil, "the `preset` of another ESP whose links the host has; may be given again")
	f.StringArrayVar(&s.retired, "retired", nil, "the `preset` of an ESP that you have left and whose mail is still read; may be given again")
	f.StringVar(&d.Site.Unsubscribes, "unsubscribes", "", "`URL` of a server of yours that takes the unsubscribes of retired ESPs")
	f.BoolVar(&d.Add, "add", false, "add the site to a sites.json that is there")
	f.BoolVarP(&s.yes, "yes", "y", false, "ask nothing: take the defaults, and fail where something is missing")
}

// take puts the flags into the draft.
func (s *siteFlags) take(d *setup.Draft) {
	var list []string
	for _, one := range s.destinations {
		list = append(list, strings.FieldsFunc(one, func(r rune) bool { return r == ',' || r == ' ' })...)
	}
	if len(list) != 1 || list[0] != "none" {
		d.Site.Destinations = list
	}
	for _, esp := range s.also {
		d.Site.Also = append(d.Site.Also, setup.Also{ESP: esp})
	}
	for _, esp := range s.retired {
		d.Site.Also = append(d.Site.Also, setup.Also{ESP: esp, Retired: true})
	}
	d.Site.Host = strings.ToLower(strings.TrimSuffix(d.Site.Host, "."))
}

func roadFlag(cmd *cobra.Command, road *string) {
	cmd.Flags().StringVar(road, "for", "", "server or fastly: what the commands are for (default: server, or fastly where FASTLY_API_TOKEN is set)")
}

func (i *initCmd) run(cmd *cobra.Command, _ []string) error {
	if i.list {
		setup.PrintESPs(i.env.Out)
		return nil
	}
	if err := refuseEmpty(cmd, "host", "esp", "origin", "tenant", "destination", "home", "unsubscribes", "kid", "sites", "when-esp-fails"); err != nil {
		return err
	}
	if i.fastly {
		i.road = string(setup.Fastly)
	}
	road, guessed, err := setup.RoadOf(i.road, i.env.LookupEnv)
	if err != nil {
		return err
	}
	d := &i.draft
	d.In = i.env.in
	i.site.take(d)
	if err := i.answer(cmd); err != nil {
		return err
	}
	if err := d.Plan(); err != nil {
		return err
	}
	if err := i.write(); err != nil {
		return err
	}
	if guessed && road == setup.Fastly {
		fmt.Fprintln(i.env.Err, "for Fastly, as FASTLY_API_TOKEN is set; --for server has the commands for a server of your own")
	}
	fmt.Fprintln(i.env.Out, "next:")
	setup.PrintCommands(i.env.Out, d.Next(road))
	return nil
}

// answer takes the answers of flags, and asks for the others.
func (i *initCmd) answer(cmd *cobra.Command) error {
	d := &i.draft
	ask := i.interview(cmd)
	if err := errors.Join(d.Look(), ask.Check()); err != nil {
		return err
	}
	missing := ask.Missing()
	if len(missing) == 0 {
		return nil
	}
	if i.site.yes || !terminal.Is(i.env.In) {
		return ask.MissingFailure(missing)
	}
	if d.Site.Host != "" {
		if err := i.offer("host"); err != nil {
			return err
		}
	}
	i.asked = true
	if err := ask.Ask(i.offer); err != nil {
		return err
	}
	return i.confirm()
}

func (i *initCmd) interview(cmd *cobra.Command) *setup.Interview {
	given := func(flag string) bool {
		return cmd.Flags().Changed(flag) || flag == "retired" && cmd.Flags().Changed("also")
	}
	return &setup.Interview{Draft: &i.draft, Given: given, In: i.env.in, W: i.env.Err}
}

// offer asks whether the host that was named is added to the file that is there.
func (i *initCmd) offer(field string) error {
	d := &i.draft
	if field != "host" || !d.Exists() || d.There() != nil || d.Add {
		return d.Refuse()
	}
	var err error
	d.Add, err = i.env.in.Confirm(fmt.Sprintf("%s is there, with %s. Add %s to it?", d.File, d.Sites(), d.Site.Host), "--add")
	if err != nil {
		return err
	}
	return d.Refuse()
}

// confirm shows what will be written, and asks.
func (i *initCmd) confirm() error {
	d := &i.draft
	if err := d.Plan(); err != nil {
		return err
	}
	fmt.Fprintf(i.env.Err, "\n%s", d.Site.Text())
	question := "Write this to " + d.File
	if key := d.KeyFile(); key != "" {
		question += ", and a new secret to " + key
	}
	yes, err := i.env.in.Confirm(question+"?", "--yes")
	if err == nil && !yes {
		err = failure.Bad(errors.New("not confirmed; nothing was written"), "answer y, or say all by flags")
	}
	return err
}

// write writes the files and says what they mean.
func (i *initCmd) write() error {
	d := &i.draft
	warnings := d.Warnings(i.env.Now())
	names, err := d.Write()
	if err != nil {
		return err
	}
	e := i.env.Err
	for _, w := range warnings {
		fmt.Fprintf(e, "warning: %s\n", clean.Text(w))
	}
	if !i.asked {
		for _, n := range setup.WildcardNotes(d.Site.Destinations) {
			fmt.Fprintf(e, "note: %s\n", n)
		}
	}
	if d.Site.Learns() && !d.Site.Learn && !i.asked {
		fmt.Fprintf(e, "note: links of %s hide where they lead; --learn, or \"learn\": true, remembers it for when the ESP fails\n", d.Site.ESP)
	}
	if key := d.KeyFile(); key != "" {
		fmt.Fprintf(e, "note: %s holds the secret of %s: keep a copy as long as its links live, and keep it out of git: echo %s >>.gitignore\n", key, d.KeyID, output.ShellQuote("*.key"))
	} else if d.Shares() {
		fmt.Fprintf(e, "note: %s is the key of another site of %s; no new secret was made\n", d.KeyID, d.File)
	}
	fmt.Fprintf(i.env.Out, "written: %s\n", strings.Join(names, ", "))
	return nil
}
