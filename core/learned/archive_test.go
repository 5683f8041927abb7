package learned

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

func numbered(i int) (n Name) {
	var b [18]byte
	binary.BigEndian.PutUint64(b[:], uint64(i)*0x9E3779B97F4A7C15)
	base64.RawURLEncoding.Encode(n[:], b[:])
	return n
}

func someItems(n int) []Item {
	list := []Item(nil)
	for i := range n {
		e := KnownSince(int64(i)*60, fmt.Sprintf("https://shop.example.com/%d", i))
		if i%5 == 4 {
			e = contradiction(int64(i) * 60)
		}
		list = append(list, Item{numbered(i), e})
	}
	return list
}

func TestArchive(t *testing.T) {
	for _, n := range []int{1, 2, 3, 7, 100} {
		items := someItems(n)
		data, err := AppendArchive([]byte("what comes before"), items)
		require.NoError(t, err)
		a := OpenArchive(string(data))
		require.Equal(t, n, a.Len())
		for _, i := range items {
			require.Equal(t, i.Entry, a.Find(&i.Name))
		}
		for i := n; i < 2*n; i++ {
			name := numbered(i)
			require.Zero(t, a.Find(&name))
		}
		require.ElementsMatch(t, items, a.Items())
	}
}

func TestArchiveOfNothing(t *testing.T) {
	name := numbered(1)
	for _, items := range [][]Item{nil, {{name, Entry{}}, {name, Entry{State: Noted, Destination: shop}}}} {
		data, err := AppendArchive([]byte("before"), items)
		require.NoError(t, err)
		require.Equal(t, "before", string(data))
	}
	for _, data := range []string{"", "before", "a table of sites that is longer than the end of an archive"} {
		a := OpenArchive(data)
		require.Zero(t, a.Len())
		require.Zero(t, a.Find(&name))
		require.Empty(t, a.Items())
	}
}

func TestArchiveRefusesDoubles(t *testing.T) {
	_, err := AppendArchive(nil, append(someItems(3), someItems(1)...))
	require.ErrorIs(t, err, ErrDouble)
}

// The layout stands in modules that are deployed.
func TestArchiveLayout(t *testing.T) {
	data, err := AppendArchive(nil, []Item{{someName(), KnownSince(120, "https://a.b/")}})
	require.NoError(t, err)
	require.Equal(t, "AAECAwQFBgcICQoLDA0ODxAR"+
		"\x24\x00\x00\x00\x0c\x00\x00\x00\x02\x00\x00\x00"+"https://a.b/"+
		"\x01\x00\x00\x00\x40\x00\x00\x00clklink\x01", string(data))
}

func FuzzArchive(f *testing.F) {
	data, err := AppendArchive(nil, someItems(7))
	require.NoError(f, err)
	f.Add(string(data), string(data[:24]))
	f.Add(string(data[24:]), string(data[:24]))
	f.Fuzz(func(t *testing.T, data, name string) {
		a := OpenArchive(data)
		n, _ := ParseName(name)
		for _, e := range append(a.Items(), Item{n, a.Find(&n)}) {
			require.True(t, e.State == Absent || e.State == Contradictory && e.Destination == "" || e.State == Known && IsDestination(e.Destination))
		}
	})
}
