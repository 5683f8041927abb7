package sitetable

import (
	"encoding/binary"
	"math/bits"
	"slices"

	"github.com/clickedge/clickedge/core"
)

// Make returns the text of a [Table] of these sites. The same sites give the
// same bytes.
func Make(s *core.Sites) []byte {
	hosts := s.Hosts()
	w := tableWriter{slots: 1 << bits.Len(uint(2*len(hosts)-1)), seen: map[string]uint32{}}
	w.base = tableHeader + tableSlot*w.slots
	for _, host := range hosts {
		w.base += siteFixed + len(host)
	}
	index, sites := make([]uint64, w.slots), []byte(nil)
	first := tableHeader + tableSlot*w.slots
	for _, host := range hosts {
		w.place(index, host, first+len(sites))
		sites = w.site(sites, s.Lookup(host))
	}
	out := make([]byte, 0, w.base+len(w.pool))
	out = binary.LittleEndian.AppendUint64(out, tableMagic)
	out = binary.LittleEndian.AppendUint32(out, uint32(len(hosts)))
	out = binary.LittleEndian.AppendUint32(out, uint32(w.slots))
	for _, entry := range index {
		out = binary.LittleEndian.AppendUint64(out, entry)
	}
	return append(append(out, sites...), w.pool...)
}

// tableWriter collects the pool of a table.
type tableWriter struct {
	slots int
	base  int // where the pool begins
	pool  []byte
	seen  map[string]uint32 // offset of each piece in the pool
}

// place puts a site into the first free slot. At least half of them are free.
func (w *tableWriter) place(index []uint64, host string, at int) {
	h := hashHost(host)
	slot := int(h>>32) & (w.slots - 1)
	for index[slot] != 0 {
		slot = (slot + 1) & (w.slots - 1)
	}
	index[slot] = uint64(at)<<32 | uint64(uint32(h))
}

// put adds a piece to the pool, unless it is there, and returns its offset.
func (w *tableWriter) put(piece []byte) uint32 {
	at, ok := w.seen[string(piece)]
	if !ok {
		at = uint32(w.base + len(w.pool))
		w.pool = append(w.pool, piece...)
		w.seen[string(piece)] = at
	}
	return at
}

// text appends a reference to a text.
func (w *tableWriter) text(dst []byte, s string) []byte {
	if s == "" {
		return append(dst, 0, 0, 0, 0, 0, 0, 0, 0)
	}
	dst = binary.LittleEndian.AppendUint32(dst, w.put([]byte(s)))
	return binary.LittleEndian.AppendUint32(dst, uint32(len(s)))
}

func (w *tableWriter) site(dst []byte, s *core.Site) []byte {
	profile, listed := w.profile(s), string(s.Listed)
	for _, p := range s.Destinations {
		listed = pack(listed, p.String())
	}
	dst = binary.LittleEndian.AppendUint32(dst, profile)
	dst = w.text(w.text(dst, listed), s.Home)
	return append(append(dst, byte(len(s.Host))), s.Host...)
}

func (w *tableWriter) profile(s *core.Site) uint32 {
	also := uint32(0)
	for _, e := range slices.Backward(s.Also) {
		entry := *e
		entry.Unsubscribes = nil
		also = w.espProfile(&entry, also)
	}
	return w.espProfile(s, also)
}

// espProfile adds the profile of a site as one of its ESPs sees it.
func (w *tableWriter) espProfile(s *core.Site, also uint32) uint32 {
	keys, links := "", core.AppLinks{}
	for _, kid := range s.Keys {
		keys = pack(keys, kid)
	}
	if s.AppLinks != nil {
		links = *s.AppLinks
	}
	flags := bit(s.AllowHTTP, flagAllowHTTP) | bit(s.ClickRedirect, flagClickRedirect) | bit(s.Count, flagCount) |
		bit(s.FailRedirect, flagFailRedirect) | bit(s.SignedAnywhere, flagSignedAnywhere) | bit(s.Learn, flagLearn) |
		bit(also != 0 || s.Retired != 0 || s.Unsubscribes != nil || s.Recalls != "" || s.AppLinks != nil || s.Learn, flagMore)
	b := binary.LittleEndian.AppendUint32(nil, uint32(flags))
	b = binary.LittleEndian.AppendUint32(b, w.origin(s.Origin))
	b = binary.LittleEndian.AppendUint32(b, w.origin(s.SecondOrigin))
	b = binary.LittleEndian.AppendUint64(b, uint64(s.ESPTimeout))
	for _, text := range [...]string{s.ESP, keys, links.Apple, links.Android, string(s.Recalls)} {
		b = w.text(b, text)
	}
	b = binary.LittleEndian.AppendUint32(b, also)
	b = binary.LittleEndian.AppendUint64(b, uint64(s.Retired))
	return w.put(binary.LittleEndian.AppendUint32(b, w.origin(s.Unsubscribes)))
}

func (w *tableWriter) origin(o *core.Origin) uint32 {
	if o == nil {
		return 0
	}
	flags := bit(o.TLS, flagTLS) | bit(o.OriginHost, flagOriginHost) | bit(o.ForwardedHost, flagForwardedHost) |
		byte(o.Cookies)<<cookiesShift | bit(o.Headers != "", flagHeaders)
	b := binary.LittleEndian.AppendUint16(nil, o.Port)
	b = append(b, byte(o.Family), flags)
	for _, text := range [...]string{o.Backend, o.Address, o.Health.Method, o.Health.Path} {
		b = w.text(b, text)
	}
	b = binary.LittleEndian.AppendUint32(b, uint32(o.Health.Status))
	return w.put(w.text(b, o.Headers))
}

func bit(on bool, flag byte) byte {
	if on {
		return flag
	}
	return 0
}

// pack appends an item of at most 255 bytes to a list.
func pack(list, item string) string { return list + string([]byte{byte(len(item))}) + item }
