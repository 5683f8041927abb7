package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/outcome"
	"github.com/clickedge/clickedge/core/sitesjson"
	"github.com/clickedge/clickedge/core/sitetable"
	"github.com/clickedge/clickedge/deploy/module"
	"github.com/clickedge/clickedge/deploy/origins"
	"github.com/clickedge/clickedge/edge/prewarm"
	"github.com/clickedge/clickedge/hostsim"
)

// manySites is a sites.json of n sites that share nothing but their ESPs.
func manySites(t *testing.T, n int) string {
	t.Helper()
	sites := map[string]map[string]any{}
	for i := range n {
		sites[manyHost(i)] = map[string]any{
			"esp": [...]string{"customerio-eu", "ses-us-east-1", "sendgrid"}[i%3], "when_esp_fails": "redirect",
			"destinations": []string{fmt.Sprintf("brand-%d.example.com", i)}, "home": fmt.Sprintf("https://brand-%d.example.com/", i),
		}
	}
	text, err := json.Marshal(map[string]any{"sites": sites})
	require.NoError(t, err)
	return string(text)
}

func manyHost(i int) string { return fmt.Sprintf("link.brand-%d.example.com", i) }

// Among many sites each is found, with its own settings; a swap puts them into
// a module that was built with one.
func TestManySites(t *testing.T) {
	const n = 20_000
	text := manySites(t, n)
	r := newRig(t, text, nil)
	if !cold() {
		raw, err := reactor()
		require.NoError(t, err)
		small, _, err := module.Build(t.Context(), module.Options{Sites: []byte(oneSite), Reactor: raw, Room: 8 << 20})
		require.NoError(t, err)
		swapped, _, err := module.Swap(small, []byte(text), "")
		require.NoError(t, err)
		s := rigOf(t, swapped, text, origins.Options{}, nil)
		askMany(t, s, n, 97)
		_, x := s.do(t, hostsim.Request{Host: "link.example.com", Target: sesClick})
		require.Equal(t, outcome.WrongHost, parse(t, clicks(x)[0]).Code, "the one site is gone")
		t.Logf("%d bytes of module", len(swapped))
	}
	askMany(t, r, n, map[bool]int{false: 97, true: 1999}[cold()])
}

// askMany requests one site in every step: its page must show its home and its
// log line its ESP. Then it checks the number of sites.
func askMany(t *testing.T, r *rig, n, step int) {
	t.Helper()
	for i := 0; i < n; i += step {
		esp := r.sites.Lookup(manyHost(i)).ESP
		require.NoError(t, r.fleet.SetFault(esp, origins.Refuse))
		resp, x := r.do(t, hostsim.Request{Host: manyHost(i), Target: "/nothing"})
		line := parse(t, clicks(x)[0])
		require.Equal(t, outcome.ESPUnreachable, line.Code)
		require.Equal(t, esp, line.ESP)
		require.Contains(t, string(resp.Body), fmt.Sprintf(`href="https://brand-%d.example.com/"`, i))
	}
	resp, _, err := r.host.Do(context.Background(), &hostsim.Request{Host: "any.example", Target: core.HealthPath})
	require.NoError(t, err)
	require.Contains(t, string(resp.Body), fmt.Sprintf(`"sites":%d`, n))
	_, x := r.do(t, hostsim.Request{Host: "x" + manyHost(1), Target: "/"})
	require.Equal(t, outcome.WrongHost, parse(t, clicks(x)[0]).Code)
}

func TestSwapAnswersAsABuild(t *testing.T) {
	raw, err := reactor()
	require.NoError(t, err)
	first, _, err := module.Build(t.Context(), module.Options{Sites: []byte(oneSite), Reactor: raw})
	require.NoError(t, err)
	swapped, _, err := module.Swap(first, []byte(backSite), "")
	require.NoError(t, err)
	a, b := rigOf(t, swapped, backSite, origins.Options{}, nil), newRig(t, backSite, nil)
	for _, r := range []*rig{a, b} {
		require.NoError(t, r.fleet.SetFault("ses-us-east-1", origins.Refuse))
		resp, line := r.get(t, "GET", sesClick)
		location, _ := resp.Header.Get("location")
		require.Equal(t, "https://shop.example.com/a", location)
		require.Equal(t, outcome.ESPUnreachable, line.Code)
	}
}

// The largest room for the table of sites leaves a click enough of the
// sandbox's memory.
func TestLargestRoom(t *testing.T) {
	raw, err := reactor()
	require.NoError(t, err)
	wasm, rep, err := module.Build(t.Context(), module.Options{Sites: []byte(oneSite), Reactor: raw, Room: module.MostRoom})
	require.NoError(t, err)
	require.Less(t, rep.MemoryPages, 1200, "of the 2,048 that there are")
	require.Less(t, len(wasm), 6<<20, "what is free takes no place")
	r := rigOf(t, wasm, oneSite, origins.Options{}, nil)
	for _, target := range []string{sesClick, "/" + strings.Repeat("x", 60_000)} {
		r.do(t, hostsim.Request{Host: "link.example.com", Target: target, Header: many(500)})
	}
}

func fill(t *testing.T, wasm, data []byte) []byte {
	t.Helper()
	out, err := prewarm.Fill(wasm, data)
	require.NoError(t, err)
	return out
}

// Bytes in the room that are not a table of this version count as no sites:
// nothing is guessed, and nothing traps.
func TestRoomOfAnotherVersion(t *testing.T) {
	raw, err := reactor()
	require.NoError(t, err)
	wasm, _, err := module.Build(t.Context(), module.Options{Sites: []byte(oneSite), Reactor: raw})
	require.NoError(t, err)
	sites, err := sitesjson.Parse("sites.json", []byte(oneSite))
	require.NoError(t, err)
	table := sitetable.Make(sites)
	for name, data := range map[string][]byte{
		"nothing":        nil,
		"junk":           []byte("junk in the room that is longer than a header"),
		"a later layout": append(append(append([]byte(nil), table[:7]...), table[7]+1), table[8:]...),
		"half a table":   table[:20],
	} {
		t.Run(name, func(t *testing.T) {
			r := rigOf(t, fill(t, wasm, data), oneSite, origins.Options{}, nil)
			resp, line := r.get(t, "GET", sesClick)
			requirePage(t, resp, line, 503, outcome.NoSites)
		})
	}
	for at := 16; at < len(table); at += 7 {
		damaged := append([]byte(nil), table...)
		damaged[at] ^= 0xff
		r := rigOf(t, fill(t, wasm, damaged), oneSite, origins.Options{}, nil)
		_, x := r.do(t, hostsim.Request{Host: "link.example.com", Target: "/unsubscribe"})
		require.Len(t, clicks(x), 1)
	}
}
