package fastlytest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// kvStore keeps its values by key.
type kvStore struct {
	entry
	name   string
	values map[string]string
}

// AddKVStore makes a KV store with these values and returns its id.
func (a *API) AddKVStore(name string, values map[string]string) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.newKVStore(name, values).id
}

func (a *API) newKVStore(name string, values map[string]string) *kvStore {
	s := &kvStore{entry: entry{a.id("kv")}, name: name, values: map[string]string{}}
	maps.Copy(s.values, values)
	a.kvStores = append(a.kvStores, s)
	return s
}

// KVStores lists the names of the KV stores.
func (a *API) KVStores() (names []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, s := range a.kvStores {
		names = append(names, s.name)
	}
	return names
}

// KVValues returns what the KV stores of a name have.
func (a *API) KVValues(name string) map[string]string {
	a.mu.Lock()
	defer a.mu.Unlock()
	all := map[string]string{}
	for _, s := range a.kvStores {
		if s.name == name {
			maps.Copy(all, s.values)
		}
	}
	return all
}

// SetKVValue writes a value as a guest does.
func (a *API) SetKVValue(name, key, value string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, s := range a.kvStores {
		if s.name == name {
			s.values[key] = value
		}
	}
}

func (s *kvStore) json() map[string]string {
	return map[string]string{"id": s.id, "name": s.name, "created_at": created, "updated_at": created}
}

func (a *API) routeKVStores() {
	const root = "/resources/stores/kv"
	a.handle("GET "+root, func(c *call) {
		list := slices.DeleteFunc(slices.Clone(a.kvStores), func(s *kvStore) bool {
			name := c.r.URL.Query().Get("name")
			return name != "" && name != s.name
		})
		a.page(c, len(list), func(i int) any { return list[i].json() })
	})
	a.handle("POST "+root, func(c *call) {
		var in struct{ Name string }
		if json.Unmarshal(c.body, &in) != nil || in.Name == "" || slices.ContainsFunc(a.kvStores, func(s *kvStore) bool { return s.name == in.Name }) {
			c.problem(409, "Conflict", fmt.Sprintf("a store named %q exists, or the name is empty", in.Name))
			return
		}
		c.answer(a.newKVStore(in.Name, nil).json())
	})
	a.handle("GET "+root+"/{store}", a.inKVStore(func(c *call, s *kvStore) { c.answer(s.json()) }))
	a.handle("GET "+root+"/{store}/keys", a.inKVStore(func(c *call, s *kvStore) {
		keys := slices.Sorted(maps.Keys(s.values))
		a.page(c, len(keys), func(i int) any { return keys[i] })
	}))
	a.handle("GET "+root+"/{store}/keys/{key}", a.inKVStore(func(c *call, s *kvStore) {
		value, ok := s.values[c.r.PathValue("key")]
		if !ok {
			c.problem(404, "Not found", "no such key")
			return
		}
		_, _ = c.w.Write([]byte(value))
	}))
	a.handle("PUT "+root+"/{store}/batch", a.inKVStore(func(c *call, s *kvStore) { s.batch(c) }))
}

// batch writes the pairs of a body in NDJSON.
func (s *kvStore) batch(c *call) {
	for d := json.NewDecoder(bytes.NewReader(c.body)); d.More(); {
		var pair struct {
			Key   string
			Value []byte
		}
		if err := d.Decode(&pair); err != nil || pair.Key == "" {
			c.problem(400, "Bad request", "not a line of a batch")
			return
		}
		s.values[pair.Key] = string(pair.Value)
	}
	c.answer(map[string]any{})
}

// inKVStore finds the store that the path names.
func (a *API) inKVStore(do func(*call, *kvStore)) func(*call) {
	return in(&a.kvStores, "store", do, func(c *call, id string) { c.problem(404, "Not found", "no store "+id) })
}
