package hostsim

import (
	"context"
	"net/http"
	"path/filepath"
	"testing"
)

// BenchmarkCompile measures New: without a cache, and with one that another
// Host has filled.
func BenchmarkCompile(b *testing.B) {
	module := guest(b, "raw")
	for name, dir := range map[string]string{"cold": "", "cached": filepath.Join(guests.dir, "cache")} {
		newHost(b, "raw", Config{})
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				h, err := New(context.Background(), module, Config{CacheDir: dir})
				if err != nil {
					b.Fatal(err)
				}
				h.Close(context.Background())
			}
		})
	}
}

// BenchmarkInstantiate measures a sandbox without its guest: one from the
// image, and one whose segments are applied.
func BenchmarkInstantiate(b *testing.B) {
	for name, keep := range map[string]bool{"image": true, "segments": false} {
		b.Run(name, func(b *testing.B) {
			e := &wazeroEngine{cacheDir: filepath.Join(guests.dir, "cache"), entry: "_start", pages: 2048, plain: !keep}
			program, err := e.Compile(context.Background(), guest(b, "raw"))
			if err != nil {
				b.Fatal(err)
			}
			defer program.Close(context.Background())
			cfg := Config{}.orDefaults()
			b.ReportAllocs()
			for b.Loop() {
				m := &memory{image: program.(*wazeroProgram).image, limit: 2048 << 16}
				instance, err := program.(*wazeroProgram).instantiate(context.Background(), &Guest{Now: cfg.Now, Rand: cfg.Rand}, m)
				if err != nil {
					b.Fatal(err)
				}
				instance.Close(context.Background())
				m.release()
			}
		})
	}
}

// BenchmarkRequest measures a whole exchange with a fresh sandbox: the answer
// alone, and a proxied one.
func BenchmarkRequest(b *testing.B) {
	empty := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) })
	h := newHost(b, "raw", Config{Backends: map[string]Backend{"origin": {Handler: empty}}})
	request := func(b *testing.B, target string) {
		if _, x, err := h.Do(context.Background(), &Request{Target: target}); err != nil || !x.Ending.OK() {
			b.Fatal(err, x.Ending)
		}
	}
	for name, target := range map[string]string{"answer": "/uri", "proxy": "/"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				request(b, target)
			}
		})
	}
	b.Run("parallel", func(b *testing.B) {
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				request(b, "/uri")
			}
		})
	})
}
