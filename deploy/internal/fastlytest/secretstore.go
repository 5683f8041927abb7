package fastlytest

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"golang.org/x/crypto/nacl/box"
)

// secretStore keeps its secrets in the order in which they were created.
type secretStore struct {
	entry
	name   string
	names  []string
	values map[string]string
}

// AddStore makes a secret store with these secrets, name=value each, and
// returns its id.
func (a *API) AddStore(name string, secrets ...string) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	s := a.newSecretStore(name)
	for _, kv := range secrets {
		k, v, _ := strings.Cut(kv, "=")
		s.put(k, v)
	}
	return s.id
}

func (a *API) newSecretStore(name string) *secretStore {
	s := &secretStore{entry: entry{fmt.Sprintf("store%04d", len(a.secretStores)+1)}, name: name, values: map[string]string{}}
	a.secretStores = append(a.secretStores, s)
	return s
}

func (s *secretStore) put(name, value string) {
	if _, ok := s.values[name]; !ok {
		s.names = append(s.names, name)
	}
	s.values[name] = value
}

// Value is what a secret store has under a name.
func (a *API) Value(storeName, name string) (string, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, s := range a.secretStores {
		if v, ok := s.values[name]; ok && s.name == storeName {
			return v, true
		}
	}
	return "", false
}

// Remove deletes a secret from a secret store.
func (a *API) Remove(storeName, name string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, s := range a.secretStores {
		if s.name == storeName {
			s.remove(name)
		}
	}
}

func (s *secretStore) remove(name string) {
	delete(s.values, name)
	s.names = slices.DeleteFunc(s.names, func(n string) bool { return n == name })
}

func (a *API) routeSecretStores() {
	const root = "/resources/stores/secret"
	a.handle("GET "+root, a.listSecretStores)
	a.handle("POST "+root, a.createSecretStore)
	a.handle("POST "+root+"/client-key", func(c *call) {
		c.answer(map[string]any{"public_key": a.public[:], "signature": ed25519.Sign(a.signer, a.public[:]), "expires_at": "2030-01-01T00:00:00Z"})
	})
	a.handle("GET "+root+"/{store}", a.inSecretStore(func(c *call, s *secretStore) {
		c.answer(s.json())
	}))
	a.handle("DELETE "+root+"/{store}", a.inSecretStore(func(c *call, s *secretStore) {
		if a.linked(s.id) {
			c.problem(409, "Conflict", "the store is linked to a service")
			return
		}
		a.secretStores = slices.DeleteFunc(a.secretStores, func(o *secretStore) bool { return o == s })
		c.w.WriteHeader(204)
	}))
	a.handle("GET "+root+"/{store}/secrets", a.inSecretStore(func(c *call, s *secretStore) {
		a.page(c, len(s.names), func(i int) any { return a.secretJSON(s, s.names[i]) })
	}))
	for _, method := range []string{"POST", "PUT", "PATCH"} {
		a.handle(method+" "+root+"/{store}/secrets", a.inSecretStore(a.putSecret))
	}
	a.handle("GET "+root+"/{store}/secrets/{name}", a.inSecretStore(func(c *call, s *secretStore) {
		if _, ok := s.values[c.r.PathValue("name")]; !ok {
			c.problem(404, "Not found", "no secret of this name")
			return
		}
		c.answer(a.secretJSON(s, c.r.PathValue("name")))
	}))
	a.handle("DELETE "+root+"/{store}/secrets/{name}", a.inSecretStore(func(c *call, s *secretStore) {
		if _, ok := s.values[c.r.PathValue("name")]; !ok {
			c.problem(404, "Not found", "no secret of this name")
			return
		}
		s.remove(c.r.PathValue("name"))
		c.w.WriteHeader(204)
	}))
}

func (s *secretStore) json() map[string]string {
	return map[string]string{"id": s.id, "name": s.name, "created_at": created}
}

func (a *API) secretJSON(s *secretStore, name string) map[string]any {
	return map[string]any{"name": name, "digest": a.digest(s.values[name]), "created_at": created}
}

// inSecretStore finds the store that the path names.
func (a *API) inSecretStore(do func(*call, *secretStore)) func(*call) {
	return in(&a.secretStores, "store", do, func(c *call, id string) { c.problem(404, "Not found", "no store "+id) })
}

func (a *API) listSecretStores(c *call) {
	list := a.secretStores
	if name := c.r.URL.Query().Get("name"); name != "" {
		list = slices.DeleteFunc(slices.Clone(list), func(s *secretStore) bool { return s.name != name })
	}
	a.page(c, len(list), func(i int) any { return list[i].json() })
}

func (a *API) createSecretStore(c *call) {
	var in struct{ Name string }
	if json.Unmarshal(c.body, &in) != nil || in.Name == "" {
		c.problem(400, "Bad request", "name is missing")
		return
	}
	c.answer(a.newSecretStore(in.Name).json())
}

// putSecret: POST creates, PATCH recreates, PUT does either.
func (a *API) putSecret(c *call, s *secretStore) {
	var in struct {
		Name      string
		Secret    []byte
		ClientKey []byte `json:"client_key"`
	}
	if c.r.Header.Get("Content-Type") != "application/json" || json.Unmarshal(c.body, &in) != nil || in.Name == "" || len(in.Secret) == 0 {
		c.problem(400, "Bad request", "name and secret are wanted")
		return
	}
	value := in.Secret
	if len(in.ClientKey) > 0 {
		var ok bool
		if value, ok = box.OpenAnonymous(nil, in.Secret, a.public, a.secret); !ok || string(in.ClientKey) != string(a.public[:]) {
			c.problem(400, "Bad request", "the secret cannot be opened")
			return
		}
	}
	_, there := s.values[in.Name]
	switch {
	case c.r.Method == "POST" && there:
		c.problem(409, "Conflict", "a secret of this name exists")
	case c.r.Method == "PATCH" && !there:
		c.problem(404, "Not found", "no secret of this name")
	default:
		s.put(in.Name, string(value))
		answer := a.secretJSON(s, in.Name)
		answer["recreated"] = there
		c.answer(answer)
	}
}

// digest is opaque, and the same for the same value.
func (a *API) digest(value string) string {
	mac := hmac.New(sha256.New, []byte("the store's own"))
	mac.Write([]byte(value))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

var _ http.Handler = (*API)(nil)
