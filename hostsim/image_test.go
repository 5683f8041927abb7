package hostsim

import (
	"bytes"
	"context"
	"encoding/binary"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero"

	"github.com/clickedge/clickedge/hostsim/internal/wasmbin"
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
		{"more memory than may be", []string{"\x05\x01\x00\x03", "\x0b\x01" + atTwo + "\x01a"}, "", ""},
		{"shared memory", []string{"\x05\x01\x03\x01\x01", "\x0b\x01" + atTwo + "\x01a"}, "", ""},
		{"64-bit memory", []string{"\x05\x01\x04\x01", "\x0b\x01" + atTwo + "\x01a"}, "", ""},
		{"no data", []string{onePage}, "", ""},
		{"cut short", []string{onePage, "\x0b\x02" + atTwo + "\x01a"}, "", ""},
		{"unknown form", []string{onePage, "\x0b\x01\x07"}, "", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			stripped, image, err := splitImage(wasmModule(c.sections...), 2)
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
		_, _, err := splitImage([]byte(junk), 1)
		require.ErrorIs(t, err, errNoImage)
	}
}

const mostPages = 64

// memoryOf instantiates a module and returns its memory.
func memoryOf(t testing.TB, module []byte) ([]byte, error) {
	ctx := context.Background()
	rt := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigInterpreter().WithMemoryLimitPages(mostPages))
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
		if wasmbin.Check(module) != nil {
			return // which Compile refuses
		}
		stripped, image, err := splitImage(module, mostPages)
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

// forgetful traps when it finds anything in its memory but what the module has
// there, in what it begins with and in what it grows by. With a method of five
// letters it then writes to all of it.
const forgetful = `(module
  (import "fastly_http_req" "method_get" (func $method (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 4)
  (data (i32.const 65541) "image")
  (func (export "_start") (local $at i32)
    (if (i32.ne (memory.grow (i32.const 8)) (i32.const 4)) (then (unreachable)))
    (if (i32.ne (i32.load (i32.const 65541)) (i32.const 1734438249)) (then (unreachable)))
    (loop $next
      (if (i32.and (i32.ne (local.get $at) (i32.const 65540)) (i32.ne (local.get $at) (i32.const 65544))) (then
        (if (i32.load (local.get $at)) (then (unreachable)))))
      (local.set $at (i32.add (local.get $at) (i32.const 4)))
      (br_if $next (i32.lt_u (local.get $at) (i32.const 786432))))
    (drop (call $method (i32.const 0) (i32.const 64) (i32.const 100) (i32.const 128)))
    (if (i32.eq (i32.load (i32.const 128)) (i32.const 5)) (then
      (memory.fill (i32.const 0) (i32.const 255) (i32.const 786432))))))`

// A mapping that is used again is as good as new: where guests usually write,
// and where they did for the first time.
func TestMemoryForgets(t *testing.T) {
	for name, methods := range map[string][]string{"usual pages": {"PATCH"}, "unusual pages": {"GET", "GET", "GET", "GET", "PATCH", "PATCH", "GET"}} {
		t.Run(name, func(t *testing.T) {
			h := assembled(t, forgetful, Config{})
			for i := range 30 {
				_, x := do(t, h, &Request{Method: methods[min(i, len(methods)-1)]})
				require.True(t, x.Ending.OK(), "%d: %s", i, x.Ending.Message)
			}
			for range 8 {
				_, x := do(t, h, &Request{Method: "PATCH"})
				require.True(t, x.Ending.OK(), x.Ending.Message)
			}
		})
	}
}

// A guest whose memory starts beyond the limit is refused before it runs, with
// or without an image.
func TestImageBeyondTheLimit(t *testing.T) {
	_, err := New(context.Background(), guest(t, "raw"), Config{Limits: Limits{MemoryPages: 2}})
	require.ErrorContains(t, err, "the limit is 2")
}

// A module that wazero would take, or for which it would make room without end,
// is refused as wasmtime refuses it.
func TestMalformedModules(t *testing.T) {
	for name, module := range map[string][]byte{
		"tables announced":            wasmModule("\x04\xff\xff\xff\x7f"),
		"a data count without number": wasmModule("\x0c"),
	} {
		_, err := New(context.Background(), module, Config{})
		require.ErrorContains(t, err, "at byte 8: not of the binary format", name)
	}
}
