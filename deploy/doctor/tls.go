package doctor

import (
	"bytes"
	"cmp"
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/crypto/ocsp"

	"github.com/clickedge/clickedge/deploy/doctor/catalogue"
	"github.com/clickedge/clickedge/deploy/espdns"
	"github.com/clickedge/clickedge/hostsim/wire"
)

// handshake is what a server shows before any request.
type handshake struct {
	state  tls.ConnectionState
	reach  error // no connection
	err    error // no handshake
	dialed time.Duration
	took   time.Duration
}

func (h *handshake) leaf() *x509.Certificate { return h.state.PeerCertificates[0] }

// tlsHandshake makes one handshake and checks nothing.
func (x *exam) tlsHandshake(address, sni string, least, most uint16) *handshake {
	h := &handshake{}
	x.progress("TLS with %s", address)
	ctx, cancel := context.WithTimeout(x.ctx, x.opt.Timeout)
	defer cancel()
	start := time.Now()
	conn, err := x.dial(ctx, address)
	h.dialed = time.Since(start)
	switch {
	case errors.Is(err, syscall.ECONNRESET): // somebody answered, and ended the connection
		h.err = err
		return h
	case err != nil:
		h.reach = err
		return h
	}
	defer conn.Close()
	client := tls.Client(conn, &tls.Config{
		ServerName: sni, InsecureSkipVerify: true, MinVersion: least, MaxVersion: most, NextProtos: []string{"h2", "http/1.1"},
	})
	start = time.Now()
	h.err = client.HandshakeContext(ctx)
	h.took = time.Since(start)
	if h.err == nil {
		h.state = client.ConnectionState()
		if len(h.state.PeerCertificates) == 0 {
			h.err = errors.New("no certificate was sent")
		}
	}
	return h
}

// secured is what TLS shows of the host, and where it is asked from now on.
type secured struct {
	*handshake
	front front
	shown bool // a certificate for the host
}

func (x *exam) examineTLS(name *resolution) (s secured, stop string) {
	s.handshake, s.front = x.handshakeAny(name)
	stop = x.checkHandshake(name, &s)
	if stop == "" {
		x.recordCertificate(&s.state)
		stop = x.checkName(name, s.leaf())
	}
	if stop != "" {
		x.examineWithoutHTTPS(name, &s.front)
		return s, stop
	}
	if name.atESP != "" {
		x.find("dns-at-esp-with-certificate", "CNAME to %s, which has a certificate for %s", name.atESP, x.opt.Host)
	} else if !x.report.Has("dns-not-yet") && name.found() { // with --via it may be that no resolver has answered
		x.pass("dns-ok", "%s", cmp.Or(strings.Join(name.chain, " → "), addresses(name.lookup)))
	}
	s.shown = true
	leaf := s.leaf()
	x.checkTime(leaf)
	trusted := x.checkChain(s.state.PeerCertificates)
	x.checkKey(leaf)
	x.checkVersions(&s)
	x.checkStaple(&s.state)
	if trusted {
		x.checkTransparency(&s.state)
	}
	x.checkNoSNI(&s.front)
	x.checkIPv6(&s.front)
	x.checkAuthorities(name.resolver, leaf, trusted)
	x.pass("tls-ok", "%s, %s, %s left; %s", issuer(leaf), tls.VersionName(s.state.Version), days(leaf.NotAfter.Sub(x.now())), sawRevocation(&s.state))
	return s, ""
}

// handshakeAny finds an address that answers, and looks at the others: readers
// get one or the other.
func (x *exam) handshakeAny(name *resolution) (*handshake, front) {
	var dead []string
	to := name.front
	shown := x.tlsHandshake(to.https.address, x.opt.Host, tls.VersionTLS10, 0)
	for _, other := range name.others {
		at := join(other.String(), x.opt.HTTPSPort)
		h := x.tlsHandshake(at, x.opt.Host, tls.VersionTLS10, 0)
		if shown.reach != nil {
			dead = append(dead, to.https.address+": "+briefError(shown.reach))
			v6 := to.v6
			to, shown = x.frontAt(other.String()), h
			to.v6 = v6
		} else if h.reach != nil {
			dead = append(dead, at+": "+briefError(h.reach))
		}
	}
	if len(dead) > 0 && shown.reach == nil {
		x.find("dns-address-dead", "%d of %d addresses: %s", len(dead), 1+len(name.others), strings.Join(dead, ", "))
	}
	return shown, to
}

// examineWithoutHTTPS looks at what can still be seen when https does not work:
// whether old mail's http links do, and whether browsers will use them.
func (x *exam) examineWithoutHTTPS(name *resolution, to *front) {
	if name.atESP == "" {
		x.checkAuthorities(name.resolver, nil, false)
		x.examinePort80(to, nil)
	}
	x.examineParent(name.resolver, false)
}

func (x *exam) checkHandshake(name *resolution, s *secured) (stop string) {
	if err := cmp.Or(s.reach, s.err); err != nil && name.atESP != "" {
		return x.stillAtESP(name, "no https there for "+x.opt.Host+": "+briefError(err))
	}
	at := s.front.https.address
	var notTLS tls.RecordHeaderError
	switch {
	case s.reach != nil:
		x.find("tls-no-connection", "%s: %s", at, briefError(s.reach))
		return fmt.Sprintf("no connection to port %d came about", x.opt.HTTPSPort)
	case errors.As(s.err, &notTLS):
		x.find("tls-handshake-failed", "%s does not speak TLS", at)
		return fmt.Sprintf("there is no TLS on port %d", x.opt.HTTPSPort)
	case s.err != nil:
		x.find("tls-handshake-failed", "%s: %s", at, briefError(s.err))
		return "no TLS handshake with the name " + x.opt.Host
	}
	return ""
}

// stillAtESP is said where the chain leads to the ESP and the ESP has no
// certificate for the host: then the ESP's certificate and all the rest are
// consequences.
func (x *exam) stillAtESP(name *resolution, consequence string) string {
	if cdn := name.behindESP(); cdn != "" {
		x.find("dns-at-esps-cdn", "CNAME to %s and on to %s; %s", name.atESP, cdn, consequence)
	} else {
		x.find("dns-still-at-esp", "CNAME to %s; %s", name.atESP, consequence)
	}
	return "the name leads to the ESP, not to a CDN of yours"
}

func (x *exam) recordCertificate(state *tls.ConnectionState) {
	leaf := state.PeerCertificates[0]
	x.fact(catalogue.TLS, "certificate", "%s, by %s, until %s", certNames(leaf), issuer(leaf), leaf.NotAfter.UTC().Format("2006-01-02 15:04 MST"))
	x.fact(catalogue.TLS, "protocol", "%s, %s, key %s, ALPN %s", tls.VersionName(state.Version), tls.CipherSuiteName(state.CipherSuite), keyName(leaf), cmp.Or(state.NegotiatedProtocol, "none"))
}

// certNames are the first names in a certificate.
func certNames(leaf *x509.Certificate) string {
	var names []string
	for _, name := range leaf.DNSNames {
		names = append(names, cut(name, 80))
	}
	if len(names) > 4 {
		names = append(names[:4], fmt.Sprintf("and %d more", len(names)-4))
	}
	return cmp.Or(strings.Join(names, ", "), "no name")
}

func issuer(leaf *x509.Certificate) string {
	return cut(cmp.Or(strings.Join(leaf.Issuer.Organization, " "), leaf.Issuer.CommonName, "an issuer without a name"), 80)
}

func days(d time.Duration) string {
	if d < 48*time.Hour {
		return fmt.Sprintf("%d hours", int(d.Hours()))
	}
	return fmt.Sprintf("%d days", int(d.Hours()/24))
}

func keyName(leaf *x509.Certificate) string {
	switch key := leaf.PublicKey.(type) {
	case *rsa.PublicKey:
		return fmt.Sprintf("RSA %d", key.N.BitLen())
	case *ecdsa.PublicKey:
		return "ECDSA " + key.Curve.Params().Name
	case ed25519.PublicKey:
		return "Ed25519"
	}
	return leaf.PublicKeyAlgorithm.String()
}

func (x *exam) checkName(name *resolution, leaf *x509.Certificate) (stop string) {
	if leaf.VerifyHostname(x.opt.Host) == nil {
		return ""
	}
	names := certNames(leaf)
	if name.atESP != "" {
		return x.stillAtESP(name, "its certificate is for "+names)
	}
	for _, name := range leaf.DNSNames {
		if domain, preset := espdns.Preset(strings.TrimPrefix(name, "*.")); domain != "" {
			x.assumeESP(preset, true)
			x.find("tls-esp-certificate", "the certificate is for %s", names)
			return "browsers refuse the ESP's certificate"
		}
	}
	x.find("tls-wrong-name", "the certificate is for %s", names)
	return "browsers refuse the certificate"
}

// soonDays and soonPart say when a certificate should have been renewed:
// authorities advise a third of its life before the end; what is left of a
// fifth, or two weeks, shows that this has failed.
const (
	soonDays = 14 * 24 * time.Hour
	soonPart = 5
)

func (x *exam) checkTime(leaf *x509.Certificate) {
	left, life := leaf.NotAfter.Sub(x.now()), leaf.NotAfter.Sub(leaf.NotBefore)
	switch {
	case left < 0:
		x.find("tls-expired", "expired %s ago, on %s", days(-left), leaf.NotAfter.UTC().Format("2006-01-02 15:04 MST"))
	case x.now().Before(leaf.NotBefore):
		x.find("tls-not-yet-valid", "valid from %s", leaf.NotBefore.UTC().Format("2006-01-02 15:04 MST"))
	case left < min(soonDays, life/soonPart):
		x.find("tls-expires-soon", "%s left, until %s", days(left), leaf.NotAfter.UTC().Format("2006-01-02 15:04 MST"))
	}
}

// checkChain checks the chain at a time when the leaf was good, since its dates
// are checked apart.
func (x *exam) checkChain(chain []*x509.Certificate) (trusted bool) {
	leaf := chain[0]
	at := x.now()
	if at.After(leaf.NotAfter) {
		at = leaf.NotAfter.Add(-time.Second)
	}
	if at.Before(leaf.NotBefore) {
		at = leaf.NotBefore.Add(time.Second)
	}
	_, err := leaf.Verify(x509.VerifyOptions{Roots: x.opt.Roots, Intermediates: pool(chain[1:]), CurrentTime: at})
	if err == nil {
		return true
	}
	var unknown x509.UnknownAuthorityError
	// A public certificate says where its issuer's is to be had; a private
	// authority seldom does.
	alone := len(chain) == 1 && len(leaf.IssuingCertificateURL) > 0
	if errors.As(err, &unknown) && alone {
		x.find("tls-incomplete-chain", "one certificate was sent, by %s, and not its issuer's", issuer(leaf))
		return false
	}
	x.find("tls-untrusted", "%s", cut(err.Error(), 160))
	return false
}

func pool(certs []*x509.Certificate) *x509.CertPool {
	p := x509.NewCertPool()
	for _, c := range certs {
		p.AddCert(c)
	}
	return p
}

func (x *exam) checkKey(leaf *x509.Certificate) {
	key, ok := leaf.PublicKey.(*rsa.PublicKey)
	switch {
	case ok && key.N.BitLen() < 2048:
		x.find("tls-weak-key", "RSA with %d bits", key.N.BitLen())
	case ok && key.N.BitLen() > 2048:
		x.find("tls-large-key", "RSA with %d bits", key.N.BitLen())
	}
}

func (x *exam) checkVersions(s *secured) {
	version := s.state.Version
	if version < tls.VersionTLS12 {
		x.find("tls-too-old", "%s is the newest version that is offered", tls.VersionName(version))
		return
	}
	if version == tls.VersionTLS12 {
		x.find("tls-no-13", "%s is the newest version that is offered", tls.VersionName(version))
	}
	if old := x.tlsHandshake(s.front.https.address, x.opt.Host, tls.VersionTLS10, tls.VersionTLS11); old.reach == nil && old.err == nil {
		x.find("tls-old-versions", "%s is accepted", tls.VersionName(old.state.Version))
	}
}

var (
	oidMustStaple = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 24}       // RFC 7633
	oidSCTs       = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11129, 2, 4, 2} // RFC 6962
	// oidStapledSCTs is 1.3.6.1.4.1.11129.2.4.5 in DER: timestamps in the OCSP
	// response.
	oidStapledSCTs = []byte{0x06, 0x0a, 0x2b, 0x06, 0x01, 0x04, 0x01, 0xd6, 0x79, 0x02, 0x04, 0x05}
)

func hasExtension(c *x509.Certificate, oid asn1.ObjectIdentifier) bool {
	return slices.ContainsFunc(c.Extensions, func(e pkix.Extension) bool { return e.Id.Equal(oid) })
}

func (x *exam) checkStaple(state *tls.ConnectionState) {
	leaf, staple := state.PeerCertificates[0], state.OCSPResponse
	if len(staple) == 0 {
		if hasExtension(leaf, oidMustStaple) {
			x.find("tls-must-staple", "the certificate demands a stapled OCSP response and none was sent")
		}
		return
	}
	var by *x509.Certificate
	if certs := state.PeerCertificates; len(certs) > 1 {
		by = certs[1]
	}
	response, err := ocsp.ParseResponseForCert(staple, leaf, by)
	switch {
	case err != nil:
		x.find("tls-staple-bad", "the stapled OCSP response cannot be used: %s", cut(err.Error(), 120))
	case response.Status == ocsp.Revoked:
		x.find("tls-staple-bad", "the certificate was revoked on %s", response.RevokedAt.UTC().Format("2006-01-02"))
	case response.Status != ocsp.Good:
		x.find("tls-staple-bad", "the stapled OCSP response says that the authority does not know the certificate")
	case !response.NextUpdate.IsZero() && response.NextUpdate.Before(x.now()):
		x.find("tls-staple-bad", "the stapled OCSP response was good until %s", response.NextUpdate.UTC().Format("2006-01-02 15:04 MST"))
	}
}

// checkTransparency asks for proof that the certificate was logged, which
// browsers demand of public authorities. A private authority logs
// nothing.
func (x *exam) checkTransparency(state *tls.ConnectionState) {
	if x.opt.Roots != nil && !x.opt.CT {
		return
	}
	if len(state.SignedCertificateTimestamps) == 0 && !hasExtension(state.PeerCertificates[0], oidSCTs) && !bytes.Contains(state.OCSPResponse, oidStapledSCTs) {
		x.find("tls-no-sct", "neither in the certificate nor in the handshake is a signed certificate timestamp")
	}
}

// sawRevocation says whether anything was seen of a revocation: no responder is
// asked.
func sawRevocation(state *tls.ConnectionState) string {
	if len(state.OCSPResponse) > 0 {
		return "the stapled OCSP response says good"
	}
	return "whether it was revoked was not asked"
}

func (x *exam) checkNoSNI(to *front) {
	h := x.tlsHandshake(to.https.address, "", tls.VersionTLS12, 0)
	switch {
	case h.reach != nil:
	case h.err != nil:
		x.find("tls-sni-required", "without SNI: %s", briefError(h.err))
	case h.leaf().VerifyHostname(x.opt.Host) != nil:
		x.find("tls-sni-required", "without SNI the certificate is for %s", certNames(h.leaf()))
	}
}

// checkIPv6 compares the AAAA address with the A address, and takes it out
// where there is nothing more to compare. That this machine has no way to IPv6
// is no fault of the host.
func (x *exam) checkIPv6(to *front) {
	if to.v6 == nil {
		return
	}
	at := to.v6.address
	h := x.tlsHandshake(at, x.opt.Host, tls.VersionTLS10, 0)
	var dead *net.OpError
	switch {
	case h.reach != nil && errors.As(h.reach, &dead) && strings.Contains(h.reach.Error(), "unreachable"):
		x.fact(catalogue.DNS, "IPv6", "not tried: this machine has no way there")
	case h.reach != nil && wire.IsTimeout(h.reach):
		x.find("dns-ipv6-silent", "%s: %s", at, briefError(h.reach))
	case h.reach != nil:
		x.find("dns-ipv6-dead", "%s: %s", at, briefError(h.reach))
	case h.err != nil:
		x.find("dns-ipv6-differs", "%s: %s", at, briefError(h.err))
	case h.leaf().VerifyHostname(x.opt.Host) != nil:
		x.find("dns-ipv6-differs", "over IPv6 the certificate is for %s", certNames(h.leaf()))
	default:
		return
	}
	to.v6 = nil
}
