package learned

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func someName() Name {
	n, _ := ParseName("AAECAwQFBgcICQoLDA0ODxAR")
	return n
}

func someEntries() []Entry {
	note := Entry{State: Noted, Since: 1772366400, Destination: "https://shop.example.com/"}
	note.marks[0], note.count = 7, 1
	three := note
	three.marks, three.count = [maxMarks]Mark{1, 1 << 63, 0xffffffffffffffff}, 3
	return []Entry{note, three, KnownSince(0, "https://shop.example.com/sale?a=b&c=%20"), KnownSince(1, "http://a.b/"), contradiction(1772366400), {State: Contradictory, Since: mostSince, unstored: true}}
}

// The text of an entry stands in stores, so it must not change.
func TestEntryText(t *testing.T) {
	name := someName()
	e := KnownSince(1772366400, "https://shop.example.com/")
	require.Equal(t, "1k 78be5b3f25514e50 1772366400 https://shop.example.com/", string(e.Append(nil, &name)))
	c := contradiction(1772366400)
	require.Equal(t, "1x e48e4f80c656ab80 1772366400", string(c.Append(nil, &name)))
}

func TestEntryIsReadBack(t *testing.T) {
	name := someName()
	for _, e := range someEntries() {
		text := string(e.Append(nil, &name))
		require.LessOrEqual(t, len(text), MaxEntry)
		require.Equal(t, e, ReadEntry(&name, text), text)
	}
	long := KnownSince(mostSince, "https://a.b/"+strings.Repeat("a", MaxDestination-len("https://a.b/")))
	text := string(long.Append(nil, &name))
	require.LessOrEqual(t, len(text), MaxEntry)
	require.Equal(t, long, ReadEntry(&name, text))
}

// Whatever is changed in an entry, it is absent then. So is one of another
// name.
func TestDamagedEntryIsAbsent(t *testing.T) {
	name, other := someName(), someName()
	other[3] = 'Z'
	for _, e := range someEntries() {
		text := string(e.Append(nil, &name))
		require.Zero(t, ReadEntry(&other, text))
		for i := range text {
			require.Zero(t, ReadEntry(&name, text[:i]), "cut at %d", i)
			for _, c := range []byte{text[i] ^ 1, text[i] ^ 0x20, 0, ' ', 'k', 'x', '2'} {
				if c != text[i] {
					require.Zero(t, ReadEntry(&name, text[:i]+string(c)+text[i+1:]), "%q at %d of %s", c, i, text)
				}
			}
		}
		require.Zero(t, ReadEntry(&name, text+" "))
		require.Zero(t, ReadEntry(&name, text+"a"))
	}
}

// An entry whose sum is right, but which this package does not write.
func TestForeignEntryIsAbsent(t *testing.T) {
	name := someName()
	for _, e := range []Entry{
		KnownSince(1, ""), KnownSince(1, "ftp://a.b/"), KnownSince(1, "https://a.b/ c"), KnownSince(1, "https://user@a.b/"), KnownSince(1, "javascript:alert(1)"),
		KnownSince(1, "https://a.b/"+strings.Repeat("a", MaxDestination)),
		KnownSince(-1, "https://a.b/"), KnownSince(mostSince+1, "https://a.b/"), contradiction(-1),
		{State: Contradictory, Since: 1, Destination: "https://a.b/"},
		{State: Noted, Since: 1, Destination: "https://a.b/"},
		{},
	} {
		require.Zero(t, ReadEntry(&name, string(e.Append(nil, &name))), e)
	}
	require.Zero(t, ReadEntry(&name, ""))
}

// An entry that has ended is absent, though the cache still gives it out.
func TestCachedEntry(t *testing.T) {
	name := someName()
	for _, e := range someEntries() {
		text := string(e.AppendCached(nil, &name, 100))
		require.Equal(t, e, ReadCached(&name, text, 99))
		require.Zero(t, ReadCached(&name, text, 100))
		require.Zero(t, ReadCached(&name, text[1:], 99))
		require.Zero(t, ReadCached(&name, "x"+text[1:], 99))
		require.Zero(t, ReadCached(&name, "8"+text[1:], 99), "an end before 1970")
	}
	require.Zero(t, ReadCached(&name, "", 0))
}

func FuzzEntry(f *testing.F) {
	name := someName()
	for _, e := range someEntries() {
		f.Add(string(e.Append(nil, &name)))
	}
	f.Add("1k 0000000000000000 0 https://a.b/")
	f.Fuzz(func(t *testing.T, text string) {
		e := ReadEntry(&name, text)
		if e.State == Absent {
			require.Zero(t, e)
			return
		}
		require.True(t, e.Valid())
		require.Equal(t, text, string(e.Append(nil, &name)), "what is read is written the same")
	})
}
