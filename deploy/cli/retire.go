package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/deploy/archive"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/files"
	"github.com/clickedge/clickedge/deploy/input"
	"github.com/clickedge/clickedge/deploy/output"
	"github.com/clickedge/clickedge/deploy/retire"
	"github.com/clickedge/clickedge/deploy/sitesfile"
)

type retireESP struct {
	env    *Env
	order  retire.Order
	sites  string
	logs   []string
	known  string // file of an archive
	now    string
	yes    bool
	dryRun bool
	json   bool
}

func (env *Env) retireCommand() *cobra.Command {
	r := &retireESP{env: env}
	cmd := &cobra.Command{
		Use:   "retire HOST ESP --log LOG",
		Short: "Leave an ESP: what its old links will get, and the change in sites.json",
		Long: `Takes a link domain away from an ESP whose mail is still read. The ESP is asked for nothing
then: clicks are answered from the link, or what was learned of it, else by a page with the
way home; opens from here; unsubscribes by the origin in "unsubscribes".

Beforehand it says, from the click log, what share of the requests would land, by kind, which
destinations are missing in the list, and when the last click and the last unsubscribe came.
The log has no paths, so it says what the log shows and what it does not; where it is too
short or too old to conclude anything, it says that.

Then it shows the change in sites.json and asks. The entry of the ESP in "also" gets
"retired". The site's own esp is followed by the first active one in "also", or by
--successor, and moves to "also" with what belongs to it. Nothing else in the file changes.
Without --on the ESP is retired once the file is published; with it, on that day (UTC).
Called again for a retired ESP it changes the day; --undo takes it back.

Of an ESP whose links are learned, --archive says which of the clicks that may land lead to a
host to which links are known by now, and how many.

Without --log it cannot say what happens to the links, and needs --yes.`,
		Example: `  clickedge retire link.example.com sendgrid --log logs/ --on 2026-09-30 --unsubscribes https://preferences.example.com
  clickedge retire link.example.com sendgrid --log clicks.ndjson.gz --dry-run
  clickedge retire link.example.com sendgrid --log logs/ --archive links.ndjson --dry-run
  clickedge retire link.example.com sendgrid --undo`,
		Args: args(2, 2),
		RunE: func(_ *cobra.Command, args []string) error {
			r.order.Host, r.order.ESP = args[0], args[1]
			return r.run()
		},
	}
	sitesFlag(cmd, &r.sites)
	f := cmd.Flags()
	f.StringArrayVar(&r.logs, "log", nil, "`file` of the click log, a folder of them, - for standard input; may be given again")
	f.StringVar(&r.known, "archive", "", "`file` with learned links, which clickedge archive export has written: says for how many clicks one may be known")
	f.StringVar(&r.order.On, "on", "", "the first `day` without the ESP, as 2026-09-30; it begins at 00:00 UTC")
	f.StringVar(&r.order.Successor, "successor", "", `the `+"`esp`"+` that takes over where the site's own is retired, or "none"`)
	f.StringVar(&r.order.Unsubscribes, "unsubscribes", "", "`URL` of an origin of yours that takes the unsubscribes of retired ESPs")
	f.BoolVar(&r.order.Undo, "undo", false, "ask the ESP again: takes \"retired\" out of its entry")
	f.StringVar(&r.now, "now", "", "`time` to judge the log by instead of the present, 2030-01-31T12:00:00Z")
	f.BoolVarP(&r.yes, "yes", "y", false, "do not ask")
	f.BoolVar(&r.dryRun, "dry-run", false, "say what would be done and change nothing")
	f.BoolVar(&r.json, "json", false, "print JSON")
	_ = cmd.MarkFlagFilename("log")
	return cmd
}

// retirement is what retire --json prints.
type retirement struct {
	Forecast *retire.Report `json:"forecast"` // null without a log
	Says     []string       `json:"says"`
	Warnings []string       `json:"warnings"`
	Diff     string         `json:"diff"`
	Written  bool           `json:"written"`
}

func (r *retireESP) run() error {
	now, err := input.Time(r.now, r.env.Now)
	if err != nil {
		return err
	}
	if r.known != "" && (len(r.logs) == 0 || r.order.Undo) {
		return failure.Usage(errors.New("--archive is held against the clicks of a log"), "give --log too, and leave --undo out")
	}
	if r.json && r.sites == files.Std {
		return failure.Usage(errors.New("--json and sites.json both go to standard output"), "name the file with --sites, or leave --json out")
	}
	text, err := r.env.in.ReadText("the sites", r.sites, sitesfile.Most, "name the file that describes the link domains")
	if err != nil {
		return err
	}
	parse := func(text []byte) (*core.Sites, error) {
		sites, _, err := sitesfile.ParseBeside(r.env.in, r.sites, text)
		return sites, err
	}
	c, failed := r.order.Change(text, sitesfile.Shown(r.sites), parse)
	if f := failure.Of(failed); f != nil && f.Exit == failure.ExitUsage {
		return failed
	}
	report, err := r.forecast(c, text, parse, now)
	if err == nil {
		err = failed
	}
	if err != nil {
		return err
	}
	return r.change(c, report, now)
}

// forecast reads the log and prints what it says. Where the change cannot be
// made, it is of the site as it is: the hosts that the log names may be what is
// missing.
func (r *retireESP) forecast(c *retire.Change, text []byte, parse retire.Parse, now time.Time) (*retire.Report, error) {
	if r.order.Undo || len(r.logs) == 0 {
		return nil, nil
	}
	f := &retire.Forecast{}
	if c != nil {
		f.Site, f.Namesake = c.Entry, c.Namesake()
	} else if f.Site = r.order.Part(text, parse); f.Site == nil {
		return nil, nil // the failure says why
	}
	if r.known != "" {
		items, err := archive.Load(r.env.in, r.known)
		if err != nil {
			return nil, err
		}
		f.Archive = archive.Hosts(items)
	}
	if err := r.env.readLog(r.logs, r.json, &f.Reader, f.Line); err != nil {
		return nil, err
	}
	r.env.notes(f.Notes())
	report := f.Report(now)
	if !r.json {
		report.Text(r.talk())
	}
	return report, nil
}

// talk is where sentences go: not among the sites on standard output.
func (r *retireESP) talk() io.Writer {
	if r.sites == files.Std {
		return r.env.Err
	}
	return r.env.Out
}

func (r *retireESP) change(c *retire.Change, report *retire.Report, now time.Time) error {
	blind := report == nil && !r.order.Undo
	if !r.json {
		r.show(c, blind, now)
	}
	if blind && !r.yes && !r.dryRun {
		return failure.Usage(errors.New("no click log is given, so what becomes of the links in sent mail is not known; nothing was written"),
			"--log FILE says it; --yes retires the ESP all the same")
	}
	written, err := r.write(c)
	if err == nil && r.json {
		return output.JSON(r.env.Out, retirement{report, c.Says(), append([]string{}, c.Warnings(now)...), c.Diff(r.sites), written})
	}
	if !written || err != nil {
		return err
	}
	fmt.Fprintf(r.env.Err, "%s: written; next:\n", sitesfile.Shown(r.sites))
	for _, s := range c.Steps(r.sites) {
		fmt.Fprintf(r.env.Err, "  %s\n", s)
	}
	if back := c.Back(r.sites); back != "" {
		fmt.Fprintln(r.env.Err, back)
	}
	return nil
}

// show says what changes.
func (r *retireESP) show(c *retire.Change, blind bool, now time.Time) {
	w := r.talk()
	if blind {
		c.Blind(w)
	}
	fmt.Fprintln(w)
	for _, s := range c.Says() {
		fmt.Fprintln(w, s)
	}
	for _, s := range c.Warnings(now) {
		fmt.Fprintf(r.env.Err, "warning: %s\n", s)
	}
	if !c.Same {
		fmt.Fprintf(w, "\n%s", c.Diff(r.sites))
	}
}

// write writes the sites, and reports whether it did. Standard output harms no
// file, so nobody is asked.
func (r *retireESP) write(c *retire.Change) (bool, error) {
	if c.Same {
		fmt.Fprintf(r.env.Err, "%s says so already\n", sitesfile.Shown(r.sites))
	}
	switch {
	case r.dryRun:
		fmt.Fprintln(r.env.Err, "nothing was written (--dry-run)")
		return false, nil
	case r.sites == files.Std:
		return true, output.File(r.env.Out, r.sites, c.After, 0o644, "")
	case c.Same:
		return false, nil
	}
	if !r.yes {
		yes, err := r.env.in.Confirm(fmt.Sprintf("Write this to %s?", r.sites), "--yes")
		if err != nil {
			return false, err
		}
		if !yes {
			return false, failure.Bad(errors.New("not confirmed; nothing was written"), "answer y, or say --yes")
		}
	}
	now, err := files.Read(r.env.in.Ctx, r.sites, nil, sitesfile.Most)
	if err != nil || !bytes.Equal(now, c.Before) {
		return false, failure.Bad(fmt.Errorf("%s was changed in the meantime; nothing was written", r.sites), "call the command again")
	}
	return true, output.File(r.env.Out, r.sites, c.After, 0o644, "")
}
