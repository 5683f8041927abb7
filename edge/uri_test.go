package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

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
