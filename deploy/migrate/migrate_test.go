package migrate

import (
	"encoding/json"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/sitesjson"
)

var update = flag.Bool("update", false, "rewrite what the cases expect")

// mapFiles are the files of a case.
type mapFiles struct{ fstest.MapFS }

func (m mapFiles) Glob(pattern string) ([]string, error) {
	if filepath.IsAbs(pattern) {
		return nil, ErrOutside
	}
	return fs.Glob(m.MapFS, pattern)
}

func (m mapFiles) ReadFile(name string) ([]byte, error) {
	if filepath.IsAbs(name) {
		return nil, ErrOutside
	}
	return m.MapFS.ReadFile(name)
}

// TestCases reads each configuration in testdata/cases and compares sites.json
// and the findings. With -update what is expected is rewritten.
func TestCases(t *testing.T) {
	names, err := filepath.Glob("testdata/cases/*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, names)
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) { testCase(t, name) })
	}
}

func testCase(t *testing.T, name string) {
	archive, err := txtar.ParseFile(name)
	require.NoError(t, err)
	files := fstest.MapFS{}
	want := map[string]string{}
	kept := archive.Files[:0:0]
	for _, f := range archive.Files {
		if f.Name == "sites.json" || f.Name == "notes" {
			want[f.Name] = string(f.Data)
			continue
		}
		files[f.Name] = &fstest.MapFile{Data: f.Data}
		kept = append(kept, f)
	}
	opt := Options{Files: mapFiles{files}}
	if _, hosts, ok := strings.Cut(string(archive.Comment), "hosts: "); ok {
		opt.Hosts = strings.Fields(hosts)
	}
	r, err := Read(kept[0].Name, kept[0].Data, opt)
	require.NoError(t, err)
	got := map[string]string{"sites.json": string(r.JSON()), "notes": noteLines(r)}
	if len(r.Sites) > 0 {
		_, err = sitesjson.Parse("sites.json", r.JSON())
		require.NoError(t, err)
	}
	for _, secret := range []string{"do-not-print", "secret-of-somebody"} {
		require.NotContains(t, got["notes"]+got["sites.json"], secret)
	}
	if *update {
		archive.Files = append(kept, txtar.File{Name: "sites.json", Data: []byte(got["sites.json"])}, txtar.File{Name: "notes", Data: []byte(got["notes"])})
		require.NoError(t, os.WriteFile(name, txtar.Format(archive), 0o644))
		return
	}
	require.Equal(t, want, got)
}

func noteLines(r *Result) string {
	var b strings.Builder
	for _, n := range r.Findings {
		host := ""
		if n.Host != "" {
			host = n.Host + ": "
		}
		fmt.Fprintf(&b, "%s%s\n", host, n)
	}
	return b.String()
}

// A configuration that cannot be read says where.
func TestReadRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		from  Format
		text  string
		wants string
	}{
		"empty":               {"", " \n", "x: it is empty"},
		"UTF-16":              {"", "\xff\xfes\x00", "x:1:1: it is UTF-16"},
		"a block left open":   {"", "server {\n  listen 80;\n", `x:3:1: the file ends inside the block of "server", which begins on line 1`},
		"a stray brace":       {"", "server { }\n}\n", `x:2:1: "}" where a directive belongs`},
		"no semicolon":        {"", "server {\n  listen 80\n}\n", `x:3:1: the directive "listen" of line 2 is not ended: a semicolon is missing`},
		"no semicolon, end":   {"", "listen 80", `x:1:10: the directive "listen" of line 1 is not ended: a semicolon is missing`},
		"an open quote":       {"", "server {\n return 200 'x;\n}", "x:2:13: a quote that is not closed"},
		"after a quote":       {"", "return 200 'x'y;", `x:1:15: "y" right after a quoted word`},
		"an open variable":    {"", "set $a ${b;\n", "x:1:8: ${ without its }"},
		"a control":           {"", "server {\n\tliste\x00n 80; }", "x:2:7: a control byte 0x00"},
		"a lone semicolon":    {"", ";", `x:1:1: ";" where a directive belongs`},
		"too deep":            {"", strings.Repeat("a {\n", 40), "x:25:4: blocks stand more than 24 deep in one another"},
		"too many":            {"", strings.Repeat("a;", 20_001), "x:1:40001: more than 20000 directives"},
		"Lua left open":       {"", "a_by_lua_block { if x { }", `x:1:26: the file ends inside the block of "a_by_lua_block", which begins on line 1`},
		"torn JSON":           {"", "{\"DistributionConfig\": {\n", "x:2:1: the JSON ends in the middle"},
		"bad JSON":            {"", "{\"DefaultCacheBehavior\":\n  nul}", "x:2:6: invalid character '}' in literal null (expecting 'l')"},
		"another type":        {CloudFront, `{"Aliases": 7}`, "x:1:13: Aliases is a number"},
		"something follows":   {CloudFront, "{}\n{}", "x:2:1: something follows the end of the JSON"},
		"no distribution":     {CloudFront, "{}", "x: it is not a distribution: it has no DefaultCacheBehavior"},
		"no service":          {"", `{"id": "x"}`, "x: it is no service with its parts: there are no backends in it"},
		"a service's parts":   {"", `{"backends": "none"}`, "x: it is no service: "},
		"a list":              {"", "[]", "x: it is no service: "},
		"an unknown format":   {"apache", "a;", `x: unknown format "apache"`},
		"more than is read":   {"", strings.Repeat("# \n", 1_500_000), "x: it has 4500000 bytes; at most 4194304 are read"},
		"brackets as nginx's": {Nginx, `{"a": 1}`, `x:1:1: "{" where a directive belongs`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Read("x", []byte(c.text), Options{From: c.from})
			var e *Error
			require.ErrorAs(t, err, &e)
			require.Contains(t, err.Error(), c.wants)
		})
	}
}

// An error in a file that is included names that file.
func TestIncludedErrors(t *testing.T) {
	_, err := Read("nginx.conf", []byte("include a.conf;"), Options{Files: mapFiles{fstest.MapFS{"a.conf": {Data: []byte("server {")}}}})
	require.EqualError(t, err, `a.conf:1:9: the file ends inside the block of "server", which begins on line 1`)
	r, err := Read("nginx.conf", []byte("include a.conf;"), Options{})
	require.NoError(t, err)
	require.Equal(t, "include", r.Findings[0].Code)
	require.Contains(t, r.Findings[0].Text, "give the configuration as a file")
}

// Files are read below the configuration's folder only, whatever it includes
// and wherever links lead.
func TestFolder(t *testing.T) {
	dir := t.TempDir()
	secret := filepath.Join(t.TempDir(), "secret.conf")
	require.NoError(t, os.WriteFile(secret, []byte("server_name stolen;"), 0o600))
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "conf.d"), 0o755))
	for _, name := range []string{"conf.d/b.conf", "conf.d/a.conf", "conf.d/.hidden.conf"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(name), 0o600))
	}
	require.NoError(t, os.Symlink(secret, filepath.Join(dir, "conf.d", "link.conf")))
	f, err := OpenFolder(dir)
	require.NoError(t, err)
	defer f.Close()
	for _, pattern := range []string{"conf.d/[ab].conf", filepath.Join(dir, "conf.d/[ab].conf")} {
		names, err := f.Glob(pattern)
		require.NoError(t, err)
		require.Equal(t, []string{"conf.d/a.conf", "conf.d/b.conf"}, names)
	}
	names, err := f.Glob("conf.d/*")
	require.NoError(t, err)
	require.NotContains(t, names, "conf.d/.hidden.conf")
	text, err := f.ReadFile("conf.d/a.conf")
	require.NoError(t, err)
	require.Equal(t, "conf.d/a.conf", string(text))
	for _, name := range []string{secret, "../" + filepath.Base(secret), "conf.d/../../x", "/etc/passwd", "conf.d", "conf.d/link.conf", "missing", dir + "x/y"} {
		_, err := f.ReadFile(name)
		require.Error(t, err, name)
	}
	_, err = f.Glob("/etc/*")
	require.ErrorIs(t, err, ErrOutside)
}

const there = `{
  "sites": {
    "a.example.com": {"esp": "sendgrid"},   // as it was
    "b.example.com": { "esp": "mailgun" }
  }
}
`

func TestMerge(t *testing.T) {
	before := strings.ReplaceAll(there, "   // as it was", "")
	c := Site{Host: "c.example.com", Fields: Fields{ESP: "sendgrid"}}
	b := Site{Host: "b.example.com", Fields: Fields{ESP: "iterable"}}
	after, err := Merge([]byte(before), []Site{c}, false)
	require.NoError(t, err)
	require.Equal(t, strings.Replace(before, "\"mailgun\" }\n", "\"mailgun\" },\n    \"c.example.com\": {\n      \"esp\": \"sendgrid\"\n    }\n", 1), string(after))
	_, err = Merge([]byte(before), []Site{c, b}, false)
	require.EqualError(t, err, "b.example.com: in the file already")
	after, err = Merge([]byte(before), []Site{c, b}, true)
	require.NoError(t, err)
	sites, err := sitesjson.Parse("sites.json", after)
	require.NoError(t, err)
	require.Equal(t, []string{"a.example.com", "b.example.com", "c.example.com"}, sites.Hosts())
	require.Equal(t, "iterable", sites.Lookup("b.example.com").ESP)
	require.Contains(t, string(after), `"a.example.com": {"esp": "sendgrid"}`)
	for _, text := range []string{"", "[]", "{}", `{"sites": []}`, `{"other": 1}`, `{"sites": {"a": `} {
		_, err := Merge([]byte(text), []Site{c}, false)
		require.Error(t, err, text)
	}
	after, err = Merge([]byte(`{"sites":{}}`), []Site{c, b}, false)
	require.NoError(t, err)
	_, err = sitesjson.Parse("sites.json", after)
	require.NoError(t, err)
}

// For any input, the result is a sites.json that core accepts, and it can be
// merged into another.
func FuzzRead(f *testing.F) {
	names, err := filepath.Glob("testdata/cases/*.txtar")
	require.NoError(f, err)
	require.NotEmpty(f, names)
	for _, name := range names {
		archive, err := txtar.ParseFile(name)
		require.NoError(f, err)
		f.Add(string(archive.Files[0].Data), "")
		f.Add(string(archive.Files[0].Data), "given.example.com")
	}
	others, err := filepath.Glob("testdata/otherformats/*.txtar")
	require.NoError(f, err)
	for _, name := range others {
		archive, err := txtar.ParseFile(name)
		require.NoError(f, err)
		for _, file := range archive.Files {
			f.Add(string(file.Data), "")
		}
	}
	existing := []byte(strings.ReplaceAll(there, "   // as it was", ""))
	f.Fuzz(func(t *testing.T, text, host string) {
		opt := Options{}
		if host != "" {
			opt.Hosts = []string{host}
		}
		r, err := Read("x", []byte(text), opt)
		if err != nil {
			var e *Error
			require.ErrorAs(t, err, &e)
			return
		}
		for _, n := range r.Findings {
			require.NotEmpty(t, n.At)
			require.NotEmpty(t, n.Code)
			require.Less(t, len(n.Text), 2000)
		}
		if len(r.Sites) == 0 {
			require.Nil(t, r.JSON())
			require.NotEmpty(t, r.Findings, "why there is nothing")
			return
		}
		sites, err := sitesjson.Parse("sites.json", r.JSON())
		require.NoError(t, err)
		require.Equal(t, len(r.Sites), sites.Len())
		merged, err := Merge(existing, r.Sites, true)
		require.NoError(t, err)
		var all struct {
			Sites map[string]json.RawMessage `json:"sites"`
		}
		require.NoError(t, json.Unmarshal(merged, &all))
		require.GreaterOrEqual(t, len(all.Sites), len(r.Sites))
	})
}

// linksHaveQuery agrees with the sample links of core.
func TestLinksHaveQuery(t *testing.T) {
	text, err := os.ReadFile("../../core/testdata/links.json")
	require.NoError(t, err)
	var links []struct{ ESP, Kind, Path string }
	require.NoError(t, json.Unmarshal(text, &links))
	have := map[string]bool{}
	for _, l := range links {
		if l.Kind == "click" || l.Kind == "app" {
			have[l.ESP] = have[l.ESP] || strings.Contains(l.Path, "?")
		}
	}
	require.NotEmpty(t, have)
	for _, o := range core.Presets() {
		require.Equal(t, have[o.Family.String()], linksHaveQuery(o.Family), o.Family)
	}
}

// A list of distributions gives the sites of each, and passes over what is none.
func TestSeveralDistributions(t *testing.T) {
	const one = `{"Aliases": {"Items": [%q]}, "Origins": {"Items": [{"Id": "a", "DomainName": "sendgrid.net"}]}, "DefaultCacheBehavior": {"TargetOriginId": "a"}}`
	text := `{"DistributionList": {"Items": [` + fmt.Sprintf(one, "a.example.com") + `, {}, ` + fmt.Sprintf(one, "b.example.com") + `]}}`
	r, err := Read("x", []byte(text), Options{})
	require.NoError(t, err)
	require.Len(t, r.Sites, 2)
	require.Equal(t, "a.example.com", r.Sites[0].Host)
	require.Equal(t, "b.example.com", r.Sites[1].Host)
	require.Contains(t, noteLines(r), "DistributionList.Items[2].Defa")
}
