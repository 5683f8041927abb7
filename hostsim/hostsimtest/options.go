package hostsimtest

import (
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/clickedge/clickedge/hostsim"
)

// Option says what a service has, beyond what Run finds by itself.
type Option func(*settings)

type settings struct {
	toml    string
	changes []func(*hostsim.Config)
	network bool
	flags   []string // of go build
	cache   string
	masks   masks
}

// Backend has handler answer for a backend; hostsim.Mock is a handler that
// needs no code. It takes the place of one that the configuration has.
func Backend(name string, handler http.Handler) Option {
	return With(func(c *hostsim.Config) {
		b := c.Backends[name]
		b.Handler = handler
		c.Backends[name] = b
	})
}

// Answer is Backend with the same answer to every request.
func Answer(name string, status int, body string) Option {
	return Backend(name, hostsim.Mock{Status: status, Body: []byte(body)})
}

// Dynamic has handler answer for a backend that the guest registers itself, by
// its name or its host; see hostsim.Dynamic.
func Dynamic(nameOrHost string, handler http.Handler) Option {
	return With(func(c *hostsim.Config) {
		if c.Dynamic.Handlers == nil {
			c.Dynamic.Handlers = map[string]http.Handler{}
		}
		c.Dynamic.Handlers[nameOrHost] = handler
	})
}

// FastlyTOML takes backends, stores and mocks from a fastly.toml. It counts
// before all other options.
func FastlyTOML(path string) Option { return func(s *settings) { s.toml = path } }

// With changes the configuration. The maps of backends and stores are there.
func With(change func(*hostsim.Config)) Option {
	return func(s *settings) { s.changes = append(s.changes, change) }
}

// Network lets requests out: to backends by their URL, and to those that the
// guest registers. Without it, only this machine can be asked.
func Network() Option { return func(s *settings) { s.network = true } }

// At stops the guest's wall clock at a moment, and makes its randomness the
// same each time, for golden files.
func At(now time.Time) Option {
	return With(func(c *hostsim.Config) {
		c.Now = func() time.Time { return now }
		c.Rand = rand.NewChaCha8([32]byte{})
	})
}

// BuildFlags are added to those of go build. With -buildmode=c-shared, for a
// reactor, With has to set Config.Entry.
func BuildFlags(flags ...string) Option {
	return func(s *settings) { s.flags = append(s.flags, flags...) }
}

// CacheDir is the folder for modules and what wazero makes of them. Default:
// hostsimtest in the user's cache folder.
func CacheDir(dir string) Option { return func(s *settings) { s.cache = dir } }

// MaskFields replaces the values of fields in golden files. Those of Date, Age
// and Expires always are.
func MaskFields(names ...string) Option {
	return func(s *settings) {
		for _, name := range names {
			s.masks.fields = append(s.masks.fields, strings.ToLower(name))
		}
	}
}

// MaskText replaces what an expression matches in golden files: in fields,
// bodies, log lines and output. Ports behind 127.0.0.1 always are.
func MaskText(expression string) Option {
	compiled := regexp.MustCompile(expression)
	return func(s *settings) { s.masks.texts = append(s.masks.texts, compiled) }
}

// config is the configuration that the options make.
func (s *settings) config(t testing.TB) hostsim.Config {
	t.Helper()
	var cfg hostsim.Config
	if s.toml != "" {
		var err error
		if cfg, err = hostsim.LoadConfig(s.toml); err != nil {
			t.Fatalf("hostsimtest: %v", err)
		}
	}
	makeMaps(&cfg)
	cfg.Limits.SentBody = sentBody
	for _, change := range s.changes {
		change(&cfg)
	}
	if !s.network {
		stayHere(&cfg)
	}
	return cfg
}

// sentBody is how much of a body that is sent a test can see.
const sentBody = 1 << 20

func makeMaps(cfg *hostsim.Config) {
	if cfg.Backends == nil {
		cfg.Backends = map[string]hostsim.Backend{}
	}
	if cfg.ConfigStores == nil {
		cfg.ConfigStores = map[string]map[string]string{}
	}
	if cfg.SecretStores == nil {
		cfg.SecretStores = map[string]map[string][]byte{}
	}
	if cfg.KVStores == nil {
		cfg.KVStores = map[string]map[string]hostsim.KVEntry{}
	}
}

// stayHere has nobody answer for what is not on this machine: a mock that fits
// no request fails it.
func stayHere(cfg *hostsim.Config) {
	for name, b := range cfg.Backends {
		if b.Handler == nil && b.URL != "" && !b.Loopback() {
			b.Handler = nobody
			cfg.Backends[name] = b
		}
	}
	cfg.Dynamic.Loopback = true
}

// nobody is a method that no request has.
var nobody = hostsim.Mock{Method: "NOBODY-ANSWERS-IN-TESTS"}

func (s *settings) builder(dir, pkg string) *builder {
	return &builder{root: s.cache, dir: dir, pkg: pkg, flags: slices.Clone(s.flags)}
}

// compiled is where wazero keeps what it has made of a module.
func compiled(folder string) string { return filepath.Join(folder, "compiled") }
