package probe

import (
	"net/netip"
	"slices"
)

// reserved are the blocks that [netip.Addr]'s methods do not cover, from the
// IANA registries of special-purpose addresses for IPv4 and IPv6 (RFC 6890 and
// its updates).
var reserved = func() (blocks []netip.Prefix) {
	for _, s := range []string{
		"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15",
		"198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
		// These contain an IPv4 address, which may be private.
		"64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/23",
		"100::/64", "2001:db8::/32", "3fff::/20", "5f00::/16", "fec0::/10",
	} {
		blocks = append(blocks, netip.MustParsePrefix(s))
	}
	return blocks
}()

// Public reports whether an address is on the public internet: not loopback,
// not private, not link-local (where clouds serve their credentials), not
// multicast, not reserved. An IPv4-mapped IPv6 address is checked as IPv4.
func Public(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	if !a.IsGlobalUnicast() || a.IsPrivate() {
		return false
	}
	return !slices.ContainsFunc(reserved, func(block netip.Prefix) bool { return block.Contains(a) })
}
