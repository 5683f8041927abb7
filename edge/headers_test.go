package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestHeaderSet(t *testing.T) {
	for i, name := range headerNames {
		for _, written := range []string{name, strings.ToUpper(name), strings.ToUpper(name[:1]) + name[1:]} {
			var h headerSet
			h.read("x-first\x00" + written + "\x00\x00x-" + strings.Repeat("long", 20) + "\x00")
			require.Equal(t, headerSet(1)<<i, h, written)
		}
	}
	var h headerSet
	h.read("connectioN\x00connections\x00connectio\x00 te\x00")
	require.Equal(t, hdrConnection, h)
	h.read("")
	require.Zero(t, h)
}

func TestHeaderSetNames(t *testing.T) {
	require.Equal(t, hdrFastlyKey, headerSet(1)<<(len(headerNames)-1), "a bit for each name")
	var names []string
	(hdrTE | hdrConnection | hdrXMoz).each(func(name string) { names = append(names, name) })
	require.Equal(t, []string{"connection", "te", "x-moz"}, names)
	for _, p := range purposes {
		var got string
		p.bit.each(func(name string) { got = name })
		require.Equal(t, p.name, got)
	}
	require.True(t, h2Upgrade().has(hopByHop))
	require.False(t, (hdrCookie | hdrLocation).has(hopByHop))
}

// Read finds what a search name by name finds, wherever the names lie.
func FuzzHeaderSet(f *testing.F) {
	f.Add("te\x00cookie\x00Sec-Fetch-Mode\x00proxy-authenticate\x00x-moz\x00")
	f.Add("accept\x00")
	f.Add("x\x00\x00TE\x00no end")
	f.Fuzz(func(t *testing.T, list string) {
		var want, got headerSet
		for _, name := range strings.SplitAfter(list, "\x00") {
			name, ended := strings.CutSuffix(name, "\x00")
			for i, known := range headerNames {
				if ended && bothEnds(name) == bothEnds(known) {
					want |= 1 << i
				}
			}
		}
		got.read(list)
		require.Equal(t, want, got)
	})
}

func bothEnds(name string) [2]uint64 {
	first, last := ends(name, 0, len(name))
	return [2]uint64{first, last}
}

func h2Upgrade() headerSet {
	var h headerSet
	h.read("HTTP2-Settings\x00")
	return h
}

func TestSplitURI(t *testing.T) {
	for uri, want := range map[string][3]string{
		"https://link.example.com/a%2?x=%zz":  {"https", "link.example.com", "/a%2?x=%zz"},
		"http://link.example.com:80":          {"http", "link.example.com:80", "/"},
		"http://link.example.com?x":           {"http", "link.example.com", "?x"},
		"http://link.example.com//a/../b":     {"http", "link.example.com", "//a/../b"},
		"https://link.example.com/://x/ y|\"": {"https", "link.example.com", "/://x/ y|\""},
		"/a":                                  {"", "", "/a"},
	} {
		scheme, authority, target := splitURI(uri)
		require.Equal(t, want, [3]string{scheme, authority, target}, uri)
	}
}

// Connection may name what concerns one connection, never what the ESP needs.
func TestMayBeDropped(t *testing.T) {
	require.True(t, mayBeDropped("X-Hop"))
	for _, name := range []string{"", "Host", "COOKIE-x", "Location", "close", "CDN-Loop", "Content-Length"} {
		require.Equal(t, name == "COOKIE-x", mayBeDropped(name), name)
	}
}
