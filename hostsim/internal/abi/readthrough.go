package abi

import (
	"encoding/hex"
	"strconv"
	"time"

	"github.com/clickedge/clickedge/hostsim/internal/origin"
	"github.com/clickedge/clickedge/hostsim/wire"
)

// keyField is the field in which SDKs give the key of a request for the cache.
const keyField = "fastly-xqd-cache-key"

// throughCache reports whether a request goes through the cache: it could be
// answered from there, and does not say otherwise. One with a body never does.
func (r *request) throughCache(body *Body) bool {
	return !r.pass && !r.handOff && cacheableMethod(r.method) && body.Length() == 0
}

// through is a request on its way through the cache. What it sends goes out
// from whatever goroutine finds that it has to.
type through struct {
	s       *Sandbox
	outside Outside
	p       *pending
	r       *request // as the guest made it
	name    string   // of the backend
	entry   *cacheEntry
}

// startThrough looks a request up, and sends what the cache does not have. It
// looks at once, so that of two requests the first gets the obligation.
func (f *frame) startThrough(backend *origin.Backend, name string, r *request, body *Body) *pending {
	if !f.admitSend(backend, body) {
		return nil
	}
	body.Close()
	s, cache := f.s, f.s.svc.Cache
	t := &through{s: s, outside: s.outside, r: r, name: name, p: &pending{done: make(chan struct{}), gunzip: r.gunzip, backend: backend}}
	q := &search{key: t.key(), headers: r.header.Clone(), by: s.identity, since: -1}
	e, wait := cache.transaction(q)
	release := s.outside.Hold()
	s.pending.Go(func() {
		defer release()
		if wait != nil {
			e = cache.await(s.ctx, q)
		}
		t.entry = e
		t.run()
	})
	return t.p
}

// key is the request's own, or the one in its field for that, which goes no
// further.
func (t *through) key() string {
	key := suggestedKey(t.r)
	if text, ok := t.r.header.Get(keyField); ok {
		if given, err := hex.DecodeString(text); err == nil && len(given) == len(key) {
			copy(key[:], given)
		}
		t.r.header.Del(keyField)
	}
	return httpKey + string(key[:])
}

// run ends the wait of the guest, and then does what is left to do. An
// obligation that is still there at the end is given up.
func (t *through) run() {
	e, cache := t.entry, t.s.svc.Cache
	if e == nil {
		t.p.fail(t.s.ctx.Err())
		t.s.announce(t.p)
		return
	}
	defer func() { cache.giveUp(e.duty) }()
	switch {
	case e.usable:
		t.serve(e, true)
		t.s.announce(t.p)
		if e.duty != nil {
			t.revalidate()
		}
		return
	case e.duty != nil:
		t.bring()
	default:
		if resp, err := t.fetch(t.r); err != nil {
			t.p.fail(err)
		} else {
			t.pass(resp)
		}
	}
	t.s.announce(t.p)
}

// fetch sends a request to the backend.
func (t *through) fetch(r *request) (*origin.Response, error) {
	sent := &pending{backend: t.p.backend, fault: t.outside.Fault(FaultBackend, t.name)}
	req := t.s.prepare(t.p.backend, r, &Body{})
	report := t.outside.Sending(t.name, req)
	resp, err := sent.send(t.s, req)
	if err != nil {
		sent.fail(err)
		report(0, sent.err)
		return nil, err
	}
	report(resp.Status, nil)
	t.s.own(func() { resp.Body.Close() })
	return resp, nil
}

// bring fetches what the cache does not have. When that fails, a response that
// is stale, and may be used after an error, answers.
func (t *through) bring() {
	cache := t.s.svc.Cache
	present := t.entry.duty.present
	resp, err := t.fetch(backendRequest(t.r, present))
	switch {
	case err != nil && present != nil && present.usableIfError(cache.now()):
		cache.choose(t.entry)
		t.serve(t.entry, true)
	case err != nil:
		t.p.fail(err)
	default:
		t.store(resp)
	}
}

// revalidate replaces a stale response that has already been served.
func (t *through) revalidate() {
	if resp, err := t.fetch(backendRequest(t.r, t.entry.duty.present)); err == nil {
		quiet := *t // the guest has its answer
		quiet.p = &pending{backend: t.p.backend}
		quiet.store(resp)
	}
}

// store does with a response what should be done, and serves it.
func (t *through) store(resp *origin.Response) {
	e, cache := t.entry, t.s.svc.Cache
	r, src := received(resp, t.p.backend)
	action, r := prepareForStorage(e, r)
	if r.header.Has("Set-Cookie") && action != storeNothing {
		action = storeUncacheable // Fastly's heuristic, as in its SDKs
	}
	options := t.options(r.header)
	options.length = src.left
	if action == storeInsert && !cache.evict(int(max(src.left, 0))) {
		action = storeNothing
	}
	switch action {
	case storeInsert:
		t.insert(r, src, options)
	case storeUpdate:
		resp.Body.Close()
		t.keep(e.duty.present.updated(options, r.stored(), e.duty.headers))
	case storeUncacheable:
		cache.recordUncacheable(e, options, t.s.identity)
		t.pass(resp)
	default:
		t.pass(resp)
	}
}

// insert stores a response and reads it from the cache while it comes.
func (t *through) insert(r *response, src *reader, options cacheOptions) {
	c, s := newCollector(), t.s
	if options.length == 0 {
		options.length = -1 // it shows at once
	}
	s.pending.Go(func() { c.collect(s.ctx, bodyOver(src), options.length, s.svc.Cache.room) })
	t.keep(&cacheObject{cacheOptions: options, headers: t.entry.duty.headers, body: c, response: r.stored()})
}

// keep ends the obligation with an object and serves it.
func (t *through) keep(o *cacheObject) {
	e := t.s.svc.Cache.insert(t.entry.key, o, t.entry.duty)
	t.entry.duty = nil
	t.serve(e, false)
}

// options are those that the response suggests, those that the guest has set,
// and its surrogate keys.
func (t *through) options(h wire.Header) cacheOptions {
	o, set := suggestedOptions(h, t.entry.key, t.s.svc.Cache.now()), &t.r.cache
	if set.tag&cacheTTL != 0 {
		o.maxAge = time.Duration(set.maxAge) * time.Second
	}
	if set.tag&cacheStale != 0 {
		o.staleFor = time.Duration(set.staleIn) * time.Second
	}
	o.sensitive = set.tag&cachePCI != 0
	o.surrogates = append(append(o.surrogates, set.surrogates...), surrogateKeys(h)...)
	return o
}

// serve answers the guest with what is in the cache. hit: it was there before.
func (t *through) serve(e *cacheEntry, hit bool) {
	r, body := foundResponse(e, t.r, true, t.s.svc.Cache.now())
	hits := uint64(0)
	if hit {
		hits = max(e.hits, 1)
	}
	t.sign(&r.header, hits)
	t.p.cached = &kept{r, body}
}

// pass answers the guest with a response that is not in the cache.
func (t *through) pass(resp *origin.Response) {
	t.sign(&resp.Header, 0)
	t.p.resp = resp
}

// sign says what the cache did, and takes away what is meant for it alone.
func (t *through) sign(h *wire.Header, hits uint64) {
	verdict := "MISS"
	if hits > 0 {
		verdict = "HIT"
	}
	h.Add("X-Cache", verdict)
	h.Add("X-Cache-Hits", strconv.FormatUint(hits, 10))
	if !t.r.header.Has("Fastly-FF") && !t.r.header.Has("Fastly-Debug") {
		h.Del("Surrogate-Key")
		h.Del("Surrogate-Control")
	}
}
