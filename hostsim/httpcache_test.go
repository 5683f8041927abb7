package hostsim

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/hostsim/wire"
)

// ticker is a clock that a test moves.
type ticker struct{ at atomic.Int64 }

func (c *ticker) now() time.Time       { return time.Unix(1_800_000_000, c.at.Load()) }
func (c *ticker) pass(d time.Duration) { c.at.Add(int64(d)) }

// cacheBench is a host with the cached guest, an origin, and a clock.
type cacheBench struct {
	*testing.T
	h     *Host
	clock ticker
	mu    sync.Mutex
	asked []*http.Request
	// what the origin does
	answer func(w http.ResponseWriter, r *http.Request)
	down   bool // the origin breaks off
}

// cacheBenches are two: with the SDK's handling of the HTTP cache, and with the
// host's.
type cacheBenches map[string]*cacheBench

func newCacheBenches(t *testing.T) cacheBenches {
	benches := cacheBenches{}
	for _, guest := range []string{"cached", "cached-hooks"} {
		benches[guest] = newCacheBench(t, guest, Config{})
	}
	return benches
}

// run runs a test with each of them, and with an empty cache.
func (bs cacheBenches) run(t *testing.T, name string, test func(*cacheBench)) {
	for guest, b := range bs {
		t.Run(name+"/"+guest, func(t *testing.T) { test(b.reset(t)) })
	}
}

func (b *cacheBench) reset(t *testing.T) *cacheBench {
	b.h.PurgeAll()
	b.T, b.asked, b.answer, b.down = t, nil, nil, false
	b.clock.at.Store(0)
	return b
}

func newCacheBench(t *testing.T, guest string, cfg Config) *cacheBench {
	b := &cacheBench{T: t}
	cfg.HTTPCache, cfg.Now = true, b.clock.now
	cfg.Backends = map[string]Backend{"origin": {Handler: http.HandlerFunc(b.origin)}}
	b.h = newHost(t, guest, cfg)
	return b
}

func (b *cacheBench) origin(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	b.asked = append(b.asked, r)
	n, down, answer := len(b.asked), b.down, b.answer
	b.mu.Unlock()
	if down {
		panic(http.ErrAbortHandler)
	}
	w.Header().Set("X-Count", fmt.Sprint(n))
	if answer != nil {
		answer(w, r)
		return
	}
	w.Header().Set("Cache-Control", "max-age=60")
	fmt.Fprintf(w, "answer %d", n)
}

// fields makes the origin answer with fields, a status in :status, and "answer
// N" as the body.
func (b *cacheBench) fields(pairs ...string) {
	b.answer = func(w http.ResponseWriter, r *http.Request) {
		status := 200
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == ":status" {
				fmt.Sscan(pairs[i+1], &status)
				continue
			}
			w.Header().Add(pairs[i], pairs[i+1])
		}
		w.WriteHeader(status)
		if status != 304 {
			fmt.Fprintf(w, "answer %s", w.Header().Get("X-Count"))
		}
	}
}

func (b *cacheBench) get(target string, header ...string) *Response {
	b.Helper()
	return b.ask("GET", target, header...)
}

func (b *cacheBench) ask(method, target string, header ...string) *Response {
	b.Helper()
	resp, x, err := b.h.Do(context.Background(), &Request{Method: method, Target: target, Header: wire.NewHeader(header...)})
	require.NoError(b, err)
	require.True(b, x.Ending.OK(), "%s", x.Stderr)
	return resp
}

// body asks and wants a body.
func (b *cacheBench) body(want, target string, header ...string) *Response {
	b.Helper()
	resp := b.get(target, header...)
	require.Equal(b, want, string(resp.Body))
	return resp
}

func (b *cacheBench) field(want string, resp *Response, name string) {
	b.Helper()
	value, _ := resp.Header.Get(name)
	require.Equal(b, want, value, name)
}

func (b *cacheBench) times(want int) {
	b.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	require.Len(b, b.asked, want, "requests to the origin")
}

func TestCacheHits(t *testing.T) {
	benches := newCacheBenches(t)
	benches.run(t, "fresh", func(b *cacheBench) {
		resp := b.body("answer 1", "/a")
		b.field("MISS", resp, "X-Cache")
		b.clock.pass(59 * time.Second)
		resp = b.body("answer 1", "/a")
		b.field("HIT", resp, "X-Cache")
		b.field("1", resp, "X-Cache-Hits")
		b.field("59", resp, "Age")
		b.body("answer 2", "/b")
		b.body("answer 3", "/a?b")
		b.clock.pass(time.Second)
		b.body("answer 4", "/a")
	})
	benches.run(t, "HEAD is asked for as GET", func(b *cacheBench) {
		resp := b.ask("HEAD", "/a")
		require.Equal(b, 200, resp.Status)
		require.Equal(b, "GET", b.asked[0].Method)
		b.body("answer 1", "/a")
	})
	benches.run(t, "others are not cached", func(b *cacheBench) {
		b.ask("POST", "/a")
		b.ask("POST", "/a")
		b.body("answer 3", "/a?pass=1")
		b.body("answer 4", "/a?pass=1")
	})
	benches.run(t, "another host", func(b *cacheBench) {
		b.body("answer 1", "/a", "Host", "one.example")
		b.body("answer 2", "/a", "Host", "two.example")
		b.body("answer 1", "/a", "Host", "ONE.example")
	})
	benches.run(t, "a key of the guest's", func(b *cacheBench) {
		key := "?ckey=" + strings.Repeat("k", 32)
		b.body("answer 1", "/a"+key)
		b.body("answer 1", "/b"+key)
		require.Empty(b, b.asked[0].Header.Get("fastly-xqd-cache-key"))
	})
	benches.run(t, "a guest's time", func(b *cacheBench) {
		b.fields("Cache-Control", "max-age=1")
		b.body("answer 1", "/a?ttl=100")
		b.clock.pass(99 * time.Second)
		b.body("answer 1", "/a?ttl=100")
	})
}

// What is stored, and for how long.
func TestCacheStores(t *testing.T) {
	benches := newCacheBenches(t)
	for name, c := range map[string]struct {
		fields []string
		fresh  int // seconds; 0: never
	}{
		"nothing said":              {nil, 120},
		"Surrogate-Control first":   {[]string{"Surrogate-Control", "max-age=30", "Cache-Control", "max-age=5, private"}, 30},
		"s-maxage before max-age":   {[]string{"Cache-Control", "max-age=5, s-maxage=20"}, 20},
		"Expires":                   {[]string{"Expires", time.Unix(1_800_000_040, 0).UTC().Format(http.TimeFormat), "Date", time.Unix(1_800_000_000, 0).UTC().Format(http.TimeFormat), "Age", "39"}, 40},
		"Age counts":                {[]string{"Cache-Control", "max-age=30", "Age", "10"}, 20},
		"no-cache is ignored":       {[]string{"Cache-Control", "no-cache, max-age=9"}, 9},
		"private":                   {[]string{"Cache-Control", "private, max-age=60"}, 0},
		"no-store":                  {[]string{"Cache-Control", "max-age=60", "Cache-Control", "NO-STORE"}, 0},
		"in quotes it says nothing": {[]string{"Cache-Control", `x="private, no-store", max-age=7`}, 7},
		"private for Fastly":        {[]string{"Surrogate-Control", "private", "Cache-Control", "max-age=60"}, 0},
		"Vary of everything":        {[]string{"Vary", "*"}, 0},
		"a cookie":                  {[]string{"Set-Cookie", "a=1", "Cache-Control", "max-age=60"}, 0},
		"404":                       {[]string{":status", "404", "Cache-Control", "max-age=3"}, 3},
		"302":                       {[]string{":status", "302", "Location", "/"}, 120},
		"500":                       {[]string{":status", "500", "Cache-Control", "max-age=60"}, 0},
		"206":                       {[]string{":status", "206", "Cache-Control", "max-age=60"}, 0},
		"not a number":              {[]string{"Cache-Control", "max-age=x"}, 0},
	} {
		benches.run(t, name, func(b *cacheBench) {
			b.fields(c.fields...)
			b.body("answer 1", "/a")
			if c.fresh == 0 {
				b.body("answer 2", "/a")
				b.body("answer 3", "/a")
				return
			}
			b.clock.pass(time.Duration(c.fresh)*time.Second - 1)
			b.body("answer 1", "/a")
			b.clock.pass(1)
			b.body("answer 2", "/a")
		})
	}
}

func TestCacheVariants(t *testing.T) {
	benches := newCacheBenches(t)
	benches.run(t, "vary", func(b *cacheBench) {
		b.fields("Vary", "Accept-Language, X-Other")
		b.body("answer 1", "/a", "Accept-Language", "en")
		b.body("answer 2", "/a", "Accept-Language", "de")
		b.body("answer 1", "/a", "accept-language", "en")
		b.body("answer 2", "/a", "Accept-Language", "de")
		b.body("answer 3", "/a", "Accept-Language", "de", "X-Other", "1")
	})
}

func TestRevalidation(t *testing.T) {
	benches := newCacheBenches(t)
	date := time.Unix(1_700_000_000, 0).UTC().Format(http.TimeFormat)
	benches.run(t, "304", func(b *cacheBench) {
		b.fields("ETag", `"one"`, "Last-Modified", date, "Cache-Control", "max-age=10", "X-Old", "kept", "X-New", "old")
		b.body("answer 1", "/a")
		b.clock.pass(11 * time.Second)
		b.fields(":status", "304", "Cache-Control", "max-age=50", "X-New", "new")
		resp := b.body("answer 1", "/a")
		require.Equal(b, 200, resp.Status)
		require.Equal(b, []string{`"one"`, date}, []string{b.asked[1].Header.Get("If-None-Match"), b.asked[1].Header.Get("If-Modified-Since")})
		b.field("kept", resp, "X-Old")
		b.field("new", resp, "X-New")
		b.clock.pass(49 * time.Second)
		b.field("49", b.body("answer 1", "/a"), "Age")
		b.times(2)
	})
	benches.run(t, "a new one", func(b *cacheBench) {
		b.fields("ETag", `"one"`, "Cache-Control", "max-age=10")
		b.body("answer 1", "/a")
		b.clock.pass(11 * time.Second)
		b.body("answer 2", "/a")
		b.body("answer 2", "/a")
	})
	benches.run(t, "the client's conditions stay at the edge", func(b *cacheBench) {
		b.fields("ETag", `"one"`, "Cache-Control", "max-age=10")
		b.body("answer 1", "/a")
		resp := b.get("/a", "If-None-Match", `"two", W/"one"`)
		require.Equal(b, 304, resp.Status)
		require.Empty(b, resp.Body)
		b.field(`"one"`, resp, "ETag")
		b.body("answer 1", "/a", "If-None-Match", `"two"`)
		b.times(1)
	})
}

func TestStaleWhileRevalidate(t *testing.T) {
	benches := newCacheBenches(t)
	benches.run(t, "background", func(b *cacheBench) {
		b.fields("Cache-Control", "max-age=10, stale-while-revalidate=30")
		b.body("answer 1", "/a")
		b.clock.pass(20 * time.Second)
		b.field("HIT", b.body("answer 1", "/a"), "X-Cache")
		b.times(2)
		b.body("answer 2", "/a")
		b.clock.pass(41 * time.Second)
		b.body("answer 3", "/a")
	})
	benches.run(t, "the guest's", func(b *cacheBench) {
		b.fields("Cache-Control", "max-age=10")
		b.body("answer 1", "/a?swr=30")
		b.clock.pass(20 * time.Second)
		b.body("answer 1", "/a?swr=30")
		b.body("answer 2", "/a?swr=30")
	})
}

func TestStaleIfError(t *testing.T) {
	benches := newCacheBenches(t)
	benches.run(t, "origin gone", func(b *cacheBench) {
		b.fields("Cache-Control", "max-age=10, stale-if-error=30")
		b.body("answer 1", "/a")
		b.clock.pass(20 * time.Second)
		b.down = true
		b.body("answer 1", "/a")
		b.times(2)
		b.body("answer 1", "/a")
		b.times(3)
		b.clock.pass(21 * time.Second)
		require.Equal(b, 502, b.get("/a").Status)
	})
	benches.run(t, "a 5xx is an answer", func(b *cacheBench) {
		b.fields("Cache-Control", "max-age=10, stale-if-error=30")
		b.body("answer 1", "/a")
		b.clock.pass(20 * time.Second)
		b.fields(":status", "503")
		require.Equal(b, 503, b.get("/a").Status)
	})
}

func TestCacheRanges(t *testing.T) {
	benches := newCacheBenches(t)
	benches.run(t, "range", func(b *cacheBench) {
		b.fields("ETag", `"one"`, "Content-Length", "8")
		resp := b.get("/a") // answer 1
		require.Equal(b, 200, resp.Status)
		for _, c := range []struct {
			text, ifRange string
			status        int
			body, content string
		}{
			{"bytes=0-2", "", 206, "ans", "bytes 0-2/8"}, {"bytes=6-", "", 206, " 1", "bytes 6-7/8"}, {"bytes=-3", "", 206, "r 1", "bytes 5-7/8"},
			{"bytes=2-99", "", 206, "swer 1", "bytes 2-7/8"}, {"bytes=8-", "", 416, "", "bytes */8"}, {"bytes=-0", "", 416, "", "bytes */8"},
			{"bytes=0-1,3-4", "", 200, "answer 1", ""}, {"lines=1-2", "", 200, "answer 1", ""}, {"bytes=3-2", "", 200, "answer 1", ""},
			{"bytes=0-2", `"one"`, 206, "ans", "bytes 0-2/8"}, {"bytes=0-2", `"two"`, 200, "answer 1", ""}, {"bytes=0-2", `W/"one"`, 200, "answer 1", ""},
		} {
			header := []string{"Range", c.text}
			if c.ifRange != "" {
				header = append(header, "If-Range", c.ifRange)
			}
			resp := b.get("/a", header...)
			require.Equal(b, c.status, resp.Status, c)
			require.Equal(b, c.body, string(resp.Body), c)
			b.field(c.content, resp, "Content-Range")
		}
		b.times(1)
	})
}

func TestCachePurges(t *testing.T) {
	benches := newCacheBenches(t)
	benches.run(t, "purge", func(b *cacheBench) {
		b.fields("Surrogate-Key", "red green", "Cache-Control", "max-age=100, stale-while-revalidate=100")
		resp := b.body("answer 1", "/a?skey=blue")
		require.False(b, resp.Header.Has("Surrogate-Key"))
		for i, key := range []string{"red", "green", "blue"} {
			b.body("<nil>", "/purge?key="+key)
			b.body(fmt.Sprint("answer ", i+2), "/a?skey=blue")
			b.body(fmt.Sprint("answer ", i+2), "/a?skey=blue")
		}
		b.body("<nil>", "/purge?soft=1&key=red")
		b.body("answer 4", "/a?skey=blue")
		b.body("answer 5", "/a?skey=blue")
		b.h.Purge("green", false)
		b.body("answer 6", "/a?skey=blue")
		b.h.PurgeAll()
		resp = b.body("answer 7", "/a?skey=blue", "Fastly-Debug", "1")
		b.field("red green", resp, "Surrogate-Key")
	})
	benches.run(t, "softly, without time for it", func(b *cacheBench) {
		b.fields("Surrogate-Key", "red", "Cache-Control", "max-age=100")
		b.body("answer 1", "/a")
		b.h.Purge("red", true)
		b.body("answer 2", "/a")
	})
}

// Of eight requests at the same time, one goes to the origin, and the others
// wait for what it brings. When that must not be stored they go, too.
func TestCollapsing(t *testing.T) {
	benches := newCacheBenches(t)
	ask := func(b *cacheBench, count int) map[string]int {
		bodies, mu, all := map[string]int{}, sync.Mutex{}, sync.WaitGroup{}
		for range count {
			all.Go(func() {
				resp, _, err := b.h.Do(context.Background(), &Request{Target: "/a"})
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					b.Error(err)
					return
				}
				bodies[string(resp.Body)]++
			})
		}
		all.Wait()
		return bodies
	}
	benches.run(t, "one", func(b *cacheBench) {
		require.Equal(b, map[string]int{"answer 1": 8}, ask(b, 8))
		b.times(1)
	})
	benches.run(t, "none may be stored", func(b *cacheBench) {
		b.fields("Cache-Control", "private")
		require.Len(b, ask(b, 8), 8)
		b.times(8)
	})
	benches.run(t, "the origin fails", func(b *cacheBench) {
		b.down = true
		for body, n := range ask(b, 4) {
			require.NotContains(b, body, "answer", n)
		}
		b.times(4)
		b.down = false
		b.body("answer 5", "/a")
	})
}

// An answer that breaks off is not found again.
func TestCacheBrokenAnswers(t *testing.T) {
	benches := newCacheBenches(t)
	benches.run(t, "broken", func(b *cacheBench) {
		b.answer = func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "100")
			fmt.Fprint(w, "not all")
			http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}
		b.body("not all", "/a")
		b.answer = nil
		b.body("answer 2", "/a")
	})
}

// The hooks of the SDK.
func TestCacheHooks(t *testing.T) {
	bench := newCacheBench(t, "cached-hooks", Config{})
	for _, c := range []struct {
		name, query   string
		fields        []string
		first, second string
	}{
		{"forced in", "after=cacheable", []string{":status", "500", "Cache-Control", "private"}, "answer 1", "answer 1"},
		{"kept out", "after=uncacheable", nil, "answer 1", "answer 2"},
		{"recorded", "after=record", nil, "answer 1", "answer 2"},
		{"a time", "after=ttl", []string{"Cache-Control", "max-age=0"}, "answer 1", "answer 1"},
		{"a body", "after=upper", nil, "ANSWER 1", "ANSWER 1"},
		{"an error", "after=error", nil, "after send", "after send"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := bench.reset(t)
			b.fields(c.fields...)
			require.Contains(t, string(b.get("/a?"+c.query).Body), c.first)
			require.Contains(t, string(b.get("/a?"+c.query).Body), c.second)
		})
	}
	t.Run("fields", func(t *testing.T) {
		b := bench.reset(t)
		b.field("set", b.get("/a?after=header&before=x"), "X-After")
		b.field("set", b.get("/a?after=header&before=x"), "X-After")
		require.Equal(t, "x", b.asked[0].Header.Get("X-Before"))
		b.times(1)
	})
	t.Run("an error hidden by a stale answer", func(t *testing.T) {
		b := bench.reset(t)
		b.fields("Cache-Control", "max-age=10, stale-if-error=30")
		b.body("answer 1", "/a")
		b.clock.pass(20 * time.Second)
		b.down = true
		require.True(t, b.body("answer 1", "/a").Header.Has("X-Masked"))
	})
	t.Run("not without the cache", func(t *testing.T) {
		h := newHost(t, "cached-hooks", Config{Backends: map[string]Backend{"origin": {Handler: http.NotFoundHandler()}}})
		resp, _ := do(t, h, &Request{Target: "/a?after=ttl"})
		require.Equal(t, 404, resp.Status, "unsupported: the SDK sends without its hooks, as under Viceroy")
	})
}

// simple.GetOrSet sets once, and not after an error.
func TestSimpleCache(t *testing.T) {
	b := newCacheBench(t, "cached", Config{})
	require.Contains(t, string(b.get("/simple?value=error").Body), "on purpose")
	b.body("one", "/simple?value=one")
	b.body("one", "/simple?value=two")
	b.clock.pass(time.Minute)
	b.body("two", "/simple?value=two")
}

func TestRateLimiter(t *testing.T) {
	b := newCacheBench(t, "cached", Config{})
	for range 10 {
		b.body("false <nil>", "/rate")
	}
	b.body("true <nil>", "/rate")
	b.clock.pass(59 * time.Second)
	b.body("true <nil>", "/rate")
	b.clock.pass(2 * time.Minute)
	b.body("false <nil>", "/rate")
}

func TestInspection(t *testing.T) {
	var seen Inspection
	b := newCacheBench(t, "cached", Config{Inspect: func(i Inspection) Verdict {
		seen = i
		return Verdict{Block: true, Redirect: "https://a.example/", Tags: []string{"SQLI"}, Took: 3 * time.Millisecond}
	}})
	b.body("&{StatusCode:406 RedirectURL:https://a.example/ Tags:[SQLI] Verdict:block DecisionTime:3ms} <nil>", "/inspect?a", "X-A", "1")
	require.Equal(t, []string{"c", "w", "GET", "http://example.com/inspect?a", "127.0.0.1"}, []string{seen.Corp, seen.Workspace, seen.Method, seen.URL, seen.ClientIP.String()})
	value, _ := seen.Header.Get("X-A")
	require.Equal(t, "1", value)
	b = newCacheBench(t, "cached", Config{})
	b.body("&{StatusCode:200 RedirectURL: Tags:[] Verdict:allow DecisionTime:0s} <nil>", "/inspect")
}
