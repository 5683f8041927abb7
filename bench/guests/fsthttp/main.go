//go:build wasip1

// Fsthttp answers every request with a plain redirect, as the examples of
// Fastly's SDK are written and built. It reads no link, checks nothing and logs
// nothing.
package main

import (
	"context"

	"github.com/fastly/compute-sdk-go/fsthttp"
)

func main() {
	fsthttp.ServeFunc(func(_ context.Context, w fsthttp.ResponseWriter, r *fsthttp.Request) {
		w.Header().Set("Location", "https://www.example.com/spring?utm_source=mail&utm_campaign=42")
		w.WriteHeader(fsthttp.StatusFound)
	})
}
