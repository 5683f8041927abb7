// Package version says which version of the command this is, from what the Go
// toolchain stamped into the binary. Start with [Line].
package version

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
)

// Release is a version of the command.
type Release struct {
	Version string // "v0.1.0"
	Date    string // of the version, "2026-11-28"; "" where it is not known
}

// Line is what "version" and --version print.
func Line() string {
	return fmt.Sprintf("clickedge %s %s %s/%s", Released().Version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

// Released is the version, with the date of its commit: a tag, a pseudo-version
// of a commit, or "(devel)" for a build without either.
func Released() Release {
	info, _ := debug.ReadBuildInfo()
	return released(info)
}

// released reads what is stamped; info is nil where nothing is.
func released(info *debug.BuildInfo) Release {
	about := Release{Version: "(devel)"}
	if info == nil {
		return about
	}
	if info.Main.Version != "" {
		about.Version = info.Main.Version
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.time" {
			about.Date, _, _ = strings.Cut(s.Value, "T")
		}
	}
	return about
}
