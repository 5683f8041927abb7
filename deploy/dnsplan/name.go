package dnsplan

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"github.com/clickedge/clickedge/deploy/espdns"
)

// IsName reports whether s can stand in a zone file as a name: letters, digits,
// "-" and "_", in labels.
func IsName(s string) bool {
	s = strings.TrimSuffix(s, ".")
	if len(s) > 253 {
		return false
	}
	if _, err := netip.ParseAddr(s); err == nil {
		return false
	}
	labels := strings.Split(s, ".")
	for _, l := range labels {
		if l == "" || len(l) > 63 || strings.Trim(l, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") != "" {
			return false
		}
	}
	return len(labels) > 1
}

// ErrTarget says that a CNAME cannot lead there.
var ErrTarget = errors.New("no CNAME of a link domain can lead there")

// CheckTarget refuses a target that cannot be the CDN's.
func CheckTarget(target string) error {
	if !IsName(target) {
		return fmt.Errorf("%.120q is no host name: %w", target, ErrTarget)
	}
	if domain, _ := espdns.Preset(target); domain != "" {
		return fmt.Errorf("%.120q is the ESP's: %w", target, ErrTarget)
	}
	return nil
}

// Proof is the CNAME record by which a host is validated; it leads to value.
func Proof(host, value string) Record {
	return Record{Name: challengeName(host), Type: "CNAME", Value: strings.TrimSuffix(value, ".")}
}
