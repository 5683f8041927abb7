package loopback

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/clickedge/clickedge/bench/internal/clicks"
)

// viceroyStarts bounds the compilation of a module by Viceroy.
const viceroyStarts = 3 * time.Minute

// Viceroy serves a module on loopback with Fastly's local testing server, with
// the same service as [Simulator]. The program is that in VICEROY, else the one
// on the path, else the one that `make differential` has built; the error is
// [ErrAbsent] if there is none. version is what it
// prints.
func Viceroy(ctx context.Context, wasm, sites []byte, origin string) (addr, version string, stop func(), err error) {
	path, err := FindViceroy()
	if err != nil {
		return "", "", nil, err
	}
	return inFolder(ctx, path, "--version", func(dir string) (string, func(), error) {
		return startViceroy(ctx, path, dir, wasm, sites, origin)
	})
}

// FindViceroy returns the path of Viceroy, as [Viceroy] looks for it.
func FindViceroy() (string, error) {
	built := ""
	if cache, err := os.UserCacheDir(); err == nil {
		built = filepath.Join(cache, "hostsim-differential", "bin", "viceroy")
	}
	for _, name := range []string{os.Getenv("VICEROY"), "viceroy", built} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("viceroy is %w (`cargo install --locked viceroy`, or its path in VICEROY)", ErrAbsent)
}

func startViceroy(ctx context.Context, path, dir string, wasm, sites []byte, origin string) (string, func(), error) {
	module, manifest, err := Service(dir, wasm, sites, origin)
	if err != nil {
		return "", nil, err
	}
	addr, err := FreeAddress()
	if err != nil {
		return "", nil, err
	}
	cmd := exec.Command(path, "-C", manifest, "--addr", addr, module)
	return started(ctx, cmd, os.Kill, dir, addr, viceroyStarts)
}

// Service writes a module and its fastly.toml, with the service of [Simulator],
// into a folder, and returns their paths.
func Service(dir string, wasm, sites []byte, origin string) (module, manifest string, err error) {
	toml, err := viceroyConfig(sites, origin)
	if err != nil {
		return "", "", err
	}
	module, manifest = filepath.Join(dir, "main.wasm"), filepath.Join(dir, "fastly.toml")
	return module, manifest, errors.Join(os.WriteFile(module, wasm, 0o600), os.WriteFile(manifest, []byte(toml), 0o600))
}

// viceroyConfig is the service of clicks.Config in the form of fastly.toml.
func viceroyConfig(sites []byte, origin string) (string, error) {
	cfg, err := clicks.Config(sites)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString("manifest_version = 3\nname = \"bench\"\nlanguage = \"go\"\n")
	for _, name := range slices.Sorted(maps.Keys(cfg.Backends)) {
		fmt.Fprintf(&b, "[local_server.backends.%s]\nurl = \"http://%s\"\n", name, origin)
	}
	for _, store := range slices.Sorted(maps.Keys(cfg.ConfigStores)) {
		fmt.Fprintf(&b, "[local_server.config_stores.%s]\nformat = \"inline-toml\"\n[local_server.config_stores.%s.contents]\n", store, store)
		for _, key := range slices.Sorted(maps.Keys(cfg.ConfigStores[store])) {
			fmt.Fprintf(&b, "%q = %q\n", key, cfg.ConfigStores[store][key])
		}
	}
	b.WriteString("[local_server.secret_stores]\n")
	for _, store := range slices.Sorted(maps.Keys(cfg.SecretStores)) {
		fmt.Fprintf(&b, "%s = [", store)
		for _, key := range slices.Sorted(maps.Keys(cfg.SecretStores[store])) {
			fmt.Fprintf(&b, "{key = %q, data = %q},", key, cfg.SecretStores[store][key])
		}
		b.WriteString("]\n")
	}
	return b.String(), nil
}
