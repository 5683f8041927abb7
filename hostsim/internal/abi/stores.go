package abi

import (
	"maps"
	"sync"
	"sync/atomic"
)

// Config stores and dictionaries are the same thing under two names, with one
// table of handles.

// missing asks whether a store that there is cannot be found this time.
func (f *frame) missing(name string) bool { return f.s.outside.Fault(FaultStore, name) != nil }

// open gives out a handle for the store of the name in arguments 0 and 1.
func open[T any](f *frame, stores map[string]T, handles *table[T], unknown Status) {
	name := f.text(0)
	if !f.ok() {
		return
	}
	store, ok := stores[name]
	if !ok || f.missing(name) {
		f.fail(unknown)
	}
	if f.spend(handleCost); f.ok() {
		f.put32(2, handles.add(&store))
	}
}

// configStores are the stores once they have been changed. Guests read them
// without a lock: a change replaces them.
type configStores struct {
	mu      sync.Mutex // of those who change them
	changed atomic.Pointer[map[string]map[string]string]
}

// config returns the stores as they are now.
func (s *Service) config() map[string]map[string]string {
	if changed := s.configs.changed.Load(); changed != nil {
		return *changed
	}
	return s.ConfigStores
}

// ChangeConfig changes a config store. A store that is not there is made.
func (s *Service) ChangeConfig(store string, change func(items map[string]string)) {
	s.configs.mu.Lock()
	defer s.configs.mu.Unlock()
	stores := maps.Clone(s.config())
	if stores == nil {
		stores = map[string]map[string]string{}
	}
	items := maps.Clone(stores[store])
	if items == nil {
		items = map[string]string{}
	}
	change(items)
	stores[store] = items
	s.configs.changed.Store(&stores)
}

// configOpen has Viceroy's answer to an unknown name.
func configOpen(f *frame) { open(f, f.s.svc.config(), &f.s.stores, BadHandle) }

func configGet(f *frame) {
	store := rowAt(f, &f.s.stores, f.u32(0))
	key := f.text(1)
	if !f.ok() {
		return
	}
	f.s.lookups++
	if f.s.svc.ConfigReads > 0 && f.s.lookups > f.s.svc.ConfigReads {
		f.fail(LimitExceeded)
		return
	}
	value, ok := (*store)[key]
	if !ok {
		f.fail(None)
	}
	f.fillAfterCount(3, []byte(value))
}

func secretOpen(f *frame) { open(f, f.s.svc.SecretStores, &f.s.vaults, None) }

func secretGet(f *frame) {
	store := rowAt(f, &f.s.vaults, f.u32(0))
	name := f.text(1)
	if !f.ok() {
		return
	}
	if f.s.reads++; f.s.svc.SecretReads > 0 && f.s.reads > f.s.svc.SecretReads {
		f.fail(LimitExceeded)
	}
	value, ok := (*store)[name]
	if !ok {
		f.fail(None)
	}
	if f.spend(handleCost); f.ok() {
		f.put32(3, f.s.secrets.add(&value))
	}
}

func secretPlaintext(f *frame) { f.fill(1, f.secret(f.u32(0))) }

func (f *frame) secret(h uint32) []byte {
	if value := rowAt(f, &f.s.secrets, h); value != nil {
		return *value
	}
	return nil
}

func secretFromBytes(f *frame) {
	value := []byte(f.copied(0))
	if f.spend(handleCost + len(value)); f.ok() {
		f.put32(2, f.s.secrets.add(&value))
	}
}
