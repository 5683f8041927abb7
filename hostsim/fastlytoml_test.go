package hostsim

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func writeFile(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func TestLoadConfig(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("HOSTSIM_TEST_KEY", "from the environment")
	writeFile(t, dir, "store.json", `{"a":"1"}`)
	writeFile(t, dir, "key.bin", "\x00\x01")
	path := writeFile(t, dir, "fastly.toml", `
manifest_version = 3
name = "x"
[scripts]
build = "anything"
[local_server]
viceroy_version = "0.20.1"
fake_valid_fastly_keys = ["k"]
[local_server.backends.tracker]
url = "https://127.0.0.1:8443/base"
override_host = "tracker.example.com"
cert_host = "cert.example.com"
use_sni = false
first_byte_timeout_ms = 250
between_bytes_timeout_ms = 0
health = "Healthy"
[local_server.config_stores.inline]
format = "inline-toml"
[local_server.config_stores.inline.contents]
key = "value"
[local_server.dictionaries.file]
format = "json"
file = "store.json"
[[local_server.secret_stores.keys]]
key = "data"
data = "d"
[[local_server.secret_stores.keys]]
key = "env"
env = "HOSTSIM_TEST_KEY"
[[local_server.secret_stores.keys]]
key = "file"
file = "key.bin"
[local_server.secret_stores.more]
format = "json"
file = "store.json"
[setup.backends.tracker]
address = "tracker.example.com"
`)
	cfg, err := LoadConfig(path)
	require.NoError(t, err)
	require.Equal(t, map[string]Backend{"tracker": {URL: "https://127.0.0.1:8443/base", Host: "tracker.example.com", CertHost: "cert.example.com",
		NoSNI: true, FirstByteTimeout: 250 * time.Millisecond, BetweenBytesTimeout: -1, Health: HealthHealthy}}, cfg.Backends)
	require.Equal(t, map[string]map[string]string{"inline": {"key": "value"}, "file": {"a": "1"}}, cfg.ConfigStores)
	require.Equal(t, map[string]map[string][]byte{"keys": {"data": []byte("d"), "env": []byte("from the environment"), "file": {0, 1}},
		"more": {"a": []byte("1")}}, cfg.SecretStores)
	require.Equal(t, []string{"k"}, cfg.FastlyKeys)
}

func TestLoadConfigRefuses(t *testing.T) {
	cases := []struct{ name, text, want string }{
		{"syntax", "a = ", "fastly.toml:1:"},
		{"version", "manifest_version = 4", "fastly.toml:1: manifest_version: version 4 is not known"},
		{"unknown section", "[local_server]\n[local_server.backend.x]\nurl='http://a'", "fastly.toml:2: local_server.backend: unknown key"},
		{"unknown backend key", "[local_server.backends.x]\nurl='http://a'\nssl=true", "fastly.toml:3: local_server.backends.x.ssl: unknown key"},
		{"inline table", "[local_server]\nbackends.x = {url = 'http://a', zzz = 1}", "fastly.toml:2: local_server.backends.x.zzz: unknown key"},
		{"no url", "[local_server.backends.x]\nuse_sni=true", "fastly.toml:1: local_server.backends.x.url: is missing"},
		{"scheme", "[local_server.backends.x]\nurl='ftp://a'", "fastly.toml:2: local_server.backends.x.url: backend url \"ftp://a\": scheme must be http or https"},
		{"type", "[local_server.backends.x]\nurl='http://a'\nuse_sni='yes'", "fastly.toml:3: local_server.backends.x.use_sni: must be true or false"},
		{"empty host", "[local_server.backends.x]\nurl='http://a'\noverride_host=' '", "fastly.toml:3: local_server.backends.x.override_host: must not be empty"},
		{"control bytes in a host", "[local_server.backends.x]\nurl='http://a'\noverride_host=\"a\\n\"", `fastly.toml:3: local_server.backends.x.override_host: "a\n" has control bytes`},
		{"control bytes on a certificate", "[local_server.backends.x]\nurl='http://a'\ncert_host=\"a\\r\\nX: y\"", `cert_host: "a\r\nX: y" has control bytes`},
		{"grpc", "[local_server.backends.x]\nurl='http://a'\ngrpc=1", "must be true or false"},
		{"health", "[local_server.backends.x]\nurl='http://a'\nhealth='ill'", "\"ill\" is none of"},
		{"ca", "[local_server.backends.x]\nurl='http://a'\nca_certificate='x'", "has no PEM certificate"},
		{"client cert", "[local_server.backends.x]\nurl='http://a'\nclient_certificate={certificate='x', key='SECRET'}", "do not make a pair"},
		{"format", "[local_server.config_stores.s]\nformat='yaml'", "fastly.toml:2: local_server.config_stores.s.format: \"yaml\" is neither"},
		{"contents", "[local_server.config_stores.s]\nformat='inline-toml'\ncontents={a=1}", "fastly.toml:3: local_server.config_stores.s.contents.a: must be a string"},
		{"json", "[local_server.config_stores.s]\nformat='json'\nfile='absent.json'", "no such file"},
		{"secret twice", "[[local_server.secret_stores.s]]\nkey='a'\ndata='SECRET'\n[[local_server.secret_stores.s]]\nkey='a'\ndata='SECRET'", "fastly.toml:5: local_server.secret_stores.s[1].key: \"a\" is there twice"},
		{"secret sources", "[[local_server.secret_stores.s]]\nkey='a'\ndata='SECRET'\nenv='B'", "fastly.toml:2: local_server.secret_stores.s[0].key: want exactly one"},
		{"secret key", "[[local_server.secret_stores.s]]\nkey='a/b'\ndata='SECRET'", "a secret's name has"},
		{"secret env", "[[local_server.secret_stores.s]]\nkey='a'\nenv='HOSTSIM_TEST_UNSET'", "\"HOSTSIM_TEST_UNSET\" is not set"},
		{"secret unknown", "[[local_server.secret_stores.s]]\nkey='a'\ndata='SECRET'\nvalue='x'", "fastly.toml:4: local_server.secret_stores.s[0].value: unknown key"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := LoadConfig(writeFile(t, t.TempDir(), "fastly.toml", c.text))
			require.ErrorContains(t, err, c.want)
			require.NotContains(t, err.Error(), "SECRET")
		})
	}
	_, err := LoadConfig(filepath.Join(t.TempDir(), "absent.toml"))
	require.ErrorIs(t, err, os.ErrNotExist)
}
