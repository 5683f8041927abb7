package destination

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSent(t *testing.T) {
	for rest, want := range map[string]string{
		"": "/", "#a": "/", "?a": "/?a", "a": "/a", "/a?b#c?d": "/a?b", `\a\b?\c`: `/a/b?\c`,
		"/a/./b/../c": "/a/c", "/..": "/", "/a/..": "/", "/a/.": "/a/", "/a//../b": "/a/b", "//": "//", "/.../a": "/.../a",
		"/%2e/%2E%2e/.%2e/a": "/a", "/a?b/../c": "/a?b/../c", "/a\t/.\n./b": "/b", `/a\..\b`: "/b", "a/..": "/",
		"/%c3%zz%": "/%C3%zz%", "/ \"<>`{}^'": "/%20%22%3C%3E%60%7B%7D%5E'", "?'`{}^ ": "/?%27`{}^%20", "/\xc3\x7f\x01": "/%C3%7F%01",
	} {
		require.Equal(t, want, string(AppendSent(nil, rest)), "%q", rest)
		require.Equal(t, want, string(AppendSent(nil, want)), "%q", want)
	}
}

func TestResolve(t *testing.T) {
	for text, want := range map[string]string{
		"b": "/x/b", "?b": "/x/y?b", "#b": "/x/y?z=1#b", "/b": "/b", "../b": "/x/../b", "https://a.example": "", "https://a.example?b": "?b", "//a.example/b": "/b", "https:": "/x/y?z=1",
	} {
		u, ok := ReadLocation(text, true, "link.example.com")
		require.True(t, ok, text)
		require.Equal(t, want, u.Resolve("/x/y?z=1").Rest, text)
	}
}
