package keyring

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/deploy/failure"
)

// requireFailure wants this exit code, and a hint with this text.
func requireFailure(t *testing.T, err error, exit int, what, hint string) {
	require.ErrorContains(t, err, what)
	f := failure.Of(err)
	require.Equal(t, exit, f.Exit)
	require.Contains(t, f.Hint, hint)
}

func TestMake(t *testing.T) {
	key, err := Make("k2")
	require.NoError(t, err)
	require.Equal(t, "k2", key.ID)
	require.Len(t, key.Secret(), 43)
	for _, kid := range []string{"", "K2", "k-2", "123456789"} {
		_, err := Make(kid)
		requireFailure(t, err, failure.ExitUsage, "is not a key id", "1 to 8 of a-z 0-9")
	}
	_, err = Make(strings.Repeat("x", 1000))
	require.Less(t, len(err.Error()), 120)
}

func TestCreate(t *testing.T) {
	t.Chdir(t.TempDir())
	key := key("k2", secretOfK1)
	for file, want := range map[string]string{"": "k2.key", "other.key": "other.key"} {
		name, err := Create(file, key, "text", "a hint")
		require.NoError(t, err)
		require.Equal(t, want, name)
		text, err := os.ReadFile(want)
		require.NoError(t, err)
		require.Equal(t, "text", string(text))
		_, err = Create(file, key, "new", "a hint")
		requireFailure(t, err, failure.ExitBad, "exists already", "a hint")
		text, err = os.ReadFile(want)
		require.NoError(t, err)
		require.Equal(t, "text", string(text), "it is never written over")
	}
	_, err := Create("k1.key", key, "text", "a hint")
	requireFailure(t, err, failure.ExitUsage, `the file "k1.key" would be named after "k1", but hold the secret of "k2"`, "--kid")
	require.NoFileExists(t, "k1.key")
}

func TestName(t *testing.T) {
	t.Chdir(t.TempDir())
	for file, text := range map[string]string{"lone.txt": secretOfK1, "k1.key": key("k1", secretOfK1).Text(), "bad.txt": "short"} {
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	}
	src, _ := sourceOf(t, "", map[string]string{EnvName("k2"): "correct-horse-battery-staple-0002"})
	got, err := Name(src, "lone.txt", "k2")
	require.NoError(t, err, "a variable is not read")
	require.Equal(t, "k2", got.ID)
	require.Equal(t, secretOfK1, got.Secret())
	_, err = Name(src, "k1.key", "k2")
	requireFailure(t, err, failure.ExitUsage, `it holds the secret of "k1"`, "give the file")
	_, err = Name(src, "bad.txt", "k2")
	requireFailure(t, err, failure.ExitUsage, "bad.txt", "")
	_, err = Name(src, "none.txt", "k2")
	requireFailure(t, err, failure.ExitUsage, "none.txt", "")
	_, err = Name(src, "lone.txt", secretOfK1)
	requireFailure(t, err, failure.ExitUsage, "the argument is not a key id", "1 to 8")
	require.NotContains(t, err.Error(), secretOfK1, "it may be the secret itself")
}
