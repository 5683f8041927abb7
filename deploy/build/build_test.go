package build

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/core/sitesjson"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/input"
	"github.com/clickedge/clickedge/deploy/keyring"
	"github.com/clickedge/clickedge/deploy/module"
	"github.com/clickedge/clickedge/deploy/pack"
	"github.com/clickedge/clickedge/edge/prewarm/wasm"
)

const (
	sitesText = `{"sites": {"link.example.com": {"esp": "sendgrid", "keys": ["k1"], "signed_links": "anywhere"}}}`
	secretA   = "correct-horse-battery-staple-0001"
	secretB   = "correct-horse-battery-staple-0002"
)

// options are of a call in a folder of its own, with these variables.
func options(t *testing.T, vars map[string]string) (*Options, *bytes.Buffer) {
	t.Chdir(t.TempDir())
	var said, out bytes.Buffer
	lookup := func(name string) (string, bool) { v, ok := vars[name]; return v, ok }
	in := &input.Input{Ctx: t.Context(), Stdin: strings.NewReader(""), Err: &said}
	return &Options{Sites: "sites.json", Out: "main.wasm", In: in, Keys: keyring.NewSource(in, lookup, nil), LookupEnv: lookup, Stdout: &out, Err: &said}, &said
}

func write(t *testing.T, name, text string) {
	require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
}

func sitesOf(t *testing.T) *core.Sites {
	sites, err := sitesjson.Parse("sites.json", []byte(sitesText))
	require.NoError(t, err)
	return sites
}

func TestParseSize(t *testing.T) {
	for text, want := range map[string]int{"": 0, "1": 1, "512KiB": 512 << 10, "8MiB": 8 << 20, "2048MiB": 1 << 31} {
		got, err := parseSize(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
	for _, text := range []string{"0", "0MiB", "-1", "1.5MiB", "8MB", "8 MiB", "MiB", "2049MiB", "99999999999999999999"} {
		_, err := parseSize(text)
		require.Error(t, err, text)
	}
}

func TestFailure(t *testing.T) {
	_, sites := sitesjson.Parse("sites.json", []byte(`{"sites": {"link.example.com": {"esp": "none-such"}}}`))
	known := failure.Usage(errors.New("known"), "as it is")
	for name, c := range map[string]struct {
		err  error
		exit int
		hint string
	}{
		"a failure already": {known, failure.ExitUsage, "as it is"},
		"no source":         {fmt.Errorf("here: %w", module.ErrNoSource), failure.ExitUsage, "run this inside a clone"},
		"no compiler":       {module.ErrNoGo, failure.ExitUsage, "install Go"},
		"another module":    {module.ErrNotOurs, failure.ExitBad, "leave --module out"},
		"no room":           {&module.RoomError{Need: 5<<20 + 1}, failure.ExitBad, "build it with --room 5121KiB or more"},
		"no room anywhere":  {&module.RoomError{Need: module.MostRoom + 1}, failure.ExitBad, ""},
		"mistakes in sites": {sites, failure.ExitBad, "clickedge check --fields"},
		"unfit":             {&pack.Error{Problems: []pack.Problem{{Code: pack.BadStart, What: "it has no _start"}}}, failure.ExitBad, "from the sources"},
		"with a secret":     {&pack.Error{Problems: []pack.Problem{{Code: pack.HoldsSecret, What: "it holds key k1"}}}, failure.ExitBad, "keys push"},
		"anything else":     {errors.New("else"), failure.ExitBad, ""},
	} {
		t.Run(name, func(t *testing.T) {
			f := failure.Of(Failure(c.err))
			require.Equal(t, c.exit, f.Exit)
			require.Contains(t, f.Hint, c.hint)
			if c.hint == "" {
				require.Empty(t, f.Hint)
			}
		})
	}
}

// Where there is a mistake nothing is built: each is found before.
func TestRunRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Options)
		says   string
	}{
		"no sites":             {func(o *Options) { o.Sites = "none.json" }, "cannot read the sites"},
		"a manifest alone":     {func(o *Options) { o.Manifest = "fastly.toml" }, "--manifest is for packages"},
		"no manifest":          {func(o *Options) { o.Out, o.Manifest = "p.tar.gz", "none.toml" }, "cannot read the manifest"},
		"a manifest of no use": {func(o *Options) { o.Out, o.Manifest = "p.tgz", "sites.json" }, "sites.json: "},
		"no size":              {func(o *Options) { o.Room = "big" }, `--room "big": is no size`},
		"no guest":             {func(o *Options) { o.Reactor = "none.wasm" }, "cannot read the reactor"},
		"no module":            {func(o *Options) { o.Module = "none.wasm" }, "cannot read the module"},
		"a module of others":   {func(o *Options) { o.Module = "sites.json" }, "not a module that this version of clickedge built"},
	} {
		t.Run(name, func(t *testing.T) {
			o, _ := options(t, nil)
			write(t, "sites.json", sitesText)
			c.change(o)
			_, err := o.Run(t.Context())
			require.ErrorContains(t, err, c.says)
			require.True(t, failure.Is(err))
			require.NoFileExists(t, o.Out)
		})
	}
}

// Ctrl-C is said in place of what came of it.
func TestRunInterrupted(t *testing.T) {
	o, _ := options(t, nil)
	write(t, "sites.json", sitesText)
	write(t, "other.wasm", "no module")
	o.Module = "other.wasm"
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := o.Run(ctx)
	require.EqualError(t, err, "interrupted; nothing was written")
	require.Equal(t, failure.ExitInterrupted, failure.Of(err).Exit)
}

// Everything that this machine keeps secret is looked for, by name.
func TestSecrets(t *testing.T) {
	o, said := options(t, map[string]string{keyring.EnvName("k1"): secretA, "FASTLY_API_TOKEN": "token-that-nobody-may-see"})
	write(t, "bare.txt", secretB)
	write(t, "inner.key", "k3=correct-horse-battery-staple-0003\n")
	write(t, "fastly.toml", "[local_server.secret_stores]\nstore = [{key = \"k3\", file = \"inner.key\"}, {key = \"short\", data = \"1234567\"}]\n")
	o.KeyFiles = []string{"bare.txt"}
	p, err := o.packing(sitesOf(t))
	require.NoError(t, err)
	var names, values []string
	for _, s := range p.secrets {
		names, values = append(names, s.Name), append(values, s.Value)
	}
	require.Subset(t, values, []string{secretA, secretB, "token-that-nobody-may-see", "correct-horse-battery-staple-0003"})
	require.Subset(t, names, []string{"key k1", "FASTLY_API_TOKEN"})
	require.Contains(t, said.String(), "is a whole key file, and a local server would take all of it as the secret")
	require.Contains(t, said.String(), "is not looked for: it is under 8 bytes long")
	for _, v := range values {
		require.NotContains(t, said.String(), v)
	}
}

// The manifest is a part of the package: no secret in it.
func TestManifestWithASecret(t *testing.T) {
	o, _ := options(t, map[string]string{keyring.EnvName("k1"): secretA})
	write(t, "my.toml", "manifest_version = 3\nname = \"mine\"\nlanguage = \"other\"\ndescription = \""+secretA+"\"\n")
	o.Out, o.Manifest = "p.tar.gz", "my.toml"
	_, err := o.packing(sitesOf(t))
	require.EqualError(t, err, "the manifest holds a secret and would be part of the package; nothing was written")
	require.Equal(t, "it holds the secret of key k1", failure.Of(err).Detail)
	o.Manifest = ""
	p, err := o.packing(sitesOf(t))
	require.NoError(t, err)
	require.Equal(t, string(pack.Manifest), string(p.manifest))
}

// moduleFor is an empty one with the stamp of these sites.
func moduleFor(t *testing.T, sites string) []byte {
	m, err := wasm.Parse([]byte("\x00asm\x01\x00\x00\x00"))
	require.NoError(t, err)
	stamp := module.StampOf([]byte(sites))
	return m.With(wasm.Custom(contract.SitesSection, stamp[:])).Encode()
}

func TestPackageFor(t *testing.T) {
	o, _ := options(t, nil)
	data, err := pack.Archive("clickedge", moduleFor(t, sitesText), pack.Manifest)
	require.NoError(t, err)
	write(t, "p.tar.gz", string(data))
	write(t, "broken.tar.gz", "nothing")
	p, err := PackageFor(o.In, "p.tar.gz", "sites.json", []byte(sitesText))
	require.NoError(t, err)
	require.Equal(t, data, p.Data)
	require.Equal(t, pack.Hash(p.Files), p.Hash())
	read, err := ReadPackage(o.In, "p.tar.gz")
	require.NoError(t, err)
	require.Equal(t, p, read)
	for name, c := range map[string]struct {
		file, sites, says string
		exit              int
	}{
		"not there":   {"none.tar.gz", sitesText, "there is no package none.tar.gz", failure.ExitUsage},
		"no package":  {"broken.tar.gz", sitesText, "is no package", failure.ExitBad},
		"other sites": {"p.tar.gz", `{"sites": {}}`, "p.tar.gz was built with another sites.json than sites.json", failure.ExitBad},
	} {
		_, err := PackageFor(o.In, c.file, "sites.json", []byte(c.sites))
		require.ErrorContains(t, err, c.says, name)
		require.Equal(t, c.exit, failure.Of(err).Exit, name)
		require.Contains(t, failure.Of(err).Hint, "clickedge build ", name)
	}
	_, err = ReadPackage(o.In, filepath.Join("no", "folder.tar.gz"))
	require.ErrorContains(t, err, "cannot read the package")
}

func TestReportText(t *testing.T) {
	r := &Report{Output: "p.tar.gz", Sites: 2, Table: 100, Room: 4 << 20, Reactor: 3 << 20, Prebuilt: true, Module: 5 << 20, Package: 600 << 10, Hash: "abc", MemoryPages: 32, Segments: 7, Data: 1 << 20, PrewarmMS: 1200}
	var b strings.Builder
	r.Text(&b)
	require.Equal(t, `p.tar.gz  600 KiB, with 2 sites
  sites   100 bytes of 4.0 MiB
  guest   3.0 MiB, from inside this command
  memory  1.0 MiB in 7 segments, 2.0 MiB at the start (1.2 s)
  module  5.0 MiB
  hash    abc
`, b.String())
	b.Reset()
	r.Reactor, r.Package, r.PrewarmMS, r.NotRehearsed = 0, 0, 0, `rehearsal "a click": the guest answered 403, not 302`
	r.Text(&b)
	require.Equal(t, "p.tar.gz  5.0 MiB, with 2 sites\n  sites   100 bytes of 4.0 MiB\n  memory  1.0 MiB in 7 segments, 2.0 MiB at the start\n"+
		"  clicks  not rehearsed, so they cost more than they need to: rehearsal \"a click\": the guest answered 403, not 302\n", b.String())
}

// The report of a build has what its rehearsal showed, or why it showed
// nothing.
func TestReportOfRehearsal(t *testing.T) {
	r := reportOf(&core.Sites{}, module.Report{Touched: 9}, pack.Report{})
	require.Equal(t, 9, r.Touched)
	require.Empty(t, r.NotRehearsed)
	r = reportOf(&core.Sites{}, module.Report{NotRehearsed: errors.New("it hangs")}, pack.Report{})
	require.Zero(t, r.Touched)
	require.Equal(t, "it hangs", r.NotRehearsed)
}
