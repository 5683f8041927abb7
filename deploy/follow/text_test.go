package follow

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

// A hop that was not requested says so, and no control character reaches the
// terminal.
func TestText(t *testing.T) {
	r := &Result{End: NeedsConsent, Problem: "it counts a click", Hops: []*Hop{{URL: "https://link.example.com/\x1b[2J", Location: "https://www.example.com/"}}}
	var b bytes.Buffer
	r.Text(&b)
	require.Contains(t, b.String(), "1  https://link.example.com/\\x1b[2J\n")
	require.Contains(t, b.String(), "  asked              no\n")
	require.Contains(t, b.String(), "  Location           https://www.example.com/\n")
	require.Contains(t, b.String(), ": it counts a click\n")
}

func TestSomeNames(t *testing.T) {
	require.Equal(t, "a b c", someNames([]string{"a", "b", "c"}))
	require.Equal(t, "a b c and 2 more names", someNames([]string{"a", "b", "c", "d", "e"}))
}
