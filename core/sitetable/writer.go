package sitetable

import (
	"cmp"
	"encoding/binary"
	"slices"

	"github.com/clickedge/clickedge/core"
)

// Make returns the text of a [Table] of these sites. The same sites give the
// same bytes, in whatever order they are.
func Make(s *core.Sites) []byte {
	hosts := s.Hosts()
	slices.SortFunc(hosts, func(a, b string) int {
		return cmp.Or(cmp.Compare(hashHost(a), hashHost(b)), cmp.Compare(a, b))
	})
	w := tableWriter{rest: newHeap(0)}
	for n := w.estimate(s, hosts); !w.write(s, hosts, n); n++ {
	}
	out := binary.LittleEndian.AppendUint64(nil, tableMagic)
	out = binary.LittleEndian.AppendUint32(out, uint32(len(hosts)))
	out = binary.LittleEndian.AppendUint32(out, uint32(len(w.buckets)))
	for i, b := range w.buckets {
		start, _ := bucketAt(i)
		out = append(append(out, make([]byte, start-len(out))...), b.text...)
	}
	if len(w.rest.text) > 0 {
		out = append(out, make([]byte, w.rest.base-len(out))...)
	}
	return append(out, w.rest.text...)
}

// tableWriter puts pieces into the bucket of the site that is being written, or
// into the rest.
type tableWriter struct {
	buckets      []*heap
	bucket, rest *heap
	room         int // how long the text of the bucket may become
}

// heap is a part of a table with its pieces, each of them once.
type heap struct {
	base int // its offset
	text []byte
	seen map[string]uint32
}

func newHeap(base int) *heap { return &heap{base: base, seen: map[string]uint32{}} }

// put adds a piece, unless it is there, and returns its offset.
func (h *heap) put(piece []byte) uint32 {
	at, ok := h.seen[string(piece)]
	if !ok {
		at = uint32(h.base + len(h.text))
		h.text = append(h.text, piece...)
		h.seen[string(piece)] = at
	}
	return at
}

// Buckets are filled to fullness in the mean. Some then have more sites than
// they have room for, about one site in thirty: the rest of these costs a
// lookup another page.
const (
	fullness = memoryPage * 2 / 3
	longText = 512
)

// estimate returns how many buckets the sites need.
func (w *tableWriter) estimate(s *core.Sites, hosts []string) int {
	size, one := 0, tableWriter{bucket: newHeap(0), rest: newHeap(0), room: 1 << 30}
	for _, host := range hosts {
		size += bucketEntry + len(one.site(nil, s.Lookup(host)))
	}
	shared := len(one.bucket.text)
	if tableHeader+bucketHeader+size+shared <= memoryPage-tableLead {
		return 1
	}
	return (size+shared+fullness-1)/fullness + 1
}

// write writes the sites into n buckets, and reports whether the indexes fit.
func (w *tableWriter) write(s *core.Sites, hosts []string, n int) bool {
	_, end := bucketAt(n - 1)
	w.buckets, w.rest = nil, newHeap(end)
	for i := range n {
		count := 0
		for count < len(hosts) && bucketOf(hashHost(hosts[count]), n) == i {
			count++
		}
		if !w.fill(s, hosts[:count], i) {
			return false
		}
		hosts = hosts[count:]
	}
	return true
}

// fill writes a bucket.
func (w *tableWriter) fill(s *core.Sites, hosts []string, n int) bool {
	start, end := bucketAt(n)
	index := bucketHeader + bucketEntry*len(hosts)
	if index > end-start || len(hosts) > 1<<16-1 {
		return false
	}
	w.bucket, w.room = newHeap(start), end-start
	w.bucket.text = append(w.bucket.text, bucketMark, 0)
	w.bucket.text = binary.LittleEndian.AppendUint16(w.bucket.text, uint16(len(hosts)))
	w.bucket.text = append(w.bucket.text, make([]byte, max(1, bucketEntry*len(hosts)))...)
	for i, host := range hosts {
		at := w.put(w.site(nil, s.Lookup(host)))
		entry := uint64(at)<<32 | uint64(uint32(hashHost(host)))
		binary.LittleEndian.PutUint64(w.bucket.text[bucketHeader+bucketEntry*i:], entry)
	}
	w.buckets = append(w.buckets, w.bucket)
	return true
}

// put adds a piece to the bucket if it has room, else to the rest.
func (w *tableWriter) put(piece []byte) uint32 {
	if _, ok := w.bucket.seen[string(piece)]; ok || len(piece) <= longText && len(w.bucket.text)+len(piece) <= w.room {
		return w.bucket.put(piece)
	}
	return w.rest.put(piece)
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
		bit(s.FailRedirect, flagFailRedirect) | bit(s.SignedAnywhere, flagSignedAnywhere) | bit(s.Learn, flagLearn) | bit(s.Network, flagNetwork) |
		bit(also != 0 || s.Retired != 0 || s.Unsubscribes != nil || s.Recalls != "" || s.AppLinks != nil || s.Learn || s.LogHashes != "" || s.Network, flagMore)
	b := binary.LittleEndian.AppendUint32(nil, uint32(flags))
	b = binary.LittleEndian.AppendUint32(b, w.origin(s.Origin))
	b = binary.LittleEndian.AppendUint32(b, w.origin(s.SecondOrigin))
	b = binary.LittleEndian.AppendUint64(b, uint64(s.ESPTimeout))
	for _, text := range [...]string{s.ESP, keys, links.Apple, links.Android, string(s.Recalls)} {
		b = w.text(b, text)
	}
	b = binary.LittleEndian.AppendUint32(b, also)
	b = binary.LittleEndian.AppendUint64(b, uint64(s.Retired))
	b = binary.LittleEndian.AppendUint32(b, w.origin(s.Unsubscribes))
	return w.put(w.text(b, s.LogHashes))
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
