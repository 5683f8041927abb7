package abi

import (
	"fmt"
	"net/netip"
	"strings"
)

// ACLEntry is one prefix of an access control list and what is to be done with
// its addresses.
type ACLEntry struct {
	Prefix netip.Prefix
	Action string // ALLOW, BLOCK, or another text
}

// The values of acl_error.
const (
	aclOK        = 1
	aclNoContent = 2
)

// match returns the entry with the longest prefix that has ip; of equals, the
// last. IPv4 and IPv6 do not mix.
func match(acl []ACLEntry, ip netip.Addr) (found ACLEntry, ok bool) {
	for _, e := range acl {
		if e.Prefix.Contains(ip) && (!ok || e.Prefix.Bits() >= found.Prefix.Bits()) {
			found, ok = e, true
		}
	}
	return found, ok
}

// json writes an entry as Viceroy does, the brackets around other actions
// included.
func (e ACLEntry) json() []byte {
	action := strings.ToUpper(e.Action)
	if action != "ALLOW" && action != "BLOCK" {
		action = fmt.Sprintf("Other(%s)", e.Action)
	}
	return fmt.Appendf(nil, "{\n  \"prefix\": %q,\n  \"action\": %s\n}", e.Prefix.Masked(), jsonText(action))
}

func aclOpen(f *frame) { open(f, f.s.svc.ACLs, &f.s.acls, None) }

// aclLookup gives a body with the entry, or says that there is none.
func aclLookup(f *frame) {
	acl := rowAt(f, &f.s.acls, f.u32(0))
	ip := f.address(1)
	if !f.ok() {
		return
	}
	entry, ok := match(*acl, ip)
	if !ok {
		f.put32(4, aclNoContent)
		return
	}
	f.newItem(3, func() item { return BodyOf(entry.json()) })
	f.put32(4, aclOK)
}
