// Command servertest is `clickedge server` for measurements: the same code, with
// every origin at one address, without TLS. sites.json cannot name an origin on
// loopback.
//
//	servertest -sites sites.json -http 127.0.0.1:0 -log clicks -origin 127.0.0.1:1
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/deploy/input"
	"github.com/clickedge/clickedge/deploy/interrupt"
	"github.com/clickedge/clickedge/deploy/keyring"
	"github.com/clickedge/clickedge/deploy/server"
	"github.com/clickedge/clickedge/hostsim/wire"
)

// moved sends every request to one address.
type moved struct{ *server.Pool }

// Send implements server.Origins.
func (m moved) Send(ctx context.Context, o *core.Origin, req *wire.Request) (*wire.Response, error) {
	plain := *o
	plain.TLS = false
	return m.Pool.Send(ctx, &plain, req)
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "servertest:", err)
		os.Exit(1)
	}
}

func run() error {
	o := server.Options{Out: os.Stdout, Err: os.Stderr, Hangups: interrupt.Hangups()}
	flag.StringVar(&o.Sites, "sites", "sites.json", "`file` with the sites")
	flag.StringVar(&o.HTTP, "http", "", "`address` to listen on")
	flag.StringVar(&o.Log, "log", "-", "`file` of the click log")
	origin := flag.String("origin", "", "`address` of every origin")
	flag.Parse()
	if *origin == "" {
		return errors.New("-origin is missing")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	o.In = &input.Input{Ctx: ctx, Err: os.Stderr}
	o.Source = keyring.NewSource(o.In, os.LookupEnv, os.Environ)
	o.Origins = moved{&server.Pool{Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, *origin)
	}}}
	return server.Run(ctx, o)
}
