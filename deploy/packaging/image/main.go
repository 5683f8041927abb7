// Command image makes the container's image without a daemon, byte for byte the
// same from the same files.
//
//	image root FILE
//	image build -context FOLDER -arch amd64 -name clickedge:0.1.0 -date 2026-01-31T00:00:00Z FILE
//
// root writes root.tar, which the Dockerfile adds. build carries out the steps
// of the Dockerfile in the folder, as "docker build" would there, and writes an
// archive that "docker load", "podman load" and other readers of OCI layouts
// take.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "image:", err)
		os.Exit(1)
	}
}

var errUsage = errors.New("usage: image root FILE, or image build -context FOLDER -arch ARCH -name NAME:TAG -date TIME FILE")

func run(args []string) error {
	if len(args) == 0 {
		return errUsage
	}
	switch args[0] {
	case "root":
		if len(args) != 2 {
			return errUsage
		}
		return write(args[1], writeRoot)
	case "build":
		return build(args[1:])
	}
	return errUsage
}

func build(args []string) error {
	var o options
	f := flag.NewFlagSet("build", flag.ContinueOnError)
	f.StringVar(&o.context, "context", "", "folder with the Dockerfile and what it copies")
	f.StringVar(&o.arch, "arch", "", "architecture, as amd64")
	f.StringVar(&o.name, "name", "", "name and tag of the image")
	date := f.String("date", "", "time of the image and of its files")
	if err := f.Parse(args); err != nil {
		return err
	}
	if f.NArg() != 1 || o.context == "" || o.arch == "" || o.name == "" {
		return errUsage
	}
	var err error
	if o.date, err = time.Parse(time.RFC3339, *date); err != nil {
		return fmt.Errorf("-date: %w", err)
	}
	o.date = o.date.UTC()
	text, err := os.ReadFile(filepath.Join(o.context, "Dockerfile"))
	if err != nil {
		return err
	}
	img, err := o.image(text)
	if err != nil {
		return err
	}
	return write(f.Arg(0), func(w io.Writer) error { return archive(w, img, o) })
}

// write writes a file whole or not at all.
func write(name string, text func(io.Writer) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(name), ".image-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	if err := errors.Join(text(f), f.Chmod(0o644), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}
