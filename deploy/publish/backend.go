package publish

import (
	"strconv"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/contract"
)

// minTLS is the oldest version of TLS for an ESP, the same as in
// deploy/terraform.
const minTLS = "1.2"

// Backend is an origin that sites refer to by name.
type Backend struct {
	Address string `json:"address"`
	Port    uint16 `json:"port"`
	TLS     bool   `json:"tls"`
	TLSName string `json:"name"` // in SNI and in the certificate
	// FirstByteMS is how long the module waits for an answer to begin, in
	// milliseconds: the backend must not give up earlier.
	FirstByteMS int64 `json:"first_byte_timeout_ms"`
}

// Backends are those that the sites need, by the name that the module uses:
// those of every ESP of a host, and where the unsubscribes of retired ones go.
func Backends(sites *core.Sites) map[string]Backend {
	list := map[string]Backend{}
	for _, host := range sites.Hosts() {
		site := sites.Lookup(host)
		for _, o := range site.Origins() {
			longest := max(list[o.Backend].FirstByteMS, patience(site))
			list[o.Backend] = Backend{Address: o.Address, Port: o.Port, TLS: o.TLS, TLSName: o.Address, FirstByteMS: longest}
		}
	}
	return list
}

// patience is the longest that the module waits for an answer on a site, in
// milliseconds.
func patience(site *core.Site) (ms int64) {
	for _, s := range site.ESPs() {
		ms = max(ms, s.Timeout("POST").Milliseconds(), s.Timeout("GET").Milliseconds())
	}
	return ms
}

// object is the backend with every field that decides whether the ESP is
// reached and recognises the sender. Empty fields must be empty at the service
// too, above all a Host override, since the ESPs recognise a sender by the
// branded domain.
func (b Backend) object(name string) Object {
	tlsName, tls := "", ""
	if b.TLS {
		tlsName, tls = b.TLSName, minTLS
	}
	return Object{Kind: kindBackend, Name: name, Fields: []Field{
		{Name: "address", Value: b.Address},
		{Name: "port", Value: strconv.Itoa(int(b.Port))},
		{Name: "override_host"},
		{Name: "use_ssl", Value: flag(b.TLS)},
		{Name: "ssl_check_cert", Value: flag(true)},
		{Name: "ssl_sni_hostname", Value: tlsName},
		{Name: "ssl_cert_hostname", Value: tlsName},
		{Name: "min_tls_version", Value: tls},
		{Name: "max_tls_version"},
		{Name: "ssl_ca_cert"},
		{Name: "ssl_ciphers"},
		{Name: "ssl_client_cert"},
		{Name: "ssl_client_key", Secret: true},
		{Name: "connect_timeout", Value: strconv.Itoa(contract.ConnectTimeout)},
		{Name: "first_byte_timeout", Value: strconv.FormatInt(b.FirstByteMS, 10)},
		{Name: "between_bytes_timeout", Value: strconv.Itoa(contract.BetweenBytesTimeout)},
		{Name: "prefer_ipv6", Value: flag(false)},
		{Name: "healthcheck"},
		{Name: "shield"},
	}}
}
