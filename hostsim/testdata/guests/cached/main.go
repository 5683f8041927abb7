//go:build wasip1

// The cached guest sends requests through the HTTP cache as its own request
// says, and uses the simple cache, rate counters and inspection. It is built
// twice: with the SDK's own handling of the HTTP cache, and without.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/fastly/compute-sdk-go/cache/simple"
	"github.com/fastly/compute-sdk-go/erl"
	"github.com/fastly/compute-sdk-go/fsthttp"
	"github.com/fastly/compute-sdk-go/purge"
)

func main() { fsthttp.ServeFunc(serve) }

func serve(ctx context.Context, w fsthttp.ResponseWriter, r *fsthttp.Request) {
	query := r.URL.Query()
	switch {
	case strings.HasPrefix(r.URL.Path, "/simple"):
		useSimple(w, query.Get("value"))
	case strings.HasPrefix(r.URL.Path, "/rate"):
		limiter := erl.NewRateLimiter(erl.OpenRateCounter("rc"), erl.OpenPenaltyBox("pb"))
		blocked, err := limiter.CheckRate("reader", 1, &erl.Policy{RateWindow: erl.RateWindow1s, MaxRate: 10, PenaltyBoxDuration: time.Minute})
		fmt.Fprint(w, blocked, err)
	case strings.HasPrefix(r.URL.Path, "/inspect"):
		answer, err := r.Inspect(&fsthttp.InspectOptions{Corp: "c", Workspace: "w"})
		fmt.Fprintf(w, "%+v %v", answer, err)
	case strings.HasPrefix(r.URL.Path, "/purge"):
		fmt.Fprint(w, purge.PurgeSurrogateKey(query.Get("key"), purge.PurgeOptions{Soft: query.Get("soft") != ""}))
	default:
		send(ctx, w, r)
	}
}

// useSimple fails to set a value that is "error".
func useSimple(w fsthttp.ResponseWriter, value string) {
	body, err := simple.GetOrSet([]byte("key"), func() (simple.CacheEntry, error) {
		if value == "error" {
			return simple.CacheEntry{}, errors.New("on purpose")
		}
		return simple.CacheEntry{Body: strings.NewReader(value), TTL: time.Minute}, nil
	})
	if err != nil {
		fmt.Fprint(w, err)
		return
	}
	io.Copy(w, body)
}

func send(ctx context.Context, w fsthttp.ResponseWriter, r *fsthttp.Request) {
	query := r.URL.Query()
	seconds := func(name string) uint32 {
		n, _ := strconv.Atoi(query.Get(name))
		return uint32(n)
	}
	o := &r.CacheOptions
	o.Pass, o.TTL, o.StaleWhileRevalidate, o.StaleIfError = query.Get("pass") != "", seconds("ttl"), seconds("swr"), seconds("sie")
	o.SurrogateKey, o.OverrideKey = query.Get("skey"), query.Get("ckey")
	if after := query.Get("after"); after != "" {
		o.AfterSend = hook(after)
	}
	if before := query.Get("before"); before != "" {
		o.BeforeSend = func(r *fsthttp.Request) error {
			r.Header.Set("X-Before", before)
			return nil
		}
	}
	resp, err := r.Send(ctx, "origin")
	if err != nil {
		w.WriteHeader(502)
		fmt.Fprint(w, err)
		return
	}
	w.Header().Reset(resp.Header)
	if masked := resp.MaskedError(); masked != nil {
		w.Header().Set("X-Masked", masked.Error())
	}
	w.WriteHeader(resp.StatusCode)
	io.Copy(w, resp.Body)
}

// hook does what its name says to a response before it is stored.
func hook(name string) func(*fsthttp.CandidateResponse) error {
	return func(c *fsthttp.CandidateResponse) error {
		switch name {
		case "cacheable":
			c.SetCacheable()
		case "uncacheable":
			c.SetUncacheable()
		case "record":
			c.SetUncacheableDisableCollapsing()
		case "ttl":
			c.SetTTL(1000)
		case "header":
			c.SetHeader("X-After", "set")
		case "upper":
			c.SetBodyTransform(func(body io.ReadCloser) io.ReadCloser {
				text, _ := io.ReadAll(body)
				return io.NopCloser(bytes.NewReader(bytes.ToUpper(text)))
			})
		case "error":
			return errors.New("after send")
		}
		return nil
	}
}
