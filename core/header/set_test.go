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
		require.Equal(t, want, got)
	})
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
