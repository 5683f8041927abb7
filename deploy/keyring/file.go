package keyring

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/clickedge/clickedge/core/signed"
)

// marker begins the line with a key's fingerprint. For other readers of
// kid=secret that line is a comment.
const marker = "clickedge-key"

// fileHint lists the forms of a key file.
const fileHint = `a key file is what "clickedge keys new" writes, or lines of kid=secret, or a JSON object {"kid": "secret"}`

// Text is the key file of one key:
//
//	# clickedge-key k2 3f2a-91bc-0d4e-77a1
//	# The secret is what stands behind "k2=", up to the end of the line.
//	k2=hB7x…43 letters of base64url…Q
//	│  └ secret: visible text; nothing around it is part of it
//	└ key id
//
// The first line has the fingerprint of the secret under this id: a file that
// was cut short, or whose id or secret was changed, is refused. Files of
// several keys are such files one after the other. To read a secret elsewhere:
//
//	sed -n 's/^k2=//p' k2.key | tr -d '\n'
func (k Key) Text() string {
	return fmt.Sprintf("# %s %s %s\n# The secret is what stands behind \"%[2]s=\", up to the end of the line.\n%[2]s=%[4]s\n", marker, k.ID, k.Fingerprint(), k.secret)
}

// Parse reads a key file. The key of a secret that stands alone has no id. The
// error is an [*Error].
func Parse(text []byte) ([]Key, error) {
	keys, err := parse(text, bare)
	if err != nil {
		return nil, err
	}
	return keys, nil
}

// parse reads a text; if it is a lone secret, it has this form.
func parse(text []byte, alone form) ([]Key, *Error) {
	trimmed := bytes.TrimSpace(text)
	if err := validateBytes(string(text), alone); err != nil {
		return nil, err
	}
	switch {
	case len(trimmed) == 0:
		return nil, wrong(fileHint, "it is empty")
	case trimmed[0] == '{' && !bytes.HasPrefix(trimmed, []byte("{{")):
		return parseJSON(trimmed)
	case hasNamedLine(string(trimmed)):
		return parseLines(string(text))
	}
	return parseLone(string(text), alone)
}

// parseLone reads a secret that stands alone.
func parseLone(text string, alone form) ([]Key, *Error) {
	trimmed := strings.TrimSpace(text)
	if err := validateForm(trimmed, alone); err != nil {
		return nil, err // rather than the newline behind it
	}
	if strings.ContainsAny(trimmed, "\r\n") || trimmed[0] == '#' {
		return nil, wrong(fileHint, "it has more than one line, and none of them is kid=secret")
	}
	if err := validate(text, alone); err != nil {
		return nil, err
	}
	return []Key{{secret: text}}, nil
}

// hasNamedLine reports whether a line is kid=secret or has a fingerprint.
func hasNamedLine(text string) bool {
	for l := range strings.Lines(text) {
		l = strings.TrimRight(l, "\r\n")
		if kid, _, ok := strings.Cut(l, "="); ok && signed.IsKeyID(kid) {
			return true
		}
		if _, ok := markerOf(l); ok {
			return true
		}
	}
	return false
}

// lines reads kid=secret line by line.
type lines struct {
	keys    []Key
	printed map[string]string // fingerprints by id
}

func parseLines(text string) ([]Key, *Error) {
	l := lines{printed: map[string]string{}}
	n := 0
	for one := range strings.Lines(text) {
		n++
		if err := l.add(strings.TrimSuffix(strings.TrimSuffix(one, "\n"), "\r")); err != nil {
			err.What = fmt.Sprintf("line %d: %s", n, err.What)
			return nil, err
		}
	}
	return l.keys, l.check()
}

func (l *lines) add(one string) *Error {
	if strings.TrimSpace(one) == "" {
		return nil
	}
	if strings.HasPrefix(strings.TrimSpace(one), "#") {
		return l.addPrint(one)
	}
	kid, secret, ok := strings.Cut(one, "=")
	if !ok || !signed.IsKeyID(kid) {
		return notALine(one)
	}
	return addKey(&l.keys, kid, secret, line)
}

// addKey adds a key that the others do not have.
func addKey(keys *[]Key, kid, secret string, f form) *Error {
	if slices.ContainsFunc(*keys, func(k Key) bool { return k.ID == kid }) {
		return wrong("one file, one secret for an id", "key %q is given twice", kid)
	}
	if err := validate(secret, f); err != nil {
		err.What = fmt.Sprintf("key %q: %s", kid, err.What)
		return err
	}
	*keys = append(*keys, Key{ID: kid, secret: secret})
	return nil
}

// notALine says what is wrong with a line that is not kid=secret. It quotes
// nothing: the line may be a secret.
func notALine(one string) *Error {
	if err := validateForm(strings.TrimSpace(one), bare); err != nil {
		return err
	}
	return wrong(fileHint, "a line that is not kid=secret")
}

// markerOf removes the marker from a comment.
func markerOf(comment string) (rest string, ok bool) {
	word, rest, _ := strings.Cut(strings.TrimLeft(comment, "# \t"), " ")
	return rest, word == marker
}

func (l *lines) addPrint(comment string) *Error {
	rest, ok := markerOf(comment)
	if !ok {
		return nil
	}
	kid, print, _ := strings.Cut(rest, " ")
	switch {
	case !signed.IsKeyID(kid) || !fingerprintForm.MatchString(print):
		return wrong("it reads: # "+marker+" KID FINGERPRINT", "the line with the fingerprint is damaged")
	case l.printed[kid] != "":
		return wrong("", "key %q has two fingerprints", kid)
	}
	l.printed[kid] = print
	return nil
}

// check compares every key with its fingerprint.
func (l *lines) check() *Error {
	for i := range l.keys {
		k := &l.keys[i]
		print, ok := l.printed[k.ID]
		if ok && print != k.Fingerprint() {
			return wrong("get the file again from someone who has all of it; never put a secret under another id",
				"key %q has the fingerprint %s, but the file says %s: it was changed, cut short, or belongs to another key", k.ID, k.Fingerprint(), print)
		}
		k.named = ok
		delete(l.printed, k.ID)
	}
	for kid := range l.printed {
		return wrong("get the file again from someone who has all of it", "it has the fingerprint of key %q, but not its secret", kid)
	}
	return nil
}

// parseJSON reads an object of ids and secrets. encoding/json would silently
// take the last of two members with the same name.
func parseJSON(text []byte) ([]Key, *Error) {
	notOne := wrong(fileHint, "it is not a JSON object of strings")
	d := json.NewDecoder(bytes.NewReader(text))
	if _, err := d.Token(); err != nil {
		return nil, notOne
	}
	var keys []Key
	for d.More() {
		kid, err1 := d.Token()
		value, err2 := d.Token()
		id, isName := kid.(string)
		secret, isText := value.(string)
		switch {
		case err1 != nil || err2 != nil || !isName || !isText:
			return nil, notOne
		case !signed.IsKeyID(id):
			// Not quoted: where the two were swapped, it is the secret.
			return nil, wrong(`write {"k2": "secret"}`, "one of its names is not a key id: 1 to 8 of a-z 0-9")
		}
		if err := addKey(&keys, id, secret, inJSON); err != nil {
			return nil, err
		}
	}
	if _, err := d.Token(); err != nil {
		return nil, notOne
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, notOne
	}
	if len(keys) == 0 {
		return nil, wrong(fileHint, "it holds no key")
	}
	return keys, nil
}
