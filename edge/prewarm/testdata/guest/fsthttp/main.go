//go:build wasip1

// Fsthttp answers every request with a redirect, with Fastly's SDK.
package main

import (
	"context"

	"github.com/fastly/compute-sdk-go/fsthttp"
)

// The SDK called this in an init function, against a stub.
//
//go:wasmimport fastly_abi init
//go:noescape
func abiInit(version uint64) uint32

//go:wasmexport serve
func serve() {
	abiInit(1)
	fsthttp.ServeFunc(func(_ context.Context, w fsthttp.ResponseWriter, r *fsthttp.Request) {
		w.Header().Set("Location", "https://www.example.com"+r.URL.Path)
		w.WriteHeader(fsthttp.StatusFound)
	})
}

// Not called: it makes the linker keep what a proxy needs, of which there is more.
//
//go:wasmexport proxy
func proxy() {
	fsthttp.ServeFunc(func(ctx context.Context, w fsthttp.ResponseWriter, r *fsthttp.Request) {
		if _, err := r.Send(ctx, "origin"); err != nil {
			fsthttp.Error(w, "no origin", fsthttp.StatusBadGateway)
		}
	})
}

func main() {}
