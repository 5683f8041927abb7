package pack

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"

	"github.com/clickedge/clickedge/core/contract"
)

// File is one file of a package.
type File struct {
	Name string // from the package's root, "clickedge/bin/main.wasm"
	Data []byte
}

// nameForm matches names that the Fastly CLI uses unchanged as file names.
var nameForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$`)

// Archive makes a package of a module and its manifest, the text of
// fastly.toml, under a name of letters, digits, "-" and "_". The same input
// always gives the same bytes: the archive has no times and no owners.
func Archive(name string, wasm, manifest []byte) ([]byte, error) {
	return archive(name, wasm, manifest, contract.MaxPackage)
}

// archive is Archive with another limit, in bytes.
func archive(name string, wasm, manifest []byte, most int) ([]byte, error) {
	if !nameForm.MatchString(name) {
		return nil, fmt.Errorf("%q cannot name a package: letters, digits, - and _, 64 at most", name)
	}
	files := []File{{name + "/bin/main.wasm", wasm}, {name + "/fastly.toml", manifest}}
	var b bytes.Buffer
	if err := writeArchive(&b, files); err != nil {
		return nil, err
	}
	if b.Len() > most {
		return nil, tooLarge("the package", b.Len(), most)
	}
	return b.Bytes(), nil
}

func writeArchive(w io.Writer, files []File) error {
	z, _ := gzip.NewWriterLevel(w, gzip.BestCompression) // the level is one that there is
	t := tar.NewWriter(z)
	for _, f := range files {
		h := &tar.Header{Name: f.Name, Mode: 0o644, Size: int64(len(f.Data)), Typeflag: tar.TypeReg, Format: tar.FormatUSTAR}
		if err := t.WriteHeader(h); err != nil {
			return err
		}
		if _, err := t.Write(f.Data); err != nil {
			return err
		}
	}
	if err := t.Close(); err != nil {
		return err
	}
	return z.Close()
}

// maxFiles and maxUnpacked bound what ReadArchive accepts, in files and in
// bytes.
const (
	maxFiles    = 10_000
	maxUnpacked = 4 * contract.MaxPackage
)

// ReadArchive returns the files of a package, sorted by name.
func ReadArchive(r io.Reader) ([]File, error) {
	z, err := gzip.NewReader(r)
	if err != nil {
		return nil, fmt.Errorf("not compressed by gzip: %w", err)
	}
	var files []File
	left, t := int64(maxUnpacked), tar.NewReader(z)
	for {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("not a whole tar archive: %w", err)
		}
		if h.Typeflag != tar.TypeReg {
			continue
		}
		if left -= h.Size; left < 0 || len(files) == maxFiles {
			return nil, fmt.Errorf("unpacked it has more than %d files or %d bytes", maxFiles, maxUnpacked)
		}
		data, err := io.ReadAll(t)
		if err != nil {
			return nil, fmt.Errorf("%q in it is cut short: %w", h.Name, err)
		}
		files = append(files, File{h.Name, data})
	}
	// The checksum comes last.
	if _, err := io.Copy(io.Discard, io.LimitReader(z, maxUnpacked)); err != nil {
		return nil, fmt.Errorf("not whole: %w", err)
	}
	return sortFiles(files)
}

// sortFiles refuses two files with the same name, as it is not defined which of
// them counts.
func sortFiles(files []File) ([]File, error) {
	slices.SortFunc(files, func(a, b File) int { return bytes.Compare([]byte(a.Name), []byte(b.Name)) })
	for i := 1; i < len(files); i++ {
		if files[i].Name == files[i-1].Name {
			return nil, fmt.Errorf("%q is in it twice", files[i].Name)
		}
	}
	if len(files) == 0 {
		return nil, errors.New("no file is in it")
	}
	return files, nil
}

// Hash is the SHA-512, in hexadecimal, of the files' contents one after the
// other in the order of their names: what "fastly compute hash-files" prints
// and the Terraform data source fastly_package_hash has. The names are not part
// of it.
func Hash(files []File) string {
	sorted := slices.Clone(files)
	slices.SortFunc(sorted, func(a, b File) int { return bytes.Compare([]byte(a.Name), []byte(b.Name)) })
	h := sha512.New()
	for _, f := range sorted {
		h.Write(f.Data)
	}
	return hex.EncodeToString(h.Sum(nil))
}
