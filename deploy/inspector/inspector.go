// Package inspector makes a page that explains links: one file, in which the
// code that decides on the edge runs in the browser of who opens it. It is for
// support people who get a customer's link. The page sends nothing anywhere, and
// its content security policy lets it send nothing.
//
// Start with [Shell], the page without sites, which needs Go; and with [Page].
package inspector

import (
	"bytes"
	"compress/gzip"
	"context"
	_ "embed"
	"encoding/base64"
	"errors"
	"fmt"
	"html"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/clickedge/clickedge/deploy/module"
	"github.com/clickedge/clickedge/deploy/output"
)

//go:embed page.html
var layout string

// What stands in the page until it is filled in.
const (
	sitesName = "SITESNAME"
	sitesText = "SITESTEXT"
)

// Shell compiles the program from the source tree at root and returns the page
// without sites. The errors are [module.ErrNoGo], or what the compiler said.
func Shell(ctx context.Context, root string) ([]byte, error) {
	program, err := module.Compile(ctx, root, "./deploy/inspector/program", "js", "-ldflags=-s -w")
	if err != nil {
		return nil, err
	}
	support, err := supportScript(ctx)
	if err != nil {
		return nil, err
	}
	packed, err := pack(program)
	if err != nil {
		return nil, err
	}
	return shell(layout, packed, support), nil
}

// supportScript is what a program by Go needs of the page it runs in. It is the
// toolchain's, since both must be of one version.
func supportScript(ctx context.Context) (string, error) {
	root, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	if err != nil {
		return "", fmt.Errorf("go env GOROOT: %w", err)
	}
	text, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(root)), "lib", "wasm", "wasm_exec.js"))
	if err != nil {
		return "", fmt.Errorf("the Go toolchain lacks a file: %w", err)
	}
	return string(text), nil
}

// pack compresses a program, as text.
func pack(program []byte) (string, error) {
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return "", err
	}
	if _, err := z.Write(program); err != nil {
		return "", err
	}
	if err := z.Close(); err != nil {
		return "", err
	}
	return base64.StdEncoding.EncodeToString(b.Bytes()), nil
}

// shell puts the program into the page and allows what it holds, by hash.
func shell(page, packed, support string) []byte {
	return []byte(strings.NewReplacer("EXECHASH", output.PolicyHash(support), "PROGRAM", packed, "EXECTEXT", support).Replace(output.PageWithHashes(page)))
}

// Page puts sites into a shell. The text of sites must be valid, with the files
// that it names inserted; name is the file's, for messages.
func Page(shell []byte, name string, sites []byte) ([]byte, error) {
	if bytes.Count(shell, []byte(sitesName)) != 1 || bytes.Count(shell, []byte(sitesText)) != 1 {
		return nil, errors.New("the page's shell is damaged")
	}
	// In JSON, "<" stands only in strings, where it can be escaped: a browser
	// that looks for the end of the element finds none.
	escaped := bytes.ReplaceAll(sites, []byte("<"), []byte(`\u003c`))
	return []byte(strings.NewReplacer(sitesName, html.EscapeString(name), sitesText, string(escaped)).Replace(string(shell))), nil
}
