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

// greet makes one handshake and checks nothing.
func (x *exam) greet(address, sni string, least, most uint16) *handshake {
	h := &handshake{}
	x.tell("TLS with %s", address)
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

func (x *exam) examineTLS() (stop string) {
	x.greetAny()
	if stop := x.judgeHandshake(); stop != "" {
		return x.brokenHTTPS(stop)
	}
	leaf := x.tls.leaf()
	x.noteCertificate(leaf)
	if stop := x.judgeName(leaf); stop != "" {
		return x.brokenHTTPS(stop)
	}
	if x.atESP != "" {
		x.find("dns-at-esp-with-certificate", "CNAME to %s, which has a certificate for %s", x.atESP, x.opt.Host)
	} else if !x.report.Has("dns-not-yet") && x.trail.found() { // with --via it may be that no resolver has answered
		x.good("dns-ok", "%s", cmp.Or(strings.Join(x.trail.chain, " → "), addresses(x.trail)))
	}
	x.judgeTime(leaf)
	trusted := x.judgeChainOf(leaf)
	x.judgeKey(leaf)
	x.judgeVersions()
	x.judgeStaple(leaf)
	if trusted {
		x.judgeTransparency(leaf)
	}
	x.judgeNoSNI()
	x.judgeIPv6()
	x.judgeAuthorities(leaf, trusted)
	x.good("tls-ok", "%s, %s, %s left; %s", issuer(leaf), tls.VersionName(x.tls.state.Version), days(leaf.NotAfter.Sub(x.now())), x.sawRevocation())
	return ""
}

// greetAny finds an address that answers, and looks at the others: readers get one or the other.
func (x *exam) greetAny() {
	var dead []string
	all := 1 + len(x.others)
	x.tls = x.greet(x.https.address, x.opt.Host, tls.VersionTLS10, 0)
	for _, other := range x.others {
		if at := join(other.String(), x.opt.HTTPSPort); x.tls.reach != nil {
			dead = append(dead, x.https.address+": "+plain(x.tls.reach))
			x.aim(other.String())
			x.tls = x.greet(at, x.opt.Host, tls.VersionTLS10, 0)
		} else if h := x.greet(at, x.opt.Host, tls.VersionTLS10, 0); h.reach != nil {
			dead = append(dead, at+": "+plain(h.reach))
		}
	}
	if len(dead) > 0 && x.tls.reach == nil {
		x.find("dns-address-dead", "%d of %d addresses: %s", len(dead), all, strings.Join(dead, ", "))
	}
}

// brokenHTTPS looks at what can still be told when https does not work: whether old mail's http
// links do, and whether browsers will use them.
func (x *exam) brokenHTTPS(stop string) string {
	if x.atESP == "" {
		x.judgeAuthorities(nil, false)
		x.examinePort80(nil)
	}
	x.examineParent(false)
	return stop
}

func (x *exam) judgeHandshake() (stop string) {
	h := x.tls
	if (h.reach != nil || h.err != nil) && x.atESP != "" {
		return x.stillAtESP("no https there for " + x.opt.Host + ": " + plain(cmp.Or(h.reach, h.err)))
	}
	var notTLS tls.RecordHeaderError
	switch {
	case h.reach != nil:
		x.find("tls-no-connection", "%s: %s", x.https.address, plain(h.reach))
		return "nothing answers on port 443"
	case errors.As(h.err, &notTLS):
		x.find("tls-handshake-failed", "%s does not speak TLS", x.https.address)
		return "there is no TLS on port 443"
	case h.err != nil:
		x.find("tls-handshake-failed", "%s: %s", x.https.address, plain(h.err))
		return "no TLS handshake with the name " + x.opt.Host
	}
	return ""
}

// stillAtESP is said where the chain leads to the ESP and the ESP has no certificate for the host:
// then the ESP's certificate and all the rest are consequences.
func (x *exam) stillAtESP(consequence string) string {
	if cdn := x.behindESP(); cdn != "" {
		x.find("dns-at-esps-cdn", "CNAME to %s and on to %s; %s", x.atESP, cdn, consequence)
	} else {
		x.find("dns-still-at-esp", "CNAME to %s; %s", x.atESP, consequence)
	}
	return "the name leads to the ESP, not to a CDN of yours"
}

func (x *exam) noteCertificate(leaf *x509.Certificate) {
	state := &x.tls.state
	x.fact(catalogue.TLS, "certificate", "%s, by %s, until %s", strings.Join(someNames(leaf), ", "), issuer(leaf), leaf.NotAfter.UTC().Format("2006-01-02 15:04 MST"))
	x.fact(catalogue.TLS, "protocol", "%s, %s, key %s, ALPN %s", tls.VersionName(state.Version), tls.CipherSuiteName(state.CipherSuite), keyName(leaf), cmp.Or(state.NegotiatedProtocol, "none"))
}

func someNames(leaf *x509.Certificate) []string {
	var names []string
	for _, name := range leaf.DNSNames {
		names = append(names, cut(name, 80))
	}
	if len(names) > 4 {
		return append(names[:4], fmt.Sprintf("and %d more", len(names)-4))
	}
	if len(names) == 0 {
		return []string{"no name"}
	}
	return names
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

func (x *exam) judgeName(leaf *x509.Certificate) (stop string) {
	if leaf.VerifyHostname(x.opt.Host) == nil {
		return ""
	}
	names := strings.Join(someNames(leaf), ", ")
	if x.atESP != "" {
		return x.stillAtESP("its certificate is for " + names)
	}
	for _, name := range leaf.DNSNames {
		if domain, preset := espOf(strings.TrimPrefix(name, "*.")); domain != "" {
			x.settle(preset, true)
			x.find("tls-esp-certificate", "the certificate is for %s", names)
			return "browsers refuse the ESP's certificate"
		}
	}
	x.find("tls-wrong-name", "the certificate is for %s", names)
	return "browsers refuse the certificate"
}

// soonDays and soonPart say when a certificate should have been renewed: authorities advise a third
// of its life before the end; what is left of a fifth, or two weeks, shows that this has failed.
const (
	soonDays = 14 * 24 * time.Hour
	soonPart = 5
)

func (x *exam) judgeTime(leaf *x509.Certificate) {
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

// judgeChainOf checks the chain at a time when the leaf was good, since its dates are judged apart.
func (x *exam) judgeChainOf(leaf *x509.Certificate) (trusted bool) {
	at := x.now()
	if at.After(leaf.NotAfter) {
		at = leaf.NotAfter.Add(-time.Second)
	}
	if at.Before(leaf.NotBefore) {
		at = leaf.NotBefore.Add(time.Second)
	}
	_, err := leaf.Verify(x509.VerifyOptions{Roots: x.opt.Roots, Intermediates: pool(x.tls.state.PeerCertificates[1:]), CurrentTime: at})
	if err == nil {
		return true
	}
	var unknown x509.UnknownAuthorityError
	// A public certificate says where its issuer's is to be had; one of the house seldom does.
	alone := len(x.tls.state.PeerCertificates) == 1 && len(leaf.IssuingCertificateURL) > 0
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

func (x *exam) judgeKey(leaf *x509.Certificate) {
	key, ok := leaf.PublicKey.(*rsa.PublicKey)
	switch {
	case ok && key.N.BitLen() < 2048:
		x.find("tls-weak-key", "RSA with %d bits", key.N.BitLen())
	case ok && key.N.BitLen() > 2048:
		x.find("tls-large-key", "RSA with %d bits", key.N.BitLen())
	}
}

func (x *exam) judgeVersions() {
	version := x.tls.state.Version
	if version < tls.VersionTLS12 {
		x.find("tls-too-old", "%s is the newest version that is offered", tls.VersionName(version))
		return
	}
	if version == tls.VersionTLS12 {
		x.find("tls-no-13", "%s is the newest version that is offered", tls.VersionName(version))
	}
	if old := x.greet(x.https.address, x.opt.Host, tls.VersionTLS10, tls.VersionTLS11); old.reach == nil && old.err == nil {
		x.find("tls-old-versions", "%s is accepted", tls.VersionName(old.state.Version))
	}
}

var (
	oidMustStaple = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 24}       // RFC 7633
	oidSCTs       = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11129, 2, 4, 2} // RFC 6962
	// oidStapledSCTs is 1.3.6.1.4.1.11129.2.4.5 in DER: timestamps in the OCSP response.
	oidStapledSCTs = []byte{0x06, 0x0a, 0x2b, 0x06, 0x01, 0x04, 0x01, 0xd6, 0x79, 0x02, 0x04, 0x05}
)

func hasExtension(c *x509.Certificate, oid asn1.ObjectIdentifier) bool {
	for i := range c.Extensions {
		if c.Extensions[i].Id.Equal(oid) {
			return true
		}
	}
	return false
}

func (x *exam) judgeStaple(leaf *x509.Certificate) {
	staple := x.tls.state.OCSPResponse
	if len(staple) == 0 {
		if hasExtension(leaf, oidMustStaple) {
			x.find("tls-must-staple", "the certificate demands a stapled OCSP response and none was sent")
		}
		return
	}
	var by *x509.Certificate
	if certs := x.tls.state.PeerCertificates; len(certs) > 1 {
		by = certs[1]
	}
	response, err := ocsp.ParseResponseForCert(staple, leaf, by)
	switch {
	case err != nil:
		x.find("tls-staple-bad", "the stapled OCSP response cannot be used: %s", cut(err.Error(), 120))
	case response.Status == ocsp.Revoked:
		x.find("tls-staple-bad", "the certificate was revoked on %s", response.RevokedAt.UTC().Format("2006-01-02"))
	case !response.NextUpdate.IsZero() && response.NextUpdate.Before(x.now()):
		x.find("tls-staple-bad", "the stapled OCSP response was good until %s", response.NextUpdate.UTC().Format("2006-01-02 15:04 MST"))
	}
}

// judgeTransparency asks for proof that the certificate was logged, which browsers demand of public
// authorities. An authority of one's own logs nothing.
func (x *exam) judgeTransparency(leaf *x509.Certificate) {
	if x.opt.Roots != nil && !x.opt.CT {
		return
	}
	state := &x.tls.state
	if len(state.SignedCertificateTimestamps) == 0 && !hasExtension(leaf, oidSCTs) && !bytes.Contains(state.OCSPResponse, oidStapledSCTs) {
		x.find("tls-no-sct", "neither in the certificate nor in the handshake is a signed certificate timestamp")
	}
}

// sawRevocation says whether anything was seen of a revocation: no responder is asked.
func (x *exam) sawRevocation() string {
	if len(x.tls.state.OCSPResponse) > 0 {
		return "the stapled OCSP response says good"
	}
	return "whether it was revoked was not asked"
}

func (x *exam) judgeNoSNI() {
	h := x.greet(x.https.address, "", tls.VersionTLS12, 0)
	switch {
	case h.reach != nil:
	case h.err != nil:
		x.find("tls-sni-required", "without SNI: %s", plain(h.err))
	case h.leaf().VerifyHostname(x.opt.Host) != nil:
		x.find("tls-sni-required", "without SNI the certificate is for %s", strings.Join(someNames(h.leaf()), ", "))
	}
}

// judgeIPv6 holds the AAAA address against the A address. That this machine has no way to IPv6 is
// no fault of the host.
func (x *exam) judgeIPv6() {
	if x.v6 == nil {
		return
	}
	h := x.greet(x.v6.address, x.opt.Host, tls.VersionTLS10, 0)
	var dead *net.OpError
	switch {
	case h.reach != nil && errors.As(h.reach, &dead) && strings.Contains(h.reach.Error(), "unreachable"):
		x.fact(catalogue.DNS, "IPv6", "not tried: this machine has no way there")
		x.v6 = nil
	case h.reach != nil && wire.IsTimeout(h.reach):
		x.find("dns-ipv6-silent", "%s: %s", x.v6.address, plain(h.reach))
		x.v6 = nil
	case h.reach != nil:
		x.find("dns-ipv6-dead", "%s: %s", x.v6.address, plain(h.reach))
		x.v6 = nil
	case h.err != nil:
		x.find("dns-ipv6-differs", "%s: %s", x.v6.address, plain(h.err))
		x.v6 = nil
	case h.leaf().VerifyHostname(x.opt.Host) != nil:
		x.find("dns-ipv6-differs", "over IPv6 the certificate is for %s", strings.Join(someNames(h.leaf()), ", "))
		x.v6 = nil
	}
}

// cdnAuthorities are the names by which CAA allows the authorities that a CDN gets certificates of;
// one of them is enough. From the CDNs' own pages on CAA.
var cdnAuthorities = map[string][]string{
	catalogue.Fastly:     {"certainly.com", "letsencrypt.org", "globalsign.com"},
	catalogue.Cloudflare: {"letsencrypt.org", "pki.goog", "ssl.com", "sectigo.com", "digicert.com"},
	catalogue.CloudFront: {"amazon.com", "amazontrust.com", "awstrust.com", "amazonaws.com"},
}

// issuerAuthorities are the CAA names of issuers, by a word of their organisation.
var issuerAuthorities = []struct {
	word  string
	names []string
}{
	{"let's encrypt", []string{"letsencrypt.org"}},
	{"google trust", []string{"pki.goog"}},
	{"amazon", cdnAuthorities[catalogue.CloudFront]},
	{"globalsign", []string{"globalsign.com"}},
	{"certainly", []string{"certainly.com"}},
	{"digicert", []string{"digicert.com"}},
	{"sectigo", []string{"sectigo.com", "comodoca.com"}},
	{"zerossl", []string{"sectigo.com"}},
	{"ssl corp", []string{"ssl.com"}},
}

// judgeAuthorities asks whether CAA lets the next certificate be issued: by the authority of the
// one in use, or else by those of the CDN.
func (x *exam) judgeAuthorities(leaf *x509.Certificate, trusted bool) {
	at, allowed, err := x.authorities(x.opt.Host, leaf != nil && !slices.Contains(leaf.DNSNames, x.opt.Host))
	if err != nil || at == "" || len(allowed) == 0 {
		return
	}
	x.fact(catalogue.DNS, "CAA", "%s allows %s", at, cmp.Or(strings.Join(filled(allowed), ", "), "nobody"))
	needed, who := cdnAuthorities[x.report.CDN], x.report.CDN
	if leaf != nil && trusted {
		// The next certificate comes from where this one came; of other authorities no CAA name is known.
		needed, who = nil, ""
		for _, i := range issuerAuthorities {
			if strings.Contains(strings.ToLower(issuer(leaf)), i.word) {
				needed, who = i.names, issuer(leaf)
			}
		}
	}
	nobody := len(filled(allowed)) == 0
	if !nobody && (len(needed) == 0 || slices.ContainsFunc(needed, func(ca string) bool { return slices.Contains(allowed, ca) })) {
		return
	}
	if nobody {
		x.find("dns-caa-forbids", "CAA of %s allows no authority at all", at)
		return
	}
	x.find("dns-caa-forbids", "CAA of %s allows %s; %s needs %s", at, strings.Join(filled(allowed), ", "), who, strings.Join(needed, " or "))
}

func filled(list []string) (full []string) {
	for _, s := range list {
		if s != "" {
			full = append(full, s)
		}
	}
	return full
}
