package cli

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/deploy/failure"
)

// Every command of the root stands in a group, but for those about the command
// itself, and --help names every exit code that there is.
func TestHelpIsByJobAndNamesExitCodes(t *testing.T) {
	root := (&Env{}).root()
	for _, cmd := range root.Commands() {
		itself := slices.Contains([]string{"version", "man"}, cmd.Name())
		require.Equal(t, itself, cmd.GroupID == "", cmd.Name())
	}
	for _, code := range []int{failure.ExitOK, failure.ExitBad, failure.ExitUsage, failure.ExitWarnings, failure.ExitInterrupted} {
		require.Regexp(t, fmt.Sprintf(`[:;]\s%d\s`, code), root.Long)
	}
}
