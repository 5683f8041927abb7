package hostsim

import (
	"encoding/json"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/clickedge/clickedge/hostsim/internal/abi"
)

// loadKVStores takes each of the names that the table has had.
func loadKVStores(local *section) map[string]map[string]KVEntry {
	stores := map[string]map[string]KVEntry{}
	for _, alias := range []string{"kv_stores", "object_stores", "object_store"} {
		s := local.child(alias)
		for _, name := range s.names() {
			if stores[name] != nil {
				s.fail(name, "is there twice, under two names of the table")
			}
			stores[name] = s.kvStore(name)
		}
	}
	return stores
}

// kvStore is an array of entries, or a table that names a JSON file.
func (s *section) kvStore(name string) map[string]KVEntry {
	store, path := map[string]KVEntry{}, join(s.path, name)
	s.used[name] = true
	switch v := s.data[name].(type) {
	case []any:
		for i, one := range v {
			entry := s.file.section(element(path, i), one)
			key := get[string](entry, "key")
			entry.putKV(store, key, entry.kvEntry())
		}
	case map[string]any:
		table := s.child(name)
		if format := get[string](table, "format"); format != "json" {
			table.fail("format", "%q is not json", format)
		}
		table.kvFile(store)
		table.done()
	default:
		s.fail(name, "must be an array of tables, or a table with file and format")
	}
	return store
}

func (s *section) putKV(store map[string]KVEntry, key string, e KVEntry) {
	if !abi.ValidKVKey(key) {
		s.fail("key", "%q cannot be a key", key)
	}
	if _, twice := store[key]; twice {
		s.fail("key", "%q is there twice", key)
	}
	store[key] = e
	s.done()
}

// kvEntry takes one of data and file, and metadata. "path" is what file was
// called when the stores were object stores.
func (s *section) kvEntry() (e KVEntry) {
	e.Metadata = get[string](s, "metadata")
	given := 0
	for _, key := range []string{"data", "file", "path"} {
		value := get[string](s, key)
		if !s.has(key) {
			continue
		}
		given++
		if e.Value = []byte(value); key != "data" {
			e.Value = s.file.file(join(s.path, key), value)
		}
	}
	if given != 1 {
		s.fail("key", "want either data or file")
	}
	return e
}

// kvFile reads an object of strings, or of objects with data or file, and
// metadata.
func (s *section) kvFile(store map[string]KVEntry) {
	object := jsonFile[any](s, "a JSON object")
	for _, key := range slices.Sorted(maps.Keys(object)) {
		switch v := object[key].(type) {
		case string:
			s.putKV(store, key, KVEntry{Value: []byte(v)})
		case map[string]any:
			entry := s.file.section(s.path, v)
			entry.putKV(store, key, entry.kvEntry())
		default:
			s.fail("file", "value of %q is neither a string nor an object", key)
		}
	}
}

// loadACLs: each is the name of a JSON file, or a table with it.
func loadACLs(s *section) map[string][]ACLEntry {
	acls := map[string][]ACLEntry{}
	for _, name := range s.names() {
		s.used[name] = true
		path := join(s.path, name)
		switch v := s.data[name].(type) {
		case string:
			acls[name] = s.file.acl(path, v)
		case map[string]any:
			table := s.child(name)
			acls[name] = s.file.acl(path, get[string](table, "file"))
			table.done()
		default:
			s.fail(name, "must be a file, or a table with file")
		}
	}
	return acls
}

// acl reads the JSON that Fastly's API takes; what is to be done with an entry
// (op) has no meaning here.
func (f *tomlFile) acl(path, name string) []ACLEntry {
	var list struct {
		Entries []struct {
			Prefix string `json:"prefix"`
			Action string `json:"action"`
		} `json:"entries"`
	}
	data := f.file(path, name)
	if data == nil {
		return nil
	}
	if err := json.Unmarshal(data, &list); err != nil {
		f.fail(path, "%s: %v", name, err)
	}
	entries := []ACLEntry{}
	for _, e := range list.Entries {
		prefix, err := netip.ParsePrefix(e.Prefix)
		if err != nil || prefix.Bits() == 0 {
			f.fail(path, "%s: %q is not a prefix like 192.0.2.0/24", name, e.Prefix)
			continue
		}
		entries = append(entries, ACLEntry{prefix.Masked(), e.Action})
	}
	return entries
}

// loadTables reads what addresses and user agents are known for.
func loadTables(local *section, cfg *Config) {
	geo := local.child("geolocation")
	if geo.has("use_default_loopback") {
		cfg.NoLoopbackGeo = !get[bool](geo, "use_default_loopback")
	}
	cfg.Geo = map[netip.Addr]json.RawMessage{}
	for address, data := range geo.table("addresses") {
		ip, err := netip.ParseAddr(address)
		if err != nil {
			geo.fail("addresses", "%q is not an IP address", address)
		}
		cfg.Geo[ip] = data
	}
	cfg.Devices = local.child("device_detection").table("user_agents")
}

// table is a format of inline-toml or json, and one object for each name.
func (s *section) table(inline string) map[string]json.RawMessage {
	rows := map[string]any{}
	switch format := get[string](s, "format"); {
	case !s.has("format"):
	case format == "inline-toml":
		if !s.has(inline) {
			s.fail(inline, "is missing")
		}
		rows = s.child(inline).data
	case format == "json":
		rows = jsonFile[any](s, "a JSON object")
	default:
		s.fail("format", "%q is neither inline-toml nor json", format)
	}
	s.done()
	table := map[string]json.RawMessage{}
	for _, name := range slices.Sorted(maps.Keys(rows)) {
		row, isObject := rows[name].(map[string]any)
		data, err := json.Marshal(row)
		if !isObject || err != nil {
			s.fail(inline, "entry %q must have fields of texts, numbers and booleans", name)
		}
		table[name] = data
	}
	return table
}

// loadShields: "local", or a table with the two URLs.
func loadShields(s *section) map[string]Shield {
	shields := map[string]Shield{}
	for _, name := range s.names() {
		s.used[name] = true
		switch v := s.data[name].(type) {
		case string:
			if !strings.EqualFold(v, "local") {
				s.fail(name, "%q is not local", v)
			}
			shields[name] = Shield{Local: true}
		case map[string]any:
			table := s.child(name)
			shields[name] = Shield{Plain: table.url("unencrypted"), TLS: table.url("encrypted")}
			table.done()
		default:
			s.fail(name, "must be local, or a table with unencrypted and encrypted")
		}
	}
	return shields
}

// url is a URL, with a path of at least a slash.
func (s *section) url(key string) string {
	text := get[string](s, key)
	if _, err := (Backend{URL: text}).compile(); err != nil || text == "" {
		s.fail(key, "%q is not a URL", text)
		return ""
	}
	if strings.Count(text, "/") == 2 {
		text += "/"
	}
	return text
}
