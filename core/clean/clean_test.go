package clean

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func TestCut(t *testing.T) {
	for _, c := range []struct {
		text string
		n    int
		want string
	}{
		{"abc", 3, "abc"},
		{"abcd", 3, "abc…"},
		{"aéb", 2, "a…"},               // é has two bytes
		{"é", 1, "…"},                  //
		{"日本語", 4, "日…"},               // three bytes each
		{"xe\u0301y", 2, "x…"},         // e and its accent stay together
		{"xe\u0301y", 4, "xe\u0301…"},  //
		{"a👩\u200d👩b", 5, "a…"},        // a joined sign is one
		{"a👍\U0001f3fdb", 5, "a…"},     // and so is one with a skin tone
		{"a\xff\xfe\xfd", 2, "a\xff…"}, // no UTF-8: bytes are what there is
		{"abc", 0, "…"},
		{"abc", -1, "…"},
		{"", 0, ""},
		{"\u0301\u0301\u0301", 3, "…"},
	} {
		require.Equal(t, c.want, Cut(c.text, c.n), "%q %d", c.text, c.n)
	}
}

func TestText(t *testing.T) {
	for text, want := range map[string]string{
		"":                         "",
		"plain é 日本 👍":             "plain é 日本 👍",
		"\x1b[31mred":              `\x1b[31mred`,
		"a\r\nb\tc":                `a\r\nb\tc`,
		"\x00\x7f\u0085\u009b":     `\x00\x7f\u0085\u009b`,
		"user\u202egnp.exe":        `user\u202egnp.exe`,
		"\u061c\u200e\u200f\u2066": `\u061c\u200e\u200f\u2066`,
		"a\u2028b\ufeffc\u00a0d":   `a\u2028b\ufeffc\u00a0d`,
		"a\u200bb\u2060c\u00add":   `a\u200bb\u2060c\u00add`,
		"\U000e0041":               `\U000e0041`, // a tag, which shows as nothing
		"a\xffb\xc3":               `a\xffb\xc3`,
		"\ufffd":                   "\ufffd", // the character itself is text
		"👩\u200d👩":                 "👩\u200d👩",
		"a\u200db":                 `a\u200db`,
		"a'b\"c\\d":                `a'b"c\d`,
	} {
		require.Equal(t, want, Text(text), "%q", text)
	}
}

func TestQuote(t *testing.T) {
	require.Equal(t, `"a\x1b"`, Quote("a\x1b", 10))
	require.Equal(t, `"日"…`, Quote("日本", 5))
	require.Equal(t, `"\u202e"`, Quote("\u202e", 10))
}

// What comes out is printable, valid where the input was, and no longer than it
// may be.
func FuzzText(f *testing.F) {
	f.Add("a\x1b\u202e日本é👩\u200d👩", 7)
	f.Add("\xff\xfe\u0301", 1)
	f.Add("\xa9\u200d0", 9)
	f.Fuzz(func(t *testing.T, s string, n int) {
		for _, r := range Text(s) {
			require.True(t, unicode.IsPrint(r) || r == joiner || r == '\u200c', "%q in %q", r, s)
		}
		require.Equal(t, Text(s), Text(Text(s)))
		cut := Cut(s, n)
		if len(s) <= n {
			require.Equal(t, s, cut)
			return
		}
		kept := strings.TrimSuffix(cut, Ellipsis)
		require.LessOrEqual(t, len(kept), max(n, 0))
		require.True(t, strings.HasPrefix(s, kept))
		if utf8.ValidString(s) {
			require.True(t, utf8.ValidString(cut), "%q", cut)
		}
	})
}

// Whoever cuts or cleans text by hand gets it wrong in a new way: between the
// bytes of a rune, or with one more mark forgotten.
func TestNobodyElseCutsOrCleans(t *testing.T) {
	byHand := regexp.MustCompile("\\[:[^\\]]*\\]\\)*\\s*\\+\\s*\"(…|\\.\\.\\.)\"|0x202e|\\\\uFFFD'")
	seen := 0
	for _, room := range []string{"core", "deploy", "edge"} {
		require.NoError(t, filepath.WalkDir(filepath.Join("..", "..", room), func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
				return err
			}
			seen++
			text, err := os.ReadFile(name)
			require.NoError(t, err)
			if at := byHand.FindIndex(text); at != nil && filepath.Base(filepath.Dir(name)) != "clean" {
				t.Errorf("%s:%d: %q: call core/clean", name, 1+bytes.Count(text[:at[0]], []byte("\n")), text[at[0]:at[1]])
			}
			return nil
		}))
	}
	require.Greater(t, seen, 100)
}
