package abi

// Config stores and dictionaries are the same thing under two names, with one
// table of handles.

// missing asks whether a store that there is cannot be found this time.
func (f *frame) missing(name string) bool { return f.s.outside.Fault(FaultStore, name) != nil }

func configOpen(f *frame) {
	name := f.text(0)
	if !f.ok() {
		return
	}
	store, ok := f.s.svc.ConfigStores[name]
	if !ok || f.missing(name) {
		f.fail(BadHandle) // Viceroy's answer
	}
	if f.spend(handleCost); f.ok() {
		f.put32(2, f.s.stores.add(&store))
	}
}

func configGet(f *frame) {
	store := f.s.stores.get(f.u32(0))
	if store == nil {
		f.fail(BadHandle)
	}
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

func secretOpen(f *frame) {
	name := f.text(0)
	if !f.ok() {
		return
	}
	store, ok := f.s.svc.SecretStores[name]
	if !ok || f.missing(name) {
		f.fail(None)
	}
	if f.spend(handleCost); f.ok() {
		f.put32(2, f.s.vaults.add(&store))
	}
}

func secretGet(f *frame) {
	store := f.s.vaults.get(f.u32(0))
	if store == nil {
		f.fail(BadHandle)
	}
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
	value := f.s.secrets.get(h)
	if value == nil {
		f.fail(BadHandle)
		return nil
	}
	return *value
}

func secretFromBytes(f *frame) {
	value := []byte(f.copied(0))
	if f.spend(handleCost + len(value)); f.ok() {
		f.put32(2, f.s.secrets.add(&value))
	}
}
