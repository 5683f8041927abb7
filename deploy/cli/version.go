package cli

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

func (env *Env) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version of this command",
		Args:  args(0, 0),
		RunE: func(*cobra.Command, []string) error {
			fmt.Fprintln(env.Out, versionLine())
			return nil
		},
	}
}

// versionLine is what "version" and --version print.
func versionLine() string {
	return fmt.Sprintf("clickedge %s %s %s/%s", version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

// version is what the Go toolchain stamped into the binary: a tag, a
// pseudo-version of a commit, or "(devel)" for a build without either.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}
