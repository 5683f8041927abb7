package budget

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func target(n uint64) *uint64 { return &n }

func measured() *Measured {
	return &Measured{
		Go: "go1.26", Module: 1000, Clicks: map[string]map[string]uint64{"signed": {"instructions": 20_010, "host_calls": 20, "windows_read": 2}},
		Functions: map[string]map[string]uint64{"signed": {"core.Verify": 500, "small": 99}},
		Windows:   map[string][]Access{"signed": {{"core.Verify", "0x10000"}, {"core.Log", "0x20000"}}},
		Pages:     map[string][]Access{"signed": {{"main.read", "0x3000"}}},
	}
}

func TestUpdate(t *testing.T) {
	b := &Budget{Clicks: map[string]map[string]Figure{"signed": {"instructions": {Target: target(10)}}, "gone": {}}}
	b.Update(measured())
	require.Equal(t, &Budget{
		Go: "go1.26", Module: Figure{Budget: 1010, Measured: 1000},
		Clicks: map[string]map[string]Figure{"signed": {
			"instructions": {Budget: 20_300, Measured: 20_010, Target: target(10)},
			"host_calls":   {Budget: 20, Measured: 20},
			"windows_read": {Budget: 2, Measured: 2},
		}},
		Functions: map[string]map[string]uint64{"signed": {"core.Verify": 500}},
		Windows:   map[string][]string{"signed": {"core.Verify", "core.Log"}},
		Pages:     map[string][]string{"signed": {"main.read"}},
	}, b)
	require.Empty(t, b.Compare(measured()), "what was measured fits")

	file := filepath.Join(t.TempDir(), "budget.json")
	require.NoError(t, b.Save(file))
	again, err := Load(file)
	require.NoError(t, err)
	require.Equal(t, b, again)
}

func TestCompare(t *testing.T) {
	b := &Budget{}
	b.Update(measured())
	m := measured()
	m.Module = 2000
	m.Clicks["signed"] = map[string]uint64{"instructions": 20_301, "host_calls": 21, "new": 1}
	m.Functions["signed"] = map[string]uint64{"core.Verify": 700, "small": 100, "runtime.mallocgc": 900, "tiny": 99}
	var text []string
	for _, e := range b.Compare(m) {
		text = append(text, e.String())
	}
	require.Equal(t, []string{
		"module: module_bytes is 2000, 990 over its budget of 1010",
		"signed: host_calls is 21, 1 over its budget of 20",
		"signed: instructions is 20301, 1 over its budget of 20300",
		"signed: new is 1, 1 over its budget of 0",
	}, text)
	require.Equal(t, []Growth{{"runtime.mallocgc", 0, 900}, {"core.Verify", 500, 700}, {"small", 0, 100}}, b.Growths(m, "signed"))
	require.Empty(t, b.Growths(m, "decoded"))
}

func TestOpened(t *testing.T) {
	b := &Budget{}
	b.Update(measured())
	m := measured()
	require.Empty(t, b.Opened(m, "signed", "windows_read"))
	m.Windows["signed"] = []Access{{"core.Log", "0x20000"}, {"core.Verify", "0x10000"}, {"core.Log", "0x90000"}, {"sha256.block", "0xa0000"}}
	require.Equal(t, []Access{{"core.Log", "0x90000"}, {"sha256.block", "0xa0000"}}, b.Opened(m, "signed", "windows_read"))
	m.Pages["signed"] = append(m.Pages["signed"], Access{"main.write", "0x4000"})
	require.Equal(t, []Access{{"main.write", "0x4000"}}, b.Opened(m, "signed", "pages_written"))
}

func TestMissed(t *testing.T) {
	b := &Budget{Clicks: map[string]map[string]Figure{"signed": {"instructions": {Target: target(20_009)}, "host_calls": {Target: target(20)}}}}
	require.Equal(t, []Excess{{"signed", "instructions", 20_009, 20_010}}, b.Missed(measured()))
}

func TestLoadRefuses(t *testing.T) {
	dir := t.TempDir()
	_, err := Load(filepath.Join(dir, "none"))
	require.ErrorIs(t, err, os.ErrNotExist)
	file := filepath.Join(dir, "budget.json")
	require.NoError(t, os.WriteFile(file, []byte(`{"clicks": {"signed": {"instructions": {"bugdet": 1}}}}`), 0o600))
	_, err = Load(file)
	require.ErrorContains(t, err, "bugdet")
}

func TestRoundUp(t *testing.T) {
	for n, want := range map[uint64]uint64{0: 0, 1: 1, 999: 999, 1000: 1000, 1001: 1010, 20_210: 20_300, 4_678_478: 4_680_000} {
		require.Equal(t, want, roundUp(n), "%d", n)
	}
}
