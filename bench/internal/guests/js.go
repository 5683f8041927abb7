package guests

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// ErrNoJS says why there are no JavaScript guests; it is wrapped with the
// reason.
var ErrNoJS = errors.New("no JavaScript guests")

const jsPackage = "@fastly/js-compute"

// JS builds the guests of the folder js with Fastly's JavaScript SDK from npm,
// in the version in js/package.json. The SDK and the built modules are kept in
// the user's cache folder.
type JS struct {
	dir, home string
	Version   string
}

// NewJS reads the wanted version.
func (b Build) NewJS() (*JS, error) {
	dir := filepath.Join(b.Dir, "js")
	text, err := os.ReadFile(filepath.Join(dir, "package.json"))
	if err != nil {
		return nil, err
	}
	var pkg struct {
		Dependencies map[string]string `json:"dependencies"`
	}
	if err := json.Unmarshal(text, &pkg); err != nil {
		return nil, fmt.Errorf("js/package.json: %w", err)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, err
	}
	version := pkg.Dependencies[jsPackage]
	return &JS{dir: dir, Version: version, home: filepath.Join(cache, "clickedge-bench", "js-compute-"+version)}, nil
}

// Ready reports whether a guest is already built, so that it needs no time and
// no network.
func (j *JS) Ready(name string) bool {
	out, err := j.out(name)
	if err != nil {
		return false
	}
	_, err = os.Stat(out)
	return err == nil
}

// out is the file of a built guest.
func (j *JS) out(name string) (string, error) {
	source, err := os.ReadFile(filepath.Join(j.dir, name+".js"))
	sum := sha256.Sum256(source)
	return filepath.Join(j.home, fmt.Sprintf("%s-%x.wasm", name, sum[:8])), err
}

// Module builds js/<name>.js. If npm is missing or fails, the error is
// [ErrNoJS].
func (j *JS) Module(ctx context.Context, name string) ([]byte, error) {
	out, err := j.out(name)
	if err != nil {
		return nil, err
	}
	if wasm, err := os.ReadFile(out); err == nil {
		return wasm, nil
	}
	if err := j.install(ctx); err != nil {
		return nil, err
	}
	source, err := filepath.Abs(filepath.Join(j.dir, name+".js"))
	if err != nil {
		return nil, err
	}
	tmp := out + ".new"
	if err := j.run(ctx, "npx", "--no-install", "js-compute-runtime", source, tmp); err != nil {
		return nil, err
	}
	if err := os.Rename(tmp, out); err != nil {
		return nil, err
	}
	return os.ReadFile(out)
}

func (j *JS) install(ctx context.Context) error {
	if _, err := exec.LookPath("npm"); err != nil {
		return fmt.Errorf("%w: npm is not installed", ErrNoJS)
	}
	if _, err := os.Stat(filepath.Join(j.home, "node_modules", jsPackage)); err == nil {
		return nil
	}
	if err := os.MkdirAll(j.home, 0o755); err != nil {
		return err
	}
	text, err := os.ReadFile(filepath.Join(j.dir, "package.json"))
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(j.home, "package.json"), text, 0o644); err != nil {
		return err
	}
	return j.run(ctx, "npm", "install", "--no-audit", "--no-fund", "--loglevel=error")
}

func (j *JS) run(ctx context.Context, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = j.home
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s %s: %w: %s", ErrNoJS, name, args[0], err, lastLine(string(said)))
	}
	return nil
}

func lastLine(s string) string {
	s = strings.TrimSpace(s)
	return s[strings.LastIndexByte(s, '\n')+1:]
}
