//go:build wasip1

// Proxy sends every request to a backend and passes the answer on, as the
// examples of Fastly's SDK do it. It reads no link, checks nothing and logs
// nothing.
package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/fastly/compute-sdk-go/fsthttp"
)

// backend is one of those that the bench's service has.
const backend = "customerio-eu"

func main() {
	fsthttp.ServeFunc(func(ctx context.Context, w fsthttp.ResponseWriter, r *fsthttp.Request) {
		r.CacheOptions.Pass = true
		resp, err := r.Send(ctx, backend)
		if err != nil {
			w.WriteHeader(fsthttp.StatusBadGateway)
			return
		}
		w.Header().Reset(resp.Header)
		w.WriteHeader(resp.StatusCode)
		if _, err := io.Copy(w, resp.Body); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	})
}
