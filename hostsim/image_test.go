package hostsim

import (
	"bytes"
	"context"
	"encoding/binary"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero"
)

// wasmModule puts sections, each an id and a body, behind the preamble.
func wasmModule(sections ...string) []byte {
	module := []byte("\x00asm\x01\x00\x00\x00")
	for _, s := range sections {
		module = append(module, s[0])
		module = binary.AppendUvarint(module, uint64(len(s)-1))
		module = append(module, s[1:]...)
	}
	return module
}

const (
	onePage  = "\x05\x01\x00\x01"
	atTwo    = "\x00\x41\x02\x0b" // active, i32.const 2
	atEnd    = "\x00\x41\xff\xff\x03\x0b"
	exported = "\x07\x0a\x01\x06memory\x02\x00"
)

func TestSplitImage(t *testing.T) {
	cases := []struct {
		name     string
		sections []string
		// the data section that is left, without its id; empty: no image
		data  string
		image string
	}{
		{"one segment", []string{onePage, "\x0b\x01" + atTwo + "\x03abc"}, "\x00", "\x00\x00abc"},
		{"the later one wins", []string{onePage, "\x0b\x02" + atTwo + "\x03abc" + "\x02\x00\x41\x01\x0b\x02xy"}, "\x00", "\x00xybc"},
		{"last byte", []string{onePage, "\x0b\x01" + atEnd + "\x01z"}, "\x00", strings.Repeat("\x00", 65535) + "z"},
		{"counted", []string{onePage, "\x0c\x02", "\x0b\x02" + atTwo + "\x01a" + "\x01\x02pq"}, "\x02\x01\x00\x01\x02pq", "\x00\x00a"},
		{"passive without count", []string{onePage, "\x0b\x01\x01\x02pq"}, "\x00", ""},
		{"out of bounds", []string{onePage, "\x0b\x01" + atEnd + "\x02zz"}, "", ""},
		{"negative offset", []string{onePage, "\x0b\x01\x00\x41\x7f\x0b\x01a"}, "", ""},
		{"offset from a global", []string{onePage, "\x0b\x01\x00\x23\x00\x0b\x01a"}, "", ""},
		{"another memory", []string{onePage, "\x0b\x01\x02\x01\x41\x02\x0b\x01a"}, "", ""},
		{"shared memory", []string{"\x05\x01\x03\x01\x01", "\x0b\x01" + atTwo + "\x01a"}, "", ""},
		{"64-bit memory", []string{"\x05\x01\x04\x01", "\x0b\x01" + atTwo + "\x01a"}, "", ""},
		{"no data", []string{onePage}, "", ""},
		{"cut short", []string{onePage, "\x0b\x02" + atTwo + "\x01a"}, "", ""},
		{"unknown form", []string{onePage, "\x0b\x01\x07"}, "", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			stripped, image, err := splitImage(wasmModule(c.sections...))
			if c.data == "" {
				require.ErrorIs(t, err, errNoImage)
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.image, string(image))
			want := append(c.sections[:len(c.sections)-1:len(c.sections)-1], "\x0b"+c.data)
			require.Equal(t, wasmModule(want...), stripped)
		})
	}
	for _, junk := range []string{"", "\x00asm", "\x00asm\x01\x00\x00\x00\x05\xff\xff\xff\xff\xff\xff", "\x00asm\x01\x00\x00\x00\x05\x09\x01"} {
		_, _, err := splitImage([]byte(junk))
		require.ErrorIs(t, err, errNoImage)
	}
}

// memoryOf instantiates a module and returns its memory.
func memoryOf(t testing.TB, module []byte) ([]byte, error) {
	ctx := context.Background()
	rt := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigInterpreter().WithMemoryLimitPages(64))
	defer rt.Close(ctx)
	instance, err := rt.Instantiate(ctx, module)
	if err != nil {
		return nil, err
	}
	view, _ := instance.Memory().Read(0, instance.Memory().Size())
	return bytes.Clone(view), nil
}

// What the engine makes of a module, and of what is left of it with the image,
// is the same.
func FuzzSplitImage(f *testing.F) {
	f.Add([]byte(onePage), []byte("\x0b\x01"+atTwo+"\x03abc"), false)
	f.Add([]byte(onePage), []byte("\x0b\x02"+atTwo+"\x03abc"+"\x02\x00\x41\x01\x0b\x02xy"), true)
	f.Add([]byte(onePage), []byte("\x0b\x02"+atEnd+"\x01z"+"\x01\x02pq"), true)
	f.Add([]byte("\x05\x01\x01\x01\x02"), []byte("\x0b\x01"+atEnd+"\x02zz"), false)
	f.Fuzz(func(t *testing.T, memory, data []byte, counted bool) {
		if len(memory) < 2 || len(data) < 2 || memory[0] != memorySection || data[0] != dataSection {
			return
		}
		sections := []string{string(memory), exported, string(data)}
		if counted {
			sections = []string{string(memory), exported, "\x0c" + string(data[1:2]), string(data)}
		}
		module := wasmModule(sections...)
		stripped, image, err := splitImage(module)
		if err != nil {
			return
		}
		want, err := memoryOf(t, module)
		if err != nil || len(want) == 0 {
			// not valid, which the engine says of what is left as well, or of
			// its import
			return
		}
		rest, err := memoryOf(t, stripped)
		require.NoError(t, err)
		require.Len(t, rest, len(want))
		require.Equal(t, want, append(image, make([]byte, len(want)-len(image))...))
	})
}

// What one sandbox writes, no other one sees, one after the other and at the
// same time, on the mapped image and on copies.
func TestSandboxesShareNothing(t *testing.T) {
	for name, spoil := range map[string]func(*image){"mapped": func(*image) {}, "copied": func(i *image) { *i = image{data: i.data} }} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t, "raw", Config{})
			image := h.program.(*wazeroProgram).image
			require.NotNil(t, image)
			before := bytes.Clone(image.data)
			defer image.close()
			spoil(image)
			var all sync.WaitGroup
			for range 4 {
				all.Go(func() {
					for range 25 {
						resp, _, err := h.Do(context.Background(), &Request{Target: "/count"})
						if err != nil || string(resp.Body) != "42" {
							t.Errorf("want a count of 42, have %v, %v", resp, err)
						}
					}
				})
			}
			all.Wait()
			require.True(t, bytes.Equal(before, image.data), "the image has changed")
		})
	}
}

// However a guest ends, its memory is unmapped.
func TestNoMappingIsLeft(t *testing.T) {
	maps := func() int {
		data, err := os.ReadFile("/proc/self/maps")
		if err != nil {
			t.Skip("mappings are listed on Linux only")
		}
		return bytes.Count(data, []byte("hostsim-image"))
	}
	before := maps()
	h := newHost(t, "raw", Config{Limits: Limits{MemoryPages: 400}})
	require.Equal(t, before, maps(), "there is none before the first request")
	for _, target := range []string{"/count", "/exit", "/trap", "/eat", "/nothing"} {
		do(t, h, &Request{Target: target})
	}
	_, err := New(context.Background(), wasmModule(onePage, "\x0b\x01"+atTwo+"\x03abc"), Config{})
	require.ErrorContains(t, err, "no exported function")
	require.Equal(t, before, maps())
}

// A guest whose memory starts beyond the limit is refused before it runs, with
// or without an image.
func TestImageBeyondTheLimit(t *testing.T) {
	_, err := New(context.Background(), guest(t, "raw"), Config{Limits: Limits{MemoryPages: 2}})
	require.ErrorContains(t, err, "the limit is 2")
}
