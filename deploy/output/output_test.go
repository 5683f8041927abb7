package output

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestJSONLeavesLinksReadable(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, JSON(&b, map[string]string{"url": "https://example.com/?a=1&b=<2>"}))
	require.Equal(t, "{\n  \"url\": \"https://example.com/?a=1&b=<2>\"\n}\n", b.String())
}

func TestCount(t *testing.T) {
	require.Equal(t, "0 sites", Count(0, "site"))
	require.Equal(t, "1 site", Count(1, "site"))
	require.Equal(t, "2 sites", Count(2, "site"))
}

func TestSome(t *testing.T) {
	require.Equal(t, "", Some(nil, 2))
	require.Equal(t, "a, b", Some([]string{"a", "b"}, 2))
	require.Equal(t, "a, b and 2 more", Some([]string{"a", "b", "c", "d"}, 2))
}

func TestDash(t *testing.T) {
	require.Equal(t, "-", Dash(""))
	require.Equal(t, "x", Dash("x"))
}

// Control sequences in a value are shown, not executed.
func TestFactsEscapeControls(t *testing.T) {
	var b bytes.Buffer
	f := Facts{&b}
	f.Heading("the link says")
	f.Row("leads to", "https://example.com/\x1b[2J")
	require.Equal(t, "\nthe link says\n  leads to           https://example.com/\\x1b[2J\n", b.String())
}

func TestJoined(t *testing.T) {
	require.Equal(t, "", And(nil))
	require.Equal(t, "a", Or([]string{"a"}))
	require.Equal(t, "a and b", And([]string{"a", "b"}))
	require.Equal(t, "a, b or c", Or([]string{"a", "b", "c"}))
}
