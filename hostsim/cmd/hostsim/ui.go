package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/clickedge/clickedge/hostsim"
	"github.com/clickedge/clickedge/hostsim/internal/ui"
)

// uiBody is how much of each body that goes to a backend the page can show.
const uiBody = 64 << 10

// uiAddress is where the page is served; empty: nowhere.
type uiAddress string

func (u *uiAddress) String() string { return string(*u) }

// IsBoolFlag: --ui alone means the default address.
func (u *uiAddress) IsBoolFlag() bool { return true }

func (u *uiAddress) Set(text string) error {
	if *u = uiAddress(text); text == "true" {
		*u = "127.0.0.1:7677"
	}
	if _, _, err := net.SplitHostPort(string(*u)); err != nil {
		return fmt.Errorf("%q is not an address", text)
	}
	return nil
}

// startUI serves the page until ctx ends, and has each exchange shown there.
func (o *options) startUI(ctx context.Context, cfg *hostsim.Config) error {
	if o.ui == "" {
		return nil
	}
	page := ui.New()
	cfg.Trace, cfg.Limits.SentBody = true, uiBody
	before := cfg.OnExchange
	cfg.OnExchange = func(x *hostsim.Exchange) {
		before(x)
		page.Show(x)
	}
	at, err := serveBeside(ctx, string(o.ui), page)
	if err != nil {
		return fmt.Errorf("ui: %w", err)
	}
	fmt.Fprintf(o.stderr, "hostsim: requests are shown on http://%s/\n", at)
	return nil
}

// serveBeside serves what is about the guest, on a listener of its own.
func serveBeside(ctx context.Context, addr string, handler http.Handler) (net.Addr, error) {
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, err
	}
	srv := &http.Server{Handler: sameHost(handler), ReadHeaderTimeout: 10 * time.Second}
	context.AfterFunc(ctx, func() { srv.Close() })
	go srv.Serve(ln)
	return ln.Addr(), nil
}

// sameHost refuses requests by other names than an address or localhost, as
// pages of the web can make by pointing their name at this machine.
func sameHost(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, err := net.SplitHostPort(r.Host)
		if err != nil {
			host = r.Host
		}
		if net.ParseIP(strings.Trim(host, "[]")) == nil && host != "localhost" {
			http.Error(w, "ask by address, or as localhost", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}
