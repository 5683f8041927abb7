package cli

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	secretA = "correct-horse-battery-staple-0001"
	secretB = "another-horse-battery-staple-0002"
)

func TestParseKeys(t *testing.T) {
	for text, want := range map[string]map[string]string{
		secretA:        {"": secretA},
		secretA + "\n": {"": secretA + "\n"}, // for checkSecret to refuse
		"QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVowMTIz=": {"": "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVowMTIz="},
		"k1=" + secretA: {"k1": secretA},
		"\n# two\nk1=" + secretA + "\r\nk2=" + secretB + "\n\n": {"k1": secretA, "k2": secretB},
		"k1=a=b=c": {"k1": "a=b=c"},
		` {"k1": "` + secretA + `", "k2": "` + secretB + `"}`: {"k1": secretA, "k2": secretB},
	} {
		got, err := parseKeys([]byte(text))
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
	for _, text := range []string{"", " \n", "{", `{"K1": "x"}`, `{"k1": 1}`, "a\nb", "k1=x\ny", "k1=x\nk1=y", "k1=x\nK2=y"} {
		_, err := parseKeys([]byte(text))
		require.Error(t, err, "%q", text)
	}
}

// FuzzParseKeys checks that what lines say is what is read, and that no error
// gives a secret away.
func FuzzParseKeys(f *testing.F) {
	f.Add("k1", secretA, "k2", secretB)
	f.Add("a", "=", "b", "\t")
	f.Fuzz(func(t *testing.T, kid1, secret1, kid2, secret2 string) {
		text := kid1 + "=" + secret1 + "\n" + kid2 + "=" + secret2 + "\n"
		got, err := parseKeys([]byte(text))
		if err != nil {
			if len(secret1) > 8 {
				require.NotContains(t, err.Error(), secret1)
			}
			return
		}
		plain := isKid(kid1) && isKid(kid2) && strings.TrimSpace(secret1) == secret1 && strings.TrimSpace(secret2) == secret2 &&
			!strings.ContainsAny(secret1+secret2, "\r\n")
		if plain {
			require.Equal(t, map[string]string{kid1: secret1, kid2: secret2}, got)
		}
	})
}

func TestCheckSecret(t *testing.T) {
	require.NoError(t, checkSecret(secretA))
	require.ErrorIs(t, checkSecret(secretA+"\n"), errSpace)
	require.ErrorIs(t, checkSecret(" "+secretA), errSpace)
	require.ErrorIs(t, checkSecret(secretA[:31]), errShort)
	require.NoError(t, checkSecret(secretA[:32]))
	require.NoError(t, checkSecret(newSecret()))
}

func TestKeyringHidesItsSecrets(t *testing.T) {
	ring := &keyring{secrets: map[string]string{"k1": secretA}}
	for _, text := range []string{fmt.Sprint(ring), fmt.Sprintf("%v %+v %#v %s", ring, ring, ring, ring)} {
		require.NotContains(t, text, secretA)
		require.Contains(t, text, "k1")
	}
	got, err := ring.Secret("k1")
	require.NoError(t, err)
	require.Equal(t, secretA, string(got))
	_, err = ring.Secret("k2")
	require.ErrorIs(t, err, errNoSecret)
}
