package sitesjson

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core"
)

// checkAppLinks: whatever was read is JSON of a size that the platforms take.
func checkAppLinks(t *testing.T, l *core.AppLinks) {
	t.Helper()
	require.NotEqual(t, core.AppLinks{}, *l)
	for _, text := range []string{l.Apple, l.Android} {
		if text == "" {
			continue
		}
		require.True(t, json.Valid([]byte(text)), "%s", text)
		require.LessOrEqual(t, len(text), maxAppLinks)
	}
}

func TestCompactKeepsStrings(t *testing.T) {
	const text = "{ \"a\\\\\" : [ \"x  \\\" y\" ,\r\n\t1 ] , \"b\\u0020\":\"\" }"
	got := compact([]byte(text))
	require.Equal(t, `{"a\\":["x  \" y",1],"b\u0020":""}`, string(got))
	require.JSONEq(t, text, string(got))
}

const aasa = `{"applinks": {"details": [{"appIDs": ["ABCDE12345.com.example.app"],
  "paths": ["/uni/*"]}]}}
`

// inline is InlineFiles with files from a map; it counts the reads.
func inline(sites string, files map[string]string) (string, int, error) {
	reads := 0
	out, err := InlineFiles("sites.json", []byte(sites), func(name string) ([]byte, error) {
		reads++
		if text, ok := files[name]; ok {
			return []byte(text), nil
		}
		return nil, fs.ErrNotExist
	})
	return string(out), reads, err
}

func TestInlineFiles(t *testing.T) {
	site := `{"esp": "sendgrid", "app_links": {"apple": "apple.json"}}`
	text := fmt.Sprintf("{\"sites\": {\n\"a.example.com\": %s,\n\"b.example.com\": %s,\n\"c.example.com\": {\"esp\": 1}}}", site, site)
	out, reads, err := inline(text, map[string]string{"apple.json": aasa})
	require.NoError(t, err)
	require.Equal(t, 1, reads, "each file once")
	require.Equal(t, strings.Count(text, "\n"), strings.Count(out, "\n"), "lines stay where they are")

	_, err = Parse("sites.json", []byte(out))
	require.EqualError(t, err, "sites.json:4: sites.c.example.com.esp: is a number, not a string: write it in double quotes")

	sites, err := Parse("sites.json", []byte(strings.Replace(out, `"esp": 1`, `"esp": "mailgun"`, 1)))
	require.NoError(t, err)
	require.JSONEq(t, aasa, sites.Lookup("a.example.com").AppLinks.Apple)
	require.Empty(t, sites.Lookup("a.example.com").AppLinks.Android)
	require.Same(t, sites.Lookup("a.example.com").AppLinks, sites.Lookup("b.example.com").AppLinks, "equal files are kept once")
}

func TestInlineFilesWithoutFiles(t *testing.T) {
	for _, text := range []string{``, `{`, `{"sites": {"a.example.com": {"esp": "sendgrid"}}}`, "\xff", `{"sites": {"a.example.com": {"app_links": {"apple": {}}}}}`} {
		out, reads, err := inline(text, nil)
		require.NoError(t, err)
		require.Equal(t, text, out)
		require.Zero(t, reads)
	}
}

func TestInlineFilesMistakes(t *testing.T) {
	const text = `{"sites": {"a.example.com": {"esp": "sendgrid", "app_links": {"apple": "a.json",
		"android": "b.json"}}}}`
	_, _, err := inline(text, map[string]string{"b.json": "[\n  1,\n]"})
	require.EqualError(t, err, "sites.json:1: sites.a.example.com.app_links.apple: cannot be read: file does not exist: the name is looked up from the folder of sites.json\n"+
		`sites.json:2: sites.a.example.com.app_links.android: "b.json" line 3, column 1: found ']' after a comma: remove the comma`)
	require.ErrorAs(t, err, new(*Error))

	_, _, err = inline(text, map[string]string{"a.json": "{} {}", "b.json": ""})
	require.ErrorContains(t, err, `"a.json" line 1, column 4: found '{' after the end of the value`)
	require.ErrorContains(t, err, `"b.json" line 1, column 1: found the end of the file where a value belongs`)
}

// What is wrong inside a file is found where the file is checked, by the way to
// it.
func TestInlinedFilesAreChecked(t *testing.T) {
	out, _, err := inline(`{"sites": {"a.example.com": {"esp": "sendgrid", "app_links": {"apple": "a.json"}}}}`,
		map[string]string{"a.json": strings.Replace(aasa, "ABCDE12345", "abcde", 1)})
	require.NoError(t, err)
	_, err = Parse("sites.json", []byte(out))
	var all *Error
	require.True(t, errors.As(err, &all))
	require.Equal(t, "sites.a.example.com.app_links.apple.applinks.details[0].appIDs[0]", all.Mistakes[0].Field)
}

// FuzzInlineFiles: the contents of a file cannot reach beyond their place. With
// files that are JSON, what is not a file name stays, and the rest parses.
func FuzzInlineFiles(f *testing.F) {
	f.Add(`{"sites": {"a.example.com": {"esp": "sendgrid", "app_links": {"apple": "a", "android": "b"}}}}`, `{"applinks": {}}`)
	f.Add(`{"sites": {"a.example.com": {"app_links": {"apple": "a"}}}}`, `1}}}, "x": {`)
	f.Add(`{"sites": {"a.example.com": {"app_links": {"apple": "a", "apple": "\ud800"}}}`, "\"\n\"")
	f.Fuzz(func(t *testing.T, sites, file string) {
		out, err := InlineFiles("sites.json", []byte(sites), func(string) ([]byte, error) { return []byte(file), nil })
		if err != nil {
			require.False(t, json.Valid([]byte(file)) && len(file) < 9, "%v", err) // encoding/json nests deeper
			return
		}
		if json.Valid([]byte(sites)) {
			require.True(t, json.Valid(out) || string(out) == sites, "%q", out)
		}
		require.Equal(t, strings.Count(sites, "\n"), strings.Count(string(out), "\n"))
	})
}
