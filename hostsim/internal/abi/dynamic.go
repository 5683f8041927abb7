package abi

import (
	"crypto/tls"
	"crypto/x509"
	"time"
	"unicode/utf8"

	"github.com/clickedge/clickedge/hostsim/internal/origin"
	"github.com/clickedge/clickedge/hostsim/wire"
)

// Bits of backend_config_options.
const (
	optReserved = 1 << iota
	optHostOverride
	optConnectTimeout
	optFirstByteTimeout
	optBetweenBytesTimeout
	optUseSSL
	optSSLMinVersion
	optSSLMaxVersion
	optCertHostname
	optCACert
	optCiphers
	optSNIHostname
	optDontPool
	optClientCert
	optGRPC
	optKeepalive
	optPoolingLimits
	optPreferIPv4
	optHealthcheck
	optEnd
)

// Offsets of the fields of dynamic_backend_config, a record of 27 32-bit
// fields.
const (
	cfgHostOverride        = 0
	cfgConnectTimeout      = 8
	cfgFirstByteTimeout    = 12
	cfgBetweenBytesTimeout = 16
	cfgCertHostname        = 28
	cfgCACert              = 36
	cfgSNIHostname         = 52
	cfgClientCert          = 60
	cfgClientKey           = 68
	cfgSize                = 108
)

// maxDynamic is the number of dynamic backends a service may have on the
// platform (docs.fastly.com/products/compute-resource-limits).
const maxDynamic = 200

func reqRegisterDynamic(f *frame) {
	name, target := f.text(0), f.text(2)
	mask, config := f.u32(4), f.record(f.u32(5), cfgSize, 4)
	if mask&optReserved != 0 || mask >= optEnd {
		f.fail(Inval)
	}
	if !f.ok() {
		return
	}
	b := &origin.Backend{GRPC: mask&optGRPC != 0}
	f.dynamicAddress(b, mask, target)
	f.dynamicNames(b, mask, config)
	f.dynamicTLS(b, mask, config)
	f.dynamicTimeouts(b, mask, config)
	f.addDynamic(name, b)
}

func (f *frame) addDynamic(name string, b *origin.Backend) {
	if f.ok() && f.s.backend(name) != nil {
		f.fail(Error)
	}
	if f.ok() && len(f.s.dynamic) >= maxDynamic {
		f.fail(LimitExceeded)
	}
	if f.spend(len(name)); !f.ok() {
		return
	}
	if f.s.dynamic == nil {
		f.s.dynamic = map[string]*origin.Backend{}
	}
	if f.s.svc.Dynamic != nil {
		f.s.svc.Dynamic(name, b)
	}
	f.s.dynamic[name] = b
}

func (f *frame) dynamicAddress(b *origin.Backend, mask uint32, target string) {
	scheme := "http"
	if mask&optUseSSL != 0 {
		scheme = "https"
	}
	if !ValidAuthority(target) || b.ParseURL(scheme+"://"+target) != nil || b.Prefix != "" {
		f.fail(Error)
	}
}

// option is a name of 1 to limit bytes; the ABI has it as address and length at
// offset at.
func (f *frame) option(config record, at int, limit uint32) string {
	ptr, n := config.u32(at), config.u32(at+4)
	if n == 0 || n > limit {
		f.fail(Inval)
	}
	return string(f.view(ptr, n))
}

func (f *frame) dynamicNames(b *origin.Backend, mask uint32, config record) {
	if mask&optHostOverride != 0 {
		b.Host = f.option(config, cfgHostOverride, 1024)
		if !utf8.ValidString(b.Host) {
			f.fail(Inval)
		}
		if !wire.ValidValue(b.Host) {
			f.fail(Error)
		}
	}
	if mask&optCertHostname != 0 {
		b.CertHost = f.option(config, cfgCertHostname, 1024)
		b.SNI = b.CertHost
	}
	f.dynamicSNI(b, mask, config)
	if !utf8.ValidString(b.CertHost) || !utf8.ValidString(b.SNI) {
		f.fail(Error)
	}
}

// dynamicSNI allows an SNI that differs from the certificate's name, as the
// platform does; Viceroy's TLS library cannot and refuses it. An empty SNI
// means none is sent.
func (f *frame) dynamicSNI(b *origin.Backend, mask uint32, config record) {
	if mask&optSNIHostname == 0 {
		return
	}
	if config.u32(cfgSNIHostname+4) == 0 {
		b.SNI = ""
		return
	}
	b.SNI = f.option(config, cfgSNIHostname, 1024)
	if mask&optCertHostname == 0 {
		b.CertHost = b.SNI
	}
}

func (f *frame) dynamicTLS(b *origin.Backend, mask uint32, config record) {
	if mask&optCACert != 0 && b.Scheme == "https" {
		pem := f.option(config, cfgCACert, 64<<10)
		b.CA = x509.NewCertPool()
		// no certificate in it: every handshake fails, as in Viceroy
		b.CA.AppendCertsFromPEM([]byte(pem))
	}
	if mask&optClientCert == 0 {
		return
	}
	cert := f.view(config.u32(cfgClientCert), config.u32(cfgClientCert+4))
	key := f.secret(config.u32(cfgClientKey))
	if !f.ok() {
		return
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		f.fail(Inval)
	}
	b.ClientCert = &pair
}

func (f *frame) dynamicTimeouts(b *origin.Backend, mask uint32, config record) {
	set := func(bit uint32, at int, d *time.Duration) {
		if mask&bit != 0 {
			*d = time.Duration(config.u32(at)) * time.Millisecond
		}
	}
	set(optConnectTimeout, cfgConnectTimeout, &b.ConnectTimeout)
	set(optFirstByteTimeout, cfgFirstByteTimeout, &b.FirstByteTimeout)
	set(optBetweenBytesTimeout, cfgBetweenBytesTimeout, &b.BetweenBytesTimeout)
}
