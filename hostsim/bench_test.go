package hostsim

import (
	"context"
	"net/http"
	"testing"
)

// BenchmarkRequest measures a whole exchange with a fresh sandbox: the answer alone, and a proxied one.
func BenchmarkRequest(b *testing.B) {
	empty := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) })
	h := newHost(b, "raw", Config{Backends: map[string]Backend{"origin": {Handler: empty}}})
	for name, target := range map[string]string{"answer": "/uri", "proxy": "/"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, x, err := h.Do(context.Background(), &Request{Target: target}); err != nil || !x.Ending.OK() {
					b.Fatal(err, x.Ending)
				}
			}
		})
	}
}
