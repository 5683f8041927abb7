package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/clickedge/clickedge/deploy/server"
)

func (env *Env) serverHealthCommand() *cobra.Command {
	var metrics string
	cmd := &cobra.Command{
		Use:   "health",
		Short: "Ask a server on this machine whether it takes requests",
		Long: `Asks for /healthz at the address that the server has for metrics. The exit code is 0 where
it takes requests, and 1 where it is stopping or nobody answers within three seconds. It
is for machines without curl, as the container's image.`,
		Example: `  clickedge server health
  clickedge server health --metrics 127.0.0.1:9999`,
		Args: args(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := server.Health(cmd.Context(), metrics); err != nil {
				return err
			}
			fmt.Fprintln(env.Out, "it takes requests")
			return nil
		},
	}
	cmd.Flags().StringVar(&metrics, "metrics", server.DefaultMetrics, "the `address` that the server has for metrics")
	return cmd
}
