package fastlytest

import (
	"bytes"
	"cmp"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/crypto/nacl/box"
)

// created is the creation time of everything here.
const created = "2026-01-01T00:00:00Z"

// API is an [http.Handler]. Its fields may be set before it serves.
type API struct {
	// Token is what requests must carry.
	Token string
	// PageSize is the most entries of a page, whatever limit is asked for; 0 is
	// 2, so that tests meet paging.
	PageSize int

	mu           sync.Mutex
	mux          *http.ServeMux
	faults       []Fault
	seen         []Request
	secretStores []*secretStore
	configStores []*configStore
	kvStores     []*kvStore
	later        []*laterItem
	services     []*service
	domains      []*domain
	subscribed   []*subscription
	watch        watch
	ids          int

	signer ed25519.PrivateKey
	public *[32]byte
	secret *[32]byte
}

// Request is one that came in.
type Request struct {
	Method, Path, Query string
	Header              http.Header
	Body                string
}

// Writes reports whether a request may change something.
func (r Request) Writes() bool { return r.Method != "GET" && r.Method != "HEAD" }

// String returns "METHOD /path".
func (r Request) String() string { return r.Method + " " + r.Path }

// Fault is a failure in place of the right answer.
type Fault struct {
	Method, Path string // Path is a prefix; * stands for any one segment
	Status       int    // 0 breaks the connection off
	Header       http.Header
	Body         string
	Echo         bool // the request's body is in the answer's detail
	After        bool // the request is carried out first, and then the answer is lost
}

// New returns an API without stores and services, with new keys.
func New(token string) *API {
	_, signer, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	public, secret, err := box.GenerateKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	a := &API{Token: token, mux: http.NewServeMux(), signer: signer, public: public, secret: secret}
	a.routeSecretStores()
	a.routeConfigStores()
	a.routeKVStores()
	a.routeServices()
	a.routeVersions()
	a.routeObjects()
	a.routePackage()
	a.routeDomains()
	a.routeTLS()
	return a
}

// SigningKey is the public key, in base64, that signs client keys.
func (a *API) SigningKey() string {
	return base64.StdEncoding.EncodeToString(a.signer.Public().(ed25519.PublicKey))
}

// Fail makes requests fail, each fault once, in this order.
func (a *API) Fail(faults ...Fault) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.faults = append(a.faults, faults...)
}

// Seen returns the requests so far and forgets them.
func (a *API) Seen() []Request {
	a.mu.Lock()
	defer a.mu.Unlock()
	seen := a.seen
	a.seen = nil
	return seen
}

// id returns a new id.
func (a *API) id(kind string) string {
	a.ids++
	return fmt.Sprintf("%s%04d", kind, a.ids)
}

// ServeHTTP answers as the API does.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	seen := Request{r.Method, r.URL.Path, r.URL.RawQuery, r.Header.Clone(), string(body)}
	a.seen = append(a.seen, seen)
	fault := a.takeFault(r)
	c := &call{w: w, r: r, body: body}
	if fault != nil && !fault.After {
		fault.serve(c)
		return
	}
	if r.Header.Get("Fastly-Key") != a.Token {
		c.problem(401, "Provided credentials are missing or invalid", "")
		return
	}
	answer := w
	if fault != nil {
		answer = httptest.NewRecorder() // it is lost on its way
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	a.mux.ServeHTTP(answer, r)
	a.watch.look(a, seen)
	if fault != nil {
		fault.serve(c)
	}
}

// handle lets do answer the requests of a pattern.
func (a *API) handle(pattern string, do func(*call)) {
	a.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body) // from memory
		do(&call{w: w, r: r, body: body})
	})
}

func (a *API) takeFault(r *http.Request) *Fault {
	i := slices.IndexFunc(a.faults, func(f Fault) bool { return f.Method == r.Method && matches(f.Path, r.URL.Path) })
	if i < 0 {
		return nil
	}
	f := a.faults[i]
	a.faults = slices.Delete(a.faults, i, i+1)
	return &f
}

// matches reports whether a path begins with a prefix, * for any one segment.
func matches(prefix, path string) bool {
	want, have := strings.Split(prefix, "/"), strings.Split(path, "/")
	for i, segment := range want {
		switch {
		case i >= len(have):
			return false
		case segment == "*" || segment == have[i]:
		case i == len(want)-1 && strings.HasPrefix(have[i], segment):
		default:
			return false
		}
	}
	return true
}

func (f *Fault) serve(c *call) {
	for name, values := range f.Header {
		c.w.Header()[name] = values
	}
	switch {
	case f.Status == 0:
		panic(http.ErrAbortHandler)
	case f.Echo:
		c.problem(f.Status, "Bad request", c.r.Header.Get("Fastly-Key")+" sent "+string(c.body))
	case f.Body != "":
		c.w.WriteHeader(f.Status)
		_, _ = io.WriteString(c.w, f.Body)
	default:
		c.problem(f.Status, "Failed on purpose", "")
	}
}

// call is one request and where its answer goes.
type call struct {
	w    http.ResponseWriter
	r    *http.Request
	body []byte
}

func (c *call) answer(v any) { c.send("application/json", 200, v) }

func (c *call) send(kind string, status int, v any) {
	c.w.Header().Set("Content-Type", kind)
	c.w.WriteHeader(status)
	_ = json.NewEncoder(c.w).Encode(v)
}

// refuse answers as the classic API does.
func (c *call) refuse(status int, msg, detail string) {
	c.send("application/json", status, map[string]any{"msg": msg, "detail": detail})
}

func (c *call) notFound(what string) {
	c.refuse(404, "Record not found", "Couldn't find "+what)
}

// problem answers as the resource API does, RFC 9457.
func (c *call) problem(status int, title, detail string) {
	c.send("application/problem+json", status, map[string]any{"title": title, "status": status, "detail": detail})
}

// invalid answers as the domain API does.
func (c *call) invalid(title, detail string) {
	c.send("application/json", 400, map[string]any{"errors": []any{map[string]string{"title": title, "detail": detail}}})
}

// form is the body of a classic request.
func (c *call) form() url.Values {
	values, err := url.ParseQuery(string(c.body))
	if err != nil || !strings.HasPrefix(c.r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		return url.Values{}
	}
	return values
}

// page answers one page; the cursor is the number of entries before it.
func (a *API) page(c *call, n int, entry func(int) any) {
	size := a.pageSize()
	from, _ := strconv.Atoi(c.r.URL.Query().Get("cursor"))
	data, meta := []any{}, map[string]any{"limit": size, "total": n}
	for i := from; i < min(from+size, n); i++ {
		data = append(data, entry(i))
	}
	if from+size < n {
		meta["next_cursor"] = strconv.Itoa(from + size)
	}
	c.answer(map[string]any{"data": data, "meta": meta})
}

func (a *API) pageSize() int { return cmp.Or(a.PageSize, 2) }

// each is what an answer says of each entry of a list.
func each[T, J any](list []T, of func(T) J) []J {
	out := make([]J, len(list))
	for i, entry := range list {
		out[i] = of(entry)
	}
	return out
}

// entry is what has an id of its own.
type entry struct{ id string }

func (e entry) key() string { return e.id }

// of is the entry of an id, the zero value for none.
func of[T interface{ key() string }](list []T, id string) (found T) {
	if i := slices.IndexFunc(list, func(entry T) bool { return entry.key() == id }); i >= 0 {
		return list[i]
	}
	return found
}

// in finds the entry whose id stands in the path. none answers where there is
// none.
func in[E any, T interface {
	*E
	key() string
}](list *[]T, name string, do func(*call, T), none func(c *call, id string)) func(*call) {
	return func(c *call) {
		id := c.r.PathValue(name)
		if found := of(*list, id); found != nil {
			do(c, found)
			return
		}
		none(c, id)
	}
}
