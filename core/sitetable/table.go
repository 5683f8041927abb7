// Package sitetable has the sites in the form in which the guest reads them:
// [Make] writes them as one text, and [Table.Lookup] finds a site in it without
// reading the others.
package sitetable

import (
	"errors"
	"time"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/destination"
	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/core/recall"
	"github.com/clickedge/clickedge/core/word"
)

// Table is sites.json in a form that is read in place: nothing is read before
// the first lookup, and a lookup costs the same with one site as with a hundred
// thousand. [Make] writes its text, [Open] reads it.
//
// All numbers are little-endian, all offsets count from the beginning:
//
//	header   8  "clkedge" and the layout, see tableMagic
//	         4  number of sites
//	         4  number of buckets
//	buckets  each in one page of memory, see bucketAt: of all tables a lookup touches one page beside the header
//	         1  bucketMark
//	         1  0
//	         2  number of sites in it
//	         1  0, where there is no site
//	         8  for each site: 4 of the host's hash, 4 offset of the site; by hash and host
//	            sites, profiles, origins, texts and lists, those that several sites of the bucket have in common once
//	rest     what has no room in its bucket, and texts that are long
//
//	site     4  offset of its profile
//	         8  destinations (list)
//	         8  home (text)
//	         1  length of the host
//	            host
//	profile  4  flags, bit 0 first: allow_http, clicks redirect, count, when_esp_fails redirect, signed_links anywhere,
//	            one of the last seven fields is not 0, or learn or network is set, learn, verdict network
//	         4  offset of the origin, 0 for none
//	         4  offset of the second origin, 0 for none
//	         8  esp_timeout in nanoseconds
//	         8  each: esp (text), keys (list), app_links apple (text), app_links android (text), recalls (a recall.Rules)
//	         4  offset of the profile of the first entry of also, 0 for none
//	         8  retired, in Unix seconds, 0 for no
//	         4  offset of the origin of unsubscribes, 0 for none
//	         8  log_hashes (text)
//	         The next entry of also is that of an entry's profile, which has no unsubscribes: those are the site's.
//	origin   its preset is the site's ESP
//	         2  port
//	         1  family
//	         1  flags, bit 0 first: tls, host origin, x_forwarded_host; bits 3 and 4: cookies, see core.Cookies;
//	            bit 5: it has headers
//	         8  each: backend, address, health method, health path (texts)
//	         4  status of the health
//	         8  headers (text), see core.Origin
//
//	text     4 offset, 4 length in bytes; 0 and 0 for ""
//	list     a text of items, each a byte of length and that many bytes; destinations are a destination.List
//
// The bucket of a site is the one that its host's hash gives.
//
// A table may hold any bytes: reading never goes beyond its end, and what
// cannot be read counts as absent.
type Table struct {
	data    tableData
	sites   int
	buckets int // all of them begin inside data
	memory  []byte
}

// tableData is the text of a table.
type tableData string

// tableMagic is the first eight bytes as a number: "clkedge" and the number of
// the layout. That number changes with the layout above, and when a value gets
// a meaning that older modules do not know, such as a new esp.Family.
const tableMagic = 'c' | 'l'<<8 | 'k'<<16 | 'e'<<24 | 'd'<<32 | 'g'<<40 | 'e'<<48 | tableLayout<<56

const (
	tableLayout  = 6
	tableHeader  = 16
	bucketHeader = 4
	bucketEntry  = 8
	siteFixed    = 21
	profileFixed = 84
	originFixed  = 48
)

// bucketMark is the first byte of each bucket.
const bucketMark = 'b'

// A table stands in memory tableLead bytes behind the beginning of a page: that
// is where the room of a module has the table's length.
const (
	memoryPage = 4096
	tableLead  = 4
)

// bucketAt returns the offset of a bucket, and that of the end of its page. The
// first one follows the header.
func bucketAt(n int) (start, end int) {
	return max(tableHeader, memoryPage*n-tableLead), memoryPage*(n+1) - tableLead
}

// bucketOf returns the bucket of a hash.
func bucketOf(hash uint64, buckets int) int { return int(hash >> 32 * uint64(buckets) >> 32) }

// The bits of a profile's flags, and of an origin's.
const (
	flagAllowHTTP = 1 << iota
	flagClickRedirect
	flagCount
	flagFailRedirect
	flagSignedAnywhere
	flagMore
	flagLearn
	flagNetwork

	flagTLS           = 1
	flagOriginHost    = 2
	flagForwardedHost = 4
	cookiesShift      = 3 // two bits
	flagHeaders       = 32
)

// ErrFormat is the error for bytes that are not a table of sites, or one of
// another version.
var ErrFormat = errors.New("not a table of sites, or one of another version")

// HeaderLength is the length of a table's header.
const HeaderLength = tableHeader

// Open reads a table that [Make] made. It checks only the header and keeps
// data. The error is [ErrFormat].
func Open(data string) (t Table, err error) {
	err = t.OpenBy(data[:min(len(data), tableHeader)], data)
	return t, err
}

// OpenBy is [Open] with the header of the table from elsewhere: the text of the
// table is not read.
func (t *Table) OpenBy(header, data string) error {
	if len(data) < tableHeader || len(header) < tableHeader || le64(header, 0) != tableMagic {
		return ErrFormat
	}
	buckets := int(le32(header, 12))
	if buckets == 0 || buckets > 1+len(data)/memoryPage {
		return ErrFormat
	}
	if last, _ := bucketAt(buckets - 1); last+bucketHeader >= len(data) {
		return ErrFormat
	}
	t.data, t.sites, t.buckets = tableData(data), int(le32(header, 8)), buckets
	return nil
}

// WriteFirst says that memory, which holds the table, may be written to. A
// lookup then stores the byte that is there into a page before it reads it:
// where memory is a copy-on-write image, the first write to a page costs half
// of the first read, which maps the pages around it as well.
func (t *Table) WriteFirst(memory []byte) { t.memory = memory }

// Len is the number of sites; nil has none.
func (t *Table) Len() int {
	if t == nil {
		return 0
	}
	return t.sites
}

// Has reports whether a canonical host has a site.
func (t *Table) Has(host string) bool {
	if t == nil {
		return false
	}
	at, _ := t.find(host)
	return at != 0
}

// Space is the memory for one site from a lookup. The zero value is ready, and
// it can be used again.
type Space struct {
	espSpace
	// More is for a site that has what most have not. It is allocated by a
	// lookup that finds it nil.
	More *More
}

// More is the memory for what most sites do not have.
type More struct {
	second       core.Origin
	links        core.AppLinks
	unsubscribes core.Origin
	also         [core.MaxAlso]espSpace
	seconds      [core.MaxAlso]core.Origin
	list         [core.MaxAlso]*core.Site
}

// espSpace is the memory for the site as one of its ESPs sees it.
type espSpace struct {
	site   core.Site
	origin core.Origin
	keys   [4]string
}

// Lookup is [core.Sites.Lookup]. The site is written to space, and its texts
// are parts of the table: nothing is allocated, unless a site has more keys
// than space has room for. Two fields are not set: Destinations, since
// [core.Site.Allows] reads the list in the table, and the Health of origins,
// which the guest does not need.
//
// The sites of Also are not read for a target that is a signed link, which
// belongs to the site itself.
func (t *Table) Lookup(host, target string, space *Space) *core.Site {
	if t == nil {
		return nil
	}
	at, found := t.find(host)
	if at == 0 {
		canonical := core.CanonicalHost(host)
		if word.Equal(canonical, host) {
			return nil
		}
		if at, found = t.find(canonical); at == 0 {
			return nil
		}
	}
	if !t.data.site(at, found, target, space) {
		return nil
	}
	return &space.site
}

// find returns the offset of the site of a host, 0 if there is none, and the
// host as a part of the table.
func (t *Table) find(host string) (at int, found string) {
	d, h := t.data, hashHost(host)
	start, _ := bucketAt(bucketOf(h, t.buckets))
	if start < len(t.memory) {
		t.memory[start] = bucketMark
	}
	head := d.cut(uint64(start), bucketHeader)
	if len(head) < bucketHeader || head[0] != bucketMark {
		return 0, ""
	}
	index := d.cut(uint64(start+bucketHeader), uint64(le32(head, 0)>>16)*bucketEntry)
	for i := 0; i < len(index); i += bucketEntry {
		entry := le64(index, i)
		if uint32(entry) == uint32(h) {
			if at = int(entry >> 32); at != 0 {
				if found = d.hostAt(at); word.Equal(found, host) {
					return at, found
				}
			}
		}
	}
	return 0, ""
}

// hostAt returns the host of the site at an offset.
func (d tableData) hostAt(at int) string {
	if at > len(d)-siteFixed {
		return ""
	}
	return d.cut(uint64(at+siteFixed), uint64(d[at+siteFixed-1]))
}

// cut returns n bytes at an offset, "" if they are not all there. Neither
// number has more than 33 bits, so their sum does not overflow.
func (d tableData) cut(at, n uint64) string {
	end := at + n
	if end > uint64(len(d)) {
		return ""
	}
	return string(d[at:end])
}

// text returns the text to which eight bytes refer.
func (d tableData) text(ref uint64) string {
	return d.cut(ref&0xFFFFFFFF, ref>>32)
}

// site reads the site of a host at an offset.
func (d tableData) site(at int, host, target string, space *Space) bool {
	r := d.cut(uint64(at), siteFixed)
	if len(r) < siteFixed {
		return false
	}
	p := d.cut(uint64(le32(r, 0)), profileFixed)
	if len(p) < profileFixed {
		return false
	}
	if space.More == nil {
		space.More = new(More)
	}
	d.esp(r, p, host, &space.espSpace, &space.More.second)
	if le32(p, 0)&flagMore != 0 {
		d.more(r, p, target, space)
	}
	return true
}

// more reads what most sites do not have.
func (d tableData) more(r, p, target string, space *Space) {
	space.site.Recalls = recall.Rules(d.text(le64(p, 52)))
	space.site.Learn, space.site.Network = le32(p, 0)&flagLearn != 0, le32(p, 0)&flagNetwork != 0
	if apple, android := le64(p, 36), le64(p, 44); apple|android != 0 {
		space.More.links = core.AppLinks{Apple: d.text(apple), Android: d.text(android)}
		space.site.AppLinks = &space.More.links
	}
	if at := le32(p, 72); at != 0 {
		space.site.Unsubscribes = d.origin(at, core.PresetCustom, &space.More.unsubscribes)
	}
	space.site.LogHashes = d.text(le64(p, 76))
	space.site.Late = space.site.LogHashes != "" || space.site.Network
	if also := le32(p, 60); also != 0 && !space.site.IsSigned(target) {
		space.site.Also = d.also(r, also, space)
	}
}

// esp reads the site as one of its ESPs sees it, from the site's record r and
// the profile p. It puts a second origin, which few sites have, into second.
func (d tableData) esp(r, p, host string, space *espSpace, second *core.Origin) {
	flags := le32(p, 0)
	s := core.Site{ // built on the stack, where storing a pointer is cheap
		Host:           host,
		ESP:            d.text(le64(p, 20)),
		ESPTimeout:     time.Duration(le64(p, 12)),
		Listed:         destination.List(d.text(le64(r, 4))),
		AllowHTTP:      flags&flagAllowHTTP != 0,
		ClickRedirect:  flags&flagClickRedirect != 0,
		Count:          flags&flagCount != 0,
		FailRedirect:   flags&flagFailRedirect != 0,
		SignedAnywhere: flags&flagSignedAnywhere != 0,
		Home:           d.text(le64(r, 12)),
	}
	if keys := le64(p, 28); keys != 0 {
		s.Keys = unpack(space.keys[:0], d.text(keys))
	}
	if at := le32(p, 4); at != 0 {
		s.Origin = d.origin(at, s.ESP, &space.origin)
	}
	if at := le32(p, 8); at != 0 {
		s.SecondOrigin = d.origin(at, s.ESP, second)
	}
	space.site = s
}

// also reads the entries of also, the first of which has its profile at an
// offset. An entry without an origin has no links, and is left out.
func (d tableData) also(r string, at uint32, space *Space) []*core.Site {
	n, main, more := 0, &space.site, space.More
	for i := 0; at != 0 && i < len(more.also); i++ {
		p := d.cut(uint64(at), profileFixed)
		if len(p) < profileFixed {
			break
		}
		e := &more.also[i]
		d.esp(r, p, main.Host, e, &more.seconds[i])
		e.site.Retired = int64(le64(p, 64))
		e.site.Learn = le32(p, 0)&flagLearn != 0
		e.site.AppLinks, e.site.Recalls, e.site.Unsubscribes = main.AppLinks, main.Recalls, main.Unsubscribes
		e.site.LogHashes, e.site.Network, e.site.Late = main.LogHashes, main.Network, main.Late
		if e.site.Origin != nil {
			more.list[n] = &e.site
			n++
		}
		at = le32(p, 60)
	}
	if n == 0 {
		return nil
	}
	return more.list[:n:n]
}

// origin reads the origin at an offset. Its preset is the site's ESP.
func (d tableData) origin(at uint32, preset string, o *core.Origin) *core.Origin {
	r := d.cut(uint64(at), originFixed)
	if len(r) < originFixed {
		return nil
	}
	head := le32(r, 0)
	*o = core.Origin{
		Preset:        preset,
		Backend:       d.text(le64(r, 4)),
		Address:       d.text(le64(r, 12)),
		Port:          uint16(head),
		Family:        esp.Family(head >> 16),
		TLS:           head&(flagTLS<<24) != 0,
		OriginHost:    head&(flagOriginHost<<24) != 0,
		ForwardedHost: head&(flagForwardedHost<<24) != 0,
		Cookies:       core.Cookies(head >> (24 + cookiesShift) & 3),
	}
	if head&(flagHeaders<<24) != 0 {
		o.Headers = d.text(le64(r, 40))
	}
	if o.Cookies > core.CookiesPass {
		o.Cookies = core.CookiesStrip // an unknown mode: no cookies are the safe choice
	}
	return o
}

// unpack appends the items of a list. It stops at one that is cut.
func unpack(dst []string, list string) []string {
	for len(list) > 0 {
		n := int(list[0])
		if n >= len(list) {
			break
		}
		dst = append(dst, list[1:1+n])
		list = list[1+n:]
	}
	if len(dst) == 0 {
		return nil
	}
	return dst
}

// hashHost hashes eight bytes at a time. Only the operator chooses the hosts,
// so the hash need not resist collisions on purpose.
//
// Plain: +191 instructions a click (signed), +199 (decoded), +150 (proxied), by
// FNV-1a.
func hashHost(s string) uint64 {
	const k = 0x9E3779B97F4A7C15 // 2^64 over the golden ratio, odd
	h := uint64(len(s)) * k
	i := 0
	for ; i+8 <= len(s); i += 8 {
		h = (h ^ word.At(s, i)) * k
		h ^= h >> 32
	}
	w := uint64(0)
	if len(s) >= 8 { // the last word overlaps the one before
		w, i = word.At(s, len(s)-8), len(s)
	}
	for ; i < len(s); i++ {
		w = w<<8 | uint64(s[i])
	}
	h = (h ^ w) * k
	h ^= h >> 29
	h *= k
	return h ^ h>>32
}

// le32 and le64 read a number at s[i:], which must be long enough.
func le32(s string, i int) uint32 {
	s = s[i : i+4]
	return uint32(s[0]) | uint32(s[1])<<8 | uint32(s[2])<<16 | uint32(s[3])<<24
}

func le64(s string, i int) uint64 {
	s = s[i : i+8]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}
