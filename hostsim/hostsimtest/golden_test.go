package hostsimtest

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/hostsim"
	"github.com/clickedge/clickedge/hostsim/wire"
)

func exchange(t testing.TB, m masks) *Exchange {
	x := &hostsim.Exchange{Request: hostsim.RequestSummary{Method: "GET", Target: "/a?time=12:30", Header: wire.NewHeader("Host", "example.com", "accept", "b", "Accept", "a")},
		Logs: []hostsim.LogLine{{Endpoint: "l", Line: "at 12:30"}}, Stderr: []byte("odd \x00\n"), Faults: []string{"backend b resets"},
		Sent: []hostsim.BackendRequest{
			{Backend: "b", Method: "POST", Target: "/", Header: wire.NewHeader("Host", "127.0.0.1:4711"), Body: []byte("abc"), BodySize: 5, Status: 200},
			{Backend: "c", Method: "GET", Target: "/", Err: errors.New("refused\nin two lines")}}}
	answer := &hostsim.Response{Status: 200, Header: wire.NewHeader("X-Id", "8", "Date", "now", "a", "1"), Body: []byte("one\n\ntwo\n"), Trailer: wire.NewHeader("T", "1")}
	return &Exchange{Exchange: x, Answer: answer, t: t, masks: m}
}

func TestGolden(t *testing.T) {
	s := &settings{masks: newMasks()}
	MaskFields("X-ID")(s)
	MaskText(`\d\d:\d\d`)(s)
	exchange(t, s.masks).Golden("form")
}

// The files are written with -update only, and as a whole.
func TestGoldenUpdate(t *testing.T) {
	t.Chdir(t.TempDir())
	x := func(t testing.TB) *Exchange { return exchange(t, newMasks()) }
	was := flag.Lookup("update").Value.String()
	defer flag.Set("update", was)
	require.NoError(t, flag.Set("update", "false"))
	missing := failing(t, func(t testing.TB) { x(keep{t}).Golden("deep/a") })
	require.Contains(t, missing, "is not there\nhint: go test -update writes it")
	require.Contains(t, missing, "request: GET")
	require.NoDirExists(t, "testdata")

	require.NoError(t, flag.Set("update", "true"))
	require.True(t, Update())
	require.Empty(t, failing(t, func(t testing.TB) { x(keep{t}).Golden("deep/a") }))
	require.NoError(t, flag.Set("update", "false"))
	require.Empty(t, failing(t, func(t testing.TB) { x(keep{t}).Golden("deep/a") }))
	entries, err := os.ReadDir(filepath.Join("testdata", "deep"))
	require.NoError(t, err)
	require.Len(t, entries, 1)

	text := failing(t, func(t testing.TB) {
		other := x(keep{t})
		other.Answer.Status = 404
		other.Golden("deep/a")
	})
	require.Contains(t, text, "\n- answer: 200\n+ answer: 404\n    a: 1\n")
	for _, name := range []string{"../a", "/a", "..", ".", ""} {
		require.Contains(t, failing(t, func(t testing.TB) { x(keep{t}).Golden(name) }), "cannot be the name", name)
	}
	twice := failing(t, func(t testing.TB) { x(t).Golden("b"); x(t).Golden("b") })
	require.Contains(t, twice, "two exchanges are compared with")
	_, found := taken.Load(filepath.Join("testdata", "deep", "a.golden"))
	require.False(t, found, "files are free again after their test")
}

// keep is a test that is over at once.
type keep struct{ testing.TB }

func (k keep) Cleanup(f func()) { f() }

func TestDifference(t *testing.T) {
	require.Equal(t, "  a\n- b\n+ c\n  d\n+ e\n", difference("a\nb\nd", "a\nc\nd\ne"))
	require.Equal(t, "- a\n+ b\n", difference("a", "b"))
	long := strings.Repeat("x\n", largest+1)
	require.Equal(t, "+ "+long, difference("a", long))
}
