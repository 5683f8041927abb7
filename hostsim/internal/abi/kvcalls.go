package abi

import (
	"io"
	"time"
	"unicode/utf8"
)

// The operations that wait calls take. Without Service.KVFault every one is done
// when it is started.
type (
	kvLookup struct {
		*kvStep
		entry KVEntry
	}
	kvInsert struct{ *kvStep }
	kvDelete struct{ *kvStep }
	kvList   struct {
		*kvStep
		listing []byte
	}
)

// kvOpen serves KV stores and object stores, which are the same stores under
// two names.
func kvOpen(f *frame) {
	name := f.text(0)
	if f.ok() && (f.s.svc.KV == nil || !f.s.svc.KV.Exists(name) || f.missing(name)) {
		f.fail(Inval)
	}
	if f.spend(handleCost); f.ok() {
		f.put32(2, f.s.kvs.add(&name))
	}
}

// kvStore is the store behind the handle in argument 0. Viceroy panics on a bad
// one.
func (f *frame) kvStore() string {
	if name := rowAt(f, &f.s.kvs, f.u32(0)); name != nil {
		return *name
	}
	return ""
}

// kvKey is the key in arguments 1 and 2; a bad one has another status in the
// older calls.
func (f *frame) kvKey(bad Status) string {
	key := f.text(1)
	if f.ok() && !ValidKVKey(key) {
		f.fail(bad)
	}
	return key
}

// whole consumes the body in argument i and reads it to its end.
func (f *frame) whole(i int) (data []byte) {
	body := takeItem[*Body](f, f.u32(i))
	if !f.ok() {
		return nil
	}
	defer body.Close()
	defer f.s.idle()()
	for f.ok() {
		piece, err := body.Next(f.s.ctx)
		if err == io.EOF {
			return data
		}
		if err != nil {
			f.fail(bodyStatus(err))
		}
		f.spend(len(piece))
		data = append(data, piece...)
	}
	return nil
}

func (f *frame) startLookup(out int, bad Status) {
	store, key := f.kvStore(), f.kvKey(bad)
	f.newItem(out, func() item { return f.lookup(store, key) })
}

// lookup reads the value as it is now, however long the answer takes.
func (f *frame) lookup(store, key string) *kvLookup {
	entry, found := f.s.svc.KV.Get(store, key)
	return &kvLookup{f.startKV("lookup", store, key, func() kvError {
		if !found {
			return kvNotFound
		}
		return kvOK
	}), entry}
}

func kvLookupStart(f *frame) {
	f.flags(3, 1)
	f.startLookup(5, Inval)
}

func kvLookupWait(f *frame) { f.kvLookupWait(func(uint64) { f.put32(5, 0) }) }

func kvLookupWaitV2(f *frame) { f.kvLookupWait(func(generation uint64) { f.put64(5, generation) }) }

// kvLookupWait: the error is the last argument; with a value that is missing
// nothing else is written.
func (f *frame) kvLookupWait(generation func(uint64)) {
	l := takeItem[*kvLookup](f, f.u32(0))
	if f.awaitKV(l); !f.ok() {
		return
	}
	if l.err != kvOK {
		f.put32(6, uint32(l.err))
		return
	}
	f.newItem(1, func() item { return l.body(l.entry.Value) })
	if f.fill(2, []byte(l.entry.Metadata)); f.ok() {
		generation(l.entry.Generation)
		f.put32(6, uint32(kvOK))
	}
}

// Flags of kv_insert_config_options and the size of kv_insert_config.
const (
	kvOptMetadata          = 8
	kvOptTTL               = 16
	kvOptGeneration        = 32
	kvInsertKnown          = 63
	kvInsertSize           = 32
	kvListCursor           = 2
	kvListLimit            = 4
	kvListPrefix           = 8
	kvListKnown            = 15
	kvListSize             = 24
	kvListDefault   uint32 = 1000
)

func kvInsertStart(f *frame) {
	mask := f.flags(4, kvInsertKnown)
	store, key := f.kvStore(), f.kvKey(Inval)
	value := f.whole(3)
	config := f.kvInsertConfig(mask, f.record(f.u32(5), kvInsertSize, 8))
	f.newItem(6, func() item { return f.insert(store, key, value, config) })
}

// insert writes a value when the operation is done.
func (f *frame) insert(store, key string, value []byte, config kvInsertConfig) *kvInsert {
	kv := f.s.svc.KV
	return &kvInsert{f.startKV("insert", store, key, func() kvError { return kv.insert(store, key, value, config) })}
}

func (f *frame) kvInsertConfig(mask uint32, r record) (c kvInsertConfig) {
	if c.mode = kvMode(r.u32(0)); c.mode >= kvModes {
		f.fail(Inval)
	}
	if text := f.optionalText(mask&kvOptMetadata != 0, r, 8); text != nil {
		c.metadata = *text
	}
	c.expires, c.ttl = mask&kvOptTTL != 0, time.Duration(r.u32(16))*time.Second
	c.matching, c.generation = mask&kvOptGeneration != 0, r.u64(24)
	return c
}

// optionalText is text whose address and length are at offset at of a record:
// nil when it is not given, and never empty.
func (f *frame) optionalText(given bool, r record, at int) *string {
	if !given || !f.ok() {
		return nil
	}
	n := r.u32(at + 4)
	if n == 0 {
		f.fail(Inval)
	}
	text := string(f.view(r.u32(at), n))
	if !utf8.ValidString(text) {
		f.fail(Inval)
	}
	return &text
}

func kvInsertWait(f *frame) {
	i := takeItem[*kvInsert](f, f.u32(0))
	if f.awaitKV(i); f.ok() {
		f.put32(1, uint32(i.err))
	}
}

func kvDeleteStart(f *frame) {
	f.flags(3, 1)
	f.startDelete(5, Inval)
}

func (f *frame) startDelete(out int, bad Status) {
	store, key := f.kvStore(), f.kvKey(bad)
	kv := f.s.svc.KV
	f.newItem(out, func() item {
		return &kvDelete{f.startKV("delete", store, key, func() kvError { return kv.remove(store, key) })}
	})
}

func kvDeleteWait(f *frame) {
	d := takeItem[*kvDelete](f, f.u32(0))
	if f.awaitKV(d); f.ok() {
		f.put32(1, uint32(d.err))
	}
}

func kvListStart(f *frame) {
	mask, store := f.flags(1, kvListKnown), f.kvStore()
	r := f.record(f.u32(2), kvListSize, 4)
	if r.u32(0) > 1 {
		f.fail(Inval)
	}
	cursor := f.optionalText(mask&kvListCursor != 0, r, 4)
	prefix := f.optionalText(mask&kvListPrefix != 0, r, 16)
	limit := kvListDefault
	if mask&kvListLimit != 0 {
		limit = r.u32(12)
	}
	f.newItem(3, func() item {
		listing, err := f.s.svc.KV.list(store, cursor, prefix, limit)
		return &kvList{f.startKV("list", store, "", func() kvError { return err }), listing}
	})
}

func kvListWait(f *frame) {
	l := takeItem[*kvList](f, f.u32(0))
	if f.awaitKV(l); !f.ok() {
		return
	}
	if l.err == kvOK {
		f.newItem(1, func() item { return l.body(l.listing) })
	}
	f.put32(2, uint32(l.err))
}

// The object store calls are the older form: they have no kv_error, and a value
// that is missing leaves the handle as it was, with an ok status.

func objLookup(f *frame) {
	store, key := f.kvStore(), f.kvKey(Error)
	if !f.ok() {
		return
	}
	l := f.lookup(store, key)
	if f.awaitKV(l); f.ok() {
		f.foundObject(3, l)
	}
}

func objLookupAsync(f *frame) { f.startLookup(3, Error) }

func objLookupWait(f *frame) {
	l := takeItem[*kvLookup](f, f.u32(0))
	if f.awaitKV(l); f.ok() {
		f.foundObject(1, l)
	}
}

// foundObject gives out the body of a value, if there is one.
func (f *frame) foundObject(out int, l *kvLookup) {
	switch l.err {
	case kvOK:
		f.newItem(out, func() item { return l.body(l.entry.Value) })
	case kvNotFound:
	default:
		f.fail(Error)
	}
}

func objInsert(f *frame) {
	store, key := f.kvStore(), f.kvKey(Error)
	value := f.whole(3)
	if !f.ok() {
		return
	}
	i := f.insert(store, key, value, kvInsertConfig{})
	if f.awaitKV(i); f.ok() && i.err > kvPayloadTooLarge {
		f.fail(Error)
	}
}

func objInsertAsync(f *frame) {
	store, key := f.kvStore(), f.kvKey(Error)
	value := f.whole(3)
	f.newItem(4, func() item { return f.insert(store, key, value, kvInsertConfig{}) })
}

func objInsertWait(f *frame) {
	i := takeItem[*kvInsert](f, f.u32(0))
	if f.awaitKV(i); f.ok() && i.err != kvOK {
		f.fail(Inval)
	}
}

func objDeleteAsync(f *frame) { f.startDelete(3, Error) }

func objDeleteWait(f *frame) {
	d := takeItem[*kvDelete](f, f.u32(0))
	if f.awaitKV(d); f.ok() && d.err != kvOK {
		f.fail(None)
	}
}
