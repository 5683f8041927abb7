package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"

	"github.com/clickedge/clickedge/hostsim"
	"github.com/clickedge/clickedge/hostsim/wire"
)

// serve listens until ctx ends.
func serve(ctx context.Context, o *options, stdout, stderr io.Writer) (err error) {
	cfg, err := o.load(stdout, stderr)
	if err != nil {
		return err
	}
	scheme := "http"
	if o.tls = o.tls || o.live; o.tls {
		scheme = "https"
	}
	cfg.Scheme = scheme
	cfg.OnExchange = func(x *hostsim.Exchange) {
		switch {
		case o.trace != "":
			writeTrace(o.stderr, o.trace, x)
		case o.verbose && !o.quiet:
			io.WriteString(o.stderr, requestLine(x))
		}
	}
	if err := o.startUI(ctx, &cfg); err != nil {
		return err
	}
	handler, err := newReloader(ctx, o.module, cfg)
	if err != nil {
		return err
	}
	defer func() {
		handler.Close()
		err = errors.Join(err, o.writeProfile("serve", cfg.Profile))
	}()
	if o.debug != "" {
		if err := serveDebug(ctx, o.debug, cfg.Profile, o.stderr); err != nil {
			return err
		}
	}
	ln, err := net.Listen("tcp", o.addr)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "Listening on %s://%s\n", scheme, ln.Addr())
	if o.tls {
		return serveTLS(ctx, ln, handler)
	}
	return serveWire(ctx, ln, handler)
}

// serveWire serves exact bytes.
func serveWire(ctx context.Context, ln net.Listener, handler http.Handler) error {
	srv := &wire.Server{Handler: handler}
	stop := context.AfterFunc(ctx, func() { srv.Close() })
	defer stop()
	if err := srv.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
		srv.Close()
		return err
	}
	return srv.Close()
}
