package wasmbin

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// command is one line of the specification's test suite.
type command struct {
	Type, Filename, Text string
	Line                 int
	ModuleType           string `json:"module_type"`
}

// suite returns the files of the test suite of WebAssembly 2.0, which wazero
// has in its module.
func suite(t testing.TB) []string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/tetratelabs/wazero").Output()
	require.NoError(t, err)
	files, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(out)), "internal/integration_test/spectest/v2/testdata/*.json"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	return files
}

// TestSpecificationSuite: every module of the suite that is valid passes, as
// do those that cannot be linked or that trap; every one that is malformed is
// refused.
func TestSpecificationSuite(t *testing.T) {
	taken, refused := 0, 0
	for _, file := range suite(t) {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		var script struct{ Commands []command }
		require.NoError(t, json.Unmarshal(text, &script))
		for _, c := range script.Commands {
			if c.Filename == "" || strings.HasSuffix(c.Filename, ".wat") {
				continue
			}
			module, err := os.ReadFile(filepath.Join(filepath.Dir(file), c.Filename))
			require.NoError(t, err)
			switch c.Type {
			case "module", "assert_unlinkable", "assert_uninstantiable", "assert_trap":
				taken++
				require.NoError(t, Check(module), "%s line %d", file, c.Line)
			case "assert_malformed":
				refused++
				require.Error(t, Check(module), "%s line %d: %s", file, c.Line, c.Text)
			}
		}
	}
	require.Greater(t, taken, 1000)
	require.Greater(t, refused, 100)
}

// module puts sections, each an id and its content, behind the preamble.
func module(sections ...string) []byte {
	m := []byte("\x00asm\x01\x00\x00\x00")
	for _, s := range sections {
		m = AppendVector(append(m, s[0]), []byte(s[1:]))
	}
	return m
}

// code is a module with one function, of no parameters, with this body.
func code(body string, more ...string) []byte {
	return module(append([]string{"\x01\x01\x60\x00\x00", "\x03\x01\x00"}, append(more, "\x0a\x01"+string(AppendVector(nil, []byte(body))))...)...)
}

// What wazero is lax about: numbers for which it makes room before it looks,
// and ends that it reads over.
func TestCheckRefuses(t *testing.T) {
	for name, m := range map[string][]byte{
		"types announced":            module("\x01\xff\xff\xff\x7f"),
		"parameters announced":       module("\x01\x01\x60\xff\xff\xff\xff\x0f\x00"),
		"imports announced":          module("\x02\xff\xff\xff\x7f"),
		"functions announced":        module("\x03\xff\xff\xff\x7f"),
		"tables announced":           module("\x04\xff\xff\xff\x7f"),
		"count over a section's end": module("\x04\xae\xae\xae\xae", "\x05\x01\x00\x00"),
		"globals announced":          module("\x06\xff\xff\xff\x7f"),
		"exports announced":          module("\x07\xff\xff\xff\x7f"),
		"elements announced":         module("\x09\xff\xff\xff\x7f"),
		"functions of a segment":     module("\x09\x01\x00\x41\x00\x0b\xff\xff\xff\x7f"),
		"code announced":             module("\x0a\xff\xff\xff\x7f"),
		"segments announced":         module("\x0b\xff\xff\xff\x7f"),
		"bytes of a segment":         module("\x0b\x01\x01\xff\xff\xff\x7f"),
		"no number of segments":      module("\x0c"),
		"more segments":              module("\x0c\x01"),
		"fewer segments":             module("\x0c\x00", "\x0b\x01\x01\x00"),
		"locals announced":           code("\x01\xff\xff\xff\xff\x0f\x7f\x0b"),
		"labels announced":           code("\x00\x41\x00\x0e\xff\xff\xff\xff\x0f\x00\x0b"),
		"body over its end":          code("\x00\x41"),
		"after a later form":         module("\x01\x01\x4e\x00", "\x04\xff\xff\xff\x7f"),
		"body with more":             code("\x00\x0b\x0b"),
		"block without end":          code("\x00\x02\x40\x0b"),
		"segments without number":    code("\x00\xfc\x09\x00\x0b"),
		"function without a type":    module("\x01\x01\x60\x00\x00", "\x03\x01\x01", "\x0a\x01\x02\x00\x0b"),
		"import without a type":      module("\x02\x01\x00\x00\x00\x00"),
		"functions without bodies":   module("\x01\x01\x60\x00\x00", "\x03\x01\x00"),
		"bytes left over":            module("\x01\x00\x00"),
		"section twice":              module("\x01\x00", "\x01\x00"),
		"sections out of order":      module("\x0b\x00", "\x0a\x00"),
		"section over the end":       []byte("\x00asm\x01\x00\x00\x00\x01\x05\x00"),
		"name of no text":            module("\x07\x01\x01\xff\x00\x00"),
		"custom name over its end":   module("\x00\x05a"),
	} {
		err := Check(m)
		require.ErrorIs(t, err, errMalformed, name)
		require.NotErrorIs(t, err, ErrLater, name)
	}
	require.ErrorContains(t, Check(nil), "not a WebAssembly module")
	require.EqualError(t, Check(module("\x01\x00", "\x04\xae")), "section 4 at byte 11: not of the binary format")
}

// What later versions have is told apart, whatever wazero makes of it.
func TestCheckLaterVersions(t *testing.T) {
	for name, m := range map[string][]byte{
		"recursive types":        module("\x01\x01\x4e\x00"),
		"reference to a type":    module("\x01\x02\x60\x00\x00\x60\x01\x63\x00\x00"),
		"exception as a value":   module("\x06\x01\x69\x00\xd0\x69\x0b"),
		"table with a value":     module("\x04\x01\x40\x00\x70\x00\x01\xd0\x70\x0b"),
		"shared memory":          module("\x05\x01\x03\x01\x01"),
		"tags":                   module("\x0d\x00"),
		"block of a reference":   code("\x00\x00\x02\x63\x00\x0b\x0b"),
		"null of a type":         code("\x00\xd0\x00\x1a\x0b"),
		"tail call":              code("\x00\x12\x00\x0b"),
		"opcode of two bytes":    code("\x00\xfd\x8c\x00\x1a\x0b"),
		"memory named by number": code("\x00\x3f\x80\x00\x1a\x0b", "\x05\x01\x00\x01"),
	} {
		require.ErrorIs(t, Check(m), ErrLater, name)
	}
}
