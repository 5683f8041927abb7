package hostsim

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/clickedge/clickedge/hostsim/internal/abi"
	"github.com/clickedge/clickedge/hostsim/wire"
)

// The production profile: what works on a local host and fails on the platform.
// The facts are from docs.fastly.com/products/compute-resource-limits and from
// fastly.com/documentation/reference/http/http-headers; which of the fields the
// platform adds to a Compute service's backend requests is not documented, so
// all are.

// setProduction sets what the profile sets, where the Config leaves it open.
func (c *Config) setProduction() {
	c.Scheme = "https"
	l := &c.Limits
	l.MemoryPages = orDefault(l.MemoryPages, 2048)
	l.Sends = orDefault(l.Sends, 32)
	l.SecretReads = orDefault(l.SecretReads, 5)
	l.ConfigReads = orDefault(l.ConfigReads, 32)
	l.URL = orDefault(l.URL, 8192)
	l.Field = orDefault(l.Field, 128<<10)
	l.Hops = orDefault(l.Hops, 20)
	l.KVValue = orDefault(l.KVValue, 25_000_000)
	l.KVMetadata = orDefault(l.KVMetadata, 2048)
	// Ten times the platform's 50 ms: this engine is slower, and the machine is
	// shared.
	l.CPU = orDefault(l.CPU, 500*time.Millisecond)
}

// addClientFields changes a client's request as the platform does before the
// guest gets it: the host becomes lower case, and Fastly-Client-IP is added
// unless the client sent one, which may be forged.
func addClientFields(down *abi.Downstream) {
	down.URI.Authority = strings.ToLower(down.URI.Authority)
	for i, f := range down.Header {
		if strings.EqualFold(f.Name, "Host") {
			down.Header[i].Value = strings.ToLower(f.Value)
		}
	}
	if !down.Header.Has("Fastly-Client-IP") {
		down.Header.Add("Fastly-Client-IP", down.ClientIP.String())
	}
}

// admit refuses what the platform refuses: a field longer than the limit, and a
// request that has passed through the network too often. 508 for a loop is what
// fastlike answers (github.com/avidal/fastlike); the platform's answer is not
// documented.
func (l *Limits) admit(header wire.Header) error {
	hops := 0
	for _, f := range header {
		if l.Field > 0 && len(f.Name)+len(f.Value) > l.Field {
			return fmt.Errorf("%w: %.40q has %d bytes, the limit is %d", errLongField, f.Name, len(f.Name)+len(f.Value), l.Field)
		}
		if strings.EqualFold(f.Name, "CDN-Loop") {
			hops += fastlyTokens(f.Value)
		}
	}
	if l.Hops > 0 && hops > l.Hops {
		return fmt.Errorf("%w: %d hops in CDN-Loop, the limit is %d", errLoop, hops, l.Hops)
	}
	return nil
}

// fastlyTokens counts the entries of a CDN-Loop (RFC 8586) that name Fastly;
// parameters behind ";" do not matter.
func fastlyTokens(value string) (n int) {
	for entry := range strings.SplitSeq(value, ",") {
		id, _, _ := strings.Cut(entry, ";")
		if strings.EqualFold(strings.TrimSpace(id), "Fastly") {
			n++
		}
	}
	return n
}

// addBackendFields adds the fields that the platform adds to a backend request:
// a token in CDN-Loop (RFC 8586), and Fastly-FF.
func addBackendFields(header *wire.Header) {
	appendField(header, "CDN-Loop", "Fastly")
	appendField(header, "Fastly-FF", "aG9zdHNpbQ==!LCL!cache-local0000-LCL")
}

func appendField(header *wire.Header, name, value string) {
	if present, ok := header.Get(name); ok {
		value = present + ", " + value
	}
	header.Set(name, value)
}

// upgrade answers a request that did not come over TLS, as the platform does on
// port 80.
func upgrade(w http.ResponseWriter, req *http.Request) {
	target := req.RequestURI
	if !strings.HasPrefix(target, "/") {
		target = "/"
	}
	header := wire.NewHeader("Location", "https://"+hostname(strings.ToLower(req.Host))+target, "Content-Length", "0")
	_ = writeHead(w, http.StatusPermanentRedirect, header)
}
