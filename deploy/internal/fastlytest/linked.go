package fastlytest

import "github.com/clickedge/clickedge/core/contract"

// AddService makes a service whose first version is active, with these
// backends, and a config store that is linked to it as the module opens it. It
// returns the service's id.
func (a *API) AddService(name, comment string, backends ...string) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	store := &configStore{entry: entry{a.id("config")}, name: name, items: map[string]string{}}
	a.configStores = append(a.configStores, store)
	v := &version{number: 1, active: true, locked: true, deployed: true, comment: comment, objects: map[string][]object{}}
	for _, b := range backends {
		v.objects["backend"] = append(v.objects["backend"], object{"name": b})
	}
	v.objects["resource"] = []object{{"name": contract.ConfigStore, "resource_id": store.id, "resource_type": "config", "id": a.id("link")}}
	s := &service{entry: entry{a.id("service")}, name: name, kind: "wasm", versions: []*version{v}}
	a.services = append(a.services, s)
	return s.id
}

// Item returns what the config stores have under a key.
func (a *API) Item(key string) (value string, ok bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, s := range a.configStores {
		if value, ok = s.items[key]; ok {
			return value, true
		}
	}
	return "", false
}

// SetItem puts an item into the first config store, as somebody else would.
func (a *API) SetItem(key, value string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.configStores[0].items[key] = value
}

// SetItemLater is SetItem after an item has been read this often, or, for 0,
// after it has been written.
func (a *API) SetItemLater(reads int, key, value string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.later = append(a.later, &laterItem{reads: reads, onWrite: reads == 0, key: key, value: value})
}

type laterItem struct {
	reads      int
	onWrite    bool
	done       bool
	key, value string
}

// itemRead is called after an item was read.
func (a *API) itemRead(key string) {
	for _, l := range a.later {
		if l.key == key && !l.onWrite && !l.done {
			l.reads--
			a.setIf(l, l.reads == 0)
		}
	}
}

// itemWritten is called after an item was written.
func (a *API) itemWritten(key string) {
	for _, l := range a.later {
		a.setIf(l, l.key == key && l.onWrite && !l.done)
	}
}

func (a *API) setIf(l *laterItem, now bool) {
	if now {
		l.done = true
		a.configStores[0].items[l.key] = l.value
	}
}
