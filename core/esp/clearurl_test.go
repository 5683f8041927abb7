package esp

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestIsRegular(t *testing.T) {
	for url, want := range map[string]bool{
		"https://shop.example.com":                         true,
		"https://shop.example.com/a/b?x=1&y=2#top":         true,
		"https://shop.example.com/caf%C3%A9/50%25/?x=%2F":  true,
		"https://shop.example.com/a%20b#c":                 true,
		"https://shop.example.com/a#c=d":                   false,
		"https://shop.example.com/?a=b#c=d":                false,
		"https://shop.example.com/?a=b#c?d":                true,
		"https://shop.example.com/a=b":                     false,
		"https://shop.example.com/a%2Fb":                   false,
		"https://shop.example.com/a%3fb=1":                 false,
		"https://shop.example.com/a%23b":                   false,
		"https://shop.example.com/a%2520b":                 false,
		"https://shop.example.com/?":                       false,
		"https://shop.example.com/?x":                      false,
		"https://shop.example.com/?x=1&y":                  false,
		"https://shop.example.com/?x=1=2":                  false,
		"https://shop.example.com/?x=1&y=ma=il":            false,
		"https://shop.example.com/?x=1&&y=2":               false,
		"https://shop.example.com/a%2":                     true,
		"https://shop.example.com/?next=https%3A%2F%2Fx.y": true,
	} {
		require.Equal(t, want, isRegular(url), url)
		require.Equal(t, !want, ambiguous.MatchString(url), url)
	}
}
