package hostsim

import (
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
	if req.TLS != nil {
		fromConnection(&t, req.TLS)
	}
	if t.Protocol == "" {
		t.Protocol = "TLSv1.3"
	}
	if t.Cipher == "" {
		t.Cipher = "TLS_AES_128_GCM_SHA256"
	}
	if t.ServerName == "" {
		t.ServerName = hostname(req.Host)
	}
	if t.JA4 == "" {
		t.JA4 = "t13d1516h1_8daaf6152771_02713d6af862"
	}
	return &t
}

func fromConnection(t *abi.TLS, state *tls.ConnectionState) {
	if t.Protocol == "" {
		t.Protocol = strings.Replace(tls.VersionName(state.Version), "TLS ", "TLSv", 1)
	}
	if t.Cipher == "" {
		t.Cipher = tls.CipherSuiteName(state.CipherSuite)
	}
	if t.ServerName == "" {
		t.ServerName = state.ServerName
	}
}

func hostname(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name
	}
	return host
}
