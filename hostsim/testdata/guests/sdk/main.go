//go:build wasip1

// The sdk guest is what Fastly's own SDK makes of a small service: a greeting,
// a proxy, and the stores.
package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"

	"github.com/fastly/compute-sdk-go/configstore"
	"github.com/fastly/compute-sdk-go/fsthttp"
	"github.com/fastly/compute-sdk-go/geo"
	"github.com/fastly/compute-sdk-go/rtlog"
	"github.com/fastly/compute-sdk-go/secretstore"
)

func main() { fsthttp.ServeFunc(serve) }

func serve(ctx context.Context, w fsthttp.ResponseWriter, r *fsthttp.Request) {
	switch r.URL.Path {
	case "/hello":
		fmt.Fprintf(w, "hello from %s %s", r.Method, r.URL)
	case "/redirect":
		w.SetManualFramingMode(true)
		w.Header().Set("Content-Length", "0")
		w.Header().Set("Location", "https://www.example.com/")
		w.WriteHeader(302)
	case "/stores":
		stores(w)
	case "/tls":
		fmt.Fprintf(w, "%s %s", r.TLSInfo.Protocol, r.TLSInfo.CipherOpenSSLName)
	case "/reader":
		reader(w, r)
	case "/panic":
		panic("on purpose")
	default:
		proxy(ctx, w, r)
	}
}

// reader says what is known of the reader.
func reader(w io.Writer, r *fsthttp.Request) {
	meta, err := r.FastlyMeta()
	if err != nil {
		fmt.Fprint(w, err)
		return
	}
	place, err := geo.Lookup(net.ParseIP(r.RemoteAddr))
	if err != nil {
		fmt.Fprintf(w, "%s %s", meta.H2, err)
		return
	}
	fmt.Fprintf(w, "%s %d %s", meta.H2, place.AsNumber, place.ProxyType)
}

func proxy(ctx context.Context, w fsthttp.ResponseWriter, r *fsthttp.Request) {
	resp, err := r.Send(ctx, "origin")
	if err != nil {
		w.WriteHeader(502)
		fmt.Fprint(w, err)
		return
	}
	w.Header().Reset(resp.Header)
	w.WriteHeader(resp.StatusCode)
	io.Copy(w, resp.Body)
}

func stores(w fsthttp.ResponseWriter) {
	store, err := configstore.Open("settings")
	if err != nil {
		fmt.Fprint(w, err)
		return
	}
	value, err := store.Get("greeting")
	fmt.Fprintln(w, value, err)
	_, err = store.Get("missing")
	fmt.Fprintln(w, err)
	_, err = configstore.Open("nowhere")
	fmt.Fprintln(w, err)
	secret, err := secretstore.Plaintext("keys", "k1")
	fmt.Fprintln(w, string(secret), err)
	fmt.Fprintln(rtlog.Open("access"), `{"a":1}`)
	fmt.Fprintln(w, os.Getenv("FASTLY_SERVICE_VERSION"))
}
