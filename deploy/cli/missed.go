package cli

import (
	"errors"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/output"
	"github.com/spf13/cobra"
)

type missed struct {
	env  *Env
	json bool
}

func (env *Env) missedCommand() *cobra.Command {
	m := &missed{env: env}
	cmd := &cobra.Command{
		Use:   "missed [LOG...]",
		Short: "Count what the ESPs missed, from the click log",
		Long: `Reads the click log and lists what the ESPs have not counted, by hour and ESP: clicks,
opens, unsubscribes and other requests that met a dead, slow or failing ESP, whether
their readers were brought home from the link or got a page.

Of these, CERTAIN were never seen by the ESP; the others reached it, and it may have
counted them before it failed. Hours are UTC. No links are in the log, as links name
people: what can be recovered is the numbers.

LOG is NDJSON as the module writes it; other lines are passed over and counted, a line
that comes twice counts once. Without LOG, or for "-", standard input is read.`,
		Example: `  clickedge missed clicks.log
  zcat clicks-*.gz | clickedge missed --json`,
		RunE: func(_ *cobra.Command, args []string) error { return m.run(args) },
	}
	cmd.Flags().BoolVar(&m.json, "json", false, "print JSON")
	return cmd
}

func (m *missed) run(names []string) error {
	tally := newMissedTally()
	if len(names) == 0 {
		names = []string{"-"}
	}
	if err := m.env.readLogs(names, tally.line); err != nil {
		return err
	}
	report := tally.report()
	if report.Lines == 0 && report.Others > 0 {
		return failure.Bad(errors.New("not one line is of the click log"), "the module writes NDJSON to the log endpoint clicks: core/spec/click-log.md")
	}
	if m.json {
		return output.JSON(m.env.Out, report)
	}
	if report.Others > 0 {
		fmt.Fprintf(m.env.Err, "%s of other form passed over\n", output.Count(report.Others, "line"))
	}
	return report.print(m.env.Out)
}

// missedReport is what missed --json prints.
type missedReport struct {
	Hours  []missedHour `json:"hours"`
	Total  missedCounts `json:"total"`
	Lines  int          `json:"lines"`       // of the click log
	Others int          `json:"other_lines"` // passed over
}

// missedHour is what one ESP missed in one hour.
type missedHour struct {
	Hour string `json:"hour"` // its begin, RFC 3339, UTC
	ESP  string `json:"esp"`
	missedCounts
}

type missedCounts struct {
	Clicks       int `json:"clicks"` // app links included
	Opens        int `json:"opens"`
	Unsubscribes int `json:"unsubscribes"`
	Other        int `json:"other"`
	Certain      int `json:"certain"` // of all these: the ESP was never reached
}

func (r *missedReport) print(w io.Writer) error {
	if len(r.Hours) == 0 {
		_, err := fmt.Fprintf(w, "nothing was missed in %s\n", output.Count(r.Lines, "line"))
		return err
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "HOUR (UTC)\tESP\tCLICKS\tOPENS\tUNSUBSCRIBES\tOTHER\tCERTAIN")
	for _, h := range r.Hours {
		h.row(t, h.Hour[:10]+" "+h.Hour[11:16], printable(h.ESP))
	}
	r.Total.row(t, "total", "")
	return t.Flush()
}

func (c missedCounts) row(w io.Writer, hour, esp string) {
	fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%d\t%d\t%d\n", hour, esp, c.Clicks, c.Opens, c.Unsubscribes, c.Other, c.Certain)
}
