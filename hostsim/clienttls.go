package hostsim

import (
	"cmp"
	"crypto/tls"
	"net"
	"net/http"
	"strings"

	"github.com/clickedge/clickedge/hostsim/internal/abi"
)

// clientTLS is what the guest learns about the client's connection: nothing
// under http; under https always something, because the SDK panics before its
// handler runs when one of these calls fails.
func (h *Host) clientTLS(req *http.Request) *abi.TLS {
	if h.cfg.Scheme != "https" {
		return nil
	}
	t := abi.TLS(h.cfg.TLS)
	if state := req.TLS; state != nil {
		t.Protocol = cmp.Or(t.Protocol, strings.Replace(tls.VersionName(state.Version), "TLS ", "TLSv", 1))
		t.Cipher = cmp.Or(t.Cipher, tls.CipherSuiteName(state.CipherSuite))
		t.ServerName = cmp.Or(t.ServerName, state.ServerName)
	}
	t.Protocol = cmp.Or(t.Protocol, "TLSv1.3")
	t.Cipher = cmp.Or(t.Cipher, "TLS_AES_128_GCM_SHA256")
	t.ServerName = cmp.Or(t.ServerName, hostname(req.Host))
	t.JA4 = cmp.Or(t.JA4, "t13d1516h1_8daaf6152771_02713d6af862")
	return &t
}

func hostname(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name
	}
	return host
}
