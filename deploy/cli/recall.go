package cli

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/clickedge/clickedge/core/clean"
	"github.com/clickedge/clickedge/core/recall"
	"github.com/clickedge/clickedge/deploy/clicklog"
	"github.com/clickedge/clickedge/deploy/output"
	"github.com/clickedge/clickedge/deploy/override"
	"github.com/clickedge/clickedge/deploy/recalls"
)

type recallFlags struct {
	overrideFlags
	rule recalls.Rule
	wide bool
	logs []string
	json bool
}

func (env *Env) recallCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "recall",
		Short: "Correct or withdraw a link of mail that has been sent",
		Long: `A rule says that whoever is about to be sent to one URL goes to another, or to a page that
says that the link was withdrawn. It meets signed links, links that are read, and what the
ESP answers to a click; never opens and unsubscribes. The ESP counts the click as ever.

Rules stand in "recalls" of sites.json. These commands write them to the override of the
link domain in the config store, which takes some seconds.

` + overrideHelp,
		Example: `  clickedge recall add link.example.com --from 'https://shop.example.com/sale?code=WRONG*' --to https://shop.example.com/sale
  clickedge recall add link.example.com --from 'https://shop.example.com/vip/*' --gone --why 'sent to everybody'
  clickedge recall undo link.example.com`,
		Args: commandName,
		RunE: env.noCommand("clickedge recall add corrects a link"),
	}
	cmd.AddCommand(env.recallAddCommand(), env.recallListCommand(), env.recallTestCommand(), env.recallUndoCommand())
	return cmd
}

func (env *Env) recallAddCommand() *cobra.Command {
	r := &recallFlags{overrideFlags: overrideFlags{env: env}}
	cmd := &cobra.Command{
		Use:   "add HOST --from URL (--to URL | --gone)",
		Short: "Correct a wrong link, or withdraw it",
		Long: `Adds a rule to the override of a link domain. Where there is no override yet, it is made of
what sites.json says.

--from is where the link leads now: a whole URL, or its beginning and "*". A whole URL does
not meet one that goes on, as with ?utm_source=…: end it in "*" for that. What no browser
sees makes no difference: the letter case of the host, :443, %2f for %2F, what follows #.
https and http differ: each needs a rule where the mail has both.
--to is a URL on a host that "destinations" lists, as for every redirect.

The rule is checked as the module checks it. With --log it says how many clicks of the log
it may have met, by their host, since the log has no paths. It shows what changes, asks,
writes, and reads back what it wrote. Who, when and why stand in the rule; the module
ignores them.`,
		Example: `  clickedge recall add link.example.com --from 'https://shop.example.com/sale?code=WRONG*' --to https://shop.example.com/sale --why 'wrong code' --log clicks.ndjson
  clickedge recall add link.example.com --from 'https://old.example.com/*' --gone --wide`,
		Args: args(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error { return r.add(cmd.Context(), args[0]) },
	}
	r.addWriting(cmd)
	f := cmd.Flags()
	f.StringVar(&r.rule.From, "from", "", "the `URL` that is wrong, or its beginning and *")
	f.StringVar(&r.rule.To, "to", "", "the `URL` where its readers are sent")
	f.BoolVar(&r.rule.Gone, "gone", false, "its readers get a page that says that the link was withdrawn")
	f.StringVar(&r.rule.Why, "why", "", "a `text` that says why")
	f.StringVar(&r.rule.By, "by", "", "the `name` of who adds it (default: USER)")
	f.StringArrayVar(&r.logs, "log", nil, "`file` of the click log, - for standard input; may be given again")
	f.BoolVar(&r.wide, "wide", false, "let the rule meet every link to a host")
	_ = cmd.MarkFlagRequired("from")
	_ = cmd.MarkFlagFilename("log")
	cmd.MarkFlagsOneRequired("to", "gone")
	cmd.MarkFlagsMutuallyExclusive("to", "gone")
	return cmd
}

func (r *recallFlags) add(ctx context.Context, host string) error {
	if err := r.load(host); err != nil {
		return err
	}
	store, site, err := r.open(ctx)
	if err != nil {
		return err
	}
	user, _ := r.env.LookupEnv("USER")
	r.rule.By, r.rule.At = cmp.Or(r.rule.By, user), r.env.Now().UTC().Format(time.RFC3339)
	object, at, err := site.Add(r.rule, r.wide)
	if err != nil {
		return err
	}
	c, err := override.CheckEntry("the new entry "+r.host, r.host, object.Text(), r.sites, store.Backends)
	if err != nil {
		return err
	}
	r.warn(c.Warnings(r.env.Now()))
	if site.Entry == "" {
		fmt.Fprintf(r.env.Err, "there is no override of %s yet: it is made of what sites.json says\n", r.host)
		if !store.PublishedWith(r.raw) {
			fmt.Fprintf(r.env.Err, "warning: so it brings what was changed in sites.json since it was published, too: compare before you say yes\n")
		}
	}
	if at < len(c.Site.Recalls.List())-1 {
		fmt.Fprintf(r.env.Err, "it stands before recalls[%d], which would meet all that it meets\n", at+1)
	}
	list := c.Site.Recalls.List()
	if other, ok := recalls.Unmet(list, at); ok {
		fmt.Fprintf(r.env.Err, "it does not meet %s: add a rule for that too if the mail has such links\n", clean.Text(other.String()))
	}
	if err := r.preview(list[at]); err != nil {
		return err
	}
	if err := r.change(ctx, store, site.Entry, c.Object, "Recall these links of "+r.host+"?"); err != nil {
		return err
	}
	fmt.Fprintf(r.env.Err, "put the rule into sites.json too; while the override stands, changes of the site in sites.json do not show\n")
	return nil
}

// preview counts the clicks of a log.
func (r *recallFlags) preview(rule recall.Rule) error {
	if len(r.logs) == 0 {
		return nil
	}
	p := &recalls.Preview{Host: r.host, From: rule.From}
	if err := clicklog.Read(r.env.in, r.logs, &p.Reader, p.Line); err != nil {
		return err
	}
	p.Text(r.env.Out)
	return nil
}

// open reads the site as it is overridden, and says what its entry hides.
func (r *recallFlags) open(ctx context.Context) (*override.Store, *recalls.Site, error) {
	store, err := r.store(ctx)
	if err != nil {
		return nil, nil, err
	}
	site, err := recalls.Read(ctx, store, r.host, r.sites, r.text)
	if err != nil {
		return nil, nil, err
	}
	if names := site.Differs(); len(names) > 0 {
		fmt.Fprintf(r.env.Err, "warning: the override of %s differs from sites.json in %s: what sites.json says there does not show\n", r.host, clean.Text(output.Some(names, 12)))
	}
	return store, site, nil
}

// openIfToken is open for a command that can do with sites.json alone.
func (r *recallFlags) openIfToken(ctx context.Context) (*recalls.Site, error) {
	if r.env.account(&r.api).HasToken() {
		_, site, err := r.open(ctx)
		return site, err
	}
	fmt.Fprintln(r.env.Err, "without a token this is what sites.json says; an override is not seen")
	return recalls.Read(ctx, nil, r.host, r.sites, r.text)
}

func (env *Env) recallListCommand() *cobra.Command {
	r := &recallFlags{overrideFlags: overrideFlags{env: env}}
	cmd := &cobra.Command{
		Use:   "list HOST",
		Short: "List the rules of a link domain, with who added them",
		Long: `Lists the rules of a link domain in the order in which they are compared: those of its
override, or where there is none those of sites.json.`,
		Example: `  clickedge recall list link.example.com`,
		Args:    args(1, 1),
	}
	r.overrideFlags.add(cmd)
	cmd.Flags().BoolVar(&r.json, "json", false, "print JSON")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := r.load(args[0]); err != nil {
			return err
		}
		site, err := r.openIfToken(cmd.Context())
		if err != nil {
			return err
		}
		rules, err := site.Rules()
		if err != nil {
			return err
		}
		if r.json {
			return output.JSON(env.Out, map[string]any{"host": r.host, "override": site.Entry != "", "recalls": append([]recalls.Rule{}, rules...)})
		}
		listRules(env.Out, env.Err, r.host, rules, site.Entry != "")
		return nil
	}
	return cmd
}

func listRules(out, errs io.Writer, host string, rules []recalls.Rule, overridden bool) {
	where := "sites.json"
	if overridden {
		where = "the override"
	}
	fmt.Fprintf(errs, "%s: %s, of %s\n", host, output.Count(len(rules), "rule"), where)
	if len(rules) == 0 {
		return
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "#\tFROM\tTO\tNOTES")
	for i, rule := range rules {
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\n", i, clean.Text(rule.From), clean.Text(rule.Leads()), output.Dash(rule.Notes()))
	}
	w.Flush()
}

func (env *Env) recallTestCommand() *cobra.Command {
	r := &recallFlags{overrideFlags: overrideFlags{env: env}}
	cmd := &cobra.Command{
		Use:   "test HOST URL...",
		Short: "Say what the rules make of a URL",
		Long: `Says for each URL which rule meets it, if any. A URL is where a link leads, or a link of the
site itself, signed or of the ESP, which is then read. Nothing is sent to anybody but
Fastly's API, which is asked for the override. Without a token the rules are those of sites.json.`,
		Example: `  clickedge recall test link.example.com 'https://shop.example.com/sale?code=WRONG&utm_source=mail'`,
		Args:    args(2, 1000),
	}
	r.overrideFlags.add(cmd)
	cmd.Flags().BoolVar(&r.json, "json", false, "print JSON")
	cmd.RunE = func(cmd *cobra.Command, args []string) error { return r.test(cmd.Context(), args[0], args[1:]) }
	return cmd
}

func (r *recallFlags) test(ctx context.Context, host string, urls []string) error {
	if err := r.load(host); err != nil {
		return err
	}
	site, err := r.openIfToken(ctx)
	if err != nil {
		return err
	}
	c, err := override.CheckEntry("the site "+r.host, r.host, site.Object.Text(), r.sites, nil)
	if err != nil {
		return err
	}
	var list []recalls.Tried
	for _, url := range urls {
		list = append(list, recalls.Try(c.Site, url))
	}
	if r.json {
		return output.JSON(r.env.Out, list)
	}
	for _, t := range list {
		fmt.Fprintln(r.env.Out, clean.Text(t.Text()))
	}
	return nil
}

func (env *Env) recallUndoCommand() *cobra.Command {
	r := &recallFlags{overrideFlags: overrideFlags{env: env}}
	cmd := &cobra.Command{
		Use:   "undo HOST [NUMBER | URL]",
		Short: "Take a rule out again",
		Long: `Takes a rule out of the override of a link domain: the one that was added last, or the one
of this number or this "from", as "recall list" shows them. It shows what changes, asks,
writes, and reads back. Where the override then says what sites.json says, it is deleted.`,
		Example: `  clickedge recall undo link.example.com
  clickedge recall undo link.example.com 0 --yes`,
		Args: args(1, 2),
	}
	r.addWriting(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return r.undo(cmd.Context(), args[0], strings.Join(args[1:], ""))
	}
	return cmd
}

func (r *recallFlags) undo(ctx context.Context, host, which string) error {
	if err := r.load(host); err != nil {
		return err
	}
	store, site, err := r.open(ctx)
	if err != nil {
		return err
	}
	i, err := site.Find(which)
	if err != nil {
		return err
	}
	rules, err := site.Rules()
	if err != nil {
		return err
	}
	object, err := site.Remove(i)
	if err != nil {
		return err
	}
	fmt.Fprintf(r.env.Out, "recalls[%d] %s\n  to     %s\n  notes  %s\n", i, clean.Text(rules[i].From), clean.Text(rules[i].Leads()), output.Dash(rules[i].Notes()))
	question := "Take this rule out?"
	if object == nil {
		fmt.Fprintf(r.env.Err, "without it the override says what sites.json says: it is deleted\n")
		question = "Take this rule out, and delete the override?"
		return r.change(ctx, store, site.Entry, nil, question)
	}
	c, err := override.CheckEntry("the new entry "+r.host, r.host, object.Text(), r.sites, store.Backends)
	if err != nil {
		return err
	}
	r.warn(c.Warnings(r.env.Now()))
	return r.change(ctx, store, site.Entry, c.Object, question)
}
