package abi

import (
	"net/netip"
	"unicode/utf8"
)

// address is an IP address of 4 or 16 octets at the argument pair (address,
// length) at i; another length is inval.
func (f *frame) address(i int) netip.Addr {
	octets := f.bytes(i)
	ip, ok := netip.AddrFromSlice(octets)
	if !ok {
		f.fail(Inval)
	}
	return ip
}

// loopbackPlace is where a loopback address is reported to be, so that guests
// get an answer when they run locally. It is the same place as in Viceroy
// (src/config/geolocation.rs).
const loopbackPlace = `{"as_name":"Fastly, Inc","as_number":54113,"area_code":415,"city":"San Francisco",` +
	`"conn_speed":"broadband","conn_type":"wired","continent":"NA","country_code":"US","country_code3":"USA",` +
	`"country_name":"United States of America","latitude":37.77869,"longitude":-122.39557,"metro_code":0,` +
	`"postal_code":"94107","proxy_description":"?","proxy_type":"?","region":"CA","utc_offset":-700}`

// geoLookup answers with nothing, not with a status, for an address that has no
// entry.
func geoLookup(f *frame) {
	ip := f.address(0)
	if !f.ok() {
		return
	}
	place, st := f.s.svc.place(ip)
	if f.fail(st); !f.ok() {
		return
	}
	if len(place) == 0 {
		f.put32(4, 0) // the buffer is not looked at
		return
	}
	f.fill(2, place)
}

// place is what is known of an address.
func (s *Service) place(ip netip.Addr) ([]byte, Status) {
	if s.GeoLookup != nil {
		return s.GeoLookup(ip)
	}
	place, ok := s.Geo[ip]
	if !ok && ip.IsLoopback() && !s.NoLoopbackGeo {
		place = []byte(loopbackPlace)
	}
	return place, OK
}

// deviceLookup knows user agents by their whole text only.
func deviceLookup(f *frame) {
	agent := f.copied(0)
	if !utf8.ValidString(agent) {
		f.fail(Error) // not inval, as elsewhere
	}
	if !f.ok() {
		return
	}
	device, ok := f.s.svc.Devices[agent]
	if !ok {
		f.fail(None)
	}
	f.fill(2, device)
}
