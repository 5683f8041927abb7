package build

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/clickedge/clickedge/core/learned"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/files"
	"github.com/clickedge/clickedge/deploy/input"
	"github.com/clickedge/clickedge/deploy/module"
	"github.com/clickedge/clickedge/deploy/pack"
	"github.com/clickedge/clickedge/deploy/sitesfile"
)

// Package is a package as it was read.
type Package struct {
	Data  []byte
	Files []pack.File
}

// Hash is the hash of the package's files.
func (p *Package) Hash() string { return pack.Hash(p.Files) }

// Learned are the learned links that the package's module has inside.
func (p *Package) Learned() (links []learned.Item) {
	for _, file := range p.Files {
		links = append(links, module.Learned(file.Data)...)
	}
	return links
}

// LearnedIn are the learned links inside a module or a package; what is neither
// has none.
func LearnedIn(data []byte) []learned.Item {
	if list, err := pack.ReadArchive(bytes.NewReader(data)); err == nil {
		return (&Package{Files: list}).Learned()
	}
	return module.Learned(data)
}

// Inside is [LearnedIn] for what must be a module or a package; false for what
// is neither.
func Inside(data []byte) ([]learned.Item, bool) {
	list := []pack.File{{Data: data}}
	if files, err := pack.ReadArchive(bytes.NewReader(data)); err == nil {
		list = files
	}
	for _, file := range list {
		if _, ok := module.ReadStamp(file.Data); ok {
			return LearnedIn(data), true
		}
	}
	return nil, false
}

// ReadPackage reads a package.
func ReadPackage(in *input.Input, name string) (*Package, error) {
	const hint = "clickedge build -o pkg/clickedge.tar.gz makes one"
	data, err := in.Read("the package", name, input.MostPackage, hint)
	if err != nil {
		return nil, err
	}
	list, err := pack.ReadArchive(bytes.NewReader(data))
	if err != nil {
		return nil, failure.Bad(fmt.Errorf("%s is no package: %w", files.Label(name), err), hint)
	}
	return &Package{Data: data, Files: list}, nil
}

// PackageFor reads the package for these sites. It refuses one with other
// sites: its backends would be others. Sites is the name of their file and text
// what is in it, with the files that it names.
func PackageFor(in *input.Input, name, sites string, text []byte) (*Package, error) {
	if _, err := os.Stat(name); name != files.Std && errors.Is(err, fs.ErrNotExist) {
		return nil, failure.Usage(fmt.Errorf("there is no package %s", name), "clickedge build --sites "+sites+" -o "+name+" makes it")
	}
	p, err := ReadPackage(in, name)
	if err != nil {
		return nil, err
	}
	for _, file := range p.Files {
		if stamp, ok := module.ReadStamp(file.Data); ok && stamp == module.StampOf(text) {
			return p, nil
		}
	}
	return nil, failure.Bad(fmt.Errorf("%s was built with another sites.json than %s", sitesfile.Shown(name), sitesfile.Shown(sites)), "clickedge build --sites "+sites+" -o "+name)
}
