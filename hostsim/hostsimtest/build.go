package hostsimtest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// unused is how long a module is kept that no test asks for. One that is asked
// for is young again.
const unused = 5 * 24 * time.Hour

// moduleFile is the name of a module in its folder of the cache. Beside it is
// what wazero has made of it.
const moduleFile = "main.wasm"

// builder builds packages for wasip1, and keeps the modules in a folder by what
// they are made of. Several processes may share the folder.
type builder struct {
	root string // of the cache
	// where and what to build
	dir, pkg string
	flags    []string
}

// built is a module and the folder in which it is kept.
type built struct {
	module []byte
	folder string
}

// builds remembers what this process has built: sources do not change while
// tests run.
var builds sync.Map

func (b *builder) once() (built, error) {
	key := strings.Join(append([]string{b.root, b.dir, b.pkg}, b.flags...), "\x00")
	build, _ := builds.LoadOrStore(key, sync.OnceValues(b.build))
	return build.(func() (built, error))()
}

// build takes the module from the cache, or makes it.
func (b *builder) build() (built, error) {
	key, err := b.key()
	if err != nil {
		return built{}, err
	}
	folder := filepath.Join(b.root, key)
	path := filepath.Join(folder, moduleFile)
	if module, err := os.ReadFile(path); err == nil {
		now := time.Now()
		os.Chtimes(path, now, now) // in vain, it is built again some day
		return built{module, folder}, nil
	}
	b.trim()
	if err := b.link(folder); err != nil {
		return built{}, err
	}
	module, err := os.ReadFile(path)
	return built{module, folder}, err
}

// listed is what go list says of each package: its name, and in lines that
// begin with a tab the files of the main module that it comes from.
const listed = `{{.ImportPath}} {{.BuildID}} {{.Name}}{{if .Module}}{{if .Module.Main}}
	{{.Dir}}
	{{.Module.GoMod}}{{range .EmbedFiles}}
	{{$.Dir}}/{{.}}{{end}}{{end}}{{end}}`

// key is made of everything that the linker gets: the compiled packages, by the
// IDs that the go command gives to their contents, and its flags.
func (b *builder) key() (string, error) {
	env, err := b.run("env", "GOVERSION", "GOFLAGS", "GOWASM", "GOEXPERIMENT")
	if err != nil {
		return "", err
	}
	list, err := b.run(append([]string{"list", "-deps", "-export", "-f", listed}, b.arguments()...)...)
	if err != nil {
		return "", err
	}
	sum, last := sha256.New(), ""
	fmt.Fprintf(sum, "%s%q\n", env, b.flags)
	for line := range strings.Lines(list) {
		if path, isFile := strings.CutPrefix(line, "\t"); isFile {
			depend(strings.TrimSpace(path))
			continue
		}
		sum.Write([]byte(line))
		last = line
	}
	// the package itself comes last
	if !strings.HasSuffix(strings.TrimSpace(last), " main") {
		return "", fmt.Errorf("%s is not a program: want package main", b.pkg)
	}
	return hex.EncodeToString(sum.Sum(nil)[:16]), nil
}

// depend reads what the program comes from only so that go test notes it. The
// test's own binary may be the same when the program has changed, and an old
// result would be taken for a new one. It is noted for the main module only.
func depend(path string) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		os.ReadDir(path)
	}
	for _, name := range []string{"GOFLAGS", "GOWASM", "GOEXPERIMENT"} {
		os.Getenv(name)
	}
}

func (b *builder) arguments() []string {
	return slices.Concat([]string{"-trimpath", "-buildvcs=false"}, b.flags, []string{b.pkg})
}

// link makes the module. It appears in the cache whole.
func (b *builder) link(folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	temporary, err := os.MkdirTemp(folder, "build")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temporary)
	path := filepath.Join(temporary, moduleFile)
	if _, err := b.run(append([]string{"build", "-o", path}, b.arguments()...)...); err != nil {
		return err
	}
	return os.Rename(path, filepath.Join(folder, moduleFile))
}

// run runs the go command for the guest's system. What the command has written
// about a failure is the error.
func (b *builder) run(args ...string) (string, error) {
	cmd := exec.Command("go", args...)
	cmd.Dir, cmd.Env = b.dir, append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if err == nil {
		return stdout.String(), nil
	}
	if text := strings.TrimSpace(stderr.String()); text != "" {
		err = errors.New(text)
	}
	return "", fmt.Errorf("go %s for wasip1: %w", args[0], err)
}

// trim removes modules that nobody has asked for in a while. What cannot be
// removed stays.
func (b *builder) trim() {
	modules, _ := filepath.Glob(filepath.Join(b.root, "*", moduleFile))
	for _, path := range modules {
		if info, err := os.Stat(path); err == nil && time.Since(info.ModTime()) > unused {
			os.RemoveAll(filepath.Dir(path))
		}
	}
}
