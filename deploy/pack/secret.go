package pack

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"
)

// Secret is what must not be in a package.
type Secret struct {
	Name  string // for messages, "key k1"
	Value string
}

// minSecret is the fewest bytes of a secret that is searched for: shorter ones
// occur by chance.
const minSecret = 8

// Searchable reports whether the secret is long enough to be searched for.
func (s Secret) Searchable() bool { return len(s.Value) >= minSecret }

// String gives the name only, in case a secret is printed by mistake.
func (s Secret) String() string { return s.Name }

// GoString gives the name only.
func (s Secret) GoString() string { return s.Name }

// forms are the encodings in which a secret may be in a file.
func (s Secret) forms() []struct{ name, text string } {
	raw := []byte(s.Value)
	return []struct{ name, text string }{
		{"", s.Value},
		{", in base64", base64.RawStdEncoding.EncodeToString(raw)},
		{", in base64url", base64.RawURLEncoding.EncodeToString(raw)},
		{", in hexadecimal", hex.EncodeToString(raw)},
		{", in upper hexadecimal", strings.ToUpper(hex.EncodeToString(raw))},
	}
}

// privateKeys match private keys of all kinds.
var privateKeys = []struct {
	what string
	mark *regexp.Regexp
}{
	{"a PEM private key", regexp.MustCompile(`-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----`)},
	{"a PuTTY private key", regexp.MustCompile(`PuTTY-User-Key-File-[23]:`)},
	{"an age secret key", regexp.MustCompile(`AGE-SECRET-KEY-1[02-9A-Z]{20}`)},
	{"a JSON Web Key with its private part", regexp.MustCompile(`"d"\s*:\s*"[A-Za-z0-9_-]{40,}"`)},
}

// FindSecrets lists the secrets in a text, plain or encoded, and what looks
// like a private key. The result quotes no secret.
func FindSecrets(text []byte, secrets []Secret) (found []string) {
	for _, s := range secrets {
		if form, ok := s.in(text); ok {
			found = append(found, "the secret of "+s.Name+form)
		}
	}
	for _, k := range privateKeys {
		if at := k.mark.FindIndex(text); at != nil {
			found = append(found, fmt.Sprintf("what looks like %s, at byte %d", k.what, at[0]))
		}
	}
	return found
}

func (s Secret) in(text []byte) (form string, ok bool) {
	if !s.Searchable() {
		return "", false
	}
	for _, f := range s.forms() {
		if bytes.Contains(text, []byte(f.text)) {
			return f.name, true
		}
	}
	return "", false
}

// secrets searches the file.
func (c *checker) secrets(secrets []Secret) {
	for _, what := range FindSecrets(c.wasm, secrets) {
		c.add(HoldsSecret, "it holds %s", what)
		c.hides = true
	}
}

// secretsInMemory searches the memory that the data segments make, where the
// file has none.
func (c *checker) secretsInMemory(secrets []Secret) {
	if c.hides {
		return
	}
	for _, what := range FindSecrets(c.layout.image, secrets) {
		c.add(HoldsSecret, "its memory holds %s", what)
	}
}
