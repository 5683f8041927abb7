package output

import (
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestShellQuote asks a shell what it makes of a quoted word.
func TestShellQuote(t *testing.T) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("no shell here")
	}
	for _, word := range []string{"", "plain", "a b", "it's", "$HOME `id` \\ \"x\"", "'; echo no; '", "/a|b&c<d>e*?[x]{y}~#!"} {
		out, err := exec.Command(sh, "-c", "printf %s "+ShellQuote(word)).Output()
		require.NoError(t, err)
		require.Equal(t, word, string(out))
	}
}

func TestShellWord(t *testing.T) {
	require.Equal(t, "/tmp/ca-1.pem", ShellWord("/tmp/ca-1.pem"))
	require.Equal(t, "'-f'", ShellWord("-f"))
	require.Equal(t, "'a b'", ShellWord("a b"))
}
