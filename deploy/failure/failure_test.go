package failure

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The exit codes are what scripts of operators go by: they keep their numbers.
func TestExitCodes(t *testing.T) {
	require.Equal(t, []int{0, 1, 2, 3, 130}, []int{ExitOK, ExitBad, ExitUsage, ExitWarnings, ExitInterrupted})
}

var errMet = errors.New("what was met")

func TestOf(t *testing.T) {
	wrapped := fmt.Errorf("around it: %w", Usage(errMet, "do this"))
	for name, c := range map[string]struct {
		err  error
		exit int
		hint string
	}{
		"usage":                {Usage(errMet, "do this"), ExitUsage, "do this"},
		"bad":                  {Bad(errMet, "do that"), ExitBad, "do that"},
		"another error":        {errMet, ExitBad, ""},
		"one inside another":   {wrapped, ExitUsage, "do this"},
		"one joined to others": {errors.Join(errors.New("first"), Usage(errMet, "do this")), ExitUsage, "do this"},
		"warnings":             {&Error{Exit: ExitWarnings, Err: errMet}, ExitWarnings, ""},
	} {
		t.Run(name, func(t *testing.T) {
			f := Of(c.err)
			require.Equal(t, c.exit, f.Exit)
			require.Equal(t, c.hint, f.Hint)
			require.ErrorIs(t, f, errMet)
			require.Equal(t, errMet.Error(), f.Error())
		})
	}
	require.Nil(t, Of(nil))
	require.False(t, Is(errMet))
	require.False(t, Is(nil))
	require.True(t, Is(wrapped))
}

func TestReport(t *testing.T) {
	for want, f := range map[string]*Error{
		"clickedge: what was met\n":                          Bad(errMet, ""),
		"clickedge: what was met\nhint: do this\n":           Usage(errMet, "do this"),
		"one\ntwo\nclickedge: what was met\nhint: do this\n": {Err: errMet, Hint: "do this", Detail: "one\ntwo"},
	} {
		var b strings.Builder
		f.Report(&b)
		require.Equal(t, want, b.String())
	}
}
