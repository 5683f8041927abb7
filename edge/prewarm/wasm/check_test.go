package wasm

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
}

// TestSpecificationSuite: of the modules in the test suite of WebAssembly 2.0,
// which wazero has in its module, every one that is valid passes, as do those
// that cannot be linked or that trap; every one that is malformed is refused.
func TestSpecificationSuite(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/tetratelabs/wazero").Output()
	require.NoError(t, err)
	files, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(out)), "internal/integration_test/spectest/v2/testdata/*.json"))
	require.NoError(t, err)
	taken, refused := 0, 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		var script struct{ Commands []command }
		require.NoError(t, json.Unmarshal(text, &script))
		for _, c := range script.Commands {
			if c.Filename == "" || strings.HasSuffix(c.Filename, ".wat") {
				continue
			}
			b, err := os.ReadFile(filepath.Join(filepath.Dir(file), c.Filename))
			require.NoError(t, err)
			m, err := Parse(b)
			if err == nil {
				err = m.Check()
			}
			switch c.Type {
			case "module", "assert_unlinkable", "assert_uninstantiable", "assert_trap":
				taken++
				require.NoError(t, err, "%s line %d", file, c.Line)
			case "assert_malformed":
				refused++
				require.Error(t, err, "%s line %d: %s", file, c.Line, c.Text)
			}
		}
	}
	require.Greater(t, taken, 1000)
	require.Greater(t, refused, 100)
}

// TestCheckRefuses: what engines are lax about. They make room for what a
// number announces before they look, and read over ends.
func TestCheckRefuses(t *testing.T) {
	body := func(code string) string { return "\x01" + sized(code) }
	for _, c := range []struct {
		name string
		id   SectionID
		body string
		want string
	}{
		{"tables announced", TableSection, "\xff\xff\xff\x7f", "table section: 268435455 entries announced in 0 bytes"},
		{"count over the section's end", TableSection, "\xae\xae\xae\xae", "table section: unexpected end"},
		{"table with a value", TableSection, "\x01\x40\x00\x70\x00\x01\xd0\x70\x0b", "unknown value type 0x40"},
		{"table of numbers", TableSection, "\x01\x7f\x00\x01", "i32 is no reference"},
		{"tag of unknown kind", TagSection, "\x01\x01\x00", "tag of unknown kind 0x01"},
		{"recursive types", TypeSection, "\x01\x4e\x00", "type of form 0x4e"},
		{"parameter of a reference to a type", TypeSection, "\x01\x60\x01\x63\x00", "unknown value type 0x63"},
		{"elements announced", ElementSection, "\x01\x00\x41\x00\x0b\xff\xff\xff\x7f", "268435455 entries announced"},
		{"elements of unknown kind", ElementSection, "\x01\x08", "element segment of unknown kind 8"},
		{"elements of an unknown thing", ElementSection, "\x01\x01\x01\x00", "elements of unknown kind 0x01"},
		{"elements left over", ElementSection, "\x00\x00", "1 bytes left over"},
		{"export of an unknown kind", ExportSection, "\x01\x01f\x05\x00", `export "f" of unknown kind 5`},
		{"bytes of a segment", DataSection, "\x01\x01\xff\xff\xff\x7f", "268435455 bytes announced"},
		{"number of segments cut off", DataCountSection, "", "data count section: unexpected end"},
		{"more segments counted", DataCountSection, "\x01", "1 data segments announced, 0 there"},
		{"function without a type", FunctionSection, "\x01\x00", "function 0 has type 0, and there are 0 types"},
		{"import without a type", ImportSection, "\x01\x00\x00\x00\x07", "function 0 has type 7, and there are 0 types"},
		{"bodies without functions", CodeSection, body("\x00\x0b"), "0 functions with 1 bodies"},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.ErrorContains(t, (&Module{}).WithBody(c.id, []byte(c.body)).Check(), c.want)
		})
	}
	for name, c := range map[string]struct{ code, want string }{
		"locals":                  {"\x01\xff\xff\xff\xff\x0f\x7f\x0b", "4294967295 locals: a function may have 50000"},
		"no end":                  {"\x00\x02\x40\x0b", "function 0 does not end"},
		"more than an end":        {"\x00\x0b\x0b", "bytes left over"},
		"segment without a count": {"\x00\xfc\x09\x00\x0b", "function 0 has data.drop, without a data count section"},
		"vector opcode too long":  {"\x00\xfd\x8c\x00\x0b", "opcode 0xfd000c in more bytes than it needs"},
		"block of a later type":   {"\x00\x02\x63\x00\x0b\x0b", "unknown block type -29"},
		"null of a type":          {"\x00\xd0\x00\x0b", "unknown value type 0x00"},
		"memory by number":        {"\x00\x3f\x01\x0b", "memory is 0x01, not 0"},
		"alignment":               {"\x00\x28\x20\x00\x0b", "alignment 2^32"},
	} {
		t.Run(name, func(t *testing.T) {
			m := (&Module{}).WithTypes([]FuncType{{}}).WithFunctions([]uint32{0}).WithBody(CodeSection, []byte(body(c.code)))
			require.ErrorContains(t, m.Check(), c.want)
		})
	}
}

func TestCheckNames(t *testing.T) {
	for names, want := range map[string]string{
		"": "",
		"\x00\x02\x01m\x01\x04\x01\x00\x01f\x02\x03\x01\x00\x00": "",
		"\x09\x01\xff":                         "", // a part that engines pass over
		"\x01\x05\xff\xff\xff\xff\x0f":         "entries announced",
		"\x02\x07\x01\x00\xff\xff\xff\xff\x0f": "entries announced",
		"\x00\x02\x05a":                        "5 bytes announced",
		"\x00\x03\x01ab":                       "1 bytes left over",
		"\x01\x04\x01\x00\x01\xff":             "is not UTF-8",
		"\x01":                                 "unexpected end",
	} {
		m := (&Module{}).With(Custom("name", []byte(names)))
		if want == "" {
			require.NoError(t, m.Check(), "%q", names)
			require.ErrorContains(t, m.With(Custom("name", nil)).Check(), "there are two")
			continue
		}
		require.ErrorContains(t, m.Check(), want, "%q", names)
	}
}
