package cli

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/clickedge/clickedge/deploy/manpage"
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

// released is what the manual says of the version: its date is that of the
// commit.
func released() manpage.Release {
	about := manpage.Release{Version: version()}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return about
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.time" {
			about.Date, _, _ = strings.Cut(s.Value, "T")
		}
	}
	return about
}
