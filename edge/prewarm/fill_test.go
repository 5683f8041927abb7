package prewarm

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/edge/prewarm/wasm"
)

// withRoom says that the handmade module, with other data segments, has a room.
func withRoom(address, size uint32, segments ...wasm.Segment) *wasm.Module {
	body := binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(nil, address), size)
	return handmade().WithData(segments).With(wasm.Custom(roomSection, body))
}

// withSign is withRoom with a sign.
func withSign(address, size, sign uint32, segments ...wasm.Segment) *wasm.Module {
	at := room{address, size, sign}
	return handmade().WithData(segments).With(at.section()...)
}

func segment(offset uint32, text string) wasm.Segment {
	return wasm.Segment{Offset: offset, Bytes: []byte(text)}
}

// Segments that reach into the room are cut at its walls.
func TestFillCutsSegments(t *testing.T) {
	for _, c := range []struct {
		name string
		in   []wasm.Segment
		want []wasm.Segment
	}{
		{"none", nil, nil},
		{"beside", []wasm.Segment{segment(90, "0123456789"), segment(120, "x")}, []wasm.Segment{segment(90, "0123456789"), segment(120, "x")}},
		{"inside", []wasm.Segment{segment(100, "x"), segment(119, "y")}, nil},
		{"across", []wasm.Segment{segment(98, "abcdefghijklmnopqrstuvwxyz")}, []wasm.Segment{segment(98, "ab"), segment(120, "wxyz")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, err := Fill(withRoom(100, 20, c.in...).Encode(), []byte("hi"))
			require.NoError(t, err)
			m, err := wasm.Parse(out)
			require.NoError(t, err)
			got, err := m.Data()
			require.NoError(t, err)
			require.Equal(t, append(c.want, wasm.Segment{Offset: 100, Bytes: []byte("\x02\x00\x00\x00hi")}), got)
			count, _ := m.Body(wasm.DataCountSection)
			require.Equal(t, []byte{byte(len(got))}, count)
		})
	}
}

func TestFilledRefusesWhatIsNotThere(t *testing.T) {
	_, _, err := Filled(withRoom(100, 20, wasm.Segment{Offset: 100, Bytes: []byte("\x09\x00\x00\x00hi")}).Encode())
	var typed *Error
	require.ErrorAs(t, err, &typed)
	require.Equal(t, BadRoom, typed.Code)
	for _, m := range []*wasm.Module{
		withRoom(1<<16, 4), withRoom(0xFFFFFFFF, 0xFFFFFFFF), withRoom(0, 3),
		withSign(100, 20, 119), withSign(100, 20, 81), withSign(100, 20, 100), withSign(100, 20, 1<<16-SignSize+1), withSign(100, 20, 0xFFFFFFFF),
	} {
		_, err := Fill(m.Encode(), nil)
		require.ErrorAs(t, err, &typed)
		require.Equal(t, BadRoom, typed.Code)
	}
}

// A sign may stand right before the room or behind it, and what reaches into it
// is cut.
func TestFillWritesTheSign(t *testing.T) {
	for _, sign := range []uint32{80, 120, 1<<16 - SignSize} {
		out, err := Fill(withSign(100, 20, sign, segment(sign-2, "abcdefghijklmnopqrstuv")).Encode(), []byte("hi"))
		require.NoError(t, err)
		m, err := wasm.Parse(out)
		require.NoError(t, err)
		got, err := m.Data()
		require.NoError(t, err)
		var want []wasm.Segment
		if sign != 120 { // else these two bytes are the room's
			want = append(want, segment(sign-2, "ab"))
		}
		require.Equal(t, append(want, segment(100, "\x02\x00\x00\x00hi"), segment(sign, "\x02\x00\x00\x00hi")), got)
	}
}

// FuzzFill: whatever the module, there is a typed error, or one whose room
// holds the data, and what was there before makes no difference.
func FuzzFill(f *testing.F) {
	f.Add(withRoom(100, 20, wasm.Segment{Offset: 90, Bytes: bytes.Repeat([]byte("x"), 40)}).Encode(), []byte("data"))
	f.Add(withRoom(0, 1<<16).Encode(), []byte{})
	f.Add(withSign(100, 20, 120, wasm.Segment{Offset: 90, Bytes: bytes.Repeat([]byte("x"), 60)}).Encode(), []byte("data"))
	f.Add(withSign(100, 20, 110).Encode(), []byte("data"))
	f.Add(withRoom(0xFFFFFFF0, 0x20).Encode(), []byte("data"))
	f.Add(handmade().Encode(), []byte("data"))
	f.Fuzz(func(t *testing.T, module, data []byte) {
		out, err := Fill(module, data)
		if err != nil {
			var typed *Error
			require.ErrorAs(t, err, &typed)
			require.Nil(t, out)
			return
		}
		got, size, err := Filled(out)
		require.NoError(t, err)
		require.Equal(t, string(data), string(got))
		require.LessOrEqual(t, len(data), size)
		other, err := Fill(out, []byte{1}[:min(1, size)])
		require.NoError(t, err)
		again, err := Fill(other, data)
		require.NoError(t, err)
		require.True(t, bytes.Equal(out, again))
	})
}
