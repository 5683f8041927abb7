package cli

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/pasted"
)

// linkArg is the link that a command is asked about.
type linkArg struct {
	host string
	any  bool // a URL of a machine is taken too
}

// linkUse is the argument in a use line.
const linkUse = "URL | curl …"

// linkHelp is what every command that takes a link says of it.
const linkHelp = `The URL is taken byte for byte; put it in quotes. A link or a line for curl that
"clickedge serve" prints can be pasted as it is; where a URL names a machine only, as
http://127.0.0.1:7676/…, --host says whose link it is.`

func (a *linkArg) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&a.host, "host", "", "the link `domain`, where the URL does not name it")
	cmd.Args = needs("link")
}

// needs refuses a command without arguments; what is what the first one names.
func needs(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return failure.Usage(fmt.Errorf("%s: no %s given", cmd.Name(), what), "usage: "+cmd.UseLine())
		}
		return nil
	}
}

// read takes the arguments apart. sites may be nil.
func (a *linkArg) read(args []string, sites *core.Sites) (*pasted.Link, error) {
	return pasted.Parse(args, pasted.Options{Host: a.host, Known: sites.Has, AnyHost: a.any})
}

// saveCurl keeps the flags of a pasted line for curl from being read as our
// own: they are all behind the word.
func saveCurl(args []string) []string {
	i := slices.Index(args, "curl")
	if i < 1 || !slices.Contains([]string{"explain", "verify", "follow", "doctor"}, args[0]) || slices.Contains(args[:i], "--") {
		return args
	}
	return slices.Insert(slices.Clone(args), i, "--")
}
