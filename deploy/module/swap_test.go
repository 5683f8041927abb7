package module

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/core/sitesjson"
	"github.com/clickedge/clickedge/core/sitetable"
	"github.com/clickedge/clickedge/edge/prewarm"
)

// compiled is the guest, compiled once for all tests.
var compiled = sync.OnceValues(func() ([]byte, error) {
	root, err := Root(".")
	if err != nil {
		return nil, err
	}
	return Reactor(context.Background(), root)
})

func built(t testing.TB, sites string, room int) ([]byte, Report) {
	t.Helper()
	reactor, err := compiled()
	require.NoError(t, err)
	out, rep, err := Build(t.Context(), Options{Sites: []byte(sites), Reactor: reactor, Room: room})
	require.NoError(t, err)
	return out, rep
}

// many is a sites.json with n sites that share little.
func many(n int) string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf(`"link.brand-%d.example": {"esp": "sendgrid", "when_esp_fails": "redirect", "destinations": ["brand-%d.example", "*.brand-%d.example"]}`, i, i, i)
	}
	return `{"sites": {` + strings.Join(list, ",\n") + `}}`
}

// requireSites requires that the room of a module holds these sites, and counts
// them.
func requireSites(t *testing.T, wasm []byte, sites string) int {
	t.Helper()
	want, err := sitesjson.Parse("", []byte(sites))
	require.NoError(t, err)
	table, _, err := prewarm.Filled(wasm)
	require.NoError(t, err)
	require.Equal(t, string(sitetable.Make(want)), string(table))
	return want.Len()
}

// Whatever sites a module had, a swap gives the bytes of a build.
func TestSwapIsABuild(t *testing.T) {
	first, _ := built(t, sites, 0)
	at := first
	for _, next := range []string{many(1000), sites, many(3), many(10_000), sites} {
		fresh, _ := built(t, next, 0)
		out, rep, err := Swap(at, []byte(next), "")
		require.NoError(t, err)
		require.True(t, bytes.Equal(fresh, out), "a swap differs from a build")
		require.Equal(t, LeastRoom, rep.Room)
		stamp, ok := ReadStamp(out)
		require.True(t, ok)
		require.Equal(t, StampOf([]byte(next)), stamp)
		requireSites(t, out, next)
		at = out
	}
	require.True(t, bytes.Equal(first, at), "there and back")
}

func TestSwapLeavesItsInputAlone(t *testing.T) {
	in, _ := built(t, sites, 0)
	before := bytes.Clone(in)
	_, _, err := Swap(in, []byte(many(100)), "")
	require.NoError(t, err)
	require.True(t, bytes.Equal(before, in))
}

func TestSwapRefuses(t *testing.T) {
	in, _ := built(t, sites, 0)
	_, _, err := Swap(in, []byte(`{"sites": {"link.example.com": {"esp": "sengrid"}}}`), "mine.json")
	var bad *sitesjson.Error
	require.ErrorAs(t, err, &bad)
	require.Equal(t, "mine.json", bad.Name)

	reactor, err := compiled()
	require.NoError(t, err)
	plain, _, err := prewarm.Module(t.Context(), reactor, prewarm.Options{Warmup: contract.WarmUp})
	require.NoError(t, err)
	table, _, err := prewarm.Filled(in)
	require.NoError(t, err)
	old := bytes.Clone(table)
	old[7]++ // the layout
	older, err := prewarm.Fill(in, old)
	require.NoError(t, err)
	for name, wasm := range map[string][]byte{
		"nothing":                nil,
		"no module":              []byte("no module"),
		"the reactor":            reactor,
		"a module without room":  plain,
		"another version's":      older,
		"half a module of ours":  in[:len(in)/2],
		"a module with its head": in[:8],
	} {
		_, _, err := Swap(wasm, []byte(sites), "")
		require.ErrorIs(t, err, ErrNotOurs, name)
	}
}

func TestRoom(t *testing.T) {
	small, rep := built(t, sites, 1024)
	require.Equal(t, 1024, rep.Room)
	_, _, err := Swap(small, []byte(many(100)), "")
	var full *RoomError
	require.ErrorAs(t, err, &full)
	require.Equal(t, 1024, full.Room)
	require.Greater(t, full.Need, 1024)
	require.EqualError(t, err, fmt.Sprintf("the sites take %d bytes, and the module has room for 1024: build it with room for %d at least", full.Need, full.Need))

	_, rep, err = Swap(small, []byte(many(5)), "")
	require.NoError(t, err)
	tight, fits := built(t, many(5), rep.Table)
	require.Equal(t, rep.Table, fits.Room)
	_, _, err = Swap(tight, []byte(many(6)), "")
	require.ErrorAs(t, err, &full)

	for _, room := range []int{-1, MostRoom + 1} {
		_, _, err = Build(t.Context(), Options{Sites: []byte(sites), Reactor: []byte("not looked at"), Room: room})
		require.ErrorContains(t, err, "the most is")
	}
	_, _, err = Build(t.Context(), Options{Sites: []byte(sites), Reactor: []byte("not looked at"), Room: 10})
	require.ErrorAs(t, err, &full)
	require.Contains(t, (&RoomError{Room: MostRoom, Need: MostRoom + 1}).Error(), "spread them over several services")
}

func TestRoomFor(t *testing.T) {
	for _, c := range []struct{ asked, need, want int }{
		{0, 100, LeastRoom}, {0, 2 << 20, LeastRoom}, {0, 3<<20 + 1, LeastRoom}, {0, 4 << 20, 5 << 20}, {0, 4<<20 + 1, 5<<20 + 64<<10}, {0, 60 << 20, MostRoom}, {100, 100, 100},
	} {
		room, err := roomFor(c.asked, c.need)
		require.NoError(t, err)
		require.Equal(t, c.want, room)
	}
}

// A module that is damaged anywhere is refused or swapped, without a panic.
func TestSwapOfDamagedModules(t *testing.T) {
	in, _ := built(t, sites, 4096)
	r := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		wasm := bytes.Clone(in)
		if r.IntN(2) == 0 {
			wasm = wasm[:r.IntN(len(wasm))]
		}
		for range r.IntN(4) {
			if len(wasm) > 0 {
				wasm[r.IntN(len(wasm))] ^= byte(1 + r.IntN(255))
			}
		}
		if out, _, err := Swap(wasm, []byte(many(2)), ""); err == nil {
			require.Equal(t, 2, requireSites(t, out, many(2)))
		}
	}
}

// BenchmarkSwap measures how long an operator waits.
func BenchmarkSwap(b *testing.B) {
	for _, n := range []int{1, 1000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			text := []byte(many(n))
			in, rep := built(b, string(text), 0)
			for b.Loop() {
				_, _, err := Swap(in, text, "")
				require.NoError(b, err)
			}
			b.ReportMetric(float64(rep.Table)/float64(n), "bytes/site")
			b.ReportMetric(float64(len(in)), "module-bytes")
		})
	}
}
