package keyring

import (
	"errors"
	"fmt"

	"github.com/clickedge/clickedge/core/clean"
	"github.com/clickedge/clickedge/core/signed"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/files"
)

// Make is [NewKey] for the id of --kid.
func Make(kid string) (Key, error) {
	if !signed.IsKeyID(kid) {
		return Key{}, failure.Usage(fmt.Errorf("--kid %q is not a key id", clean.Cut(kid, 60)), "1 to 8 of a-z 0-9, such as k2")
	}
	return NewKey(kid), nil
}

// Name reads the secret of a key file, as key kid. The file need not say whose
// secret it is; it must not say that it is another key's.
func Name(src *Source, file, kid string) (Key, error) {
	if !signed.IsKeyID(kid) {
		// Not quoted: it may be the secret itself.
		return Key{}, failure.Usage(errors.New("the argument is not a key id"), "1 to 8 of a-z 0-9, such as k2")
	}
	ring, err := Gather(src, Want{Files: []string{file}, IDs: []string{kid}, Need: []string{}})
	if err != nil {
		return Key{}, err
	}
	key, err := ring.Key(kid)
	if err != nil {
		return key, failure.Usage(err, "")
	}
	return key, nil
}

// Create writes a key's text into a new file and returns the file's name, by
// default <kid>.key. A name with another key's id is refused: the file would be
// taken for that key's. The hint is for a file that cannot be made, as one that
// exists.
func Create(file string, key Key, text, hint string) (string, error) {
	if file == "" {
		file = key.ID + ".key"
	}
	if err := CheckName(file, key); err != nil {
		return "", err
	}
	if err := files.Create(file, []byte(text)); err != nil {
		return "", failure.Bad(err, hint)
	}
	return file, nil
}

// CheckName refuses a name for a key's file that says another key's id.
func CheckName(file string, key Key) error {
	if other := otherID(file, key.ID, nil); other != "" {
		return failure.Usage(fmt.Errorf("the file %q would be named after %q, but hold the secret of %q", file, other, key.ID), "give the id with --kid, or another name with -o")
	}
	return nil
}
