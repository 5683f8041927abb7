package prewarm_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/edge/prewarm"
	"github.com/clickedge/clickedge/edge/prewarm/wasm"
)

func roomy(t testing.TB, size uint32) []byte {
	t.Helper()
	return warm(t, "room", prewarm.Options{Room: "room", RoomSize: size})
}

func fill(t testing.TB, module []byte, data string) []byte {
	t.Helper()
	out, err := prewarm.Fill(module, []byte(data))
	require.NoError(t, err)
	return out
}

// requireError checks the code, and that there is nothing beside the error.
func requireError(t testing.TB, code prewarm.Code, out []byte, err error) *prewarm.Error {
	t.Helper()
	var typed *prewarm.Error
	require.ErrorAs(t, err, &typed)
	require.Equal(t, code, typed.Code, "%v", err)
	require.Empty(t, out)
	return typed
}

func TestGuestFindsWhatIsInItsRoom(t *testing.T) {
	empty := roomy(t, 4<<20)
	for _, data := range []string{"", "a", "hello, zeros \x00\x00\x00", strings.Repeat("x", 1<<10)} {
		s := &sandbox{}
		_, err := s.run(t, fill(t, empty, data), "_start")
		require.NoError(t, err, s.stderr.String())
		require.Equal(t, fmt.Sprintf("%q true %d\n", data, 4<<20+4), s.stdout.String())
	}
}

// A full room, to the last byte.
func TestRoomIsFull(t *testing.T) {
	empty := roomy(t, 1000)
	full := strings.Repeat("y", 1000)
	s := &sandbox{}
	_, err := s.run(t, fill(t, empty, full), "_start")
	require.NoError(t, err)
	require.Equal(t, fmt.Sprintf("%q true 1004\n", full), s.stdout.String())

	out, err := prewarm.Fill(empty, []byte(full+"y"))
	typed := requireError(t, prewarm.RoomTooSmall, out, err)
	require.Equal(t, 1000, typed.Room)
	require.Equal(t, 1001, typed.Need)
	require.ErrorContains(t, err, "larger Options.RoomSize")
}

// What was there before leaves no trace.
func TestFillReplaces(t *testing.T) {
	empty := roomy(t, 100_000)
	first := fill(t, empty, "first")
	again := fill(t, fill(t, first, strings.Repeat("long", 20_000)), "first")
	require.True(t, bytes.Equal(first, again))
	require.True(t, bytes.Equal(fill(t, empty, ""), fill(t, first, "")))
	for module, want := range map[string]string{string(empty): "", string(first): "first", string(fill(t, first, "")): ""} {
		data, size, err := prewarm.Filled([]byte(module))
		require.NoError(t, err)
		require.Equal(t, want, string(data))
		require.Equal(t, 100_000, size)
	}
}

// Nothing but the data section changes, by one segment.
func TestFillAddsOneSegment(t *testing.T) {
	empty := roomy(t, 100_000)
	a, err := wasm.Parse(empty)
	require.NoError(t, err)
	b, err := wasm.Parse(fill(t, empty, strings.Repeat("z", 100_000)))
	require.NoError(t, err)
	require.Len(t, b.Sections, len(a.Sections))
	for i, s := range a.Sections {
		if s.ID != wasm.DataSection {
			require.True(t, bytes.Equal(s.Body, b.Sections[i].Body), s.ID)
		}
	}
	before, err := a.Data()
	require.NoError(t, err)
	after, err := b.Data()
	require.NoError(t, err)
	require.Len(t, after, len(before)+1)
	require.Equal(t, before, after[:len(before)])
}

func TestRoomIsRefused(t *testing.T) {
	for export, code := range map[string]prewarm.Code{
		"dirty": prewarm.BadRoom, "beyond": prewarm.BadRoom, "nowhere": prewarm.BadRoom,
		"wrong": prewarm.BadExport, "absent": prewarm.BadExport, "serve": prewarm.BadOption, "_start": prewarm.BadOption,
	} {
		out, _, err := prewarm.Module(context.Background(), guest(t, "room"), prewarm.Options{Room: export, RoomSize: 100})
		requireError(t, code, out, err)
	}
	for _, opt := range []prewarm.Options{
		{RoomSize: 1}, {Room: "room", Warmup: "room", RoomSize: 1}, {Room: "room", RoomSize: 1 << 31}, {Room: "room", RoomSize: 1 << 20, MaxPages: 16},
	} {
		out, _, err := prewarm.Module(context.Background(), guest(t, "room"), opt)
		requireError(t, prewarm.BadOption, out, err)
	}
	out, _, err := prewarm.Module(context.Background(), guest(t, "room"), prewarm.Options{Room: "room", RoomSize: 127 << 20})
	requireError(t, prewarm.GuestTrap, out, err)
}

// signed is a guest that shows its sign when it is run.
func signed(t testing.TB, size uint32) []byte {
	t.Helper()
	return warm(t, "room", prewarm.Options{Entry: "show_sign", Room: "room", RoomSize: size, Sign: "sign"})
}

// The sign has the length and the beginning of what is in the room, and nothing
// of what was there before.
func TestSignSaysWhatIsInTheRoom(t *testing.T) {
	empty := signed(t, 1000)
	for module, want := range map[string][]byte{
		"":                      make([]byte, prewarm.SignSize),
		"a":                     append([]byte{1, 0, 0, 0, 'a'}, make([]byte, 15)...),
		"sixteen letters.":      []byte("\x10\x00\x00\x00sixteen letters."),
		strings.Repeat("b", 99): append([]byte{99, 0, 0, 0}, strings.Repeat("b", 16)...),
	} {
		first := fill(t, empty, module)
		again := fill(t, fill(t, first, strings.Repeat("c", 1000)), module)
		require.True(t, bytes.Equal(first, again))
		s := &sandbox{}
		_, err := s.run(t, again, "_start")
		require.NoError(t, err, s.stderr.String())
		require.Equal(t, fmt.Sprintf("%q\n", want), s.stdout.String())
		data, size, err := prewarm.Filled(again)
		require.NoError(t, err)
		require.Equal(t, module, string(data))
		require.Equal(t, 1000, size)
	}
	require.True(t, bytes.Equal(empty, fill(t, fill(t, empty, "x"), "")))
	m, err := wasm.Parse(empty)
	require.NoError(t, err)
	exports, err := m.Exports()
	require.NoError(t, err)
	for _, e := range exports {
		require.NotEqual(t, "sign", e.Name)
	}
}

func TestSignIsRefused(t *testing.T) {
	for export, code := range map[string]prewarm.Code{
		"dirty_sign": prewarm.BadRoom, "sign_beyond": prewarm.BadRoom, "sign_nowhere": prewarm.BadRoom, "sign_in_room": prewarm.BadRoom,
		"dirty": prewarm.BadExport, "absent": prewarm.BadExport,
		"serve": prewarm.BadOption, "room": prewarm.BadOption, "_initialize": prewarm.BadOption,
	} {
		out, _, err := prewarm.Module(context.Background(), guest(t, "room"), prewarm.Options{Room: "room", RoomSize: 100, Sign: export})
		requireError(t, code, out, err)
	}
	out, _, err := prewarm.Module(context.Background(), guest(t, "room"), prewarm.Options{Sign: "sign"})
	requireError(t, prewarm.BadOption, out, err)
}

func TestFillRefuses(t *testing.T) {
	for name, module := range map[string][]byte{"the reactor": guest(t, "room"), "without room": warm(t, "room", prewarm.Options{})} {
		out, err := prewarm.Fill(module, []byte("x"))
		requireError(t, prewarm.NoRoom, out, err)
		require.ErrorContains(t, err, "prewarm it with Options.Room", name)
		out, _, err = prewarm.Filled(module)
		requireError(t, prewarm.NoRoom, out, err)
	}
	out, err := prewarm.Fill([]byte("no module"), nil)
	requireError(t, prewarm.Malformed, out, err)
}

func TestRoomExportIsGone(t *testing.T) {
	m, err := wasm.Parse(roomy(t, 10))
	require.NoError(t, err)
	exports, err := m.Exports()
	require.NoError(t, err)
	for _, e := range exports {
		require.NotEqual(t, "room", e.Name)
	}
}
