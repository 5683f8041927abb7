package cli

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/manpage"
	"github.com/clickedge/clickedge/deploy/version"
)

// tool finds a program, or skips the test; with CLICKEDGE_SHELLS=required it
// fails.
func tool(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil && os.Getenv("CLICKEDGE_SHELLS") == "required" {
		t.Fatalf("%s is not on this machine", name)
	}
	if err != nil {
		t.Skipf("%s is not on this machine", name)
	}
	return path
}

// Every command that --help lists has a page, and its page every word of its
// help.
func TestEveryCommandHasAPage(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "man1")
	code, out, talk := runHere(t, "man", "-o", dir)
	require.Equal(t, failure.ExitOK, code, talk)
	require.Empty(t, out)
	var names []string
	everyCommand(new(Env).root(), func(cmd *cobra.Command) {
		name := strings.ReplaceAll(cmd.CommandPath(), " ", "-") + ".1"
		names = append(names, name)
		text, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		page := words(unescaped(string(text)))
		for _, w := range words(helpOf(cmd)) {
			require.Contains(t, page, w, "%s lacks a word of its help", name)
		}
	})
	require.Greater(t, len(names), 15)
	// A single page is the same as its file.
	code, out, _ = runHere(t, "man", "keys", "push")
	require.Equal(t, failure.ExitOK, code)
	want, err := os.ReadFile(filepath.Join(dir, "clickedge-keys-push.1"))
	require.NoError(t, err)
	require.Equal(t, string(want), out)
}

func helpOf(cmd *cobra.Command) string {
	text := cmd.Short + " " + cmd.Long + " " + cmd.Example
	cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
		_, usage := pflag.UnquoteUsage(f)
		text += " --" + f.Name + " " + usage
	})
	return text
}

func words(s string) []string { return strings.Fields(s) }

var roffUnicode = regexp.MustCompile(`\\\[u([0-9A-F]+)\]`)

// unescaped reads the escapes that a page may hold, by hand: what roffs make of
// them is tested beside the writer.
func unescaped(s string) string {
	s = roffUnicode.ReplaceAllStringFunc(s, func(e string) string {
		var c rune
		for _, digit := range e[3 : len(e)-1] {
			c = c<<4 | rune(strings.IndexRune("0123456789ABCDEF", digit))
		}
		return string(c)
	})
	return strings.NewReplacer(`\-`, "-", `\(aq`, "'", `\(ga`, "`", `\(ha`, "^", `\(ti`, "~", `\(dq`, `"`, `\e`, `\`, `\&`, "",
		`\fB`, "", `\fI`, "", `\fR`, "").Replace(s)
}

func TestManRefuses(t *testing.T) {
	for _, c := range [][]string{{"man", "chekc"}, {"man", "check", "more"}, {"man", "-o", ""}, {"man", "-o", "x", "check"}} {
		code, out, talk := runHere(t, c...)
		require.Equal(t, failure.ExitUsage, code, c)
		require.Empty(t, out)
		require.Contains(t, talk, "hint: ")
	}
}

// mandoc finds nothing to warn of in any page.
func TestManLint(t *testing.T) {
	mandoc := tool(t, "mandoc")
	dir := t.TempDir()
	for _, p := range manpage.All(new(Env).root(), version.Release{Version: "v1.2.3", Date: "2026-01-02"}) {
		name := filepath.Join(dir, p.Name)
		require.NoError(t, os.WriteFile(name, []byte(p.Text), 0o600))
		said, err := exec.CommandContext(t.Context(), mandoc, "-Tlint", "-Wwarning", name).CombinedOutput()
		require.NoError(t, err, string(said))
		require.Empty(t, string(said))
	}
}

// Real shells load the completions and offer the commands.
func TestShellsComplete(t *testing.T) {
	const bash = `
for lib in /usr/share/bash-completion/bash_completion /usr/local/share/bash-completion/bash_completion /opt/homebrew/share/bash-completion/bash_completion; do
	[ ! -r "$lib" ] || { . "$lib"; break; }
done
declare -F _get_comp_words_by_ref >/dev/null || { echo "no bash-completion"; exit 0; }
. <(clickedge completion bash) || exit 1
COMP_WORDS=(clickedge ke) COMP_CWORD=1 COMP_LINE='clickedge ke' COMP_POINT=12 COMP_TYPE=9 COMP_KEY=9
$(complete -p clickedge | sed 's/.*-F \([^ ]*\).*/\1/')
printf '%s\n' "${COMPREPLY[@]}"`
	for shell, c := range map[string]struct{ script, want string }{
		"bash": {bash, "keys"},
		"fish": {`clickedge completion fish | source; complete -C "clickedge ke"`, "keys"},
		"zsh":  {`autoload -U compinit; compinit -u -D; source <(clickedge completion zsh); whence -w _clickedge; print -r -- $_comps[clickedge]`, "_clickedge"},
	} {
		t.Run(shell, func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), tool(t, shell), "-c", c.script)
			cmd.Env = append(os.Environ(), "HOME="+t.TempDir())
			said, err := cmd.CombinedOutput()
			require.NoError(t, err, string(said))
			if strings.TrimSpace(string(said)) == "no bash-completion" && os.Getenv("CLICKEDGE_SHELLS") != "required" {
				t.Skip("bash-completion is not on this machine")
			}
			first := func(line string) string { return strings.Fields(line + " .")[0] }
			var offered []string
			for line := range strings.Lines(string(said)) {
				offered = append(offered, first(line))
			}
			require.True(t, slices.Contains(offered, c.want), "%s", said)
		})
	}
}
