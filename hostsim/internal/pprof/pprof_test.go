package pprof

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var profile = Profile{
	Types: []Type{{"samples", "count"}, {"time", "nanoseconds"}},
	Samples: []Sample{
		{Stack: []Function{{"inner", "guest"}, {"outer", "guest"}}, Values: []int64{3, 3_000_000}, Labels: [][2]string{{"request", "GET /a"}}},
		{Stack: []Function{{"fastly_http_req.send", "host"}, {"outer", "guest"}}, Values: []int64{1, 5_000_000}, Labels: [][2]string{{"request", "GET /b"}}},
		{Stack: []Function{{"outer", "guest"}}, Values: []int64{1, 2_000_000}},
	},
	Start:    time.Unix(1, 0),
	Duration: 10 * time.Millisecond,
}

// top is what go tool pprof reads.
func top(t *testing.T, args ...string) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, profile.Write(&b))
	path := filepath.Join(t.TempDir(), "profile.pb.gz")
	require.NoError(t, os.WriteFile(path, b.Bytes(), 0o600))
	cmd := exec.Command("go", append(append([]string{"tool", "pprof"}, args...), path)...)
	cmd.Env = append(os.Environ(), "PPROF_TMPDIR="+t.TempDir())
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	return string(out)
}

func TestPprofReadsIt(t *testing.T) {
	text := top(t, "-top")
	require.Contains(t, text, "Type: time\n")
	require.Contains(t, text, "Duration: 10ms, Total samples = 10ms")
	require.Regexp(t, `5ms 50\.00% +50\.00% +5ms 50\.00%  fastly_http_req\.send`, text)
	require.Regexp(t, `3ms 30\.00% +80\.00% +3ms 30\.00%  inner`, text)
	require.Regexp(t, `2ms 20\.00% +100% +10ms +100%  outer`, text)
	require.Regexp(t, `3 60\.00% +60\.00% +3 60\.00%  inner`, top(t, "-top", "-sample_index=samples"))
	text = top(t, "-top", "-tagfocus=request=GET /a")
	require.Contains(t, text, "inner")
	require.NotContains(t, text, "fastly_http_req")
}
