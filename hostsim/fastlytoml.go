package hostsim

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"os"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"
)

// LoadConfig reads the [local_server] part of a fastly.toml: acls, backends,
// config_stores (or dictionaries), device_detection, fake_valid_fastly_keys,
// geolocation, kv_stores (or object_stores, object_store), secret_stores,
// shielding_sites and websockets_passthrough, with the keys that Viceroy has
// (github.com/fastly/Viceroy, src/config); and mocks and dynamic_mocks, which
// Viceroy ignores: see [LoadMocks]. Files that it names are found beside it. A value of the wrong
// type or beyond Fastly's limits is an error with file and line, and so is a
// key that is not known, also as a section whose name is nearly one of these.
// All of them are reported together. Any other section, be it a table or an
// array of tables, belongs to a feature that is not simulated: it is ignored, with a line in [Config.Warnings]. A
// secret that comes from the environment must be set there. Secrets are never
// part of an error.
//
// Everything else in the file belongs to Fastly's CLI and is ignored.
func LoadConfig(path string) (Config, error) {
	f, err := readTOML(path)
	if err != nil {
		return Config{}, err
	}
	if version, ok := f.root["manifest_version"].(int64); ok && version > 3 {
		f.fail("manifest_version", "version %d is not known, the last is 3", version)
	}
	local := f.section("local_server", f.root["local_server"])
	var cfg Config
	cfg.Backends = loadBackends(local.child("backends"))
	loadMocks(local, &cfg)
	cfg.ConfigStores = loadConfigStores(local)
	cfg.SecretStores = loadSecretStores(local.child("secret_stores"))
	cfg.FastlyKeys = loadKeys(local)
	cfg.KVStores = loadKVStores(local)
	cfg.ACLs = loadACLs(local.child("acls"))
	loadTables(local, &cfg)
	cfg.Shields = loadShields(local.child("shielding_sites"))
	cfg.NoWebSockets = loadPassthrough(local)
	// for the CLI
	local.used["viceroy_version"], local.used["pushpin"] = true, true
	cfg.Warnings = local.leaveSections()
	local.done()
	if err := errors.Join(f.errs...); err != nil {
		return Config{}, err
	}
	return cfg, nil
}

// loadPassthrough reports whether the file says that there are no WebSockets:
// the CLI passes that on as a flag.
func loadPassthrough(local *section) (off bool) {
	const key = "websockets_passthrough"
	if _, plain := local.data[key].(bool); plain {
		return !get[bool](local, key)
	}
	s := local.child(key)
	off = s.has("enable") && !get[bool](s, "enable")
	s.done()
	return off
}

func loadKeys(local *section) (keys []string) {
	for _, value := range get[[]any](local, "fake_valid_fastly_keys") {
		key, ok := value.(string)
		if !ok {
			local.fail("fake_valid_fastly_keys", "must have strings only")
		}
		keys = append(keys, key)
	}
	return keys
}

func loadBackends(s *section) map[string]Backend {
	backends := map[string]Backend{}
	for _, name := range s.names() {
		b := s.child(name)
		backends[name] = loadBackend(b)
		b.done()
	}
	return backends
}

func loadBackend(s *section) Backend {
	b := Backend{URL: get[string](s, "url"), Host: s.notEmpty("override_host"), CertHost: s.notEmpty("cert_host"),
		FirstByteTimeout: s.milliseconds("first_byte_timeout_ms"), BetweenBytesTimeout: s.milliseconds("between_bytes_timeout_ms"),
		Health: s.health("health")}
	if b.URL == "" {
		s.fail("url", "is missing")
	} else if _, err := b.compile(); err != nil {
		s.fail("url", "%v", err)
	}
	if s.has("use_sni") {
		b.NoSNI = !get[bool](s, "use_sni")
	}
	b.GRPC = get[bool](s, "grpc")
	if s.has("ca_certificate") {
		b.CA = x509.NewCertPool()
		s.addCA(b.CA, join(s.path, "ca_certificate"), s.data["ca_certificate"])
		s.used["ca_certificate"] = true
	}
	if s.has("client_certificate") {
		b.ClientCert = loadClientCert(s.child("client_certificate"))
	}
	return b
}

func (s *section) notEmpty(key string) string {
	value := get[string](s, key)
	switch {
	case s.has(key) && strings.TrimSpace(value) == "":
		s.fail(key, "must not be empty")
	case !isSendable(value):
		s.fail(key, "%q has control bytes", value)
		return "" // it is said once
	}
	return value
}

// milliseconds maps 0 to "none".
func (s *section) milliseconds(key string) time.Duration {
	n := get[int64](s, key)
	if !s.has(key) {
		return 0
	}
	if n < 0 || n > int64(24*time.Hour/time.Millisecond) {
		s.fail(key, "must be between 0 and a day")
	}
	if n == 0 {
		return -1
	}
	return time.Duration(n) * time.Millisecond
}

func (s *section) health(key string) Health {
	switch text := strings.ToLower(get[string](s, key)); text {
	case "", "unknown":
	case "healthy":
		return HealthHealthy
	case "unhealthy":
		return HealthUnhealthy
	default:
		s.fail(key, "%q is none of unknown, healthy, unhealthy", text)
	}
	return HealthUnknown
}

// addCA takes PEM text, a table with file or value, or an array of those.
func (s *section) addCA(pool *x509.CertPool, path string, value any) {
	switch v := value.(type) {
	case string:
		if !pool.AppendCertsFromPEM([]byte(v)) {
			s.file.fail(path, "has no PEM certificate")
		}
	case []any:
		for _, one := range v {
			s.addCA(pool, path, one)
		}
	case map[string]any:
		table := s.file.section(path, v)
		pem := []byte(get[string](table, "value"))
		if table.has("file") {
			pem = s.file.file(join(path, "file"), get[string](table, "file"))
		}
		table.done()
		s.addCA(pool, path, string(pem))
	default:
		s.file.fail(path, "must be PEM text, a table with file or value, or an array of those")
	}
}

func loadClientCert(s *section) *tls.Certificate {
	cert, key := s.inlineOrFile("certificate"), s.inlineOrFile("key")
	s.done()
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		s.file.fail(s.path, "certificate and key do not make a pair: %v", err)
	}
	return &pair
}

// inlineOrFile is the value of key, or the contents of the file named by
// key_file.
func (s *section) inlineOrFile(key string) []byte {
	name := get[string](s, key+"_file")
	text := get[string](s, key)
	if s.has(key+"_file") == s.has(key) {
		s.fail(key, "want either %s or %s_file", key, key)
	}
	if name != "" {
		return s.file.file(join(s.path, key+"_file"), name)
	}
	return []byte(text)
}

func loadConfigStores(local *section) map[string]map[string]string {
	stores := map[string]map[string]string{}
	for _, key := range []string{"config_stores", "dictionaries"} {
		s := local.child(key)
		for _, name := range s.names() {
			if stores[name] != nil {
				s.fail(name, "is both a config store and a dictionary")
			}
			stores[name] = loadConfigStore(s.child(name))
		}
	}
	return stores
}

func loadConfigStore(s *section) map[string]string {
	store := map[string]string{}
	switch format := get[string](s, "format"); format {
	case "inline-toml":
		contents := s.child("contents")
		if !s.has("contents") {
			s.fail("contents", "is missing")
		}
		for _, key := range contents.names() {
			store[key] = get[string](contents, key)
			contents.checkItem(key, store[key])
		}
	case "json":
		store = jsonFile[string](s, "a JSON object of strings")
		for key, value := range store {
			s.checkItem(key, value)
		}
	default:
		s.fail("format", "%q is neither inline-toml nor json", format)
	}
	s.done()
	return store
}

// Fastly's limits for config stores (docs.fastly.com, "Working with config
// stores"), in characters.
const maxItemKey, maxItemValue = 256, 8000

func (s *section) checkItem(key, value string) {
	if utf8.RuneCountInString(key) > maxItemKey {
		s.fail(key, "key is longer than %d characters", maxItemKey)
	}
	if utf8.RuneCountInString(value) > maxItemValue {
		s.fail(key, "value is longer than %d characters", maxItemValue)
	}
}

// jsonFile is an object in the file that the key "file" names; what says what is
// wanted of it.
func jsonFile[V any](s *section, what string) map[string]V {
	name := s.notEmpty("file")
	if name == "" {
		s.fail("file", "is missing")
		return nil
	}
	object := map[string]V{}
	data := s.file.file(join(s.path, "file"), name)
	if data != nil && json.Unmarshal(data, &object) != nil {
		// no detail: it may quote a secret
		s.fail("file", "%s is not %s", name, what)
	}
	return object
}

var secretLetters = regexp.MustCompile(`^[A-Za-z0-9._-]+$`)

// validSecretName applies Fastly's rule for secret stores and secrets.
func validSecretName(name string) bool { return len(name) <= 255 && secretLetters.MatchString(name) }

func loadSecretStores(s *section) map[string]map[string][]byte {
	stores := map[string]map[string][]byte{}
	for _, name := range s.names() {
		if !validSecretName(name) {
			s.fail(name, "a secret store's name has letters, digits, ., _ and - only")
		}
		s.used[name] = true
		path := join(s.path, name)
		switch v := s.data[name].(type) {
		case []any:
			stores[name] = loadSecrets(s.file, path, v)
		case map[string]any:
			stores[name] = loadSecretFile(s.child(name))
		default:
			s.fail(name, "must be an array of tables, or a table with file and format")
		}
	}
	return stores
}

func loadSecretFile(s *section) map[string][]byte {
	if format := get[string](s, "format"); format != "json" {
		s.fail("format", "%q is not json", format)
	}
	store := map[string][]byte{}
	for key, value := range jsonFile[string](s, "a JSON object of strings") {
		store[key] = []byte(value)
	}
	s.done()
	return store
}

func loadSecrets(f *tomlFile, path string, items []any) map[string][]byte {
	store := map[string][]byte{}
	for i, item := range items {
		s := f.section(element(path, i), item)
		key := get[string](s, "key")
		if !validSecretName(key) {
			s.fail("key", "a secret's name has 1 to 255 letters, digits, ., _ and -")
		}
		if _, twice := store[key]; twice {
			s.fail("key", "%q is there twice", key)
		}
		store[key] = s.secret()
		s.done()
	}
	return store
}

// secret takes exactly one of data, file and env. An unset variable is an error
// here, where Viceroy takes it for empty: an empty key is a key that everybody
// knows.
func (s *section) secret() []byte {
	data, file, env := get[string](s, "data"), get[string](s, "file"), get[string](s, "env")
	count := 0
	for _, key := range []string{"data", "file", "env"} {
		if s.has(key) {
			count++
		}
	}
	switch {
	case count != 1:
		s.fail("key", "want exactly one of data, file and env")
	case s.has("file"):
		return s.file.file(join(s.path, "file"), file)
	case s.has("env"):
		value, ok := os.LookupEnv(env)
		if !ok {
			s.fail("env", "environment variable %q is not set", env)
		}
		return []byte(value)
	}
	return []byte(data)
}
