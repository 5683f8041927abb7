// Package symbols says which variable of a Go module for WebAssembly lies at an
// address. Such a module names its functions only; so the linker of the Go
// toolchain is built once more, with a few lines that write down where it puts
// things. The module that it links is the same.
//
// Start with [While].
package symbols

import (
	"bufio"
	"cmp"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// ErrUnknown says why variables cannot be named; it is wrapped with the reason.
var ErrUnknown = errors.New("variables are not named")

// Map has the symbols of a module's data. The zero value has none.
type Map struct{ list []symbol }

type symbol struct {
	name    string
	address uint32
	size    uint32
}

// dump is the file that the linker gets: it writes a line for each symbol.
//
//go:embed dump.go.txt
var dump []byte

// The linker writes its module in this function of cmd/link/internal/wasm.
const (
	writes = "func asmb2(ctxt *ld.Link, ldr *loader.Loader) {\n"
	folder = "cmd/link/internal/wasm"
)

// variable names the file that the linker writes symbols to.
const variable = "CLICKEDGE_SYMBOLS"

// While calls build, which runs the go command on a main package for wasip1,
// and returns the symbols of what that links. Where the toolchain cannot be
// asked, build is called all the same, and the error is [ErrUnknown].
func While(ctx context.Context, build func() error) (*Map, error) {
	dir, err := os.MkdirTemp("", "symbols-")
	if err != nil {
		return &Map{}, err
	}
	defer os.RemoveAll(dir)
	if err := linker(ctx, dir); err != nil {
		return &Map{}, errors.Join(build(), err)
	}
	out := filepath.Join(dir, "symbols")
	before, had := os.LookupEnv("GOFLAGS")
	os.Setenv("GOFLAGS", strings.TrimSpace(before+" -toolexec="+filepath.Join(dir, "exec")))
	os.Setenv(variable, out)
	err = build()
	os.Unsetenv(variable)
	if os.Setenv("GOFLAGS", before); !had {
		os.Unsetenv("GOFLAGS")
	}
	if err != nil {
		return &Map{}, err
	}
	return read(out)
}

// linker builds the linker, and a program that the go command calls in place of
// its tools.
func linker(ctx context.Context, dir string) error {
	root, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	if err != nil {
		return fmt.Errorf("%w: go env: %w", ErrUnknown, err)
	}
	source := filepath.Join(strings.TrimSpace(string(root)), "src", filepath.FromSlash(folder))
	asm, err := os.ReadFile(filepath.Join(source, "asm.go"))
	if err != nil || strings.Count(string(asm), writes) != 1 {
		return fmt.Errorf("%w: %s is not as this program knows it", ErrUnknown, filepath.Join(source, "asm.go"))
	}
	files := map[string][]byte{
		"asm.go":  []byte(strings.Replace(string(asm), writes, writes+"\tdumpSymbols(ldr)\n", 1)),
		"dump.go": dump,
	}
	overlay := map[string]string{}
	for name, text := range files {
		overlay[filepath.Join(source, name)] = filepath.Join(dir, name)
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			return err
		}
	}
	text, err := json.Marshal(map[string]any{"Replace": overlay})
	if err != nil {
		return err
	}
	link, list := filepath.Join(dir, "link"), filepath.Join(dir, "overlay.json")
	script := "#!/bin/sh\ncase $1 in\n*/link) shift; exec '" + link + "' \"$@\" ;;\nesac\nexec \"$@\"\n"
	if err := errors.Join(os.WriteFile(list, text, 0o600), os.WriteFile(filepath.Join(dir, "exec"), []byte(script), 0o700)); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-overlay", list, "-o", link, "cmd/link")
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: go build cmd/link: %w: %s", ErrUnknown, err, strings.TrimSpace(string(said)))
	}
	return nil
}

// read reads what the linker has written: address, size and name, one symbol to
// a line.
func read(file string) (*Map, error) {
	f, err := os.Open(file)
	if err != nil {
		return &Map{}, fmt.Errorf("%w: the linker wrote nothing", ErrUnknown)
	}
	defer f.Close()
	m := &Map{}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		address, rest, _ := strings.Cut(lines.Text(), " ")
		size, name, ok := strings.Cut(rest, " ")
		a, errA := strconv.ParseUint(address, 10, 32)
		n, errN := strconv.ParseUint(size, 10, 32)
		name, errQ := strconv.Unquote(name)
		if !ok || errA != nil || errN != nil || errQ != nil {
			return &Map{}, fmt.Errorf("%w: the linker wrote %q", ErrUnknown, lines.Text())
		}
		m.list = append(m.list, symbol{name, uint32(a), uint32(n)})
	}
	// Of symbols that begin at one address, the smallest comes last: it is
	// within the others.
	slices.SortFunc(m.list, func(a, b symbol) int {
		return cmp.Or(cmp.Compare(a.address, b.address), cmp.Compare(b.size, a.size))
	})
	return m, lines.Err()
}

// At names what lies at an address: the innermost symbol that reaches it, with
// the distance from its beginning. It is "" for what is no symbol: the heap, for
// example.
func (m *Map) At(address uint32) string {
	after, _ := slices.BinarySearchFunc(m.list, address, func(s symbol, a uint32) int {
		if s.address <= a {
			return -1
		}
		return 1
	})
	for _, s := range slices.Backward(m.list[max(0, after-64):after]) {
		if address-s.address >= s.size {
			continue
		}
		if address == s.address {
			return s.name
		}
		return fmt.Sprintf("%s+%#x", s.name, address-s.address)
	}
	return ""
}
