package applytest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// fastly is a stand-in of Fastly's API, as much of it as the provider asks for on
// behalf of the module. It keeps what it is told, refuses what Fastly refuses, and
// answers 404 to the rest. After each request it notes which hosts are served.
type fastly struct {
	*httptest.Server
	mu       sync.Mutex
	serial   int
	services map[string]*service
	domains  map[string]*domain // by id
	stores   map[string]object  // by id, of both kinds
	certs    map[string]*subscription
	log      []request
}

type object = map[string]any

// request is one call and what it left behind.
type request struct {
	method, path, body string
	status             int
	served             []string // hosts that lead to an active service
}

func (r request) writes() bool { return r.method != http.MethodGet }

func (r request) String() string {
	return fmt.Sprintf("%s %s %s: %d, on the service: %s", r.method, r.path, r.body, r.status, strings.Join(r.served, " "))
}

// refusal is an answer that is an error.
type refusal struct {
	status int
	why    string
}

func newFastly(t *testing.T) *fastly {
	f := &fastly{services: map[string]*service{}, domains: map[string]*domain{}, stores: map[string]object{}, certs: map[string]*subscription{}}
	mux := http.NewServeMux()
	f.handleServices(mux)
	f.handleDomains(mux)
	f.handleStores(mux)
	f.handleTLS(mux)
	f.Server = httptest.NewServer(f.record(mux))
	t.Cleanup(f.Close)
	return f
}

// record takes one request at a time.
func (f *fastly) record(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		defer f.mu.Unlock()
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		kept := httptest.NewRecorder()
		next.ServeHTTP(kept, r)
		if strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/") {
			body = []byte("(a package)")
		}
		f.log = append(f.log, request{r.Method, r.URL.RequestURI(), string(body), kept.Code, f.served()})
		maps.Copy(w.Header(), kept.Header())
		w.WriteHeader(kept.Code)
		_, _ = w.Write(kept.Body.Bytes())
	})
}

// served lists the hosts whose requests reach a service: by a domain of its active
// version, or by a versionless one.
func (f *fastly) served() []string {
	list := []string{}
	for _, s := range f.services {
		if v := s.version(s.active); v != nil {
			for name := range v.parts["domain"] {
				list = append(list, name)
			}
		}
	}
	for _, d := range f.domains {
		if s := f.services[d.service]; s != nil && s.active != 0 && !slices.Contains(list, d.fqdn) {
			list = append(list, d.fqdn)
		}
	}
	slices.Sort(list)
	return list
}

// since returns what was asked from the nth request on.
func (f *fastly) since(n int) []request {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.log[n:])
}

func (f *fastly) requests() int { return len(f.since(0)) }

func (f *fastly) id(kind string) string {
	f.serial++
	return fmt.Sprintf("%s%d", kind, f.serial)
}

// handle registers what answers a pattern.
func handle(mux *http.ServeMux, pattern string, answer func(r *http.Request) (any, *refusal)) {
	mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		said, no := answer(r)
		w.Header().Set("Content-Type", "application/json")
		if strings.HasPrefix(r.URL.Path, "/tls/") {
			w.Header().Set("Content-Type", "application/vnd.api+json")
		}
		switch {
		case no != nil:
			w.WriteHeader(no.status)
			said = object{"msg": no.why, "detail": no.why, "errors": []object{{"title": no.why, "detail": no.why}}}
		case said == nil:
			w.WriteHeader(http.StatusNoContent)
			return
		}
		_ = json.NewEncoder(w).Encode(said)
	})
}

func missing(what string) *refusal { return &refusal{http.StatusNotFound, what + " not found"} }

const then = "2026-01-02T03:04:05Z"

var started, _ = time.Parse(time.RFC3339, then)

func (f *fastly) handleStores(mux *http.ServeMux) {
	for _, kind := range []string{"config", "secret"} {
		path := "/resources/stores/" + kind
		handle(mux, "POST "+path, func(r *http.Request) (any, *refusal) {
			name := r.PostFormValue("name")
			if kind == "secret" {
				var in struct{ Name string }
				_ = json.NewDecoder(r.Body).Decode(&in)
				name = in.Name
			}
			for _, s := range f.stores {
				if s["name"] == name && s["kind"] == kind {
					return nil, &refusal{http.StatusConflict, "a store of that name exists"}
				}
			}
			s := object{"id": f.id(kind), "name": name, "kind": kind, "created_at": then, "updated_at": then}
			f.stores[s["id"].(string)] = s
			return s, nil
		})
		handle(mux, "GET "+path+"/{id}", func(r *http.Request) (any, *refusal) {
			if s := f.stores[r.PathValue("id")]; s != nil {
				return s, nil
			}
			return nil, missing("store")
		})
		handle(mux, "GET "+path+"/{id}/items", func(*http.Request) (any, *refusal) { return []object{}, nil })
		handle(mux, "DELETE "+path+"/{id}", func(r *http.Request) (any, *refusal) {
			return f.deleteStore(r.PathValue("id"))
		})
	}
}

// deleteStore refuses while an active version has a link to the store.
func (f *fastly) deleteStore(id string) (any, *refusal) {
	for _, s := range f.services {
		if v := s.version(s.active); v != nil {
			for _, link := range v.parts["resource"] {
				if link["resource_id"] == id {
					return nil, &refusal{http.StatusConflict, "the store is linked to a service"}
				}
			}
		}
	}
	if f.stores[id] == nil {
		return nil, missing("store")
	}
	delete(f.stores, id)
	return object{"status": "ok"}, nil
}
