package doctortest_test

import (
	"bytes"
	"context"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/syntax"

	"github.com/clickedge/clickedge/deploy/cli"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/internal/doctortest"
)

// adopted runs "clickedge adopt" against a set-up, in a folder.
func adopted(t *testing.T, r *doctortest.Running, l doctortest.Loopback, dir string, more ...string) (said string, exit int) {
	t.Helper()
	args := []string{
		"adopt", r.Host, "--ca", l.CAFile, "--ask-esp", l.Origin, "--timeout", "20s", "--sites", filepath.Join(dir, "sites.json"),
		"--http-port", strconv.Itoa(l.HTTPPort), "--https-port", strconv.Itoa(l.HTTPSPort), "--resolver", l.Resolvers[0],
	}
	var stdout, stderr bytes.Buffer
	env := cli.Env{
		In: strings.NewReader(""), Out: &stdout, Err: &stderr, Now: time.Now,
		LookupEnv: func(string) (string, bool) { return "", false },
	}
	exit = env.Run(context.Background(), append(args, more...))
	said = stdout.String() + "\n-- stderr --\n" + stderr.String()
	return strings.ReplaceAll(said, dir, "DIR"), exit
}

func written(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	list, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range list {
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		require.NoError(t, err)
		b.WriteString("-- " + e.Name() + " --\n" + string(text))
	}
	return b.String()
}

var numbered = regexp.MustCompile(`(?m)^ {7}\S`)

// TestAdopt compares what the command prints and writes with testdata/command.
func TestAdopt(t *testing.T) {
	for name, more := range map[string][]string{
		"still-at-customerio":     {"--for", "server", "--address", "203.0.113.5", "--destination", "example.com"},
		"still-at-sendgrid":       {"--for", "fastly"},
		"still-at-mailgun":        {"--for", "fastly", "--esp", "customerio-us"},
		"still-at-ses":            {"--for", "server", "--address", "203.0.113.5", "--address", "2001:db8::5", "--cert", "c.pem", "--key", "k.pem", "--destination", "shop.example.com"},
		"clickedge-customerio-eu": {"--for", "server", "--esp", "customerio-eu"},
		"app-links":               {"--for", "server", "--esp", "sendgrid"},
		"app-links-no-json":       {"--esp", "sendgrid"},
		"app-links-too-large":     {"--esp", "sendgrid"},
		"app-links-redirected":    {"--esp", "sendgrid"},
		"app-links-differ":        {"--esp", "sendgrid"},
		"alias-to-nothing":        {"--esp", "mailgun", "--for", "fastly"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, ok := doctortest.Find(name)
			require.True(t, ok)
			r := s.Start(t)
			l := r.Loopback(t)
			dir := t.TempDir()
			said, exit := adopted(t, r, l, dir, more...)
			require.Equal(t, failure.ExitOK, exit, said)
			commands := len(numbered.FindAllString(said, -1))
			require.True(t, commands > 1 && commands <= 5, "%d commands", commands)
			golden(t, "adopt-"+name+".txt", said+"\n-- files --\n"+written(t, dir))
			again, exit := adopted(t, r, l, dir, more...)
			if slices.Contains(more, "--esp") || slices.Contains(more, "--destination") {
				require.Equal(t, failure.ExitUsage, exit, again)
				require.Contains(t, again, "has link.example.com already, and is left as it is")
				return
			}
			require.Equal(t, failure.ExitOK, exit, again)
			require.Contains(t, again, "has link.example.com already, and was left as it is")
		})
	}
}

// What was not seen is not guessed: neither the region of an ESP, nor the ESP.
func TestAdoptWithoutTheESP(t *testing.T) {
	for name, want := range map[string]string{
		"clickedge-customerio-eu": "hint: say --esp customerio-us or customerio-eu",
		"alias-to-nothing":        "this is missing: --esp",
	} {
		s, ok := doctortest.Find(name)
		require.True(t, ok)
		r := s.Start(t)
		dir := t.TempDir()
		said, exit := adopted(t, r, r.Loopback(t), dir, "--for", "server")
		require.Equal(t, failure.ExitUsage, exit)
		require.Contains(t, said, want)
		require.Empty(t, written(t, dir))
	}
}

// A file that is there and nobody asked to add to ends the call before anything
// is asked for; so does a broken one.
func TestAdoptAsksNothingInVain(t *testing.T) {
	s, ok := doctortest.Find("still-at-ses")
	require.True(t, ok)
	r := s.Start(t)
	l := r.Loopback(t)
	l.Resolvers = []string{"192.0.2.1:53"} // where nobody answers
	for text, want := range map[string]string{
		`{"sites": {"other.example.com": {"esp": "sendgrid"}}}`: "--add puts link.example.com into it",
		`{"sites": {"other.example.com": {"esp": "nobody"}}}`:   "sites.json:1: ",
	} {
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, "sites.json"), []byte(text), 0o600))
		said, exit := adopted(t, r, l, dir)
		require.Equal(t, failure.ExitBad, exit, said)
		require.Contains(t, said, want)
		require.Equal(t, "-- sites.json --\n"+text, written(t, dir))
	}
}

// Answers that are meant to harm, or only broken, in place of the files for
// apps: none is kept, each is named, reading ends, and nothing reaches the
// terminal as it came.
func TestAdoptHostile(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"a page":      doctortest.Answer(http.StatusOK, "<!DOCTYPE html><title>\x1b[31mShop</title>", "Content-Type", "text/html"),
		"a loop":      doctortest.RedirectTo(302, "https://{host}{target}"),
		"an error":    doctortest.Answer(http.StatusInternalServerError, "\x1b]0;x\x07"),
		"without end": endless,
		"not a file":  doctortest.Answer(http.StatusOK, `"\u001b[31m"`, "Content-Type", "application/json"),
		"deep":        doctortest.Answer(http.StatusOK, strings.Repeat("[", 100_000), "Content-Type", "application/json"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := doctortest.Setup{Name: "hostile", Preset: "sendgrid", Change: func(w *doctortest.World) {
				w.Both = append(w.Both, func(next http.Handler) http.Handler {
					return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
						if strings.Contains(r.RequestURI, "association") || strings.Contains(r.RequestURI, "assetlinks") {
							answer(rw, r)
							return
						}
						next.ServeHTTP(rw, r)
					})
				})
			}}
			r := s.Start(t)
			dir := t.TempDir()
			said, exit := adopted(t, r, r.Loopback(t), dir, "--esp", "sendgrid", "--for", "server")
			require.Equal(t, failure.ExitOK, exit, said)
			for _, path := range []string{"/.well-known/apple-app-site-association", "/.well-known/assetlinks.json"} {
				require.Contains(t, said, "note: "+path+" is not kept")
			}
			require.NotContains(t, said, "\x1b")
			require.Less(t, len(said), 20_000)
			require.Equal(t, "-- sites.json --\n{\n  \"sites\": {\n    \"link.example.com\": {\n      \"esp\": \"sendgrid\"\n    }\n  }\n}\n", written(t, dir))
		})
	}
}

// endless writes until nobody reads any more.
func endless(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	piece := bytes.Repeat([]byte(" "), 1<<20)
	for {
		if _, err := w.Write(piece); err != nil {
			return
		}
	}
}

// A site that is there already has keys: they come first on Fastly, and are
// given to the server.
func TestAdoptWithKeys(t *testing.T) {
	s, ok := doctortest.Find("still-at-ses")
	require.True(t, ok)
	r := s.Start(t)
	l := r.Loopback(t)
	dir := t.TempDir()
	text := `{"sites": {"link.example.com": {"esp": "ses-us-east-1", "keys": ["k1"], "destinations": ["example.com"]}}}`
	require.NoError(t, os.WriteFile(filepath.Join(dir, "sites.json"), []byte(text), 0o600))
	said, exit := adopted(t, r, l, dir, "--for", "server")
	require.Equal(t, failure.ExitOK, exit, said)
	require.Contains(t, said, "the secrets of k1 are given to the server by --keys")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "k1.key"), []byte("x"), 0o600))
	said, _ = adopted(t, r, l, dir, "--for", "server")
	require.Contains(t, said, "--certificates certificates --keys DIR/k1.key\n")
	said, _ = adopted(t, r, l, dir, "--for", "fastly")
	require.Contains(t, said, "clickedge keys push k1 --key-file DIR/k1.key --create-store\n")
	require.Len(t, numbered.FindAllString(said, -1), 5)
}

// Every command of a road is one that the shell and the command take.
func TestRoadCanBeRun(t *testing.T) {
	files, err := filepath.Glob("testdata/command/adopt-*.txt")
	require.NoError(t, err)
	require.Greater(t, len(files), 8)
	for _, name := range files {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		ran := 0
		for line := range strings.Lines(string(text)) {
			if !numbered.MatchString(line) {
				continue
			}
			words := wordsOf(t, strings.TrimSpace(line))
			if words[0] != "clickedge" {
				require.Equal(t, "curl", words[0])
				require.Contains(t, words, "--resolve")
				continue
			}
			ran++
			var said bytes.Buffer
			env := cli.Env{In: strings.NewReader(""), Out: &said, Err: &said, Now: time.Now, LookupEnv: func(string) (string, bool) { return "", false }}
			require.Equal(t, failure.ExitOK, env.Run(t.Context(), append(words[1:], "--help")), "%s%s", line, said.String())
		}
		require.Greater(t, ran, 1, name)
	}
}

// wordsOf are the words of a line, as a shell has them.
func wordsOf(t *testing.T, line string) []string {
	t.Helper()
	file, err := syntax.NewParser().Parse(strings.NewReader(line), "")
	require.NoError(t, err, line)
	require.Len(t, file.Stmts, 1)
	call, ok := file.Stmts[0].Cmd.(*syntax.CallExpr)
	require.True(t, ok, line)
	words, err := expand.Fields(&expand.Config{Env: expand.ListEnviron("ADDRESS=203.0.113.5")}, call.Args...)
	require.NoError(t, err)
	return words
}
