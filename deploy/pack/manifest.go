package pack

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// Manifest is the default fastly.toml of a package. Its [setup] names the
// stores that the module opens; it has no build script, since the module is
// already built.
//
//go:embed fastly.toml
var Manifest []byte

// TreeManifest is the manifest that the Fastly CLI packs, in the folder that it
// is called in.
const TreeManifest = "fastly.toml"

// manifest has the members of a fastly.toml that are read.
type manifest struct {
	Name        string `toml:"name"`
	Version     any    `toml:"manifest_version"`
	ServiceID   string `toml:"service_id"`
	LocalServer struct {
		SecretStores map[string]any `toml:"secret_stores"`
	} `toml:"local_server"`
}

func readManifest(text []byte) (m manifest, err error) {
	if err = toml.Unmarshal(text, &m); err != nil {
		err = fmt.Errorf("not TOML: %w", err)
	}
	return m, err
}

// ManifestName returns the name that a fastly.toml gives its package.
func ManifestName(text []byte) (string, error) {
	m, err := readManifest(text)
	if err == nil && (m.Name == "" || m.Version == nil) {
		err = errors.New("it lacks name or manifest_version")
	}
	return m.Name, err
}

// ManifestService returns the id of the service that a fastly.toml names; ""
// where it names none.
func ManifestService(text []byte) (string, error) {
	m, err := readManifest(text)
	return m.ServiceID, err
}

// LocalSecrets returns the secrets that the [local_server] part of a
// fastly.toml gives or names: text, files, which lie relative to dir, and
// variables of the environment. A secret whose file is not on this machine is
// listed without a value: it cannot be searched for. A file that cannot be read
// is an error.
func LocalSecrets(text []byte, dir string, lookupEnv func(string) (string, bool)) ([]Secret, error) {
	m, err := readManifest(text)
	if err != nil {
		return nil, err
	}
	var list []Secret
	for _, store := range slices.Sorted(maps.Keys(m.LocalServer.SecretStores)) {
		l := localStore{name: store, dir: dir, lookupEnv: lookupEnv}
		if err := l.read(m.LocalServer.SecretStores[store]); err != nil {
			return nil, err
		}
		list = append(list, l.secrets...)
	}
	return list, nil
}

// localStore is one of [local_server.secret_stores]: an array of entries, or a
// table that names a JSON file.
type localStore struct {
	name, dir string
	lookupEnv func(string) (string, bool)
	secrets   []Secret
}

func (l *localStore) read(v any) error {
	switch v := v.(type) {
	case []any:
		for _, one := range v {
			entry, _ := one.(map[string]any)
			if err := l.entry(entry); err != nil {
				return err
			}
		}
	case map[string]any:
		return l.file(text(v, "file"))
	}
	return nil
}

// entry reads the one of data, file and env that it has.
func (l *localStore) entry(e map[string]any) error {
	key := text(e, "key")
	if data := text(e, "data"); data != "" {
		l.add(key, data)
	}
	if value, ok := l.lookupEnv(text(e, "env")); ok {
		l.add(key, value)
	}
	if name := text(e, "file"); name != "" {
		data, err := os.ReadFile(filepath.Join(l.dir, name))
		if errors.Is(err, fs.ErrNotExist) {
			l.secrets = append(l.secrets, l.secret(key, ""))
			return nil
		}
		if err != nil {
			return fmt.Errorf("secret %q of [local_server]: %w", key, err)
		}
		l.add(key, string(data))
	}
	return nil
}

// file reads a JSON object of keys and secrets.
func (l *localStore) file(name string) error {
	data, err := os.ReadFile(filepath.Join(l.dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		l.secrets = append(l.secrets, l.secret("*", ""))
		return nil
	}
	if err != nil {
		return fmt.Errorf("secret store %q of [local_server]: %w", l.name, err)
	}
	values := map[string]any{}
	if json.Unmarshal(data, &values) != nil {
		return fmt.Errorf("secret store %q of [local_server]: %q is not a JSON object", l.name, name)
	}
	for _, key := range slices.Sorted(maps.Keys(values)) {
		switch v := values[key].(type) {
		case string:
			l.add(key, v)
		case map[string]any:
			if err := l.entry(v); err != nil {
				return err
			}
		}
	}
	return nil
}

// add trims a text file's final newline, so that the secret itself is searched
// for.
func (l *localStore) add(key, value string) {
	if value = strings.TrimSpace(value); value != "" {
		l.secrets = append(l.secrets, l.secret(key, value))
	}
}

func (l *localStore) secret(key, value string) Secret {
	return Secret{fmt.Sprintf("[local_server.secret_stores.%s] %q", l.name, key), value}
}

func text(m map[string]any, key string) string {
	s, _ := m[key].(string)
	return s
}
