package learned

import (
	"encoding/binary"
	"errors"
	"slices"
	"strings"

	"github.com/clickedge/clickedge/core/word"
)

// Archive has what is known of many names, in a form that is read in place. It
// follows the sites in the module's room, where its end is found first:
//
//	names     24 for each, sorted
//	entries   12 for each, in the same order: 4 offset of the destination, 4 its length, 4 since, in minutes since 1970
//	texts     the destinations
//	end       4 number of names
//	          4 length of all, this included
//	          8 "clklink" and the layout, see archiveMagic
//
// All numbers are little-endian, and offsets count from the beginning. A length
// of 0 says that the name is contradictory.
//
// An archive may hold any bytes: reading never goes beyond its end, and what
// cannot be read counts as absent.
type Archive struct{ data string }

// archiveMagic is the last eight bytes as a number. The layout is the last one.
const archiveMagic = 'c' | 'l'<<8 | 'k'<<16 | 'l'<<24 | 'i'<<32 | 'n'<<40 | 'k'<<48 | archiveLayout<<56

const (
	archiveLayout = 1
	archiveEnd    = 16
	archiveEntry  = 12
)

// Item is one name of an archive.
type Item struct {
	Name Name
	Entry
}

// ErrDouble is the error for two items of one name.
var ErrDouble = errors.New("a name is in the archive twice")

// AppendArchive appends the archive of these items, of which only those that
// are known or contradictory are kept. Without any nothing is appended. The
// order of the items does not matter.
func AppendArchive(dst []byte, items []Item) ([]byte, error) {
	kept := slices.DeleteFunc(slices.Clone(items), func(i Item) bool { return !i.Decided() })
	if len(kept) == 0 {
		return dst, nil
	}
	slices.SortFunc(kept, func(a, b Item) int { return strings.Compare(a.Name.String(), b.Name.String()) })
	start, texts := len(dst), []byte(nil)
	for i := range kept {
		if i > 0 && kept[i].Name == kept[i-1].Name {
			return dst[:start], ErrDouble
		}
		dst = append(dst, kept[i].Name[:]...)
	}
	for i := range kept {
		e := &kept[i]
		dst = binary.LittleEndian.AppendUint32(dst, uint32(len(kept)*(NameLength+archiveEntry)+len(texts)))
		dst = binary.LittleEndian.AppendUint32(dst, uint32(len(e.Destination)))
		dst = binary.LittleEndian.AppendUint32(dst, uint32(max(e.Since, 0)/60))
		texts = append(texts, e.Destination...)
	}
	dst = append(dst, texts...)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(kept)))
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(dst)-start+archiveEnd-4))
	return binary.LittleEndian.AppendUint64(dst, archiveMagic), nil
}

// OpenArchive returns the archive at the end of data, an empty one if there is
// none. It reads only the last bytes.
func OpenArchive(data string) Archive {
	if len(data) < archiveEnd || word.At(data, len(data)-8) != archiveMagic {
		return Archive{}
	}
	size := number(data, len(data)-12)
	if size < archiveEnd || size > len(data) {
		return Archive{}
	}
	a := Archive{data[len(data)-size:]}
	if a.Len() > (size-archiveEnd)/(NameLength+archiveEntry) {
		return Archive{}
	}
	return a
}

// Len is the number of names.
func (a Archive) Len() int {
	if a.data == "" {
		return 0
	}
	return number(a.data, len(a.data)-archiveEnd)
}

// Find returns the entry of a name, by a binary search.
func (a Archive) Find(name *Name) Entry {
	low, high := 0, a.Len()
	for low < high {
		at := int(uint(low+high) / 2)
		switch c := strings.Compare(a.data[at*NameLength:(at+1)*NameLength], view(name[:])); {
		case c == 0:
			return a.entry(at)
		case c < 0:
			low = at + 1
		default:
			high = at
		}
	}
	return Entry{}
}

func (a Archive) entry(i int) Entry {
	at := a.Len()*NameLength + i*archiveEntry
	from, n, since := number(a.data, at), number(a.data, at+4), int64(number(a.data, at+8))*60
	if n == 0 {
		return contradiction(since)
	}
	if from > len(a.data)-archiveEnd || n > len(a.data)-archiveEnd-from || !IsDestination(a.data[from:from+n]) {
		return Entry{}
	}
	return KnownSince(since, a.data[from:from+n])
}

// Items returns all names, those that cannot be read left out.
func (a Archive) Items() []Item {
	list := make([]Item, 0, a.Len())
	for i := range a.Len() {
		name, ok := ParseName(a.data[i*NameLength : (i+1)*NameLength])
		if e := a.entry(i); ok && e.State != Absent {
			list = append(list, Item{name, e})
		}
	}
	return list
}

// number reads four bytes, which must be there.
func number(s string, at int) int {
	s = s[at : at+4]
	return int(uint32(s[0]) | uint32(s[1])<<8 | uint32(s[2])<<16 | uint32(s[3])<<24)
}
