package main

import (
	"archive/tar"
	"bytes"
	"encoding/pem"
	"errors"
	"fmt"
	"io"

	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// user is who the server runs as: the number that images without a system
// usually give to one without rights.
const user = 65532

// writeRoot writes what the command needs of a system: users, roots of
// certificates, and the folders that are mounted over, with their owners.
func writeRoot(w io.Writer) error {
	passwd := fmt.Sprintf("root:x:0:0:root:/:/nonexistent\nclickedge:x:%d:%d:clickedge:/var/lib/clickedge:/nonexistent\n", user, user)
	group := fmt.Sprintf("root:x:0:\nclickedge:x:%d:\n", user)
	t := tar.NewWriter(w)
	return errors.Join(
		folder(t, "etc/", 0o755, 0),
		folder(t, "etc/clickedge/", 0o755, 0),
		file(t, "etc/passwd", []byte(passwd)),
		file(t, "etc/group", []byte(group)),
		folder(t, "etc/ssl/", 0o755, 0),
		folder(t, "etc/ssl/certs/", 0o755, 0),
		file(t, "etc/ssl/certs/ca-certificates.crt", roots()),
		folder(t, "run/", 0o755, 0),
		folder(t, "run/credentials/", 0o755, 0),
		folder(t, "var/", 0o755, 0),
		folder(t, "var/lib/", 0o755, 0),
		folder(t, "var/lib/clickedge/", 0o700, user),
		t.Close(),
	)
}

// roots are the certificates that Mozilla trusts for servers, as the Go project
// keeps them. One that is trusted with a condition is left out, as a file cannot
// say the condition.
func roots() []byte {
	var text bytes.Buffer
	for root := range bundle.Roots() {
		if root.Constraint == nil {
			_ = pem.Encode(&text, &pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate}) // to memory
		}
	}
	return text.Bytes()
}

func folder(t *tar.Writer, name string, mode int64, owner int) error {
	return t.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: name, Mode: mode, Uid: owner, Gid: owner})
}

func file(t *tar.Writer, name string, text []byte) error {
	if err := t.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644, Size: int64(len(text))}); err != nil {
		return err
	}
	_, err := t.Write(text)
	return err
}
