package batch

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/deploy/clicklog"
)

// Whatever is posted: each line that is kept is one that clickedge clicks
// counts, none is lost between the kept and the rejected, and to read what was
// kept gives the same again.
func FuzzRead(f *testing.F) {
	f.Add([]byte(line(1) + "\n" + line(2)))
	f.Add([]byte("[" + line(1) + ",7]"))
	f.Add([]byte(packed(line(1))))
	f.Fuzz(func(t *testing.T, body []byte) {
		got, err := Read(bytes.NewReader(body), 1<<16)
		if err != nil {
			return
		}
		var reader clicklog.Reader
		require.NoError(t, reader.Lines(bytes.NewReader(got.Lines), func(line []byte) { reader.Parse(line) }))
		require.Zero(t, reader.Others)
		require.Equal(t, got.Count, reader.Count)
		require.Equal(t, got.Count, bytes.Count(got.Lines, []byte("\n")))
		if len(bytes.TrimSpace(body)) > 0 && body[0] != 0x1f && body[0] != '[' {
			require.NotZero(t, len(got.Lines)+len(got.Rejected))
		}
		again, err := Read(bytes.NewReader(got.Lines), 1<<17)
		require.NoError(t, err)
		require.Equal(t, string(got.Lines), string(again.Lines))
		require.Empty(t, again.Rejected)
	})
}
