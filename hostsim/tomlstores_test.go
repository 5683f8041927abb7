package hostsim

import (
	"log/slog"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLoadConfigStores(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, dir, "acl.json", `{"entries":[{"op":"create","prefix":"192.0.2.9/24","action":"BLOCK"},{"prefix":"2001:DB8::/32","action":"ALLOW"}]}`)
	writeFile(t, dir, "value.bin", "\x00\x01")
	writeFile(t, dir, "kv.json", `{"a":"1","b":{"file":"value.bin","metadata":"m"}}`)
	writeFile(t, dir, "geo.json", `{"192.0.2.1":{"city":"X","latitude":1.5}}`)
	path := writeFile(t, dir, "fastly.toml", `
[local_server]
acls.short = "acl.json"
acls.long.file = "acl.json"
[local_server.pushpin]
enable = false
[[local_server.kv_stores.items]]
key = "k"
data = "v"
metadata = "m"
[[local_server.object_stores.old]]
key = "k"
file = "value.bin"
[local_server.object_store.file]
format = "json"
file = "kv.json"
[local_server.geolocation]
use_default_loopback = false
format = "json"
file = "geo.json"
[local_server.device_detection]
format = "inline-toml"
[local_server.device_detection.user_agents."Agent/1 (x)"]
user_agent = { os = "y" }
is_bot = false
[local_server.shielding_sites]
here = "Local"
there.unencrypted = "http://localhost"
there.encrypted = "https://localhost/x"
`)
	cfg, err := LoadConfig(path)
	require.NoError(t, err)
	require.Equal(t, map[string]map[string]KVEntry{"items": {"k": {[]byte("v"), "m"}}, "old": {"k": {Value: []byte("\x00\x01")}},
		"file": {"a": {Value: []byte("1")}, "b": {[]byte("\x00\x01"), "m"}}}, cfg.KVStores)
	entries := []ACLEntry{{netip.MustParsePrefix("192.0.2.0/24"), "BLOCK"}, {netip.MustParsePrefix("2001:db8::/32"), "ALLOW"}}
	require.Equal(t, map[string][]ACLEntry{"short": entries, "long": entries}, cfg.ACLs)
	require.True(t, cfg.NoLoopbackGeo)
	require.JSONEq(t, `{"city":"X","latitude":1.5}`, string(cfg.Geo[netip.MustParseAddr("192.0.2.1")]))
	require.JSONEq(t, `{"user_agent":{"os":"y"},"is_bot":false}`, string(cfg.Devices["Agent/1 (x)"]))
	require.Equal(t, map[string]Shield{"here": {Local: true}, "there": {Plain: "http://localhost/", TLS: "https://localhost/x"}}, cfg.Shields)
	h := newHost(t, "raw", cfg)
	e, ok := h.KV("items", "k")
	require.True(t, ok)
	require.Equal(t, KVEntry{[]byte("v"), "m"}, e)
	_, ok = h.KV("items", "absent")
	require.False(t, ok)
}

func TestLoadConfigStoreMistakes(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"kv without value":   {"[[local_server.kv_stores.s]]\nkey = \"k\"", "want either data or file"},
		"kv key":             {"[[local_server.kv_stores.s]]\nkey = \"a#b\"\ndata = \"\"", "cannot be a key"},
		"kv twice":           {"[[local_server.kv_stores.s]]\nkey = \"k\"\ndata = \"\"\n[[local_server.kv_stores.s]]\nkey = \"k\"\ndata = \"\"", "there twice"},
		"kv type":            {"[local_server]\nkv_stores.s = 1", "array of tables"},
		"kv data and path":   {"[[local_server.object_stores.s]]\nkey = \"k\"\ndata = \"\"\npath = \"x\"", "want either data or file"},
		"kv file and path":   {"[[local_server.object_stores.s]]\nkey = \"k\"\nfile = \"x\"\npath = \"x\"", "want either data or file"},
		"kv path of nothing": {"[[local_server.object_stores.s]]\nkey = \"k\"\npath = \"absent\"", "s[0].path: open"},
		"kv unknown key":     {"[[local_server.kv_stores.s]]\nkey = \"k\"\ndata = \"\"\ndatta = 1", "unknown key"},
		"acl file":           {"[local_server]\nacls.a = \"absent.json\"", "absent.json"},
		"acl type":           {"[local_server]\nacls.a = 1", "must be a file"},
		"geo address":        {"[local_server.geolocation]\nformat = \"inline-toml\"\naddresses.nowhere.city = \"X\"", "not an IP address"},
		"geo without table":  {"[local_server.geolocation]\nformat = \"inline-toml\"", "is missing"},
		"device not a table": {"[local_server.device_detection]\nformat = \"inline-toml\"\nuser_agents.x = 1", "must have fields"},
		"device format":      {"[local_server.device_detection]\nformat = \"xml\"", "neither inline-toml nor json"},
		"shield":             {"[local_server]\nshielding_sites.x = \"remote\"", "is not local"},
		"shield url":         {"[local_server]\nshielding_sites.x.encrypted = \"localhost\"", "is not a URL"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := LoadConfig(writeFile(t, t.TempDir(), "fastly.toml", c.text))
			require.ErrorContains(t, err, c.want)
		})
	}
}

// Manifests that Fastly's CLI and Viceroy take.
func TestLoadConfigOfOlderManifests(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, dir, "README.md", "text")
	cfg, err := LoadConfig(writeFile(t, dir, "path.toml", "[local_server]\n[local_server.object_stores]\ns = [{ key = \"second\", path = \"README.md\" }]\n"))
	require.NoError(t, err)
	require.Empty(t, cfg.Warnings)
	require.Equal(t, map[string]map[string]KVEntry{"s": {"second": {Value: []byte("text")}}}, cfg.KVStores)
}

func TestLoadConfigLeavesUnknownSectionsAside(t *testing.T) {
	path := writeFile(t, t.TempDir(), "fastly.toml", "[local_server]\n[local_server.websockets_passthrough]\nenable = false\n[local_server.some_feature.x]\na = 1\n")
	cfg, err := LoadConfig(path)
	require.NoError(t, err)
	require.Equal(t, []string{path + ":4: local_server.some_feature: unknown section, which changes nothing here"}, cfg.Warnings)
	var said strings.Builder
	cfg.Log = slog.New(slog.NewTextHandler(&said, nil))
	newHost(t, "raw", cfg)
	require.Contains(t, said.String(), "some_feature: unknown section")

	_, err = LoadConfig(writeFile(t, t.TempDir(), "fastly.toml", "[local_server]\nsome_feature = true\n[local_server.kv_store.s]\n"))
	require.ErrorContains(t, err, "fastly.toml:2: local_server.some_feature: unknown key")
	require.ErrorContains(t, err, "fastly.toml:3: local_server.kv_store: unknown key")
}

// What Fastly's CLI and older files have is taken; what is not simulated is
// said.
func TestLoadConfigOfOthers(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, dir, "value", "v")
	cases := []struct{ name, text, warning, err string }{
		{"path of an object store", "[[local_server.object_stores.s]]\nkey='k'\npath='value'", "", ""},
		{"path of an object_store", "[[local_server.object_store.s]]\nkey='k'\npath='value'", "", ""},
		{"path of a KV store", "[[local_server.kv_stores.s]]\nkey='k'\npath='./value'\nmetadata='m'", "", ""},
		{"path and data", "[[local_server.kv_stores.s]]\nkey='k'\npath='value'\ndata='v'", "", "want either data or file"},
		{"passthrough", "[local_server.websockets_passthrough]\nenable=true", "", ""},
		{"passthrough in a line", "[local_server]\nwebsockets_passthrough=true", "", ""},
		{"passthrough of a wrong type", "[local_server]\nwebsockets_passthrough=1", "", "must be a table"},
		{"passthrough with more", "[local_server.websockets_passthrough]\nenabled=true", "", "websockets_passthrough.enabled: unknown key"},
		{"pushpin", "[local_server.pushpin]\nenable=true\npushpin_path='/x'", "", ""},
		{"unknown section", "[local_server.log_endpoints.x]\na=1", "fastly.toml:1: local_server.log_endpoints: unknown section", ""},
		{"unknown list", "[[local_server.rate_limits]]\na=1", "fastly.toml:1: local_server.rate_limits: unknown section", ""},
		{"unknown key", "[local_server]\nverbosity=1", "", "local_server.verbosity: unknown key"},
		{"unknown keys", "[local_server]\nverbosity=[1]", "", "local_server.verbosity: unknown key"},
		{"nearly known list", "[[local_server.backend]]\na=1", "", "local_server.backend: unknown key"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			cfg, err := LoadConfig(writeFile(t, dir, "fastly.toml", c.text))
			if c.err != "" {
				require.ErrorContains(t, err, c.err)
				return
			}
			require.NoError(t, err)
			require.False(t, cfg.NoWebSockets)
			for _, store := range cfg.KVStores {
				require.Equal(t, "v", string(store["k"].Value))
			}
			require.Contains(t, strings.Join(cfg.Warnings, "\n"), c.warning)
			require.Equal(t, c.warning == "", len(cfg.Warnings) == 0)
		})
	}
	cfg, err := LoadConfig(writeFile(t, dir, "fastly.toml", "[local_server.websockets_passthrough]\nenable=false"))
	require.NoError(t, err)
	require.True(t, cfg.NoWebSockets)
}
