package serve

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync"
	"syscall"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/files"
	"github.com/clickedge/clickedge/deploy/origins"
	"github.com/clickedge/clickedge/deploy/output"
	"github.com/clickedge/clickedge/deploy/pasted"
)

// tlsFront answers https for the link domains, with certificates of an
// authority made for this run. Clients must be told to trust it.
type tlsFront struct {
	ln     net.Listener
	ca     *origins.Authority
	caFile string
	remove func() // the authority's file, if its place was not chosen

	mu    sync.Mutex
	certs map[string]*tls.Certificate
}

// startTLS listens and writes the authority's certificate.
func (s *server) startTLS(ctx context.Context) (f *tlsFront, err error) {
	f = &tlsFront{certs: map[string]*tls.Certificate{}, remove: func() {}}
	if f.ln, err = net.Listen("tcp", s.TLSAddr); err != nil {
		return nil, cannotListen(err, "--tls-addr")
	}
	defer func() {
		if err != nil {
			f.close()
		}
	}()
	if f.ca, err = origins.NewAuthority("clickedge serve, for this run only"); err != nil {
		return nil, err
	}
	if f.caFile = s.TLSCA; f.caFile == "" {
		var dir string
		if dir, f.remove, err = files.TempDir(ctx, "clickedge-serve-"); err != nil {
			return nil, failure.Bad(fmt.Errorf("no temporary folder: %w", err), "name a place with --tls-ca")
		}
		f.caFile = dir + "/ca.pem"
	}
	if err := files.Put(f.caFile, f.ca.PEM(), 0o644, s.Out); err != nil {
		return nil, failure.Bad(err, "name another place with --tls-ca")
	}
	return f, nil
}

func (f *tlsFront) close() {
	f.ln.Close()
	f.remove()
}

// config picks the certificate by the name that the client asks for.
func (f *tlsFront) config(svc *service) *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		NextProtos: []string{"http/1.1"},
		GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			return f.certificate(svc.current().sites, hello.ServerName)
		},
	}
}

// certificate has the link domain's own name. For other names it is this
// machine's certificate, so that the client reports a wrong name, as on Fastly.
func (f *tlsFront) certificate(sites *core.Sites, name string) (*tls.Certificate, error) {
	host := core.CanonicalHost(name)
	names := []string{host, host + pasted.LocalSuffix}
	if branded, ok := withoutLocalhost(sites, host); ok {
		names = []string{branded, host}
	} else if !sites.Has(host) {
		names = []string{"localhost", "127.0.0.1", "::1"}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if cert := f.certs[names[0]]; cert != nil {
		return cert, nil
	}
	cert, err := f.ca.Issue(names...)
	if err != nil {
		return nil, err
	}
	f.certs[names[0]] = &cert
	return &cert, nil
}

// greet prints how to use https.
func (f *tlsFront) greet(s *server, svc *service) {
	_, httpPort, _ := net.SplitHostPort(svc.ln.Addr().String())
	addr := dialable(f.ln.Addr())
	ip, port, _ := net.SplitHostPort(addr)
	host := svc.current().sites.Hosts()[0]
	w := s.Err
	fmt.Fprintf(w, "\nhttps on %s, with certificates of an authority made for this run:\n  %s\n", addr, f.caFile)
	fmt.Fprintf(w, "  curl -si --cacert %s --resolve %s:%s:%s 'https://%s:%s/'\n", output.ShellWord(f.caFile), host, port, ip, host, port)
	fmt.Fprintf(w, "  clickedge doctor %s --via %s --http-port %s --ca %s\n", host, addr, httpPort, output.ShellWord(f.caFile))
}

// cannotListen is the failure for an address that cannot be used.
func cannotListen(err error, flag string) error {
	hint := fmt.Sprintf("choose another address with %[1]s, or %[1]s 127.0.0.1:0 for any free port", flag)
	if flag == "--addr" {
		hint += "; with make: make run ADDR=127.0.0.1:0"
	}
	if errors.Is(err, syscall.EADDRINUSE) {
		hint += "; what listens there may be another clickedge serve"
	}
	return failure.Usage(fmt.Errorf("cannot listen: %w", err), hint)
}
