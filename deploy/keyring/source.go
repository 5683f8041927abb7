package keyring

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/core/signed"
	"github.com/clickedge/clickedge/deploy/files"
	"github.com/clickedge/clickedge/deploy/output"
)

// EnvName is the environment variable of a key's secret, CLICKEDGE_KEY_K2 for
// k2.
func EnvName(kid string) string { return contract.KeyVariable + strings.ToUpper(kid) }

// Source is where secrets come from.
type Source struct {
	// Read reads a file, or standard input for "-". Its errors are returned as
	// they are.
	Read      func(name string) ([]byte, error)
	LookupEnv func(string) (string, bool)
	// Environ lists the environment, NAME=value; nil where it cannot be listed.
	// It is searched only for names that are almost right.
	Environ func() []string
	// Warn is called with each warning; nil for none.
	Warn func(text string)
}

func (s *Source) warn(format string, args ...any) {
	if s.Warn != nil {
		s.Warn(fmt.Sprintf(format, args...))
	}
}

// found is what one file, the standard input or a variable holds.
type found struct {
	from string // for messages
	file string // the file's name; "" for none
	id   string // that the call gave it; "" for none
	keys []Key
}

// readAll reads key files, each given as FILE or KID=FILE, "-" for standard
// input.
func (s *Source) readAll(args []string) ([]found, error) {
	var all []found
	for _, arg := range args {
		f := found{}
		f.id, f.file = cutID(arg)
		f.from = fmt.Sprintf("key file %q", f.file)
		if f.file == files.Std {
			f.from = "standard input"
		} else if bad := secretAsName(f.file); bad != nil {
			return nil, bad
		} else {
			s.checkMode(f.file)
		}
		text, err := s.Read(f.file)
		if err != nil {
			return nil, err
		}
		if f.file == files.Std {
			f.file = ""
		}
		keys, bad := parse(text, bare)
		if bad != nil {
			return nil, at(f.from, bad)
		}
		f.keys = keys
		all = append(all, f)
	}
	return all, nil
}

// cutID splits KID=FILE, unless a file of that whole name exists.
func cutID(arg string) (id, file string) {
	id, file, ok := strings.Cut(arg, "=")
	if !ok || !signed.IsKeyID(id) || file == "" {
		return "", arg
	}
	if _, err := os.Lstat(arg); err == nil {
		return "", arg
	}
	return id, file
}

// secretAsName refuses a secret in place of a file's name, as the error of
// reading it would quote the secret. A name in a folder that exists is a
// file's: secrets may have slashes, but not after the name of a folder here.
func secretAsName(file string) error {
	if _, err := os.Lstat(file); !errors.Is(err, fs.ErrNotExist) || strings.Contains(file, ".") || validate(file, bare) != nil {
		return nil
	}
	if folder := filepath.Dir(file); folder != "." && folder != "/" {
		if info, err := os.Stat(folder); err == nil && info.IsDir() {
			return nil
		}
	}
	return &Error{What: fmt.Sprintf("a key file that is not there has a name of %d bytes that may be a secret itself; it is not repeated here", len(file)),
		Hint: "--key-file takes the name of a file; a secret that was typed is in the shell's history: make a new one"}
}

// checkMode warns of a file that others can read. Windows has no such bits, and
// those of a pipe mean nothing.
func (s *Source) checkMode(name string) {
	info, err := os.Stat(name)
	if err != nil || !info.Mode().IsRegular() || runtime.GOOS == "windows" {
		return
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		s.warn("key file %q can be read or written by others (mode %04o): chmod 600 %s", name, mode, output.ShellWord(name))
	}
}

// variable reads a key's environment variable. An empty one counts as none. It
// may hold a whole key file, as from $(cat k2.key).
func (s *Source) variable(kid string) (Key, bool, error) {
	name := EnvName(kid)
	value, _ := s.LookupEnv(name)
	if value == "" {
		return Key{}, false, nil
	}
	keys, bad := parse([]byte(value), variable)
	if bad != nil {
		return Key{}, false, at(name, bad)
	}
	if _, err := os.Stat(value); err == nil {
		return Key{}, false, &Error{From: name, What: "it is the name of a file, not a secret", Hint: "--key-file reads a file"}
	}
	for _, k := range keys {
		if k.ID == "" {
			k.ID = kid
		}
		if k.ID == kid {
			return k, true, nil
		}
	}
	return Key{}, false, &Error{From: name, What: fmt.Sprintf("it holds the secret of %s, not of %q", quoted(idsOf(keys), ", "), kid), Hint: "a secret is never used under another id"}
}

// misnamed finds a variable that was meant for a key, but has a slightly
// different name.
func (s *Source) misnamed(kid string) string {
	if s.Environ == nil {
		return ""
	}
	squeeze := func(name string) string {
		return strings.NewReplacer("_", "", "SECRET", "KEY", "KEYS", "KEY").Replace(strings.ToUpper(name))
	}
	for _, v := range s.Environ() {
		name, value, _ := strings.Cut(v, "=")
		if value == "" || name == EnvName(kid) {
			continue
		}
		switch squeeze(name) {
		case squeeze(EnvName(kid)), squeeze("CLICKEDGE_" + kid), squeeze(contract.KeyVariable + "KEY" + kid), squeeze(contract.KeyVariable):
			return name
		}
	}
	return ""
}
