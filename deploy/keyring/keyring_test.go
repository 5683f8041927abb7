package keyring

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core/signed"
	"github.com/clickedge/clickedge/deploy/failure"
)

const (
	secretA = "correct-horse-battery-staple-0001"
	secretB = "another-horse-battery-staple-0002"
)

func key(id, secret string) Key { return Key{ID: id, secret: secret} }

func named(id, secret string) Key { return Key{ID: id, secret: secret, named: true} }

// requireHidden: no error contains a secret, or a large part of one.
func requireHidden(t *testing.T, err error) {
	t.Helper()
	var e *Error
	require.ErrorAs(t, err, &e)
	for _, text := range []string{e.Error(), e.Hint, fmt.Sprintf("%#v", e)} {
		require.NotContains(t, text, "horse")
		require.NotContains(t, text, "staple")
	}
}

// The fingerprint can be made without this package: printf 'clickedge key
// fingerprint 1\nk2' | openssl dgst -sha256 -hmac
// correct-horse-battery-staple-0001
func TestFingerprint(t *testing.T) {
	require.Equal(t, "56ab-8a75-44e6-35ba", key("k2", secretA).Fingerprint())
	require.NotEqual(t, key("k2", secretA).Fingerprint(), key("k1", secretA).Fingerprint())
	require.NotEqual(t, key("k2", secretA).Fingerprint(), key("k2", secretB).Fingerprint())
	require.True(t, fingerprintForm.MatchString(key("k2", secretA).Fingerprint()))
	for _, s := range []string{"", "0000", "0000-0000-0000-000", "0000-0000-0000-000g", "0000_0000-0000-0000", "0000-0000-0000-00000", "0000-0000-0000-000A"} {
		require.False(t, fingerprintForm.MatchString(s), s)
	}
}

func TestParse(t *testing.T) {
	k2 := named("k2", secretA)
	for text, want := range map[string][]Key{
		secretA: {key("", secretA)},
		"QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVowMTIz=":                        {key("", "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVowMTIz=")},
		"0f6c1b7d93a84e52bc01d7fe66a3c9280f6c1b7d93a84e52bc01d7fe66a3c92d": {key("", "0f6c1b7d93a84e52bc01d7fe66a3c9280f6c1b7d93a84e52bc01d7fe66a3c92d")},
		"k1=" + secretA: {key("k1", secretA)},
		"\n# two\nk1=" + secretA + "\r\nk2=" + secretB + "\n\n":    {key("k1", secretA), key("k2", secretB)},
		"k1=wörter mit Leerzeichen und ü sind auch eins":           {key("k1", "wörter mit Leerzeichen und ü sind auch eins")},
		` {"k1": "` + secretA + `", "k2": "` + secretB + "\"}\r\n": {key("k1", secretA), key("k2", secretB)},
		k2.Text(): {k2},
		strings.ReplaceAll(k2.Text(), "\n", "\r\n"):                                   {k2},
		strings.TrimSpace(k2.Text()):                                                  {k2},
		k2.Text() + named("k1", secretB).Text():                                       {k2, named("k1", secretB)},
		k2.Text() + "k1=" + secretB:                                                   {k2, key("k1", secretB)},
		"# clickedge-keys of production\nk1=" + secretA:                               {key("k1", secretA)},
		"k1=" + secretA + "\n# " + marker + " k1 " + key("k1", secretA).Fingerprint(): {named("k1", secretA)},
	} {
		got, err := Parse([]byte(text))
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
}

// The key file that the specification shows is the one that is written.
func TestSpecifiedKeyFile(t *testing.T) {
	spec, err := os.ReadFile("../../core/spec/links.md")
	require.NoError(t, err)
	_, block, ok := strings.Cut(string(spec), "```key-file\n")
	require.True(t, ok)
	block, _, _ = strings.Cut(block, "```")
	keys, err := Parse([]byte(block))
	require.NoError(t, err)
	require.Equal(t, []Key{named("k1", "k1-test-secret-of-thirty-five-bytes")}, keys)
	require.Equal(t, block, keys[0].Text())
}

// A text that may not be a secret, or is not whole, is refused, with what is
// wrong.
func TestDoubtful(t *testing.T) {
	k2 := named("k2", secretA).Text()
	utf16 := func(s string) string {
		var b bytes.Buffer
		b.WriteString("\xff\xfe")
		for i := range len(s) {
			b.Write([]byte{s[i], 0})
		}
		return b.String()
	}
	for _, c := range []struct{ text, what string }{
		{"", "empty"},
		{" \n", "empty"},
		// Settings.
		{"CLICKEDGE_KEY_K2=" + secretA, "looks like a setting"},
		{"CLICKEDGE_KEY_K2=" + secretA + "\n", "looks like a setting"},
		{"export CLICKEDGE_KEY_K2=" + secretA, "looks like a setting"},
		{"$env:CLICKEDGE_KEY_K2 = '" + secretA + "'", "quotes"},
		{"k2 = " + secretA, "looks like a setting"},
		{"k2: " + secretA, "looks like a setting"},
		{"- k2: " + secretA, "looks like a setting"},
		{"K2=" + secretA, "looks like a setting"},
		{"secret_k2=" + secretA, "looks like a setting"},
		{"k2= " + secretA, "white space"},
		{"k2=k2=" + secretA, "looks like a setting"},
		{"k2==" + secretA, "begins with ="},
		{"k2=>" + secretA, "begins with >"},
		{"k2," + secretA, "looks like a setting"},
		{"k2;" + secretA, "looks like a setting"},
		{"k2|" + secretA, "looks like a setting"},
		{"k2->" + secretA, "looks like a setting"},
		{"k2=" + secretA + " # of production", "comment"},
		{"k2=" + secretA + " // of production", "comment"},
		{"k1=" + secretB + "\nK2=" + secretA, "line 2: it looks like a setting"},
		{"k1=" + secretB + "\nk2 = " + secretA, "line 2: it looks like a setting"},
		{"k1=" + secretB + "\n" + secretA, "line 2: a line that is not kid=secret"},
		{"k2 " + secretA, "without spaces"},
		{"k2\t" + secretA, "control or invisible"},
		// Quotes and other characters that are copied along.
		{`"` + secretA + `"`, "quotes"},
		{"'" + secretA + "'\n", "quotes"},
		{"“" + secretA + "”", "quotes"},
		{`k2="` + secretA + `"`, "quotes"},
		{"k2=" + secretA + `"`, "quotes"},
		{`{"k2": "\"` + secretA + `\""}`, "quotes"},
		{"[" + secretA + "]", "brackets"},
		{secretA + ",", "comma"},
		{"k2=" + secretA + ";", "comma"},
		{secretA + `\n`, "backslash"},
		{"<" + secretA + ">", "placeholder"},
		{"${CLICKEDGE_KEY_K2_OF_PRODUCTION_VAULT}", "placeholder"},
		{"{{ .Values.clickedge.keys.k2.secret }}", "placeholder"},
		{"op://production/clickedge/keys/k2/secret", "placeholder"},
		{"https://link.example.com/to/k2.uaHR0cHM6Ly93", "placeholder"},
		// Encodings.
		{"\ufeff" + secretA, "byte order mark"},
		{"\ufeff" + k2, "byte order mark"},
		{utf16(secretA), "NUL"},
		{secretA + "\x00", "NUL"},
		{strings.Repeat("\x00", 32), "NUL"},
		{"\xff\xfe\xfd" + secretA, "not text"},
		{"k2=" + secretA + "\u200b", "invisible"},
		{"k2=" + secretA[:10] + "\x1b[31m" + secretA[10:], "control"},
		{"-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA\n-----END PRIVATE KEY-----\n", "PEM"},
		// Newlines.
		{secretA + "\n", "ends with a newline"},
		{secretA + "\r\n", "ends with a newline"},
		{secretA + "\n\n", "ends with a newline"},
		{" " + secretA, "white space"},
		{"k2=" + secretA + " ", "white space"},
		{"k2=" + secretA + "\r\r\n", "newline"},
		{secretA + "\n" + secretB, "more than one line"},
		{"# only a comment\n", "none of them is kid=secret"},
		// Not random.
		{strings.Repeat("0", 32), "not random text"},
		{strings.Repeat("a", 64), "not random text"},
		{strings.Repeat("ab", 16), "not random text"},
		{"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", "not random text"},
		{strings.Repeat("changeme", 5), "sample text"},
		{"abcdefghijklmnopqrstuvwxyz0123456789", "not random text"},
		{"k2=" + strings.Repeat("x", 40), "not random text"},
		{`{"k2": "` + strings.Repeat("0123456789", 4) + `"}`, "not random text"},
		{strings.Repeat("changing", 5) + "1234", "not random text"},
		{"2026-" + strings.Repeat("qwertyui", 5), "not random text"},
		{strings.Repeat("changeme", 2) + "-6f9c0d1b7a3528e4", "sample text"},
		{"your-secret-of-at-least-32-bytes-goes-here", "sample text"},
		{"k2=replace_with_32_random_bytes_of_base64", "sample text"},
		{secretA[:31], "shorter than 32 bytes"},
		{"k2=hunter2", "shorter than 32 bytes"},
		{"k2=" + strings.Repeat(secretA, 2) + "x" + strings.Repeat(secretB, 2000), "longer than"},
		// Fingerprints.
		{strings.Replace(k2, secretA, secretB, 1), "was changed"},
		{strings.Replace(k2, "k2=c", "k1=c", 1), `fingerprint of key "k2", but not its secret`},
		{strings.ReplaceAll(k2, "k2", "k1"), "belongs to another key"},
		{named("k2", secretA+secretB).Text()[:len(k2)], "cut short"},
		{k2[:strings.Index(k2, "k2=")], "not its secret"},
		{strings.Replace(k2, key("k2", secretA).Fingerprint(), "3f2a", 1), "damaged"},
		{k2 + k2, "two fingerprints"},
		{k2 + "k2=" + secretA, "given twice"},
		// JSON.
		{"{", "JSON object"},
		{`{}`, "no key"},
		{`{"K1": "x"}`, "not a key id"},
		{`{"k1": 1}`, "JSON object of strings"},
		{`{"k1": {"secret": "` + secretA + `"}}`, "JSON object of strings"},
		{`{"k1": ["` + secretA + `"]}`, "JSON object of strings"},
		{`{"k1": "` + secretA + `", "k1": "` + secretB + `"}`, "given twice"},
		{`{"k1": "` + secretA + `"} x`, "JSON object of strings"},
		{`["` + secretA + `"]`, "brackets"},
		{`{"` + secretA + `": "k2"}`, "not a key id"},
	} {
		got, err := Parse([]byte(c.text))
		require.Error(t, err, "%q", c.text)
		require.Empty(t, got)
		require.ErrorContains(t, err, c.what, "%q", c.text)
		requireHidden(t, err)
	}
}

// The hint for a trailing newline is to strip it, not to make a new secret.
func TestNewlineHint(t *testing.T) {
	_, err := Parse([]byte(secretA + "\n"))
	require.Contains(t, failure.Of(Failure(err)).Hint, "strip it: tr -d")
	require.NotContains(t, failure.Of(Failure(err)).Hint, "keys new")
}

// FuzzParse: lines are read as written, no key has two secrets, a written key
// is read back, and no error reveals a secret.
func FuzzParse(f *testing.F) {
	f.Add("k1", secretA, "k2", secretB)
	f.Add("a", "=", "b", "\t")
	f.Add("k1", `"`+secretA+`"`, "k1", "\ufeff")
	f.Fuzz(func(t *testing.T, kid1, secret1, kid2, secret2 string) {
		keys, err := Parse([]byte(kid1 + "=" + secret1 + "\n" + kid2 + "=" + secret2 + "\n"))
		var e *Error
		if errors.As(err, &e) && len(secret1) > 8 && strings.Trim(secret1, " -=") == secret1 {
			require.NotContains(t, e.What, secret1)
		}
		seen := map[string]bool{}
		for _, k := range keys {
			require.False(t, seen[k.ID])
			seen[k.ID] = true
			require.GreaterOrEqual(t, len(k.secret), MinSecret)
			if k.ID == "" {
				continue
			}
			again, err := Parse([]byte(k.Text()))
			require.NoError(t, err)
			require.Equal(t, []Key{named(k.ID, k.secret)}, again)
		}
		if err == nil && signed.IsKeyID(kid1) && signed.IsKeyID(kid2) && !strings.ContainsAny(secret1+secret2, "\r\n") {
			require.Equal(t, []Key{key(kid1, secret1), key(kid2, secret2)}, keys)
		}
	})
}

func TestNewKey(t *testing.T) {
	seen := map[string]bool{}
	for range 2000 { // every new secret must be accepted
		k := NewKey("k7")
		require.Len(t, k.Secret(), 43)
		require.False(t, seen[k.Secret()])
		seen[k.Secret()] = true
		got, err := Parse([]byte(k.Text()))
		require.NoError(t, err)
		require.Equal(t, []Key{k}, got)
		got, err = Parse([]byte(k.Secret()))
		require.NoError(t, err)
		require.Equal(t, []Key{key("", k.Secret())}, got)
	}
}

func TestOtherID(t *testing.T) {
	known := []string{"k2", "k1", "prod"}
	for file, want := range map[string]string{
		"k2.key": "", "K2.key": "", "secret.txt": "", "/dev/fd/63": "", "2026-03-01.key": "", "k2-2026.key": "", "key2.txt": "", "sha256.txt": "",
		"k1.key": "k1", "K1.KEY": "k1", "old-k1.txt": "k1", "CLICKEDGE_KEY_K1": "k1", "k1": "k1", "k1.key.bak": "k1", "k2-after-k1.key": "k1",
		"k9.key": "k9", "key1": "key1", "kid_3": "kid3", "kid3.txt": "kid3", "prod.key": "prod", "staging.key": "", "k1/secret": "k1", "a/k2/secret": "", "k22.key": "k22",
		"key-1.key": "key1", "k 1.txt": "k1", "1.key": "1", "2.key": "", "key-2.txt": "", "secret1.txt": "secret1", "secret-2": "", "k1old.key": "k1", "k1k2": "k1",
		"k8s.key": "", "k8s-secret.txt": "", "key-2026-03-01.txt": "", "k7/value": "k7", "k8s/secret": "", "2026/secret": "",
	} {
		require.Equal(t, want, otherID(file, "k2", known), file)
	}
	require.Equal(t, "k1", otherID("mnt/k1/value", "k2", nil))
	require.Equal(t, "2025b7", otherID("2025b7.key", "2025b6", nil))
}

// world is a folder with key files and an environment.
type world struct {
	*testing.T
	vars  map[string]string
	stdin string
	warns []string
}

func newWorld(t *testing.T, files map[string]string) *world {
	t.Chdir(t.TempDir())
	for name, text := range files {
		require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o700))
		require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
	}
	return &world{T: t, vars: map[string]string{}}
}

func (w *world) source() *Source {
	return &Source{
		Read: func(name string) ([]byte, error) {
			if name == "-" {
				return []byte(w.stdin), nil
			}
			text, err := os.ReadFile(name)
			if err != nil {
				return nil, fmt.Errorf("cannot read %s", name)
			}
			return text, nil
		},
		LookupEnv: func(name string) (string, bool) { v, ok := w.vars[name]; return v, ok },
		Environ: func() (list []string) {
			for name, value := range w.vars {
				list = append(list, name+"="+value)
			}
			return list
		},
		Warn: func(text string) { w.warns = append(w.warns, text) },
	}
}

func (w *world) resolve(want Want) (*Ring, error) { return Resolve(w.source(), want) }

// refused requires an error with this text.
func (w *world) refused(want Want, what string) {
	w.Helper()
	ring, err := w.resolve(want)
	require.ErrorContains(w, err, what)
	require.Nil(w, ring)
	requireHidden(w.T, err)
}

// resolves requires these secrets, by id.
func (w *world) resolves(want Want, secrets map[string]string) {
	w.Helper()
	ring, err := w.resolve(want)
	require.NoError(w, err)
	got := map[string]string{}
	for _, kid := range ring.IDs() {
		s, err := ring.Secret(kid)
		require.NoError(w, err)
		got[kid] = string(s)
	}
	require.Equal(w, secrets, got)
}

var both = map[string]string{"k1": secretA, "k2": secretB}

func oldAndNew(t *testing.T) *world {
	return newWorld(t, map[string]string{
		"k1.key": secretA, "k2.key": secretB, "secret": secretA, "secret2": secretB,
		"n1": named("k1", secretA).Text(), "n2": named("k2", secretB).Text(), "h1": "k1=" + secretA, "all": "k1=" + secretA + "\nk2=" + secretB,
		"k9": named("k9", secretA).Text(), "twin": "k2=" + secretA, "sub/k1.key": named("k2", secretB).Text(), "sub/hand-k1.key": "k2=" + secretB,
	})
}

// In any order of files and ids, a secret gets its own id or none.
func TestNeverByPosition(t *testing.T) {
	w := oldAndNew(t)
	for _, ids := range [][]string{{"k1", "k2"}, {"k2", "k1"}} {
		for _, files := range [][]string{{"n1", "n2"}, {"n2", "n1"}, {"all"}, {"h1", "n2"}, {"n2", "h1"}, {"k1=k1.key", "k2=k2.key"}, {"k2=k2.key", "k1=k1.key"}, {"k2=n2", "k1=all"}} {
			w.resolves(Want{Files: files, IDs: ids}, both)
		}
		for _, files := range [][]string{{"k1.key", "k2.key"}, {"k2.key", "k1.key"}, {"secret"}, {"k2.key"}, {"n1", "k2.key"}, {"k2.key", "n1"}} {
			w.refused(Want{Files: files, IDs: ids}, "does not say whose secret it holds")
		}
		w.stdin = secretB
		w.refused(Want{Files: []string{"n1", "-"}, IDs: ids}, "standard input: it does not say whose secret it holds")
		w.stdin = named("k2", secretB).Text()
		w.resolves(Want{Files: []string{"n1", "-"}, IDs: ids}, both)
		w.resolves(Want{Files: []string{"n1", "-"}, IDs: ids}, both)
		w.vars["CLICKEDGE_KEY_K1"] = secretA
		w.refused(Want{Files: []string{"k2.key"}, IDs: ids}, "does not say") // nor as the only one left over
		clear(w.vars)
	}
}

// The hint's example follows the file's name.
func TestNamelessHint(t *testing.T) {
	w := oldAndNew(t)
	_, err := w.resolve(Want{Files: []string{"k2.key"}, IDs: []string{"k1", "k2"}})
	require.Contains(t, failure.Of(Failure(err)).Hint, "give k2=k2.key in place of k2.key")
	_, err = w.resolve(Want{Files: []string{"secret"}, IDs: []string{"k1", "k2"}})
	require.Contains(t, failure.Of(Failure(err)).Hint, "give k1=secret in place of secret")
}

// A secret without an id is taken if only one key can be meant and the file's
// name does not contradict.
func TestNameless(t *testing.T) {
	w := oldAndNew(t)
	only := []string{"k1"}
	w.resolves(Want{Files: []string{"secret"}, IDs: only}, map[string]string{"k1": secretA})
	w.resolves(Want{Files: []string{"k1.key"}, IDs: only}, map[string]string{"k1": secretA})
	w.stdin = secretA
	w.resolves(Want{Files: []string{"-"}, IDs: only}, map[string]string{"k1": secretA})
	w.resolves(Want{Files: []string{"secret"}, IDs: []string{"k2", "k1"}, Exact: "k1"}, map[string]string{"k1": secretA})
	w.refused(Want{Files: []string{"k2.key"}, IDs: only}, `key file "k2.key": its name says that it is the secret of "k2", but "k1" is meant`)
	w.refused(Want{Files: []string{"k2.key"}, IDs: []string{"k2", "k1"}, Exact: "k1"}, "its name says")
	w.refused(Want{Files: []string{"k1=k2.key"}, IDs: only}, "its name says")
	w.refused(Want{Files: []string{"secret"}, Who: "site a.example.com"}, "site a.example.com has no keys")
	w.refused(Want{Files: []string{"k9=secret"}, IDs: only}, `it is given as the secret of "k9"; this call has "k1"`)
	require.NoError(t, os.WriteFile("prod.key", []byte(secretA), 0o600))
	w.resolves(Want{Files: []string{"prod.key"}, IDs: only}, map[string]string{"k1": secretA})
	w.refused(Want{Files: []string{"prod.key"}, IDs: only, Known: []string{"prod"}}, `the secret of "prod"`)
}

func TestNamed(t *testing.T) {
	w := oldAndNew(t)
	ids := []string{"k2", "k1"}
	w.refused(Want{Files: []string{"k9"}, IDs: ids, Who: "site a.example.com"}, `key file "k9": it holds the secret of "k9"; site a.example.com has "k2", "k1"`)
	w.refused(Want{Files: []string{"n2", "k9"}, IDs: ids}, `holds the secret of "k9"`)
	w.refused(Want{Files: []string{"n1"}, IDs: []string{"k2"}, Exact: "k2"}, `holds the secret of "k1"`)
	w.refused(Want{Files: []string{"k1=n2"}, IDs: ids}, `holds the secret of "k2", not of "k1"`)
	w.refused(Want{Files: []string{"n1", "h1"}, IDs: ids}, `and so does key file "n1": the same secret`)
	w.refused(Want{Files: []string{"n2", "twin"}, IDs: ids}, `and so does key file "n2": another secret`)
	w.refused(Want{Files: []string{"n1", "twin"}, IDs: ids}, `"k1" and "k2" the same secret`)
	w.resolves(Want{Files: []string{"all"}, IDs: []string{"k2", "k7"}}, map[string]string{"k2": secretB})
	// A renamed file: a fingerprint proves its id, a hand-written id does not.
	require.Empty(t, w.warns)
	w.resolves(Want{Files: []string{"sub/k1.key"}, IDs: ids}, map[string]string{"k2": secretB})
	require.Equal(t, []string{`key file "sub/k1.key" is named after "k1", but holds the secret of "k2"`}, w.warns)
	w.refused(Want{Files: []string{"sub/hand-k1.key"}, IDs: ids}, `named after "k1", but says that it holds the secret of "k2"`)
}

func TestVariables(t *testing.T) {
	w := oldAndNew(t)
	ids := []string{"k2", "k1"}
	w.vars["CLICKEDGE_KEY_K1"] = secretA
	w.resolves(Want{IDs: ids}, map[string]string{"k1": secretA})
	w.resolves(Want{Files: []string{"n2"}, IDs: ids}, both)
	w.resolves(Want{Files: []string{"n1", "n2"}, IDs: ids}, both) // they agree
	w.vars["CLICKEDGE_KEY_K2"] = secretA + "x"
	w.refused(Want{Files: []string{"n2"}, IDs: ids}, "hold different secrets of \"k2\", with the fingerprints "+key("k2", secretB).Fingerprint()+" and "+key("k2", secretA+"x").Fingerprint())
	w.resolves(Want{IDs: ids, Need: []string{"k1"}}, map[string]string{"k1": secretA})
	w.vars["CLICKEDGE_KEY_K2"] = ""
	w.resolves(Want{IDs: ids}, map[string]string{"k1": secretA})
	require.Contains(t, Missing(w.source(), ErrNoSecret, "k2").Hint, "which is empty")

	// $(cat k2.key)
	w.vars["CLICKEDGE_KEY_K2"] = strings.TrimSpace(named("k2", secretB).Text())
	w.resolves(Want{IDs: ids}, both)
	w.vars["CLICKEDGE_KEY_K2"] = named("k1", secretA).Text()
	w.refused(Want{IDs: ids}, `CLICKEDGE_KEY_K2: it holds the secret of "k1", not of "k2"`)
	for value, what := range map[string]string{
		"tooshort": "shorter than 32", `"` + secretB + `"`: "quotes", secretB + "\n": "newline", "k2 = " + secretB: "setting",
		"CLICKEDGE_KEY_K2=" + secretB: "setting", "${VAULT_SECRET_OF_CLICKEDGE_KEY_K2}": "placeholder",
	} {
		w.vars["CLICKEDGE_KEY_K2"] = value
		w.refused(Want{IDs: ids}, "CLICKEDGE_KEY_K2: ")
		w.refused(Want{IDs: ids}, what)
	}
	long := "a-file-whose-name-is-as-long-as-a-secret"
	require.NoError(t, os.WriteFile(long, []byte(secretB), 0o600))
	w.vars["CLICKEDGE_KEY_K2"] = long
	w.refused(Want{IDs: ids}, "the name of a file")
}

// A secret that is exported under two ids is refused, even if only one of them
// is needed.
func TestOneSecretInTwoVariables(t *testing.T) {
	w := oldAndNew(t)
	w.vars["CLICKEDGE_KEY_K1"], w.vars["CLICKEDGE_KEY_K2"] = secretA, secretA
	ids := []string{"k2", "k1"}
	w.refused(Want{IDs: ids, Need: []string{"k2"}}, `CLICKEDGE_KEY_K2 and CLICKEDGE_KEY_K1 give "k2" and "k1" the same secret`)
	w.vars["CLICKEDGE_KEY_K1"] = "what is not needed is not checked"
	w.resolves(Want{IDs: ids, Need: []string{"k2"}}, map[string]string{"k2": secretA})
}

// The error for a secret in place of a file's name does not quote it.
func TestSecretForAFileName(t *testing.T) {
	w := oldAndNew(t)
	for _, arg := range []string{secretA, "k1=" + secretA} {
		w.refused(Want{Files: []string{arg}, IDs: []string{"k1"}}, "may be a secret itself")
	}
	for _, arg := range []string{"abc/" + secretA, "/" + secretA} { // base64 has slashes
		w.refused(Want{Files: []string{arg}, IDs: []string{"k1"}}, "may be a secret itself")
	}
	// A long name in a folder that exists is a file's name, even if it looks
	// like a secret.
	name := t.TempDir() + "/" + strings.ReplaceAll(secretA, ".", "-")
	_, err := w.resolve(Want{Files: []string{name}, IDs: []string{"k1"}})
	require.ErrorContains(t, err, "cannot read")
	require.NoError(t, os.WriteFile(secretA, []byte("k1="+secretB), 0o600)) // a file of this very name
	w.resolves(Want{Files: []string{secretA}, IDs: []string{"k1"}}, map[string]string{"k1": secretB})
}

func TestMisnamedVariable(t *testing.T) {
	for _, name := range []string{"CLICKEDGE_KEY_k2", "CLICKEDGE_KEYS_K2", "CLICKEDGE_K2", "CLICKEDGE_SECRET_K2", "CLICKEDGE_KEYK2", "CLICKEDGE_KEY", "clickedge_key_k2"} {
		w := oldAndNew(t)
		w.vars[name] = secretB
		w.resolves(Want{IDs: []string{"k2"}}, map[string]string{})
		require.Equal(t, []string{"the environment variable " + name + " is not read: the name is CLICKEDGE_KEY_K2"}, w.warns)
		require.Contains(t, Missing(w.source(), ErrNoSecret, "k2").Hint, name+" is set, but not read")
	}
	w := oldAndNew(t)
	w.vars["CLICKEDGE_KEY_K9"], w.vars["CLICKEDGE_SMTP_PASSWORD"], w.vars["CLICKEDGE_KEY_K2"] = secretA, secretA, secretB
	w.resolves(Want{IDs: []string{"k2"}}, map[string]string{"k2": secretB})
	require.Empty(t, w.warns)
}

func TestReading(t *testing.T) {
	w := oldAndNew(t)
	ids := []string{"k1"}
	_, err := w.resolve(Want{Files: []string{"nowhere.key"}, IDs: ids})
	require.EqualError(t, err, "cannot read nowhere.key")                    // as it came
	require.NoError(t, os.WriteFile("k1=odd", []byte("k1="+secretA), 0o600)) // a file of this very name
	w.resolves(Want{Files: []string{"k1=odd"}, IDs: ids}, map[string]string{"k1": secretA})
	require.Empty(t, w.warns)
}

func TestModeOfOthers(t *testing.T) {
	w := oldAndNew(t)
	for mode, warned := range map[os.FileMode]bool{0o600: false, 0o400: false, 0o700: false, 0o640: true, 0o604: true, 0o620: true, 0o644: true} {
		w.warns = nil
		require.NoError(t, os.Chmod("n1", mode))
		w.resolves(Want{Files: []string{"n1"}, IDs: []string{"k1"}}, map[string]string{"k1": secretA})
		require.Equal(t, warned, len(w.warns) == 1, "%o: %v", mode, w.warns)
		if warned {
			require.Equal(t, fmt.Sprintf(`key file "n1" can be read or written by others (mode %04o): chmod 600 n1`, mode), w.warns[0])
		}
	}
}

func TestLoad(t *testing.T) {
	w := oldAndNew(t)
	keys, err := Load(w.source(), []string{"secret", "all", "k9"})
	require.NoError(t, err)
	require.Equal(t, []Key{key(`key file "secret"`, secretA), key("k1", secretA), key("k2", secretB), named("k9", secretA)}, keys)
	_, err = Load(w.source(), []string{"nowhere"})
	require.Error(t, err)
}

func TestNothingShowsASecret(t *testing.T) {
	k := key("k1", secretA)
	ring := NewRing(k)
	for _, v := range []any{k, ring, &k} {
		for _, text := range []string{fmt.Sprint(v), fmt.Sprintf("%v %+v %#v %s", v, v, v, v)} {
			require.NotContains(t, text, secretA)
			require.Contains(t, text, k.Fingerprint())
		}
	}
	got, err := ring.Secret("k1")
	require.NoError(t, err)
	require.Equal(t, secretA, string(got))
	_, err = ring.Secret("k2")
	require.ErrorIs(t, err, ErrNoSecret)
}
