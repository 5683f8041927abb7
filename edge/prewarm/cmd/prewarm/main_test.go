package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/edge/prewarm/wasm"
)

var dir string

func TestMain(m *testing.M) {
	var err error
	if dir, err = os.MkdirTemp("", "prewarm-cmd"); err != nil {
		panic(err)
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// guest builds one of the library's test programs.
func guest(t *testing.T, name string, flags ...string) string {
	t.Helper()
	out := filepath.Join(dir, name+strings.Join(flags, "")+".wasm")
	if _, err := os.Stat(out); err == nil {
		return out
	}
	args := append([]string{"build", "-trimpath", "-o", out}, flags...)
	cmd := exec.Command("go", append(args, "../../testdata/guest/"+name)...)
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0")
	text, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", text)
	return out
}

const asReactor = "-buildmode=c-shared"

func run(args ...string) (code int, stdout, stderr string) {
	var o, e bytes.Buffer
	code = command(context.Background(), args, &o, &e)
	return code, o.String(), e.String()
}

func exportsOf(t *testing.T, module []byte) (names []string) {
	t.Helper()
	m, err := wasm.Parse(module)
	require.NoError(t, err)
	exports, err := m.Exports()
	require.NoError(t, err)
	for _, e := range exports {
		names = append(names, e.Name)
	}
	return names
}

// Every export of the program is there afterwards, beside _start; the report
// says what was gained, and progress goes to standard error.
func TestCommandForCompute(t *testing.T) {
	in, out := guest(t, "raw", asReactor), filepath.Join(t.TempDir(), "out.wasm")
	code, stdout, stderr := run(in, "-o", out)
	require.Zero(t, code, stderr)
	require.Contains(t, stdout, "size: ")
	require.Regexp(t, `instructions until a GET is answered: [\d,]{7,} \([\d,]+ of them initialisation\), now [\d,]+\n`, stdout)
	require.Contains(t, stderr, "prewarm: running the initialisation\n")
	require.NotContains(t, stderr, "warning")
	before, err := os.ReadFile(in)
	require.NoError(t, err)
	after, err := os.ReadFile(out)
	require.NoError(t, err)
	want := exportsOf(t, before)
	require.Contains(t, want, "serve")
	want[0] = "_start" // for _initialize
	require.ElementsMatch(t, want, exportsOf(t, after))
}

// A module without an entry that is not made for Compute stays a reactor.
func TestCommandForPlugins(t *testing.T) {
	in := guest(t, "plugin", asReactor)
	code, stdout, stderr := run(in, "-o", "-", "--quiet")
	require.Zero(t, code, stderr)
	require.Empty(t, stderr)
	before, err := os.ReadFile(in)
	require.NoError(t, err)
	require.Equal(t, exportsOf(t, before), exportsOf(t, []byte(stdout)))
}

func TestReportAsJSON(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out.wasm")
	code, stdout, stderr := run(guest(t, "early", asReactor), "-o", out, "--json", "--arg", "getenv", "--quiet")
	require.Zero(t, code, stderr)
	var r struct {
		Before   int64 `json:"instructions_before"`
		After    int64 `json:"instructions_after"`
		Size     int64 `json:"size_after"`
		Warnings []struct{ Code, Name, By, Text string }
	}
	require.NoError(t, json.Unmarshal([]byte(stdout), &r))
	require.Greater(t, r.Before, r.After)
	info, err := os.Stat(out)
	require.NoError(t, err)
	require.Equal(t, info.Size(), r.Size)
	require.Len(t, r.Warnings, 1)
	require.Equal(t, "environment", r.Warnings[0].Code)
	require.Equal(t, "MODE", r.Warnings[0].Name)
	require.Contains(t, stderr, "warning: "+r.Warnings[0].Text)
}

// A refusal leaves what is there, says what is wrong and hints at what to do.
func TestRefusals(t *testing.T) {
	raw, failing, early := guest(t, "raw", asReactor), guest(t, "failing", asReactor), guest(t, "early", asReactor)
	plain := guest(t, "entry") // a command
	here := t.TempDir()
	out := filepath.Join(here, "out.wasm")
	text := filepath.Join(here, "text")
	require.NoError(t, os.WriteFile(text, []byte("no module"), 0o600))
	huge := filepath.Join(here, "huge")
	require.NoError(t, os.WriteFile(huge, nil, 0o600))
	require.NoError(t, os.Truncate(huge, mostModule+1)) // a hole
	same := filepath.Join(here, "same.wasm")
	require.NoError(t, os.Link(raw, same))
	link := filepath.Join(here, "link.wasm")
	require.NoError(t, os.Symlink(raw, link))
	component := filepath.Join(here, "component")
	require.NoError(t, os.WriteFile(component, []byte("\x00asm\x0d\x00\x01\x00"), 0o600))
	done, donePlugin := filepath.Join(dir, "done.wasm"), filepath.Join(dir, "donePlugin.wasm")
	for file, from := range map[string]string{done: raw, donePlugin: guest(t, "plugin", asReactor)} {
		code, _, stderr := run(from, "-o", file, "--no-count", "--no-rehearsal")
		require.Zero(t, code, stderr)
	}
	for name, c := range map[string]struct {
		args []string
		code int
		says string
	}{
		"no module":           {[]string{"-o", out}, exitUsage, "want one module"},
		"two modules":         {[]string{raw, raw, "-o", out}, exitUsage, "got 2"},
		"no output":           {[]string{raw}, exitUsage, "no output"},
		"unknown flag":        {[]string{raw, "-o", out, "--fast"}, exitUsage, "--fast"},
		"missing":             {[]string{filepath.Join(here, "absent"), "-o", out}, exitFailed, "absent"},
		"no WebAssembly":      {[]string{text, "-o", out}, exitFailed, "malformed"},
		"a command":           {[]string{plain, "-o", out}, exitFailed, "-buildmode=c-shared"},
		"over the input":      {[]string{raw, "-o", raw}, exitUsage, "is an input, too"},
		"a link to the input": {[]string{raw, "-o", link}, exitUsage, "is an input, too"},
		"the input again":     {[]string{raw, "-o", same}, exitUsage, "is an input, too"},
		"over a file":         {[]string{raw, "-o", text, "--file", "a=" + text}, exitUsage, "is an input, too"},
		"no such export":      {[]string{raw, "-o", out, "--entry", "absent"}, exitFailed, `no function "absent"`},
		"both":                {[]string{raw, "-o", out, "--entry", "serve", "--reactor"}, exitUsage, "no entry"},
		"environment":         {[]string{raw, "-o", out, "--env", "MODE"}, exitUsage, "has no ="},
		"environment twice":   {[]string{raw, "-o", out, "--env", "A=1", "--env", "A=2"}, exitUsage, "twice"},
		"file":                {[]string{raw, "-o", out, "--file", "a=" + here + "/absent"}, exitFailed, "absent"},
		"file without name":   {[]string{raw, "-o", out, "--file", "a="}, exitUsage, `"a=" names no file`},
		"little memory":       {[]string{raw, "-o", out, "--max-memory", "1"}, exitFailed, "hint: raise --max-memory, which is 1 MiB"},
		"memory":              {[]string{raw, "-o", out, "--max-memory", "0"}, exitUsage, "MiB"},
		"called too early":    {[]string{failing, "-o", out, "--env", "FAIL=log"}, exitFailed, "fastly_log.write, from main.init.0"},
		"exits":               {[]string{failing, "-o", out, "--env", "FAIL=exit"}, exitFailed, "exited with 3, from main.init.0"},
		"panics":              {[]string{failing, "-o", out, "--env", "FAIL=panic"}, exitFailed, "no site has a key"},
		"loops":               {[]string{failing, "-o", out, "--env", "FAIL=loop", "--timeout", "1ms"}, exitFailed, "did not end in time"},
		"no time":             {[]string{raw, "-o", out, "--timeout", "0s"}, exitUsage, "--timeout"},
		"huge":                {[]string{huge, "-o", out}, exitFailed, "1,073,741,825 bytes"},
		"endless":             {[]string{raw, "-o", out, "--file", "a=" + huge}, exitFailed, "1,073,741,825 bytes"},
		"where":               {[]string{text, "-o", out}, exitFailed, `"` + text + `": malformed`},
		"a component":         {[]string{component, "-o", out}, exitFailed, "is a component"},
		"prewarmed already":   {[]string{done, "-o", out}, exitFailed, "exports _start"},
		"a plugin again":      {[]string{donePlugin, "-o", out}, exitFailed, "prewarmed already"},
		"strict":              {[]string{early, "-o", out, "--arg", "now", "--strict", "--no-count"}, exitFailed, "main.init.0"},
		"no folder":           {[]string{raw, "-o", here + "/absent/out.wasm", "--no-count"}, exitFailed, "there is no folder"},
		"a file as folder":    {[]string{raw, "-o", text + "/out.wasm"}, exitFailed, "there is no folder"},
		"a folder":            {[]string{raw, "-o", here, "--no-count"}, exitFailed, "it is a folder"},
		"report and module":   {[]string{raw, "-o", "-", "--json"}, exitUsage, "standard output"},
	} {
		t.Run(name, func(t *testing.T) {
			code, stdout, stderr := run(c.args...)
			require.Equal(t, c.code, code, stderr)
			require.Empty(t, stdout)
			require.Contains(t, stderr, c.says)
			require.Contains(t, stderr, "\nhint: ")
			require.NoFileExists(t, out)
		})
	}
	left, err := filepath.Glob(filepath.Join(here, ".*"))
	require.NoError(t, err)
	require.Empty(t, left, "temporary files")
	now, err := os.ReadFile(text)
	require.NoError(t, err)
	require.Equal(t, "no module", string(now))
}

// A file is replaced whole and keeps its mode, a link stays a link, and a
// read-only file stays as it is.
func TestPut(t *testing.T) {
	here := t.TempDir()
	file, link := filepath.Join(here, "file"), filepath.Join(here, "link")
	require.NoError(t, os.WriteFile(file, []byte("old"), 0o600))
	require.NoError(t, os.Symlink("file", link))
	require.NoError(t, put(link, []byte("new"), nil))
	info, err := os.Lstat(link)
	require.NoError(t, err)
	require.NotZero(t, info.Mode()&os.ModeSymlink)
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, "new", string(text))
	info, err = os.Stat(file)
	require.NoError(t, err)
	require.EqualValues(t, 0o600, info.Mode())
	require.NoError(t, os.Chmod(file, 0o400))
	require.ErrorContains(t, put(file, []byte("newer"), nil), "permission denied")
	require.NoError(t, put(os.DevNull, []byte("away"), nil))
	info, err = os.Stat(os.DevNull)
	require.NoError(t, err)
	require.NotZero(t, info.Mode()&os.ModeDevice)
}

// An entry that does not end well leaves initialisation to be counted, and the
// report says so.
func TestEntryFails(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out.wasm")
	code, stdout, stderr := run(guest(t, "failing", asReactor), "-o", out, "--env", "FAIL_REQUEST=panic")
	require.Zero(t, code, stderr)
	require.Regexp(t, `instructions of initialisation: [\d,]{7,}, now 0\n`, stdout)
	require.Contains(t, stdout, "no page is touched first: ")
}

// A program for WASI alone is not said to answer a GET.
func TestReportWithoutRequest(t *testing.T) {
	code, stdout, stderr := run(guest(t, "entry", asReactor), "-o", filepath.Join(t.TempDir(), "out.wasm"))
	require.Zero(t, code, stderr)
	require.Contains(t, stdout, "instructions until the entry returns: ")
	require.NotContains(t, stdout, "GET")
}

func TestHelp(t *testing.T) {
	code, stdout, stderr := run("--help")
	require.Zero(t, code)
	require.Empty(t, stderr)
	require.Contains(t, stdout, "--strict")
}
