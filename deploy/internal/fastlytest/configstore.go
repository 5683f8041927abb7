package fastlytest

import (
	"fmt"
	"maps"
	"slices"

	"github.com/clickedge/clickedge/core/contract"
)

// configStore keeps its items by key.
type configStore struct {
	entry
	name  string
	items map[string]string
}

func (s *configStore) json() map[string]any {
	return map[string]any{"id": s.id, "name": s.name, "created_at": created, "updated_at": created, "deleted_at": nil}
}

func (s *configStore) item(key string) map[string]any {
	return map[string]any{"store_id": s.id, "item_key": key, "item_value": s.items[key], "created_at": created, "updated_at": created, "deleted_at": nil}
}

func (a *API) routeConfigStores() {
	const root = "/resources/stores/config"
	a.handle("GET "+root, func(c *call) {
		list := []any{}
		for _, s := range a.configStores {
			if name := c.r.URL.Query().Get("name"); name == "" || name == s.name {
				list = append(list, s.json())
			}
		}
		c.answer(list)
	})
	a.handle("POST "+root, func(c *call) {
		name := c.form().Get("name")
		if name == "" || slices.ContainsFunc(a.configStores, func(s *configStore) bool { return s.name == name }) {
			c.refuse(409, "Duplicate record", fmt.Sprintf("a store named '%s' exists, or the name is empty", name))
			return
		}
		s := &configStore{entry: entry{a.id("config")}, name: name, items: map[string]string{}}
		a.configStores = append(a.configStores, s)
		c.answer(s.json())
	})
	a.handle("GET "+root+"/{store}", a.inConfigStore(func(c *call, s *configStore) { c.answer(s.json()) }))
	a.handle("PUT "+root+"/{store}", a.inConfigStore(func(c *call, s *configStore) {
		s.name = c.form().Get("name")
		c.answer(s.json())
	}))
	a.handle("DELETE "+root+"/{store}", a.inConfigStore(func(c *call, s *configStore) {
		if a.linked(s.id) {
			c.refuse(409, "Conflict", "the store is linked to a service")
			return
		}
		a.configStores = slices.DeleteFunc(a.configStores, func(o *configStore) bool { return o == s })
		c.answer(map[string]string{"status": "ok"})
	}))
	a.handle("GET "+root+"/{store}/info", a.inConfigStore(func(c *call, s *configStore) { c.answer(map[string]int{"item_count": len(s.items)}) }))
	a.handle("GET "+root+"/{store}/items", a.inConfigStore(func(c *call, s *configStore) {
		c.answer(each(slices.Collect(maps.Keys(s.items)), s.item))
	}))
	a.handle("POST "+root+"/{store}/item", a.inConfigStore(func(c *call, s *configStore) { s.put(c, c.form().Get("item_key")) }))
	a.handle("GET "+root+"/{store}/item/{key}", a.inConfigStore(func(c *call, s *configStore) {
		defer a.itemRead(c.r.PathValue("key"))
		if _, ok := s.items[c.r.PathValue("key")]; !ok {
			c.notFound("ConfigStoreItem")
			return
		}
		c.answer(s.item(c.r.PathValue("key")))
	}))
	for _, method := range []string{"PUT", "PATCH"} {
		a.handle(method+" "+root+"/{store}/item/{key}", a.inConfigStore(func(c *call, s *configStore) {
			s.put(c, c.r.PathValue("key"))
			a.itemWritten(c.r.PathValue("key"))
		}))
	}
	a.handle("DELETE "+root+"/{store}/item/{key}", a.inConfigStore(func(c *call, s *configStore) {
		if _, ok := s.items[c.r.PathValue("key")]; !ok {
			c.notFound("ConfigStoreItem")
			return
		}
		delete(s.items, c.r.PathValue("key"))
		c.answer(map[string]string{"status": "ok"})
	}))
}

// put: POST creates, PATCH changes, PUT does either.
func (s *configStore) put(c *call, key string) {
	_, there := s.items[key]
	value := c.form().Get("item_value")
	switch {
	case key == "" || len([]rune(key)) > contract.MaxConfigKey || len([]rune(value)) > contract.MaxConfigEntry:
		c.refuse(400, "Bad request", "the key or the value is too long, or the key is missing")
	case c.r.Method == "POST" && there:
		c.refuse(409, "Duplicate record", fmt.Sprintf("an item '%s' exists", key))
	case c.r.Method == "PATCH" && !there:
		c.notFound("ConfigStoreItem")
	default:
		s.items[key] = value
		c.answer(s.item(key))
	}
}

func (a *API) inConfigStore(do func(*call, *configStore)) func(*call) {
	return in(&a.configStores, "store", do, func(c *call, id string) { c.notFound("ConfigStore '" + id + "'") })
}
