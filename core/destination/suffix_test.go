package destination

import (
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/publicsuffix"
)

func suffixLines(t testing.TB) (rules []string, version string) {
	lines := strings.Split(strings.TrimSuffix(suffixRules, "\n"), "\n")
	require.Greater(t, len(lines), 8000)
	return lines[:len(lines)-1], strings.TrimPrefix(lines[len(lines)-1], "# ")
}

func TestSuffixListIsThatOfThePackage(t *testing.T) {
	rules, version := suffixLines(t)
	require.True(t, slices.IsSorted(rules))
	require.Equal(t, publicsuffix.List.String(), version, "go generate ./core")
}

// parents are the names of two labels and more that a public suffix lies below.
var parents = sync.OnceValue(func() map[string]bool {
	list := map[string]bool{}
	for rule := range strings.Lines(suffixRules) {
		if strings.ContainsAny(rule[:1], "!~#") {
			continue
		}
		labels := strings.Split(strings.TrimSpace(rule), ".")
		for i := 1; i < len(labels)-1; i++ {
			list[strings.Join(labels[i:], ".")] = true
		}
	}
	return list
})

// theirs is what the package says of a pattern.
func theirs(p Pattern) bool {
	if p.Sub && parents()[p.Host] {
		return true
	}
	names := []string{p.Host}
	if p.Sub {
		names = append(names, "any."+p.Host)
	}
	return slices.ContainsFunc(names, func(name string) bool {
		suffix, _ := publicsuffix.PublicSuffix(name)
		return suffix == name
	})
}

// Every rule, and what stands around it, is judged as the package does.
func TestPublicSuffixAgrees(t *testing.T) {
	rules, _ := suffixLines(t)
	for _, rule := range rules {
		require.True(t, isSuffixRule(rule))
		name := strings.TrimPrefix(strings.TrimLeft(rule, "!~"), "*.")
		for _, host := range []string{name, "shop." + name, "a.shop." + name, name[strings.IndexByte(name, '.')+1:]} {
			if !IsHost(host) {
				continue
			}
			for _, p := range []Pattern{{Host: host}, {Host: host, Sub: true}} {
				require.Equal(t, theirs(p), p.IsPublicSuffix(), "%v (rule %s)", p, rule)
			}
		}
	}
}

func TestPublicSuffix(t *testing.T) {
	for text, want := range map[string]bool{
		"co.uk": true, "*.co.uk": true, "github.io": true, "*.github.io": true, "*.herokuapp.com": true, "com.au": true,
		"example.com": false, "*.example.com": false, "shop.co.uk": false, "*.shop.co.uk": false, "brand.github.io": false, "*.brand.github.io": false,
		"foo.ck": true, "*.foo.ck": true, "www.ck": false, "*.www.ck": false,
		"kawasaki.jp": false, "*.kawasaki.jp": true, "any.kawasaki.jp": true, "city.kawasaki.jp": false, "*.city.kawasaki.jp": false,
		"corp.internal": false, "*.corp.internal": false, "shop.example": false, "*.brand.local": false,
		"amazonaws.com": false, "*.amazonaws.com": true, "*.windows.net": true, "brand.s3.amazonaws.com": false, "*.kyoto.jp": true,
		"xn--55qx5d.cn": true, "*.xn--55qx5d.cn": true, "brand.xn--55qx5d.cn": false,
	} {
		p, ok := ParsePattern(text)
		require.True(t, ok, text)
		require.Equal(t, want, p.IsPublicSuffix(), text)
	}
}

func FuzzPublicSuffix(f *testing.F) {
	for _, host := range []string{"co.uk", "a.b.kawasaki.jp", "www.ck", "x.github.io", "a.internal", "zz.zz", "0.00"} {
		f.Add(host, true)
		f.Add(host, false)
	}
	f.Fuzz(func(t *testing.T, host string, sub bool) {
		host = Lower(host)
		if !IsHost(host) {
			t.Skip()
		}
		p := Pattern{Host: host, Sub: sub}
		require.Equal(t, theirs(p), p.IsPublicSuffix(), p)
	})
}
