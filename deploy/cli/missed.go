package cli

import (
	"github.com/spf13/cobra"

	"github.com/clickedge/clickedge/deploy/clicklog"
	"github.com/clickedge/clickedge/deploy/output"
)

func (env *Env) missedCommand() *cobra.Command {
	var only filterFlags
	asJSON := false
	cmd := &cobra.Command{
		Use:   "missed [LOG...]",
		Short: "Count what the ESPs missed, from the click log",
		Long: `Reads the click log and lists what the ESPs have not counted, by hour and ESP: clicks,
opens, unsubscribes and other requests that met a dead, slow or failing ESP, whether
their readers were redirected from the link or got a page.

Of these, CERTAIN were never seen by the ESP; the others reached it, and it may have
counted them before it failed. Hours are UTC. No links are in the log, as links name
people: what can be recovered is the numbers.

LOG is NDJSON as the module writes it, also packed by gzip, or a folder of such files;
other lines are passed over and counted, a line that comes twice counts once. Without
LOG, or for "-", standard input is read.`,
		Example: `  clickedge missed clicks.log
  zcat clicks-*.gz | clickedge missed --json`,
		RunE: func(cmd *cobra.Command, args []string) error { return env.missed(cmd, &only, args, asJSON) },
	}
	only.add(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func (env *Env) missed(cmd *cobra.Command, only *filterFlags, names []string, asJSON bool) error {
	var counts clicklog.Missed
	if err := only.read(cmd, env, names, asJSON, &counts.Reader, counts.Line); err != nil {
		return err
	}
	env.notes(counts.Notes())
	report := counts.Report()
	if asJSON {
		return output.JSON(env.Out, report)
	}
	return report.Text(env.Out)
}
