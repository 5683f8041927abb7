package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/clickedge/clickedge/core"
)

// minSecret is the fewest bytes of a secret that verifies anything: spec/links.md.
const minSecret = 32

// keyEnv is the environment variable of a key's secret, CLICKEDGE_KEY_K2 for k2.
const keyEnv = "CLICKEDGE_KEY_"

var (
	errNoSecret = errors.New("no secret given")
	errLine     = errors.New("a line that is not kid=secret")
	errShort    = fmt.Errorf("shorter than %d bytes", minSecret)
	errSpace    = errors.New("begins or ends in white space, which the secret store would take as part of the secret")
)

// keyring holds secrets by key id. It tells nobody what they are: String and
// GoString give the ids only, should one be printed by mistake.
type keyring struct{ secrets map[string]string }

var _ core.Keyring = (*keyring)(nil)

// Secret implements core.Keyring.
func (k *keyring) Secret(kid string) ([]byte, error) {
	if s, ok := k.secrets[kid]; ok {
		return []byte(s), nil
	}
	return nil, fmt.Errorf("key %q: %w", kid, errNoSecret)
}

// String lists the key ids.
func (k *keyring) String() string { return fmt.Sprintf("keyring%q", k.kids()) }

// GoString lists the key ids.
func (k *keyring) GoString() string { return k.String() }

func (k *keyring) kids() []string {
	kids := make([]string, 0, len(k.secrets))
	for kid := range k.secrets {
		kids = append(kids, kid)
	}
	slices.Sort(kids)
	return kids
}

func (k *keyring) has(kid string) bool { _, ok := k.secrets[kid]; return ok }

// keyring gathers secrets from files, and from the environment for those of the
// key ids named that no file has. The first kid named is whose secret a file
// holds that names none.
func (env *Env) keyring(files, kids []string) (*keyring, error) {
	ring := &keyring{secrets: map[string]string{}}
	for _, name := range files {
		if err := ring.readFile(name, kids); err != nil {
			return nil, err
		}
	}
	for _, kid := range kids {
		name := keyEnv + strings.ToUpper(kid)
		value, ok := env.LookupEnv(name)
		if !ok || value == "" || ring.has(kid) {
			continue
		}
		if err := checkSecret(value); err != nil {
			return nil, usage(fmt.Errorf("%s: the secret is unfit: %w", name, err), newKeyHint)
		}
		ring.secrets[kid] = value
	}
	return ring, nil
}

const newKeyHint = "clickedge keys new makes a fit one"

// readFile takes the secrets of one file: the secret alone, lines of kid=secret,
// or a JSON object of key ids and secrets.
func (k *keyring) readFile(name string, kids []string) error {
	text, err := os.ReadFile(name)
	if err != nil {
		return usage(fmt.Errorf("cannot read the key file: %w", err), "")
	}
	return k.take(fmt.Sprintf("key file %q", name), text, kids)
}

// take puts in the secrets of a text in the form of a key file; from is what it
// came from, for messages.
func (k *keyring) take(from string, text []byte, kids []string) error {
	found, err := parseKeys(text)
	if err != nil {
		return usage(fmt.Errorf("%s: %w", from, err), keyFileHint)
	}
	for kid, secret := range found {
		if kid == "" {
			if len(kids) == 0 {
				return usage(fmt.Errorf("%s does not say whose secret it holds", from), keyFileHint)
			}
			kid = k.firstMissing(kids)
		}
		if err := checkSecret(secret); err != nil {
			return usage(fmt.Errorf("%s: the secret of %q is unfit: %w", from, kid, err), newKeyHint)
		}
		k.secrets[kid] = secret
	}
	return nil
}

const keyFileHint = "a key file holds one secret and nothing else, or lines of kid=secret, or a JSON object {\"kid\": \"secret\"}"

// firstMissing is the kid that a nameless secret belongs to.
func (k *keyring) firstMissing(kids []string) string {
	for _, kid := range kids {
		if !k.has(kid) {
			return kid
		}
	}
	return kids[0]
}

// parseKeys reads a key file. A secret that stands alone has the key "". No
// error quotes the text: it is secret.
func parseKeys(text []byte) (map[string]string, error) {
	trimmed := bytes.TrimSpace(text)
	switch {
	case len(trimmed) == 0:
		return nil, errors.New("it is empty")
	case trimmed[0] == '{':
		return parseKeyJSON(trimmed)
	case isKeyLine(firstKeyLine(trimmed)):
		return parseKeyLines(string(trimmed))
	case bytes.ContainsAny(trimmed, "\r\n"):
		return nil, errLine
	}
	return map[string]string{"": string(text)}, nil
}

func parseKeyJSON(text []byte) (map[string]string, error) {
	keys := map[string]string{}
	if json.Unmarshal(text, &keys) != nil {
		return nil, errors.New("it is not a JSON object of strings")
	}
	for kid := range keys {
		if !isKid(kid) {
			// Not quoted: where the two were swapped, it is the secret.
			return nil, errors.New("one of its names is not a key id: 1 to 8 of a-z 0-9")
		}
	}
	return keys, nil
}

func parseKeyLines(text string) (map[string]string, error) {
	keys, n := map[string]string{}, 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimRight(line, "\r\n")
		if line == "" || line[0] == '#' {
			continue
		}
		kid, secret, ok := strings.Cut(line, "=")
		if !ok || !isKid(kid) {
			return nil, fmt.Errorf("line %d: %w", n, errLine)
		}
		if _, twice := keys[kid]; twice {
			return nil, fmt.Errorf("line %d: key %q is given twice", n, kid)
		}
		keys[kid] = secret
	}
	return keys, nil
}

func firstKeyLine(text []byte) string {
	for line := range bytes.Lines(text) {
		if line = bytes.TrimSpace(line); len(line) > 0 && line[0] != '#' {
			return string(line)
		}
	}
	return ""
}

func isKeyLine(line string) bool {
	kid, _, ok := strings.Cut(line, "=")
	return ok && isKid(kid)
}

// isKid is the grammar of a key id.
func isKid(s string) bool {
	for i := 0; i < len(s); i++ {
		if (s[i] < 'a' || s[i] > 'z') && (s[i] < '0' || s[i] > '9') {
			return false
		}
	}
	return len(s) >= 1 && len(s) <= 8
}

// checkSecret refuses what would not verify on the edge, where the secret is the
// bytes in the store and nothing is trimmed.
func checkSecret(s string) error {
	switch {
	case strings.TrimSpace(s) != s:
		return errSpace
	case len(s) < minSecret:
		return errShort
	}
	return nil
}
