package terminal

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// env looks variables up in these.
func env(vars map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) { v, ok := vars[name]; return v, ok }
}

// Style holds the width and the colours to what the environment asks for.
func TestStyle(t *testing.T) {
	for name, c := range map[string]struct {
		vars  map[string]string
		width int
	}{
		"a file":             {nil, 80},
		"COLUMNS":            {map[string]string{"COLUMNS": "100"}, 100},
		"COLUMNS, too wide":  {map[string]string{"COLUMNS": "300"}, 120},
		"COLUMNS, no number": {map[string]string{"COLUMNS": "wide"}, 80},
		"COLUMNS, none":      {map[string]string{"COLUMNS": "0"}, 80},
	} {
		t.Run(name, func(t *testing.T) {
			width, color := Style(&bytes.Buffer{}, env(c.vars))
			require.Equal(t, c.width, width)
			require.False(t, color, "no colours into a file")
		})
	}
}

type wrapped struct{ io.Writer }

func (w wrapped) Unwrap() io.Writer { return w.Writer }

func TestFile(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "report"))
	require.NoError(t, err)
	defer f.Close()
	for _, w := range []any{f, wrapped{f}} {
		got, ok := file(w)
		require.True(t, ok)
		require.Same(t, f, got)
		require.False(t, Is(w), "a file is no terminal")
	}
	_, ok := file(wrapped{&bytes.Buffer{}})
	require.False(t, ok)
	require.False(t, Is(&bytes.Buffer{}))
}

// The line stays within the width, is written over, and goes at the end.
func TestProgress(t *testing.T) {
	var b bytes.Buffer
	p := &Progress{w: &b, width: 10}
	p.End()
	require.Empty(t, b.String(), "nothing was shown, so nothing is cleared")
	p.Show("DNS")
	p.Show("grüße von weither")
	p.End()
	require.Equal(t, "\r\x1b[KDNS\r\x1b[Kgrüße von\r\x1b[K", b.String())
}

// A pipe, a dumb terminal and --quiet have no line.
func TestNoProgress(t *testing.T) {
	var b bytes.Buffer
	for _, p := range []*Progress{NewProgress(&b, env(nil), false), NewProgress(os.Stderr, env(map[string]string{"TERM": "dumb"}), false), NewProgress(os.Stderr, env(nil), true)} {
		require.Nil(t, p.w)
		p.Show("DNS")
		p.End()
	}
	require.Empty(t, b.String())
}
