package esp

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core/target"
)

func TestResidue(t *testing.T) {
	const (
		white  = "white space after the link"
		marks  = "punctuation after the link"
		params = "parameters added after the link"
	)
	tests := []struct {
		s, what string
		ok      bool
	}{
		{"", "", true},
		{" ", white, true},
		{"%0D%0A\t%C2%A0\u00a0", white, true},
		{".", marks, true},
		{"%2E", marks, true},
		{").", marks, true},
		{`%22%3E `, marks, true},
		{" \u201d", marks, true},
		{"?utm_source=x", params, true},
		{".&fbclid=x%", params, true},
		{"..", "", false},
		{".)%2e", "", false},
		{"\u2026", "", false},
		{"%E2%80%A6", "", false},
		{"%", "", false},
		{"%2", "", false},
		{"%41", "", false},
		{" now", "", false},
		{"/x", "", false},
		{"+", "", false},
		{"\x00", "", false},
	}
	for _, tt := range tests {
		what, ok := residue(tt.s)
		require.Equal(t, tt.ok, ok, tt.s)
		require.Equal(t, tt.what, what, tt.s)
	}
}

func TestLineBreak(t *testing.T) {
	for s, want := range map[string]int{
		"": 0, "x": 0, "=": 0, "=x": 0, " x": 1, "%0Ax": 3, "=%0D%0A%20x": 10, "%": 0, "%0": 0,
	} {
		require.Equal(t, want, lineBreak(s), s)
	}
}

func TestOnlyParameter(t *testing.T) {
	tests := []struct {
		query, want string
		ok          bool
	}{
		{"", "", false},
		{"p", "", true},
		{"p=", "", true},
		{"p=a=b", "a=b", true},
		{"&&x=1&p=2&", "2", true},
		{"p=1&p=1", "", false},
		{"p=1&p", "", false},
		{"P=1", "", false},
		{"xp=1", "", false},
	}
	for _, tt := range tests {
		got, ok := target.Query(tt.query).Only("p")
		require.Equal(t, tt.ok, ok, tt.query)
		require.Equal(t, tt.want, got, tt.query)
	}
}
