package sitesjson

import (
	"strconv"
	"strings"

	"github.com/clickedge/clickedge/core/destination"
)

// maxBackend is the length of the longest backend name, in bytes, that Fastly
// accepts (the limit of its Rust SDK's Backend::from_name).
const maxBackend = 255

// endpoint is an origin that a site gives: https://host, perhaps with a port.
type endpoint struct {
	tls  bool
	host string // lower case
	port uint16
}

// parseEndpoint reads scheme, host and port of an origin. It refuses all else:
// a path before the ESP's own would break its links. It also refuses addresses,
// since TLS needs a name.
func parseEndpoint(s string) (endpoint, bool) {
	e := endpoint{tls: true, port: 443}
	rest, ok := strings.CutPrefix(s, "https://")
	if !ok {
		e.tls, e.port = false, 80
		if rest, ok = strings.CutPrefix(s, "http://"); !ok {
			return e, false
		}
	}
	host, port, ported := strings.Cut(rest, ":")
	if ported {
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil || n == 0 || port[0] == '0' {
			return e, false
		}
		e.port = uint16(n)
	}
	e.host = host
	return e, destination.IsHost(host) && host == strings.ToLower(host)
}

// hintEndpoint says how to write an origin.
func hintEndpoint(s string) string {
	scheme, rest, ok := strings.Cut(strings.ToLower(s), "://")
	if !ok {
		scheme, rest = "https", scheme
	}
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		rest = rest[:i]
	}
	meant := scheme + "://" + rest
	if _, ok := parseEndpoint(meant); !ok {
		return `write a URL like "https://track.example.net"`
	}
	return "write " + strconv.Quote(meant)
}

// backend returns the backend name of an origin that a site gives. No host name
// has "_", so two origins never share a name.
//
//	https://track.example.net       custom-track.example.net
//	http://track.example.net:8080   custom-track.example.net_http_8080
func (e endpoint) backend() string {
	name := "custom-" + e.host
	switch {
	case e.tls && e.port == 443:
		return name
	case e.tls:
		return name + "_https_" + strconv.Itoa(int(e.port))
	}
	return name + "_http_" + strconv.Itoa(int(e.port))
}
