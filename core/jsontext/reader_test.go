package jsontext

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func TestReaderText(t *testing.T) {
	for _, c := range []struct{ in, want, odd string }{
		{`""`, "", ""},
		{`"plain"`, "plain", ""},
		{`"\"\\\/\b\f\n\r\t"`, "\"\\/\b\f\n\r\t", ""},
		{`"\u0041\u00e9\u20ac"`, "Aé€", ""},
		{`"\ud83d\ude00 and \ufffd"`, "😀 and \ufffd", ""},
		{`"\ud83d"`, `\ud83d`, `holds half of a character (a lone surrogate \u escape)`},
		{`"\ud83d\u0041"`, `\ud83d\u0041`, `holds half of a character (a lone surrogate \u escape)`},
		{`"\ude00\ud83d"`, `\ude00\ud83d`, `holds half of a character (a lone surrogate \u escape)`},
		{"\"\xff\"", "\xff", "is not UTF-8"},
		{"\"\xed\xa0\x80\"", "\xed\xa0\x80", "is not UTF-8"},
	} {
		r := NewReader([]byte(c.in))
		got := r.Text()
		require.Nil(t, r.Err(), c.in)
		require.Equal(t, len(c.in), r.At(), c.in)
		require.Equal(t, c.want, string(got.Bytes), c.in)
		require.Equal(t, c.odd, got.Odd, c.in)
	}
}

func TestReaderErrors(t *testing.T) {
	for _, c := range []struct {
		in      string
		at      int
		problem string
	}{
		{``, 0, `found the end of the file where a value belongs`},
		{`[1,]`, 3, `found ']' after a comma`},
		{`[1 2]`, 3, `found '2' where a comma or ']' belongs`},
		{`{"a" 1}`, 5, `found '1' where a colon belongs`},
		{`{a: 1}`, 1, `found 'a' where a name in double quotes belongs`},
		{`[-]`, 1, `found a number that JSON does not know`},
		{`[01]`, 1, `found a number that JSON does not know`},
		{`[1.]`, 1, `found a number that JSON does not know`},
		{`[1e]`, 1, `found a number that JSON does not know`},
		{`[0x1]`, 1, `found a number that JSON does not know`},
		{`[.5]`, 1, `found '.' where a value belongs`},
		{`[nul]`, 1, `found "nul" where a value belongs`},
		{`"\u12g4"`, 1, `found an unknown escape in a string`},
		{`"\`, 1, `found an unknown escape in a string`},
		{"\"a\tb\"", 2, `found '\t' in a string`},
		{`"open`, 0, `this string is never closed`},
		{"\x00", 0, `found '\x00' where a value belongs`},
		{`1 2`, 2, `found '2' after the end of the object`},
		{strings.Repeat("[", 17), 16, `nested more than 16 deep`},
	} {
		r := NewReader([]byte(c.in))
		r.Skip()
		r.End("object")
		require.NotNil(t, r.Err(), c.in)
		require.Equal(t, c.problem, r.Err().Problem, c.in)
		require.Equal(t, c.at, r.Err().At, c.in)
	}
}

// sitesFiles returns the cases by which the reading of sites.json is tested.
func sitesFiles(t testing.TB) []string {
	files, err := filepath.Glob(filepath.Join("..", "sitesjson", "testdata", "sites", "*.json"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	return files
}

// FuzzReader: it takes what encoding/json takes, and reads the same strings.
func FuzzReader(f *testing.F) {
	for _, path := range sitesFiles(f) {
		data, err := os.ReadFile(path)
		require.NoError(f, err)
		f.Add(data)
	}
	for _, s := range []string{`"\ud83d\ude00"`, `[-0.1e+5, 1E9, 0]`, `{"":[{}]}`, "\"\\u00e9\xc3\xa9\"", `[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r := NewReader(data)
		r.Skip()
		r.End("object")
		if r.Err() != nil && strings.HasPrefix(r.Err().Problem, "nested") {
			return // encoding/json goes deeper
		}
		require.Equal(t, json.Valid(data), r.Err() == nil, "%v", r.Err())
		if r.Err() == nil && bytes.TrimLeft(data, " \t\r\n")[0] == '"' {
			sameText(t, data)
		}
	})
}

func sameText(t *testing.T, data []byte) {
	var want string
	require.NoError(t, json.Unmarshal(data, &want))
	r := NewReader(data)
	r.Next()
	got := r.Text()
	if got.Odd == "" {
		require.Equal(t, want, string(got.Bytes))
	} else {
		require.True(t, !utf8.Valid(data) || strings.ContainsRune(want, utf8.RuneError), "%q is not odd", data)
	}
}
