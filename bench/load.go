package main

import (
	"context"
	"errors"

	"github.com/clickedge/clickedge/bench/internal/clicks"
	"github.com/clickedge/clickedge/bench/internal/loopback"
)

// server is what is put under load: an ESP's proxy, or a host of our module,
// which also redirects.
type server struct {
	name, addr string
	redirects  bool
}

// loadProxies sends clicks to all servers that are installed, in front of one
// origin. A server of this project joins them here, as another start.
func (b *bench) loadProxies() error {
	if b.load == 0 {
		return nil
	}
	origin, stop, err := loopback.Origin()
	if err != nil {
		return err
	}
	defer stop()
	servers := []server{{name: "the origin itself", addr: origin}}
	wasm, sites := b.all[0].Wasm, b.all[0].Sites
	for _, s := range []struct {
		name      string
		redirects bool
		start     func(context.Context) (addr, version string, stop func(), err error)
	}{
		{"clickedge on hostsim", true, func(ctx context.Context) (string, string, func(), error) {
			addr, stop, err := loopback.Simulator(ctx, wasm, sites, origin)
			return addr, "", stop, err
		}},
		{"clickedge on ", true, func(ctx context.Context) (string, string, func(), error) {
			return loopback.Viceroy(ctx, wasm, sites, origin)
		}},
		{"", false, func(ctx context.Context) (string, string, func(), error) { return loopback.Nginx(ctx, origin) }},
		{"", false, func(ctx context.Context) (string, string, func(), error) { return loopback.Caddy(ctx, origin) }},
	} {
		addr, version, stop, err := s.start(b.ctx)
		if errors.Is(err, loopback.ErrAbsent) {
			b.note("A row is missing over loopback: %v.", err)
			continue
		}
		if err != nil {
			return err
		}
		defer stop()
		servers = append(servers, server{s.name + version, addr, s.redirects})
	}
	for _, connections := range []int{1, 8} {
		if err := b.loadServers(servers, "proxied", &b.kinds[2], connections); err != nil {
			return err
		}
		if err := b.loadServers(servers, "signed", &b.kinds[0], connections); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) loadServers(servers []server, click string, k *clicks.Kind, connections int) error {
	for _, s := range servers {
		if click == "signed" && !s.redirects {
			continue
		}
		result, err := loopback.Load(b.ctx, s.name+", "+click, s.addr, k, connections, b.load)
		if err != nil {
			return err
		}
		b.r.Loopback = append(b.r.Loopback, result)
	}
	return nil
}
