// Command deb makes a Debian package from a configuration of nfpm. Variables in
// it are those of the environment; SOURCE_DATE_EPOCH is the time of all files.
//
//	deb CONFIGURATION FILE
//	deb gzip FILE COMPRESSED
//
// gzip is here since the programs of that name differ in their bytes.
package main

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/goreleaser/nfpm/v2"
	_ "github.com/goreleaser/nfpm/v2/deb" // the format
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "deb:", err)
		os.Exit(1)
	}
}

// variables are what a configuration may name. Each must be set: a path that
// begins with nothing is another path.
var variables = []string{"ARCH", "COMMAND", "FILES", "STAGE", "VERSION"}

func run(args []string) error {
	switch {
	case len(args) == 3 && args[0] == "gzip":
		return compress(args[1], args[2])
	case len(args) == 2:
		return pack(args[0], args[1])
	}
	return errors.New("usage: deb CONFIGURATION FILE, or deb gzip FILE COMPRESSED")
}

// compress writes a file without its name and time.
func compress(from, to string) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return err
	}
	_, err = w.Write(text)
	if err := errors.Join(err, w.Close()); err != nil {
		return err
	}
	return os.WriteFile(to, out.Bytes(), 0o644)
}

func pack(configuration, file string) error {
	for _, name := range append(variables, "SOURCE_DATE_EPOCH") {
		if os.Getenv(name) == "" {
			return fmt.Errorf("%s is not set", name)
		}
	}
	config, err := nfpm.ParseFileWithEnvMapping(configuration, func(name string) string {
		if !slices.Contains(variables, name) {
			return "" // no key and no passphrase: nothing is signed
		}
		return os.Getenv(name)
	})
	if err != nil {
		return err
	}
	info, err := config.Get("deb")
	if err != nil {
		return err
	}
	info = nfpm.WithDefaults(info)
	if err := nfpm.PrepareForPackager(info, "deb"); err != nil {
		return err
	}
	packager, err := nfpm.Get("deb")
	if err != nil {
		return err
	}
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	if err := errors.Join(packager.Package(info, f), f.Close()); err != nil {
		return errors.Join(err, os.Remove(file))
	}
	return nil
}
