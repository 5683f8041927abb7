package header

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSet(t *testing.T) {
	for i, name := range fieldNames {
		for _, written := range []string{name, strings.ToUpper(name), strings.ToUpper(name[:1]) + name[1:]} {
			var h Set
			h.Read("x-first\x00" + written + "\x00\x00x-" + strings.Repeat("long", 20) + "\x00")
			require.Equal(t, Set(1)<<i, h, written)
		}
	}
	var h Set
	h.Read("connectioN\x00connections\x00connectio\x00 te\x00")
	require.Equal(t, Connection, h)
	h.Read("")
	require.Zero(t, h)
}

func TestSetNames(t *testing.T) {
	require.Equal(t, FastlyKey, Set(1)<<(len(fieldNames)-1), "a bit for each name")
	require.True(t, All.Has(FastlyKey))
	require.Zero(t, All&(FastlyKey<<1))
	var names []string
	for set := TE | Connection | XMoz; set != 0; set = set.Rest() {
		names = append(names, set.Name())
	}
	require.Equal(t, []string{"connection", "te", "x-moz"}, names)
	require.True(t, h2Upgrade().Has(HopByHop))
	require.False(t, (Cookie | Location).Has(HopByHop))
}

// Read finds what a search name by name finds, wherever the names lie.
func FuzzSet(f *testing.F) {
	f.Add("te\x00cookie\x00Sec-Fetch-Mode\x00proxy-authenticate\x00x-moz\x00")
	f.Add("accept\x00")
	f.Add("x\x00\x00TE\x00no end")
	f.Fuzz(func(t *testing.T, list string) {
		var want, got Set
		for _, name := range strings.SplitAfter(list, "\x00") {
			name, ended := strings.CutSuffix(name, "\x00")
			for i, known := range fieldNames {
				if ended && bothEnds(name) == bothEnds(known) {
					want |= 1 << i
				}
			}
		}
		got.Read(list)
		require.Equal(t, want, got&^Underscore)
		ended := list[:strings.LastIndexByte(list, 0)+1]
		if strings.Contains(ended, "_") {
			require.True(t, got.Has(Underscore))
		} else if got.Has(Underscore) {
			require.True(t, strings.ContainsFunc(list, func(r rune) bool { return r == '_' || r >= 0x7f }), "no name has such a byte")
		}
	})
}

// Wherever an underscore stands in a name, it is seen, and nothing else of a
// name is taken for one.
func TestSetUnderscore(t *testing.T) {
	const sign = "!#$%&'*+-.^`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	for length := 1; length <= 40; length++ {
		for _, c := range sign {
			var h Set
			h.Read("accept\x00" + strings.Repeat(string(c), length) + "\x00te\x00")
			require.False(t, h.Has(Underscore), "%q", c)
		}
		for at := range length {
			name := strings.Repeat("x", at) + "_" + strings.Repeat("y", length-at-1)
			for _, list := range []string{name + "\x00", "accept\x00" + name + "\x00te\x00"} {
				var h Set
				h.Read(list)
				require.True(t, h.Has(Underscore), "%q", list)
			}
		}
	}
	for _, name := range fieldNames {
		if alias := strings.ReplaceAll(name, "-", "_"); alias != name {
			var h Set
			h.Read(strings.ToUpper(alias) + "\x00")
			require.True(t, h.Has(Underscore), alias)
		}
	}
}

func TestFolded(t *testing.T) {
	for name, want := range map[string]string{"X_Forwarded-FOR": "x-forwarded-for", "_": "-", "CDN_Loop": "cdn-loop"} {
		got, has := Folded(name)
		require.True(t, has)
		require.Equal(t, want, got)
	}
	got, has := Folded("X-Forwarded-For")
	require.False(t, has)
	require.Equal(t, "X-Forwarded-For", got)
}

func bothEnds(name string) [2]uint64 {
	first, last := ends(name)
	return [2]uint64{first, last}
}

func h2Upgrade() Set {
	var h Set
	h.Read("HTTP2-Settings\x00")
	return h
}
