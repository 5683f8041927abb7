package differential

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/pelletier/go-toml/v2"
	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/hostsim"
	"github.com/clickedge/clickedge/hostsim/internal/abi"
)

// crateVariable has the folder of the crate viceroy-lib, as it is published.
const crateVariable = "VICEROY_CRATE"

// shipped reads a file of the crate. What it does not ship, its guests in Rust,
// the table in ../behaviours.md has cases for.
func shipped(t *testing.T, name string) string {
	t.Helper()
	dir := os.Getenv(crateVariable)
	if dir == "" {
		t.Skip("run fixtures.sh: it finds the crate viceroy-lib")
	}
	text, err := os.ReadFile(filepath.Join(dir, name))
	require.NoError(t, err)
	return string(text)
}

var (
	testName  = regexp.MustCompile(`fn (\w+)\(\)`)
	rawString = regexp.MustCompile(`(?s)r#"(.*?)"#`)
	pemText   = regexp.MustCompile(`(?s)-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----`)
)

// What Viceroy's tests of fastly.toml take is taken here, and what they refuse
// is refused.
func TestShippedConfigurations(t *testing.T) {
	source := shipped(t, "src/config/unit_tests.rs")
	blocks := strings.Split(source, "#[test]")[1:]
	require.Greater(t, len(blocks), 50, "the crate has other tests than before")
	ran := 0
	for _, block := range blocks {
		name := testName.FindStringSubmatch(block)[1]
		raw := rawString.FindStringSubmatch(block)
		if raw == nil {
			require.Equal(t, "error_when_fastly_toml_files_cannot_be_read", name, "a test without a configuration")
			continue
		}
		ran++
		t.Run(name, func(t *testing.T) {
			file := filled(t, raw[1], strings.Contains(block, "format!("), pemText.FindString(source))
			if !strings.Contains(block, "FastlyConfig::from_str") {
				file = beneathLocalServer(t, file)
			}
			path := filepath.Join(t.TempDir(), "fastly.toml")
			require.NoError(t, os.WriteFile(path, []byte(file), 0o600))
			_, err := hostsim.LoadConfig(path)
			if refused := strings.Contains(block, "Err(Invalid") || strings.Contains(block, "expect_err("); refused {
				require.Error(t, err, file)
			} else {
				require.NoError(t, err, file)
			}
		})
	}
	t.Logf("%d configurations of Viceroy's", ran)
	_, err := hostsim.LoadConfig("nonexistent.toml")
	require.ErrorIs(t, err, os.ErrNotExist)
}

// filled is the text of a configuration, with files where Rust's format! names
// some.
func filled(t *testing.T, text string, formatted bool, pem string) string {
	t.Helper()
	if !formatted {
		return text
	}
	dir := t.TempDir()
	json, ca := filepath.Join(dir, "a.json"), filepath.Join(dir, "ca.pem")
	require.NoError(t, os.WriteFile(json, []byte("{}"), 0o600))
	require.NoError(t, os.WriteFile(ca, []byte(pem), 0o600))
	return strings.NewReplacer("{{", "{", "}}", "}", "'{}'", "'"+json+"'", "{:?}", fmt.Sprintf("%q", ca)).Replace(text)
}

// beneathLocalServer puts a configuration where it stands in fastly.toml.
func beneathLocalServer(t *testing.T, text string) string {
	t.Helper()
	var tree map[string]any
	require.NoError(t, toml.Unmarshal([]byte(text), &tree))
	out, err := toml.Marshal(map[string]any{"local_server": tree})
	require.NoError(t, err)
	return string(out)
}

var (
	comment   = regexp.MustCompile(`;;[^\n]*`)
	spaces    = regexp.MustCompile(`\s+`)
	wideType  = regexp.MustCompile(`\(typename (\$\w+) (?:\(flags \(@witx repr )?[us]64\b`)
	parameter = regexp.MustCompile(`^\(param \$\w+ (.*)\)$`)
	expected  = regexp.MustCompile(`^\(result \$\w+ \(expected (?:\(tuple ((?:\$\w+ ?)+)\) |(\$\w+) )?\(error`)
)

// The host calls are those of Viceroy's witx files, with the same parameters.
func TestShippedABI(t *testing.T) {
	var all strings.Builder
	for _, name := range []string{"typenames", "compute-at-edge", "cache", "config-store", "http-cache", "shielding"} {
		all.WriteString(shipped(t, "wasm_abi/compute-at-edge-abi/"+name+".witx"))
	}
	text := strings.ReplaceAll(spaces.ReplaceAllString(comment.ReplaceAllString(all.String(), ""), " "), " )", ")")
	wide := map[string]bool{"u64": true, "s64": true}
	for _, m := range wideType.FindAllStringSubmatch(text, -1) {
		wide[m[1]] = true
	}
	calls := 0
	for _, module := range strings.Split(text, "(module $")[1:] {
		name, _, _ := strings.Cut(module, " ")
		for _, function := range strings.Split(module, `(@interface func (export "`)[1:] {
			export, body, _ := strings.Cut(function, `")`)
			calls++
			fn := abi.Lookup(name, export)
			require.NotNil(t, fn, "%s.%s is not here", name, export)
			require.Equal(t, core(body, wide), fn.Params, "%s.%s", name, export)
		}
	}
	require.Len(t, abi.Functions(), calls, "hostsim has calls that Viceroy does not have, or Viceroy some twice")
}

// core is what a function's parameters and results are in WebAssembly: i for 32
// bits, I for 64.
func core(body string, wide map[string]bool) (params string) {
	for _, part := range parts(body) {
		if m := parameter.FindStringSubmatch(part); m != nil {
			switch kind := m[1]; {
			case kind == "string", strings.HasPrefix(kind, "(list "):
				params += "ii"
			case wide[kind]:
				params += "I"
			default:
				params += "i"
			}
		}
		if m := expected.FindStringSubmatch(part); m != nil {
			params += strings.Repeat("i", len(strings.Fields(cmp.Or(m[1], m[2])))) // addresses of results
		}
	}
	return params
}

// parts are the lists in a text, up to the end of the one around them.
func parts(text string) (list []string) {
	depth, start := 0, 0
	for i, c := range text {
		switch c {
		case '(':
			if depth == 0 {
				start = i
			}
			depth++
		case ')':
			if depth--; depth == 0 {
				list = append(list, text[start:i+1])
			}
			if depth < 0 {
				return list
			}
		}
	}
	return list
}
