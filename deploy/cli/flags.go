package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/clickedge/clickedge/core/clean"
	"github.com/clickedge/clickedge/deploy/failure"
)

// sitesFlag adds --sites.
func sitesFlag(cmd *cobra.Command, name *string) {
	cmd.Flags().StringVar(name, "sites", "sites.json", "the `file` that describes the link domains")
	_ = cmd.MarkFlagFilename("sites", "json")
}

// withSites runs a command that takes its sites.json by --sites or as an
// argument.
func withSites(file *string, run func(*cobra.Command) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) == 0:
		case cmd.Flags().Changed("sites") && *file != args[0]:
			return failure.Usage(fmt.Errorf("two files of sites are given: %q, and %q with --sites", clean.Cut(args[0], 120), clean.Cut(*file, 120)), "give one of them")
		default:
			*file = args[0]
		}
		return run(cmd)
	}
}

// keyFileFlag adds --key-file.
func keyFileFlag(cmd *cobra.Command, files *[]string) {
	cmd.Flags().StringArrayVar(files, "key-file", nil, "`file` with secrets, - for standard input, KID=FILE for one that does not say whose; may be given again")
	_ = cmd.MarkFlagFilename("key-file")
}

// isEmpty reports whether a flag has nothing but spaces; a list, no word but such.
func isEmpty(v pflag.Value) bool {
	list, ok := v.(pflag.SliceValue)
	if !ok {
		return strings.TrimSpace(v.String()) == ""
	}
	return !slices.ContainsFunc(list.GetSlice(), func(s string) bool { return strings.TrimSpace(s) != "" })
}

// refuseEmpty refuses an empty name or id, as an unset variable of a script
// gives it: another service would be changed than the one that is meant.
func refuseEmpty(cmd *cobra.Command, flags ...string) error {
	for _, name := range flags {
		if cmd.Flag(name) != nil && cmd.Flags().Changed(name) && isEmpty(cmd.Flag(name).Value) {
			return failure.Usage(fmt.Errorf("--%s is given, but empty", name), "is a variable unset? Leave --"+name+" out where it is not meant")
		}
	}
	return nil
}
