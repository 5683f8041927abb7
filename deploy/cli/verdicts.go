package cli

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/output"
	"github.com/clickedge/clickedge/deploy/verdicts"
)

// verdictsRun is one call of verdicts.
type verdictsRun struct {
	env              *Env
	only             filterFlags
	links            int
	within           time.Duration
	json, csv, lines bool
	quiet            bool
}

func (env *Env) verdictsCommand() *cobra.Command {
	v := &verdictsRun{env: env}
	cmd := &cobra.Command{
		Use:   "verdicts [LOG...]",
		Short: "Find clicks in the log that no person made",
		Long: `Reads the click log and finds what a single line cannot show. It needs the keyed hashes
of sites with log_hashes in sites.json.

burst        one reader has followed several links of one mail within seconds
order        one reader has followed six links of a mail within 20 seconds, in an order
             that at least three mails have seen
trap         the reader has followed a link that nobody sees in the mail (clickedge sign
             --trap), or it and another link within ten seconds
before_open  the mail was opened for the first time after the click: no verdict by itself,
             since whoever blocks images does so too

A reader is one address with one user agent, on one day (UTC): the hashes of two days
cannot be joined. Scanners that change their address are not found, nor is what is more
than an hour apart. Nothing acts on what is found, and the log stays as it is: --lines
prints the time and the request of each line, to be joined with the log. Of 100,000 mails
and 300,000 clicks at once is known what came in the last hour; whatever goes beyond a
bound is said on standard error. LOG is read as by clickedge clicks.`,
		Example: `  clickedge verdicts clicks.ndjson
  clickedge verdicts logs/2026/03 --host link.example.com --json
  clickedge verdicts logs --since 7d --lines >found.ndjson`,
		RunE: func(cmd *cobra.Command, args []string) error { return v.run(cmd, args) },
	}
	v.only.add(cmd)
	f := cmd.Flags()
	f.IntVar(&v.links, "links", verdicts.BurstLinks, "how many different links of a mail are a burst, 2 or more")
	f.DurationVar(&v.within, "within", verdicts.BurstWithin, "in how long a `time`, as 2s")
	f.BoolVar(&v.json, "json", false, "print JSON")
	f.BoolVar(&v.csv, "csv", false, "print CSV, a row for each rule")
	f.BoolVar(&v.lines, "lines", false, "print a line of JSON for each click that meets a rule, in place of the table")
	f.BoolVar(&v.quiet, "quiet", false, "do not say on a terminal how far reading has come")
	cmd.MarkFlagsMutuallyExclusive("json", "csv", "lines")
	return cmd
}

func (v *verdictsRun) run(cmd *cobra.Command, names []string) error {
	switch {
	case v.links < 2:
		return failure.Usage(fmt.Errorf("--links %d: one link is no burst", v.links), "2 or more; two links in two tabs are often a person's")
	case v.links > verdicts.MostClicks:
		return failure.Usage(fmt.Errorf("--links %d: nothing would be found, as %d clicks of a mail are kept", v.links, verdicts.MostClicks), "a few links, as 3")
	case v.within <= 0 || v.within > verdicts.Horizon:
		return failure.Usage(fmt.Errorf("--within %s is not between 0 and %s", v.within, verdicts.Horizon), "a few seconds, as 2s")
	}
	found := &verdicts.Finder{Options: verdicts.Options{Links: v.links, Within: v.within}}
	out := bufio.NewWriter(v.env.Out)
	var failed error
	if v.lines {
		enc := json.NewEncoder(out)
		found.Each = func(c *verdicts.Click) { failed = errors.Join(failed, enc.Encode(c)) }
	}
	if err := v.only.read(cmd, v.env, names, v.quiet, &found.Reader, found.Line); err != nil {
		return err
	}
	report := found.Report()
	v.env.notes(report.Notes)
	switch {
	case v.lines:
		return errors.Join(failed, out.Flush())
	case v.json:
		return output.JSON(v.env.Out, report)
	case v.csv:
		return report.CSV(v.env.Out)
	}
	return report.Text(v.env.Out)
}
