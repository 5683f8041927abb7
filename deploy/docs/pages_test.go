package docs

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"mvdan.cc/sh/v3/syntax"
)

// ownTest has the pages whose blocks a test of their own runs.
var ownTest = map[string]string{"key-rotation.md": "TestKeyRotation", "recall.md": "TestRecall", "leaving-an-esp.md": "TestLeavingAnESP",
	"learn.md": "TestLearn"}

// pages are the front page and every guide.
func pages(t *testing.T) []string {
	t.Helper()
	guides, err := filepath.Glob("*.md")
	require.NoError(t, err)
	require.Greater(t, len(guides), 8)
	return append(guides, "../../README.md")
}

// Every command of every page is run, from the text itself, in the order in
// which it stands there. What a page shows as a file is written, and what it
// shows as a command's output is what that printed.
func TestPages(t *testing.T) {
	s := newShelf(t)
	ran := 0
	for _, name := range pages(t) {
		if ownTest[name] != "" || !hasBlocks(t, name) {
			continue
		}
		ran++
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		steps := readGuide(t, name)
		t.Run(filepath.Base(name), func(t *testing.T) {
			p := s.open(t, string(text))
			for _, step := range steps {
				p.step(step)
			}
		})
	}
	require.Greater(t, ran, 8)
	t.Run("next", func(t *testing.T) { s.next(t) })
	module := readGuide(t, "../terraform/README.md")
	t.Run("terraform", func(t *testing.T) { // its other blocks need the real provider
		s.open(t, "").step(module[0])
	})
}

func hasBlocks(t *testing.T, name string) bool {
	text, err := os.ReadFile(name)
	require.NoError(t, err)
	return strings.Contains(string(text), "\n```")
}

// step does a block.
func (p *page) step(s step) {
	switch s.kind {
	case "sh":
		require.Empty(p.t, s.file, s)
		p.run(s)
	case "json":
		require.NotEmpty(p.t, s.file, "%s: the block does not name its file", s)
		require.NoError(p.t, os.WriteFile(s.file, []byte(s.text), 0o600))
	case "text":
		require.Equal(p.t, s.text, p.said, s)
	default:
		require.Fail(p.t, "a block that no test runs", "%s: %q", s, s.kind)
	}
}

// run does the statements of a block one after the other. Each must succeed.
func (p *page) run(s step) {
	file, err := syntax.NewParser().Parse(strings.NewReader(s.text), s.kind)
	require.NoError(p.t, err, s)
	require.NotEmpty(p.t, file.Stmts, s)
	p.out.Reset()
	for _, stmt := range file.Stmts {
		var line strings.Builder
		require.NoError(p.t, syntax.NewPrinter().Print(&line, stmt))
		err := p.shell.Run(p.t.Context(), stmt)
		require.NoError(p.t, err, "%s: %s\n%s", s, line.String(), p.err.String())
	}
	p.said = p.out.String()
}

// next runs the commands that init says come next, as they stand: for a server,
// for Fastly, and with keys.
func (s *shelf) next(t *testing.T) {
	const made = "mkdir link && cd link\nexport FASTLY_API_TOKEN=…\n"
	for _, calls := range [][]string{
		{"--for server", "--for server --add --signed-links", "--for server --add --signed-links"},
		{"--for fastly", "--for fastly --add --signed-links"},
	} {
		p := s.open(t, "")
		p.run(step{kind: "sh", text: made})
		for i, flags := range calls {
			host := []string{"link", "a", "b"}[i] + ".example.com"
			p.run(step{kind: "sh", text: "clickedge init --host " + host + " --esp customerio-eu --destination shop.example.com " + flags})
			ran := 0
			for line := range strings.Lines(p.said) {
				command, why, ok := strings.Cut(line, "  # ")
				if !ok {
					continue
				}
				require.NotEmpty(t, why)
				if strings.Contains(command, " adopt ") && host != "link.example.com" {
					command = strings.Replace(command, host, "link.example.com", 1) // the one that stands in the lab
				}
				p.run(step{kind: "sh", text: command})
				ran++
			}
			require.Equal(t, 3, ran, p.said)
		}
		p.stop()
	}
}
