package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// environOf lays variables out as WASI does.
func environOf(base uint32, variables ...string) (text string, pointers []uint32) {
	for _, v := range variables {
		pointers = append(pointers, base+uint32(len(text)))
		text += v + "\x00"
	}
	return text, pointers
}

func TestEnviron(t *testing.T) {
	const version, trace = "FASTLY_SERVICE_VERSION=12", "FASTLY_TRACE_ID=0123456789abcdef"
	for _, variables := range [][]string{
		{version, trace},
		{trace, version},
		{"FASTLY_POP=FRA", trace, "A=", version, "FASTLY_SERVICE_ID=SU1Z0isxPaozGVKXdv0eY"},
		{version, "FASTLY_TRIM=other", trace, ""},
	} {
		text, pointers := environOf(0x10000, variables...)
		gotVersion, gotTrace, from := fromEnviron(text, pointers, 0x10000)
		require.Equal(t, "12", gotVersion, "%q", variables)
		require.Equal(t, "0123456789abcdef", gotTrace, "%q", variables)
		require.Equal(t, min(strings.Index(text, version), strings.Index(text, trace)), from, "%q", variables)
	}
}

// A variable alone, none, pointers that lead elsewhere, and a text without an
// end.
func TestEnvironOdd(t *testing.T) {
	text, pointers := environOf(64, "FASTLY_SERVICE_VERSION=3")
	version, trace, from := fromEnviron(text, pointers, 64)
	require.Zero(t, from)
	require.Equal(t, [2]string{"3", ""}, [2]string{version, trace})
	version, trace, _ = fromEnviron("", nil, 0)
	require.Equal(t, [2]string{}, [2]string{version, trace})
	version, trace, from = fromEnviron(text, pointers, 1000)
	require.Equal(t, len(text), from)
	require.Equal(t, [2]string{}, [2]string{version, trace})
	version, _, _ = fromEnviron(strings.TrimSuffix(text, "\x00"), pointers, 64)
	require.Empty(t, version)
}
