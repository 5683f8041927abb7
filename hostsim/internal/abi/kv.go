package abi

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"time"
)

// KVEntry is one value of a KV store.
type KVEntry struct {
	Value    []byte
	Metadata string
	// differs from that of every other value that this key has had
	Generation uint64
	Expires    time.Time // zero: never
}

// KVStores are the KV stores of a service, shared by its sandboxes. The values
// that it hands out must not be changed.
type KVStores struct {
	mu   sync.Mutex
	now  func() time.Time
	last uint64 // generation
	used int    // bytes of values and metadata
	size int
	// MaxValue and MaxMetadata bound one value and its metadata, in bytes; 0:
	// no limit. They are set before use.
	MaxValue, MaxMetadata int
	stores                map[string]map[string]KVEntry
}

// NewKVStores makes room for size bytes (0: no limit) in stores to come; now is
// their clock.
func NewKVStores(now func() time.Time, size int) *KVStores {
	return &KVStores{now: now, size: size, stores: map[string]map[string]KVEntry{}}
}

// Create makes an empty store, unless there is one of that name.
func (k *KVStores) Create(name string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.stores[name] == nil {
		k.stores[name] = map[string]KVEntry{}
	}
}

// Exists reports whether there is a store of that name.
func (k *KVStores) Exists(name string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.stores[name] != nil
}

// Put writes a value without conditions.
func (k *KVStores) Put(store, key string, value []byte, metadata string) {
	k.insert(store, key, value, kvInsertConfig{metadata: metadata})
}

// Get returns a value that has not expired.
func (k *KVStores) Get(store, key string) (KVEntry, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.get(store, key)
}

func (k *KVStores) get(store, key string) (KVEntry, bool) {
	e, ok := k.stores[store][key]
	if ok && !e.Expires.IsZero() && !k.now().Before(e.Expires) {
		k.drop(store, key)
		return KVEntry{}, false
	}
	return e, ok
}

// drop forgets a value; k.mu is held.
func (k *KVStores) drop(store, key string) {
	if e, ok := k.stores[store][key]; ok {
		k.used -= len(e.Value) + len(e.Metadata) + handleCost
		delete(k.stores[store], key)
	}
}

// kvError is the outcome of an operation: kv_error in typenames.witx.
type kvError uint32

const (
	kvOK kvError = iota + 1
	kvBadRequest
	kvNotFound
	kvPreconditionFailed
	kvPayloadTooLarge // the last that a store here gives by itself
)

// kvMode is kv_insert_mode.
type kvMode uint32

const (
	kvOverwrite kvMode = iota
	kvAdd
	kvAppend
	kvPrepend
	kvModes
)

type kvInsertConfig struct {
	mode kvMode
	// generation must be that of the present value; a missing value matches
	matching   bool
	generation uint64
	metadata   string
	ttl        time.Duration // 0 with expires: at once
	expires    bool
}

func (k *KVStores) insert(store, key string, value []byte, c kvInsertConfig) kvError {
	k.mu.Lock()
	defer k.mu.Unlock()
	present, found := k.get(store, key)
	if found && (c.mode == kvAdd || c.matching && present.Generation != c.generation) {
		return kvPreconditionFailed
	}
	switch c.mode {
	case kvAppend:
		value = slices.Concat(present.Value, value)
	case kvPrepend:
		value = slices.Concat(value, present.Value)
	}
	if k.MaxValue > 0 && len(value) > k.MaxValue || k.MaxMetadata > 0 && len(c.metadata) > k.MaxMetadata {
		return kvPayloadTooLarge
	}
	size := len(value) + len(c.metadata) + handleCost
	if k.size > 0 && k.used+size > k.size {
		return kvPayloadTooLarge
	}
	k.drop(store, key)
	k.used += size
	now := k.now()
	k.last = max(k.last+1, uint64(now.UnixNano()))
	e := KVEntry{Value: value, Metadata: c.metadata, Generation: k.last}
	if c.expires {
		e.Expires = now.Add(c.ttl)
	}
	k.stores[store][key] = e
	return kvOK
}

// remove reports whether there was anything to delete, as Viceroy does since
// 0.22.
func (k *KVStores) remove(store, key string) kvError {
	k.mu.Lock()
	defer k.mu.Unlock()
	if _, found := k.get(store, key); !found {
		return kvNotFound
	}
	k.drop(store, key)
	return kvOK
}

type kvListing struct {
	Data []string   `json:"data"`
	Meta kvListMeta `json:"meta"`
}

type kvListMeta struct {
	Limit      uint32  `json:"limit"`
	Prefix     *string `json:"prefix,omitempty"`
	NextCursor string  `json:"next_cursor,omitempty"`
}

// list returns keys in order as JSON. A cursor is the last key of the page
// before, in base64.
func (k *KVStores) list(store string, cursor, prefix *string, limit uint32) ([]byte, kvError) {
	after := ""
	if cursor != nil {
		text, err := base64.StdEncoding.DecodeString(*cursor)
		if err != nil {
			return nil, kvBadRequest
		}
		after = string(text)
	}
	if limit == 0 {
		return nil, kvBadRequest // Viceroy panics
	}
	page := kvListing{Data: k.keys(store, after, prefix), Meta: kvListMeta{Limit: limit, Prefix: prefix}}
	if uint64(len(page.Data)) > uint64(limit) {
		page.Data = page.Data[:limit]
		page.Meta.NextCursor = base64.StdEncoding.EncodeToString([]byte(page.Data[limit-1]))
	}
	return jsonText(page), kvOK
}

func (k *KVStores) keys(store, after string, prefix *string) []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	keys := []string{}
	for key := range k.stores[store] {
		if _, live := k.get(store, key); live && key > after && (prefix == nil || strings.HasPrefix(key, *prefix)) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

// jsonText is JSON without escapes for HTML and without a line end.
func jsonText[T string | kvListing](v T) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if enc.Encode(v) != nil {
		return nil // neither type can fail
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// ValidKVKey applies the rules for keys (Viceroy, src/object_store.rs; Fastly's
// guide "Working with KV stores").
func ValidKVKey(key string) bool {
	switch {
	case key == "" || len(key) > 1024,
		strings.HasPrefix(key, ".well-known/acme-challenge"),
		key == "." || key == "..", strings.Contains(key, "./"), strings.HasSuffix(key, "/."), strings.HasSuffix(key, "/.."),
		strings.ContainsAny(key, "\r\n#;?^|"),
		len(key) == 1 && key[0] <= ' ', key == "\ufffe", key == "\uffff":
		return false
	}
	return true
}
