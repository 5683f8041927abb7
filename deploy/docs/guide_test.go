package docs

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// step is one fenced block of a guide, with the time that its section tells.
type step struct {
	at   time.Time
	kind string // "sh", "text", or "json" with a file's name
	file string
	text string
	line int
}

func (s step) String() string { return fmt.Sprintf("line %d, %s", s.line, s.at.Format("2 January")) }

// readGuide returns the blocks of a guide. A section's heading may begin with a
// time, which holds until the next one.
func readGuide(t *testing.T, name string) []step {
	t.Helper()
	text, err := os.ReadFile(name)
	require.NoError(t, err)
	var steps []step
	var at time.Time
	var open *step
	for i, line := range strings.Split(string(text), "\n") {
		fence, isFence := strings.CutPrefix(line, "```")
		switch {
		case isFence && open == nil:
			kind, file, _ := strings.Cut(fence, " ")
			open = &step{at: at, kind: kind, file: file, line: i + 1}
		case isFence:
			steps, open = append(steps, *open), nil
		case open != nil:
			open.text += line + "\n"
		case strings.HasPrefix(line, "## "):
			at = headingTime(line, at)
		}
	}
	require.Nil(t, open, "a block that does not end")
	require.NotEmpty(t, steps)
	return steps
}

func headingTime(line string, before time.Time) time.Time {
	const form = "2006-01-02 15:04"
	text := strings.TrimPrefix(line, "## ")
	at, err := time.Parse(form, text[:min(len(text), len(form))])
	if err != nil {
		return before
	}
	return at
}
