package verdict

import (
	"unsafe"

	"github.com/clickedge/clickedge/core/jsontext"
)

// Network is what the platform says of where a request came from. [Verdict.Locate]
// reads it, for a site with `"verdict": "network"`.
type Network struct {
	// Day of the request, since 1970, in UTC. A row of the table that is older
	// than its date counts for nothing.
	Day int64
	// AS is the number of the autonomous system; 0 if the platform knows none.
	AS uint32
	// ProxyType and ProxyDescription are the platform's words, such as hosting
	// and cloud; "" for none, and for what is no word (see [Network.ReadPlace]).
	// https://www.fastly.com/documentation/reference/vcl/variables/geolocation/client-geo-proxy-type/
	// has them.
	ProxyType, ProxyDescription string
	// JA4 is the fingerprint of the TLS handshake,
	// https://github.com/FoxIO-LLC/ja4; "" where the platform tells none.
	JA4 string
	// H2 is the fingerprint of the HTTP/2 connection; "" for none.
	H2 string
}

// maxWord is how long a word of the platform is at most, in bytes.
const maxWord = 32

// ReadPlace reads the platform's geolocation of an address: a JSON object with
// the members as_number, proxy_type and proxy_description; the others are not
// looked at. It returns false for a text that it cannot read, of which n then
// has nothing: one that is no JSON, or has one of the three twice.
//
// A word is of small letters, digits, '-' and '_'. Anything else, such as "?",
// is none, and so is a number that no autonomous system can have.
//
// It allocates nothing. The words point into place, which must stay as it is.
func (n *Network) ReadPlace(place []byte) bool {
	n.AS, n.ProxyType, n.ProxyDescription = 0, "", ""
	var number, kind, description []byte
	m := jsontext.NewMembers(place)
	for m.Next() {
		var value *[]byte
		switch string(m.Name) {
		case "as_number":
			value = &number
		case "proxy_type":
			value = &kind
		case "proxy_description":
			value = &description
		default:
			continue
		}
		if *value != nil {
			return false // parsers differ on which of the two counts
		}
		*value = m.Value
	}
	if !m.Whole() {
		return false
	}
	n.AS, n.ProxyType, n.ProxyDescription = readAS(number), readWord(kind), readWord(description)
	return true
}

// readAS reads the number of an autonomous system, of 32 bits (RFC 6793); 0 for
// what is none.
func readAS(value []byte) uint32 {
	var as uint64
	for _, c := range value {
		if c -= '0'; c > 9 {
			return 0
		} else if as = as*10 + uint64(c); as >= 1<<32 {
			return 0
		}
	}
	return uint32(as)
}

// readWord reads a word of the platform between its quotes; "" for what is
// none.
func readWord(value []byte) string {
	if len(value) <= 2 || len(value) > maxWord+2 || value[0] != '"' {
		return ""
	}
	word := value[1 : len(value)-1]
	for _, c := range word {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return ""
		}
	}
	return unsafe.String(unsafe.SliceData(word), len(word)) // place stays as it is
}

// known reports whether the platform has said anything of where the request
// came from.
func (n *Network) known() bool { return n.AS != 0 || n.ProxyType != "" || n.ProxyDescription != "" }

// Locate adds to a verdict what the network says of its request, for a site that
// asks for it. It is not part of Judge, so that others pay nothing for it.
//
// It is pure and allocates nothing.
func (v *Verdict) Locate(s *Signals, n *Network) {
	if !n.known() {
		v.Reasons |= ReasonNotLocated
	}
}

// NetworkName is a row's place in the table of networks, 0 for none.
type NetworkName uint8

// String returns the name that the click log uses, "" for none. It is a word of
// the table, never the client's text.
func (n NetworkName) String() string { return "" }

// NetworksUntil returns the day, since 1970 in UTC, until which every row of the
// table of networks counts: on later days some count for nothing. It is 0 where
// there is no row.
func NetworksUntil() int64 { return networksUntil }

const networksUntil = 0
