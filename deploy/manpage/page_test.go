package manpage

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/deploy/version"
)

var about = version.Release{Version: "v1.2.3", Date: "2026-01-02"}

// awkward is a command whose help has everything that roff could interpret.
func awkward() *cobra.Command {
	run := func(*cobra.Command, []string) {}
	root := &cobra.Command{Use: "tool", Short: "Does it", Run: run}
	root.AddGroup(&cobra.Group{ID: "first", Title: "First things:"})
	sub := &cobra.Command{
		Use: "sub [-o FILE] <KID>", Short: "Is awkward", GroupID: "first", Run: run, Example: "  tool sub --x 'a\\b'   # twice",
		Long: ".begins as a request\n'begins as another\nCLICKEDGE_KEY_<KID> _and_ *.example.com `x` \\fB ^ ~ “…” \"quoted\"\n\n  a   column\n  .b  column\nand prose",
	}
	sub.Flags().StringP("output", "o", "a-b", "`file` to \\write")
	sub.Flags().Bool("quiet", false, "say nothing")
	sub.Flags().String("secret", "", "hidden")
	_ = sub.Flags().MarkHidden("secret")
	root.AddCommand(sub, &cobra.Command{Use: "inner", Hidden: true, Run: run})
	root.PersistentFlags().Int("depth", 3, "how deep")
	return root
}

func TestOf(t *testing.T) {
	root := awkward()
	sub, _, err := root.Find([]string{"sub"})
	require.NoError(t, err)
	require.Equal(t, Page{Name: "tool-sub.1", Text: `.TH TOOL\-SUB 1 "2026-01-02" "tool v1.2.3" "tool manual"
.nh
.ad l
.SH NAME
tool\-sub \- Is awkward
.SH SYNOPSIS
.B "tool sub [\-o FILE] <KID> [flags]"
.SH DESCRIPTION
\&.begins as a request
\&\(aqbegins as another
CLICKEDGE_KEY_<KID> _and_ *.example.com \(gax\(ga \efB \(ha \(ti \[u201C]\[u2026]\[u201D] "quoted"
.PP
.nf
  a   column
  .b  column
.fi
and prose
.SH OPTIONS
.TP
\fB\-h\fR, \fB\-\-help\fR
help for sub
.TP
\fB\-o\fR, \fB\-\-output\fR \fIfile\fR
file to \ewrite (default "a\-b")
.TP
\fB\-\-quiet\fR
say nothing
.SH "OPTIONS OF ALL COMMANDS"
.TP
\fB\-\-depth\fR \fIint\fR
how deep (default 3)
.SH EXAMPLES
.nf
  tool sub \-\-x \(aqa\eb\(aq   # twice
.fi
.SH "SEE ALSO"
tool(1)
`}, Of(sub, about))
}

func TestAll(t *testing.T) {
	var names []string
	for _, p := range All(awkward(), about) {
		names = append(names, p.Name)
		require.NotContains(t, p.Text, "tool inner")
	}
	require.Equal(t, []string{
		"tool.1", "tool-completion.1", "tool-completion-bash.1", "tool-completion-fish.1",
		"tool-completion-powershell.1", "tool-completion-zsh.1", "tool-help.1", "tool-sub.1",
	}, names)
	require.Contains(t, All(awkward(), about)[0].Text, ".SS \"First things\"\n.TP\n.B \"tool sub\"\nIs awkward\n")
}

// A roff prints the text unchanged: nothing is taken for a request.
func TestARoffPrintsIt(t *testing.T) {
	for _, tool := range [][]string{{"mandoc", "-Tutf8"}, {"groff", "-man", "-Tutf8", "-ww"}} {
		t.Run(tool[0], func(t *testing.T) {
			path, err := exec.LookPath(tool[0])
			if err != nil {
				t.Skip(tool[0] + " is not on this machine")
			}
			root := awkward()
			sub, _, _ := root.Find([]string{"sub"})
			cmd := exec.CommandContext(t.Context(), path, tool[1:]...)
			cmd.Stdin = strings.NewReader(Of(sub, about).Text)
			said, err := cmd.CombinedOutput()
			require.NoError(t, err, string(said))
			require.Contains(t, plain(string(said)), "  a   column\n")
			require.Contains(t, plain(string(said)), "  .b  column\n")
			for _, want := range []string{
				".begins as a request", "'begins as another", "CLICKEDGE_KEY_<KID> _and_ *.example.com", "`x` \\fB ^ ~", "“…”", `"quoted"`,
				"tool sub --x 'a\\b'   # twice", `file to \write (default "a-b")`,
			} {
				require.Contains(t, strings.Join(strings.Fields(plain(string(said))), " "), strings.Join(strings.Fields(want), " "))
			}
		})
	}
}

// plain removes bold and underlined type from a terminal's text.
func plain(s string) string {
	var out []rune
	for _, c := range stripSGR(s) {
		if c == '\b' {
			out = out[:len(out)-1]
			continue
		}
		out = append(out, c)
	}
	return string(out)
}

func stripSGR(s string) string {
	for {
		before, after, ok := strings.Cut(s, "\x1b[")
		if !ok {
			return s
		}
		_, after, _ = strings.Cut(after, "m")
		s = before + after
	}
}
