package sitetable

import (
	"fmt"
	"slices"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/destination"
)

// decodeTable reads a whole table back: the same sites, by their hosts, their lists
// included. The error is [ErrFormat]; a table that [Make] would not
// have written just so is refused, whatever is wrong with it.
func decodeTable(data []byte) (*core.Sites, error) {
	t, err := Open(string(data))
	if err != nil {
		return nil, err
	}
	var list []*core.Site
	for n := range t.buckets {
		start, _ := bucketAt(n)
		head := t.data.cut(uint64(start), bucketHeader)
		if len(head) < bucketHeader {
			return nil, ErrFormat
		}
		index := t.data.cut(uint64(start+bucketHeader), uint64(le32(head, 0)>>16)*bucketEntry)
		for ; index != ""; index = index[bucketEntry:] {
			site := t.decode(int(le64(index, 0) >> 32))
			if site == nil {
				return nil, fmt.Errorf("%w: site %d cannot be read", ErrFormat, len(list))
			}
			list = append(list, site)
		}
	}
	s := inOrder(core.NewSites(list))
	if s.Len() == 0 || s.Len() != t.Len() || string(Make(s)) != string(t.data) {
		return nil, fmt.Errorf("%w: it is damaged", ErrFormat)
	}
	return s, nil
}

// inOrder returns these sites by their hosts: a table does not have their order.
func inOrder(s *core.Sites) *core.Sites {
	var list []*core.Site
	for _, host := range slices.Sorted(slices.Values(s.Hosts())) {
		list = append(list, s.Lookup(host))
	}
	return core.NewSites(list)
}

// decode reads the site at an offset into memory of its own, and all of it.
func (t *Table) decode(at int) *core.Site {
	space := new(Space)
	if found, host := t.find(t.data.hostAt(at)); found != at || !t.data.site(at, host, "/", space) {
		return nil
	}
	site := &space.site
	for _, item := range unpack(nil, string(site.Listed)) {
		p, ok := destination.ParsePattern(item)
		if !ok {
			return nil
		}
		site.Destinations = append(site.Destinations, p)
	}
	site.Listed = ""
	for _, e := range site.Also {
		e.Destinations, e.Listed = site.Destinations, ""
	}
	profile := t.data.cut(uint64(le32(t.data.cut(uint64(at), siteFixed), 0)), profileFixed)
	t.data.health(le32(profile, 72), site.Unsubscribes)
	for _, e := range append([]*core.Site{site}, site.Also...) {
		if len(profile) < profileFixed {
			return nil
		}
		t.data.health(le32(profile, 4), e.Origin)
		t.data.health(le32(profile, 8), e.SecondOrigin)
		profile = t.data.cut(uint64(le32(profile, 60)), profileFixed)
	}
	return site
}

// health reads the rest of an origin that was read already.
func (d tableData) health(at uint32, o *core.Origin) {
	if o == nil {
		return
	}
	r := d.cut(uint64(at), originFixed)
	if len(r) < originFixed { // a damaged profile, whose entry was left out
		return
	}
	o.Health = core.Health{Method: d.text(le64(r, 20)), Path: d.text(le64(r, 28)), Status: int(le32(r, 36))}
}
