//go:build wasip1

package hostcall

import (
	"runtime"
	"unsafe"
)

// The imports of the cache and of KV stores; see calls_guest.go.

//go:wasmimport fastly_cache lookup
//go:noescape
func importCacheLookup(key string, mask uint32, options unsafe.Pointer, handle *uint32) uint32

//go:wasmimport fastly_cache get_user_metadata
//go:noescape
func importCacheMetadata(handle uint32, p unsafe.Pointer, size uint32, n *uint32) uint32

//go:wasmimport fastly_cache insert
//go:noescape
func importCacheInsert(key string, mask uint32, options unsafe.Pointer, body *Body) uint32

//go:wasmimport fastly_purge purge_surrogate_key
//go:noescape
func importPurge(key string, mask uint32, options unsafe.Pointer) uint32

//go:wasmimport fastly_kv_store open
//go:noescape
func importKVOpen(name string, store *uint32) uint32

//go:wasmimport fastly_kv_store lookup
//go:noescape
func importKVLookup(store uint32, key string, mask uint32, options unsafe.Pointer, pending *Pending) uint32

//go:wasmimport fastly_kv_store lookup_wait_v2
//go:noescape
func importKVLookupWait(p uint32, body *Body, metadata unsafe.Pointer, size uint32, n *uint32, generation *uint64, kvError *uint32) uint32

//go:wasmimport fastly_kv_store insert
//go:noescape
func importKVInsert(store uint32, key string, body, mask uint32, options unsafe.Pointer, pending *Pending) uint32

//go:wasmimport fastly_kv_store insert_wait
//go:noescape
func importKVInsertWait(p uint32, kvError *uint32) uint32

//go:wasmimport fastly_http_body read
//go:noescape
func importBodyRead(body uint32, p unsafe.Pointer, size uint32, n *uint32) uint32

// cacheWriteOptions has the layout of cache_write_options (cache.witx).
type cacheWriteOptions struct {
	maxAge                     uint64 // nanoseconds
	_                          uint32 // request headers
	_, _                       uint32 // vary rule
	_                          uint32
	_, _                       uint64 // initial age, stale while revalidate
	surrogate, surrogateLength uint32
	_                          uint64 // length
	metadata, metadataLength   uint32
	_                          uint64 // edge max age
	_                          uint32 // service
	_                          uint32
}

// kvInsertOptions has the layout of kv_insert_config (typenames.witx).
type kvInsertOptions struct {
	mode uint32
	_    uint32
	_, _ uint32 // metadata
	_    uint32 // time to live
	_    uint32
	_    uint64 // generation
}

// noOptions are options of which none is given.
type noOptions [32]byte

const (
	cacheHasSurrogate = 1 << 5
	cacheHasMetadata  = 1 << 7
	kvModeAdd         = 1
)

func address(s string) uint32 { return uint32(uintptr(unsafe.Pointer(unsafe.StringData(s)))) }

func cacheLookup(key string) (handle uint32, st Status) {
	var none noOptions
	st = Status(importCacheLookup(key, 0, unsafe.Pointer(&none), &handle))
	return handle, st
}

func cacheMetadata(handle uint32, p []byte) (n uint32, st Status) {
	st = Status(importCacheMetadata(handle, data(p), uint32(len(p)), &n))
	return n, st
}

func cacheInsert(key, metadata, surrogate string, nanoseconds uint64) (Body, Status) {
	mask, body := uint32(cacheHasMetadata), Body(InvalidHandle)
	options := cacheWriteOptions{maxAge: nanoseconds, metadata: address(metadata), metadataLength: uint32(len(metadata))}
	if surrogate != "" {
		mask |= cacheHasSurrogate
		options.surrogate, options.surrogateLength = address(surrogate), uint32(len(surrogate))
	}
	st := Status(importCacheInsert(key, mask, unsafe.Pointer(&options), &body))
	runtime.KeepAlive(metadata)
	runtime.KeepAlive(surrogate)
	return body, st
}

func purgeSurrogate(key string) Status {
	var none noOptions
	return Status(importPurge(key, 0, unsafe.Pointer(&none)))
}

func kvOpen(name string) (Store, Status) {
	store := uint32(InvalidHandle)
	st := Status(importKVOpen(name, &store))
	return Store(store), st
}

func kvLookup(s Store, key string) (Pending, Status) {
	var none noOptions
	pending := Pending(InvalidHandle)
	st := Status(importKVLookup(uint32(s), key, 0, unsafe.Pointer(&none), &pending))
	return pending, st
}

func kvLookupWait(p Pending) (body Body, outcome uint32, st Status) {
	var n uint32
	var generation uint64
	var metadata [8]byte // which is not wanted
	body = InvalidHandle
	st = Status(importKVLookupWait(uint32(p), &body, unsafe.Pointer(&metadata), uint32(len(metadata)), &n, &generation, &outcome))
	return body, outcome, st
}

func kvInsert(s Store, key string, body Body, add bool) (Pending, Status) {
	var options kvInsertOptions
	if add {
		options.mode = kvModeAdd
	}
	pending := Pending(InvalidHandle)
	st := Status(importKVInsert(uint32(s), key, uint32(body), 0, unsafe.Pointer(&options), &pending))
	return pending, st
}

func kvInsertWait(p Pending) (outcome uint32, st Status) {
	st = Status(importKVInsertWait(uint32(p), &outcome))
	return outcome, st
}

func bodyRead(b Body, p []byte) (n uint32, st Status) {
	st = Status(importBodyRead(uint32(b), data(p), uint32(len(p)), &n))
	return n, st
}
