package handler

import "github.com/fastly/compute-sdk-go/fsthttp"

// Serve answers the request of this sandbox by h, as [fsthttp.Serve] does. In a
// prewarmed module it also does what the SDK does once at initialisation, which
// such a module has behind it: it tells the host the version of the ABI.
func Serve(h fsthttp.Handler) {
	abiInit(1)
	fsthttp.Serve(h)
}

// ServeMany is Serve for a sandbox that answers further requests, as
// [fsthttp.ServeMany] does.
func ServeMany(h fsthttp.Handler, opt *fsthttp.ServeManyOptions) {
	abiInit(1)
	fsthttp.ServeMany(h.ServeHTTP, opt)
}
