package cli

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/clickedge/clickedge/core/clean"
	"github.com/clickedge/clickedge/deploy/clicklog"
	"github.com/clickedge/clickedge/deploy/clickreport"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/files"
	"github.com/clickedge/clickedge/deploy/output"
	"github.com/clickedge/clickedge/deploy/terminal"
)

// clicksRun is one call of clicks.
type clicksRun struct {
	env       *Env
	only      filterFlags
	by        []string
	top       int
	json, csv bool
	html      string
	quiet     bool
}

func (env *Env) clicksCommand() *cobra.Command {
	c := &clicksRun{env: env}
	cmd := &cobra.Command{
		Use:   "clicks [LOG...]",
		Short: "Add up the click log",
		Long: `Reads the click log and adds it up: requests by hour, host, ESP, kind, verdict, code,
destination and network, how long each ESP took to answer, and what was missed, recovered,
recalled and refused. All times are UTC.

MISSED are requests that the ESP has not counted, or perhaps not; RECOVERED are those of
them whose readers were redirected from the link all the same. RECALLED met a rule of
recalls, REFUSED got an error page. HUMAN and BOT are verdicts on clicks. The times of an
ESP are of requests that waited for its answer; percentiles are within 1 %. Logs of more
than three days are shown by day, month or year; --json and --csv always have the hours.

LOG is NDJSON as the module writes it, also packed by gzip, or a folder of such files and
folders, as collectors lay them out. A request that comes twice counts once. Without LOG,
or for "-", standard input is read. What is passed over, left out or beyond a bound is
said on standard error. Memory does not grow with the log: a table has at most 1,000 rows
besides that of hours, and what comes later is counted as others.`,
		Example: `  clickedge clicks clicks.ndjson
  clickedge clicks logs/2026/03 --host link.example.com --html clicks.html
  clickedge clicks logs --since 7d --by hour --csv >hours.csv`,
		RunE: func(cmd *cobra.Command, args []string) error { return c.run(cmd, args) },
	}
	c.only.add(cmd)
	f := cmd.Flags()
	f.StringSliceVar(&c.by, "by", nil, "only these `tables`, separated by commas: "+strings.Join(clickreport.Names(), ", "))
	f.IntVar(&c.top, "top", 20, "how many `rows` a table of text has, besides those of time; 0 for all")
	f.BoolVar(&c.json, "json", false, "print JSON")
	f.BoolVar(&c.csv, "csv", false, "print CSV, a row for each row of each table")
	f.StringVar(&c.html, "html", "", "write the report as one page with plots to this `file` as well")
	f.BoolVar(&c.quiet, "quiet", false, "do not say on a terminal how far reading has come")
	cmd.MarkFlagsMutuallyExclusive("json", "csv")
	_ = cmd.MarkFlagFilename("html", "html")
	return cmd
}

func (c *clicksRun) run(cmd *cobra.Command, names []string) error {
	if err := c.check(cmd); err != nil {
		return err
	}
	var counts clickreport.Clicks
	if err := c.only.read(cmd, c.env, names, c.quiet, &counts.Reader, counts.Line); err != nil {
		return err
	}
	report := counts.Report()
	c.env.notes(report.Notes)
	if err := c.writeHTML(report); err != nil {
		return err
	}
	if c.html == files.Std {
		return nil
	}
	report.Keep(c.by)
	switch {
	case c.json:
		return output.JSON(c.env.Out, report)
	case c.csv:
		return report.CSV(c.env.Out)
	}
	return report.Text(c.env.Out, c.top)
}

func (c *clicksRun) check(cmd *cobra.Command) error {
	if err := refuseEmpty(cmd, "html", "by"); err != nil {
		return err
	}
	if c.html == files.Std && (c.json || c.csv) {
		return failure.Usage(errors.New("standard output is asked for twice: for the page and for the tables"), "name a file with --html")
	}
	if c.top < 0 {
		return failure.Usage(fmt.Errorf("--top %d is less than none", c.top), "0 shows all rows")
	}
	for _, name := range c.by {
		if !slices.Contains(clickreport.Names(), name) {
			return failure.Usage(fmt.Errorf("--by %q is no table", clean.Cut(name, 60)), "the tables are "+output.And(clickreport.Names()))
		}
	}
	return nil
}

// writeHTML writes the page whole or not at all.
func (c *clicksRun) writeHTML(report *clickreport.Report) error {
	if c.html == "" {
		return nil
	}
	var page bytes.Buffer
	if err := report.HTML(&page); err != nil {
		return err
	}
	return c.env.writeFile(c.html, page.Bytes(), "name another file with --html")
}

// writeFile writes a result whole or not at all, and never over a file that it
// was made from.
func (env *Env) writeFile(name string, data []byte, hint string) error {
	if err := env.in.Spare(name, hint); err != nil {
		return err
	}
	return output.File(env.Out, name, data, 0o644, hint)
}

// filterFlags say which requests of a log count.
type filterFlags struct {
	since, until string
	hosts        []string
}

func (f *filterFlags) add(cmd *cobra.Command) {
	set := cmd.Flags()
	set.StringVar(&f.since, "since", "", "count from this `time` on: 2026-03-01, 2026-03-01T12:00:00Z, or how long ago, as 7d; UTC")
	set.StringVar(&f.until, "until", "", "count what came before this `time`")
	set.StringArrayVar(&f.hosts, "host", nil, "count requests for this `host` only; may be given again")
}

// read reads logs, or standard input for none, and shows on a terminal how far
// it has come.
func (f *filterFlags) read(cmd *cobra.Command, env *Env, names []string, quiet bool, r *clicklog.Reader, take func([]byte)) (err error) {
	if err := refuseEmpty(cmd, "since", "until"); err != nil {
		return err
	}
	if r.Only, err = clicklog.ParseFilter(f.since, f.until, f.hosts, env.Now()); err != nil {
		return err
	}
	if len(names) == 0 {
		names = []string{files.Std}
	}
	return env.readLog(names, quiet, r, take)
}

// readLog reads the click log with a line of progress.
func (env *Env) readLog(names []string, quiet bool, r *clicklog.Reader, take func([]byte)) error {
	line := terminal.NewProgress(env.Err, env.LookupEnv, quiet)
	defer line.End()
	r.Watch = func(p clicklog.Progress) {
		if p.Lines > 0 || p.Of > 1 {
			line.Show(fmt.Sprintf("file %d of %d: %d lines read", p.At, p.Of, p.Lines))
		}
	}
	return clicklog.Read(env.in, names, r, take)
}

// notes says what of the log was not counted.
func (env *Env) notes(list []string) {
	for _, note := range list {
		fmt.Fprintf(env.Err, "note: %s\n", note)
	}
}
