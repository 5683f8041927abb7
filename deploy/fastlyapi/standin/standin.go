// Package standin is an API like Fastly's, as far as secret stores go, for tests:
// it keeps what it is given in memory, opens sealed secrets as the real one does,
// and fails when told to. Start with [New].
package standin

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/crypto/nacl/box"
)

// API is an [http.Handler]. Its fields may be set before it serves.
type API struct {
	// Token is what requests must carry.
	Token string
	// PageSize is the most entries of a page, whatever limit is asked for; 0 is 2,
	// so that paging is seen.
	PageSize int

	mu     sync.Mutex
	stores []*store
	faults []Fault
	seen   []Request
	signer ed25519.PrivateKey
	public *[32]byte
	secret *[32]byte
}

type store struct {
	id, name string
	names    []string
	values   map[string]string
}

// Request is one that came in.
type Request struct {
	Method, Path, Query string
	Header              http.Header
	Body                string
}

// Fault is an answer in place of the right one.
type Fault struct {
	Method, Path string // Path is a prefix
	Status       int    // 0 breaks the connection off
	Header       http.Header
	Body         string
	Echo         bool // the request's body is in the answer's detail
}

// New returns an API without stores, and with keys of its own.
func New(token string) *API {
	_, signer, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	public, secret, err := box.GenerateKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	return &API{Token: token, signer: signer, public: public, secret: secret}
}

// SigningKey is the public key, in base64, that signs client keys.
func (a *API) SigningKey() string {
	return base64.StdEncoding.EncodeToString(a.signer.Public().(ed25519.PublicKey))
}

// AddStore makes a store with these secrets, name=value each, and returns its id.
func (a *API) AddStore(name string, secrets ...string) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	s := &store{id: fmt.Sprintf("store%04d", len(a.stores)+1), name: name, values: map[string]string{}}
	for _, kv := range secrets {
		k, v, _ := strings.Cut(kv, "=")
		s.put(k, v)
	}
	a.stores = append(a.stores, s)
	return s.id
}

func (s *store) put(name, value string) {
	if _, ok := s.values[name]; !ok {
		s.names = append(s.names, name)
	}
	s.values[name] = value
}

// Value is what a store has under a name.
func (a *API) Value(storeName, name string) (string, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, s := range a.stores {
		if v, ok := s.values[name]; ok && s.name == storeName {
			return v, true
		}
	}
	return "", false
}

// Fail lets requests fail, each fault once, in this order.
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

// ServeHTTP answers as the API does.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.seen = append(a.seen, Request{r.Method, r.URL.Path, r.URL.RawQuery, r.Header.Clone(), string(body)})
	if a.fault(w, r, body) {
		return
	}
	if r.Header.Get("Fastly-Key") != a.Token {
		refuse(w, 401, "Provided credentials are missing or invalid", "")
		return
	}
	a.route(w, r, body)
}

func (a *API) fault(w http.ResponseWriter, r *http.Request, body []byte) bool {
	i := slices.IndexFunc(a.faults, func(f Fault) bool { return f.Method == r.Method && strings.HasPrefix(r.URL.Path, f.Path) })
	if i < 0 {
		return false
	}
	f := a.faults[i]
	a.faults = slices.Delete(a.faults, i, i+1)
	for name, values := range f.Header {
		w.Header()[name] = values
	}
	switch {
	case f.Status == 0:
		panic(http.ErrAbortHandler)
	case f.Echo:
		refuse(w, f.Status, "Bad request", r.Header.Get("Fastly-Key")+" sent "+string(body))
	case f.Body != "":
		w.WriteHeader(f.Status)
		io.WriteString(w, f.Body)
	default:
		refuse(w, f.Status, "Failed on purpose", "")
	}
	return true
}

// refuse answers as the resource API does, RFC 9457.
func refuse(w http.ResponseWriter, status int, title, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"title": title, "status": status, "detail": detail})
}

func (a *API) route(w http.ResponseWriter, r *http.Request, body []byte) {
	path, ok := strings.CutPrefix(r.URL.Path, "/resources/stores/secret")
	parts := strings.Split(strings.Trim(path, "/"), "/")
	switch {
	case !ok:
		refuse(w, 404, "Not found", "")
	case path == "" && r.Method == "GET":
		a.page(w, r, len(a.stores), func(i int) any { return map[string]string{"id": a.stores[i].id, "name": a.stores[i].name} })
	case path == "" && r.Method == "POST":
		a.create(w, body)
	case path == "/client-key" && r.Method == "POST":
		answer(w, map[string]any{"public_key": a.public[:], "signature": ed25519.Sign(a.signer, a.public[:]), "expires_at": "2030-01-01T00:00:00Z"})
	case len(parts) == 3 && parts[1] == "secrets" && r.Method == "DELETE":
		a.delete(w, parts[0], parts[2])
	case len(parts) == 2 && parts[1] == "secrets":
		a.secrets(w, r, parts[0], body)
	default:
		refuse(w, 404, "Not found", "")
	}
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

// page answers one page; the cursor is the number of entries before it.
func (a *API) page(w http.ResponseWriter, r *http.Request, n int, entry func(int) any) {
	size := a.PageSize
	if size == 0 {
		size = 2
	}
	from, _ := strconv.Atoi(r.URL.Query().Get("cursor"))
	data, meta := []any{}, map[string]any{"limit": size}
	for i := from; i < min(from+size, n); i++ {
		data = append(data, entry(i))
	}
	if from+size < n {
		meta["next_cursor"] = strconv.Itoa(from + size)
	}
	answer(w, map[string]any{"data": data, "meta": meta})
}

func (a *API) create(w http.ResponseWriter, body []byte) {
	var in struct{ Name string }
	if json.Unmarshal(body, &in) != nil || in.Name == "" {
		refuse(w, 400, "Bad request", "name is missing")
		return
	}
	s := &store{id: fmt.Sprintf("store%04d", len(a.stores)+1), name: in.Name, values: map[string]string{}}
	a.stores = append(a.stores, s)
	answer(w, map[string]string{"id": s.id, "name": s.name})
}

func (a *API) secrets(w http.ResponseWriter, r *http.Request, id string, body []byte) {
	i := slices.IndexFunc(a.stores, func(s *store) bool { return s.id == id })
	if i < 0 {
		refuse(w, 404, "Not found", "no store "+id)
		return
	}
	s := a.stores[i]
	if r.Method == "GET" {
		a.page(w, r, len(s.names), func(i int) any {
			return map[string]string{"name": s.names[i], "digest": a.digest(s.values[s.names[i]]), "created_at": "2026-01-01T00:00:00Z"}
		})
		return
	}
	var in struct {
		Name      string
		Secret    []byte
		ClientKey []byte `json:"client_key"`
	}
	if r.Header.Get("Content-Type") != "application/json" || json.Unmarshal(body, &in) != nil || in.Name == "" || len(in.Secret) == 0 {
		refuse(w, 400, "Bad request", "name and secret are wanted")
		return
	}
	value := in.Secret
	if len(in.ClientKey) > 0 {
		var ok bool
		if value, ok = box.OpenAnonymous(nil, in.Secret, a.public, a.secret); !ok || string(in.ClientKey) != string(a.public[:]) {
			refuse(w, 400, "Bad request", "the secret cannot be opened")
			return
		}
	}
	a.put(w, r.Method, s, in.Name, string(value))
}

// put: POST creates, PATCH recreates, PUT does either.
func (a *API) put(w http.ResponseWriter, method string, s *store, name, value string) {
	_, there := s.values[name]
	switch {
	case method == "POST" && there:
		refuse(w, 409, "Conflict", "a secret of this name exists")
	case method == "PATCH" && !there:
		refuse(w, 404, "Not found", "no secret of this name")
	case method != "POST" && method != "PUT" && method != "PATCH":
		refuse(w, 405, "Method not allowed", "")
	default:
		s.put(name, value)
		answer(w, map[string]any{"name": name, "digest": a.digest(value), "created_at": "2026-01-01T00:00:00Z", "recreated": there})
	}
}

// digest is opaque, and the same for the same value.
func (a *API) digest(value string) string {
	mac := hmac.New(sha256.New, []byte("the store's own"))
	mac.Write([]byte(value))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func (a *API) delete(w http.ResponseWriter, id, name string) {
	i := slices.IndexFunc(a.stores, func(s *store) bool { return s.id == id })
	if i < 0 || !slices.Contains(a.stores[i].names, name) {
		refuse(w, 404, "Not found", "no secret of this name")
		return
	}
	a.stores[i].remove(name)
	w.WriteHeader(204)
}

func (s *store) remove(name string) {
	delete(s.values, name)
	s.names = slices.DeleteFunc(s.names, func(n string) bool { return n == name })
}

// Remove takes a secret out of a store.
func (a *API) Remove(storeName, name string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, s := range a.stores {
		if s.name == storeName {
			s.remove(name)
		}
	}
}
