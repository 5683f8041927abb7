package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"time"

	"github.com/clickedge/clickedge/hostsim/wire"
)

// serveTLS serves HTTP/2 with net/http, and HTTP/1.1 with exact bytes, over one
// listener: the TLS handshake decides which.
func serveTLS(ctx context.Context, ln net.Listener, handler http.Handler) error {
	cert, err := certificate()
	if err != nil {
		ln.Close()
		return err
	}
	h2 := &handedOver{addr: ln.Addr(), conns: make(chan net.Conn)}
	h2.open, h2.close = context.WithCancel(ctx)
	config := &tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: []string{"h2", "http/1.1"}, MinVersion: tls.VersionTLS12}
	one := &wire.Server{Handler: handler}
	two := &http.Server{Handler: handler, TLSConfig: config, ErrorLog: log.New(io.Discard, "", 0)}
	go two.Serve(h2) // sets HTTP/2 up, and returns when it is closed
	stop := context.AfterFunc(ctx, func() { ln.Close() })
	defer stop()
	defer one.Close()
	defer two.Close()
	for {
		conn, err := ln.Accept()
		if err != nil {
			if ctx.Err() != nil || errors.Is(err, net.ErrClosed) {
				return nil
			}
			return err
		}
		go split(ctx, tls.Server(conn, config), one, h2)
	}
}

const handshakeTimeout = 10 * time.Second

func split(ctx context.Context, conn *tls.Conn, one *wire.Server, h2 *handedOver) {
	ctx, cancel := context.WithTimeout(ctx, handshakeTimeout)
	defer cancel()
	switch {
	case conn.HandshakeContext(ctx) != nil:
		conn.Close()
	case conn.ConnectionState().NegotiatedProtocol == "h2":
		h2.give(conn)
	default:
		one.ServeConn(conn)
	}
}

// handedOver is a listener whose connections have been accepted elsewhere.
type handedOver struct {
	addr  net.Addr
	conns chan net.Conn
	open  context.Context
	close context.CancelFunc
}

func (h *handedOver) give(conn net.Conn) {
	select {
	case h.conns <- conn:
	case <-h.open.Done():
		conn.Close()
	}
}

func (h *handedOver) Accept() (net.Conn, error) {
	select {
	case conn := <-h.conns:
		return conn, nil
	case <-h.open.Done():
		return nil, net.ErrClosed
	}
}

func (h *handedOver) Close() error {
	h.close()
	return nil
}

func (h *handedOver) Addr() net.Addr { return h.addr }

// certificate makes a self-signed certificate for localhost that is valid for a
// year.
func certificate() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 64))
	if err != nil {
		return tls.Certificate{}, err
	}
	cert := &x509.Certificate{SerialNumber: serial, Subject: pkix.Name{CommonName: "hostsim"}, DNSNames: []string{"localhost"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().AddDate(1, 0, 0), KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	der, err := x509.CreateCertificate(rand.Reader, cert, cert, key.Public(), key)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
}
