package verdict

import (
	"strings"
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

//go:generate go run ./internal/gennetworks

// NetworkName is the place of a name in the table of networks, 0 for none.
type NetworkName uint8

// String returns the name that the click log uses, "" for none. It is a word of
// the table, never the client's text.
func (n NetworkName) String() string { return networkNames[n] }

// NetworksUntil returns the day, since 1970 in UTC, until which every row of the
// table of networks counts: on later days some count for nothing.
func NetworksUntil() int64 { return networksUntil }

// networkRow is a row of the table.
type networkRow struct {
	as    uint32
	until uint16 // day since 1970
	name  NetworkName
	kind  networkKind
}

// networkKind is whom requests from a network come from.
type networkKind uint8

const (
	networkScanner networkKind = iota // a company that scans mail
	networkCloud                      // whoever rents there, rarely a person's own device
	networkGateway                    // people whose traffic passes through
)

var networkReasons = [...]ReasonSet{
	networkScanner: ReasonScannerNetwork, networkCloud: ReasonCloudNetwork, networkGateway: ReasonGatewayNetwork,
}

const (
	// doubtsHuman is what the headers of a person's browser do not explain. None
	// of it proves a bot: people work on desktops in a cloud, and at a company
	// that scans mail; and a company's proxy may end their TLS.
	doubtsHuman = ReasonTLSMismatch | ReasonH2Mismatch
	// doubtsHumanAlone does so where no gateway is in between.
	doubtsHumanAlone = ReasonScannerNetwork | ReasonCloudNetwork
	// fetchedByLibrary is what a browser of today does not leave out, and a
	// program in its name does. The two are independent: what removes
	// Sec-Fetch-* on the way leaves Accept-Language alone.
	fetchedByLibrary = ReasonNoFetchMetadata | ReasonNoAcceptLanguage
)

// Locate adds to a verdict what the network says of its request, for a site that
// asks for it. It is not part of Judge, so that others pay nothing for it.
//
// It turns WhoHuman into WhoUnknown where the network contradicts it, and
// WhoUnknown into WhoBot only for a program in a browser's name in the network
// of a company that scans mail, without a person behind it, a gateway in between,
// or a sign that somebody acted. It never changes WhoBot. Before or after
// [Verdict.Trapped] is the same.
//
// It is pure and allocates nothing.
func (v *Verdict) Locate(s *Signals, n *Network) {
	engine, major, _ := readEngine(s.UserAgent[:min(len(s.UserAgent), maxUserAgent)])
	v.Reasons |= n.wordReasons() | n.fingerprintReasons(engine, major)
	if r := n.row(); r == nil {
		v.Reasons |= when(n.AS == 0 && n.ProxyType == "" && n.ProxyDescription == "", ReasonNotLocated)
	} else if n.Day > int64(r.until) {
		v.Reasons |= ReasonNetworkStale
	} else {
		v.Reasons |= networkReasons[r.kind]
		v.Network = r.name
	}
	switch r := v.Reasons; {
	case v.Who == WhoHuman && r.doubtful():
		v.Who = WhoUnknown
	case v.Who == WhoUnknown && r.scanned():
		v.Who = WhoBot
	}
}

// doubtful reports whether the network contradicts that a person's own browser
// has sent the request.
func (r ReasonSet) doubtful() bool {
	return r&doubtsHuman != 0 || r&doubtsHumanAlone != 0 && r&ReasonGatewayNetwork == 0
}

// scanned reports whether a program has sent the request from the network of a
// company that scans mail.
func (r ReasonSet) scanned() bool {
	return r&ReasonScannerNetwork != 0 && r&fetchedByLibrary == fetchedByLibrary &&
		r&(ReasonGatewayNetwork|ReasonUserActivation|personBehind) == 0
}

// row returns the row of the table, nil for none.
func (n *Network) row() *networkRow {
	for i := range networkRows {
		if r := &networkRows[i]; r.as >= n.AS {
			if r.as == n.AS {
				return r
			}
			break
		}
	}
	return nil
}

// wordReasons reads the platform's words. Those that say nothing of a person or a
// program, such as edu, give no reason.
func (n *Network) wordReasons() (r ReasonSet) {
	switch n.ProxyType {
	case "hosting":
		r = ReasonCloudNetwork
	case "anonymous", "public":
		r = ReasonAnonymousProxy
	case "corporate", "consumer-privacy", "aol", "blackberry":
		r = ReasonGatewayNetwork
	}
	switch n.ProxyDescription {
	case "cloud":
		r |= ReasonCloudNetwork
	case "vpn", "tor-exit", "tor-relay":
		r |= ReasonAnonymousProxy
	case "cloud-security", "apple", "google", "web-browser":
		r |= ReasonGatewayNetwork
	}
	return r
}

// fingerprintReasons compares the fingerprints with the browser that the user
// agent claims. Only Chromium and Firefox are compared, from the versions that
// send Sec-Fetch-*: they have TLS 1.3 and HTTP/2. Safari's version is not known.
func (n *Network) fingerprintReasons(engine browserEngine, major int) ReasonSet {
	if major < fetchMetadataSince[engine] {
		return 0
	}
	order := h2Order(n.H2)
	return when(oldTLS(n.JA4), ReasonTLSMismatch) | when(order != "" && order != pseudoHeaders[engine], ReasonH2Mismatch)
}

// oldTLS reports whether a JA4 is that of a client without TLS 1.3 or without
// HTTP/2, by the first ten bytes. A text of another form says nothing.
//
//	t13d1516h2_…    t or q; version; d or i; ciphers; extensions; first ALPN
//
// https://github.com/FoxIO-LLC/ja4/blob/main/technical_details/JA4.md
func oldTLS(ja4 string) bool {
	if len(ja4) < 11 || ja4[10] != '_' || ja4[0] != 't' && ja4[0] != 'q' {
		return false
	}
	alpn := ja4[8:10]
	return ja4[1:3] != "13" || alpn != "h2" && alpn != "h3"
}

// pseudoHeaders is the order in which engines send :method, :authority, :scheme
// and :path, by their first letters.
// https://privacycheck.sec.lrz.de/passive/fp_h2/fp_http2.html has it of many.
var pseudoHeaders = [...]string{engineNone: "", engineChromium: "m,a,s,p", engineGecko: "m,p,a,s", engineWebKit: "", engineOther: ""}

// h2Order returns the order of the pseudo-headers in an HTTP/2 fingerprint of the
// form SETTINGS|WINDOW_UPDATE|PRIORITY|order|…, "" if it has none.
func h2Order(h2 string) string {
	for h2 != "" {
		field, rest, _ := strings.Cut(h2, "|")
		if isOrder(field) {
			return field
		}
		h2 = rest
	}
	return ""
}

// isOrder reports whether a text is the letters m, a, s and p in any order, with
// commas.
func isOrder(s string) bool {
	if len(s) != 7 || s[1] != ',' || s[3] != ',' || s[5] != ',' {
		return false
	}
	var seen int
	for i := 0; i < len(s); i += 2 {
		k := strings.IndexByte("masp", s[i])
		if k < 0 {
			return false
		}
		seen |= 1 << k
	}
	return seen == 15
}
