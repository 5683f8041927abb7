package pack

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core/contract"
)

const (
	secretA = "correct-horse-battery-staple-0001"
	// pemMark is put together so that no tool takes this file for a key.
	pemMark = "-----BEGIN RSA PRIVATE" + " KEY-----"
)

var key = Secret{"key k1", secretA}

func TestCheck(t *testing.T) {
	h := newHandmade()
	rep, err := Check(t.Context(), h.bytes(), []Secret{key})
	require.NoError(t, err)
	require.Equal(t, Report{Imports: 2, MemoryPages: 1, Segments: 1, SegmentBytes: 5}, rep)
}

func TestCheckRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(*handmade)
		code  Code
		says  string
	}{
		"unknown module":      {func(h *handmade) { h.imports[1] = importFunc("env", "init", 2) }, UnknownImport, `"env" "init"`},
		"unknown function":    {func(h *handmade) { h.imports[1] = importFunc("fastly_abi", "initialise", 2) }, UnknownImport, `"initialise"`},
		"unknown of WASI":     {func(h *handmade) { h.imports[0] = importFunc("wasi_snapshot_preview1", "proc_fork", 1) }, UnknownImport, "proc_fork"},
		"host call's type":    {func(h *handmade) { h.imports[1] = importFunc("fastly_abi", "init", 1) }, ImportType, "as (i32) ; Compute has it as (i64) i32"},
		"WASI's type":         {func(h *handmade) { h.imports[0] = importFunc("wasi_snapshot_preview1", "proc_exit", 2) }, ImportType, "as (i64) i32; Compute has it as (i32) "},
		"no memory":           {func(h *handmade) { h.memories, h.segments, h.exports = nil, nil, h.exports[:1] }, BadMemory, "0 memories"},
		"two memories":        {func(h *handmade) { h.memories = [][]byte{{0, 1}, {0, 1}} }, BadMemory, "2 memories"},
		"imported memory":     {func(h *handmade) { h.memories, h.imports = nil, append(h.imports, importMemory("env", "memory")) }, BadMemory, "imports its memory"},
		"one of each":         {func(h *handmade) { h.imports = append(h.imports, importMemory("env", "memory")) }, BadMemory, "2 memories"},
		"memory not exported": {func(h *handmade) { h.exports = h.exports[:1] }, BadMemory, "does not export its memory"},
		"memory too large":    {func(h *handmade) { h.memories = [][]byte{{0, 0x81, 0x10}} }, BadMemory, "2049 pages"},
		"no _start":           {func(h *handmade) { h.exports[0] = export("main", 0, 2) }, BadStart, `no function "_start"`},
		"_start takes":        {func(h *handmade) { h.exports[0] = export("_start", 0, 0) }, BadStart, `"_start" is of type (i32)`},
		"bad code":            {func(h *handmade) { h.code = []byte{0, 0x6a, 0x0b} }, Invalid, "an engine refuses it"},
		"torn":                {func(h *handmade) { h.tail = []byte{0, 9, 1} }, NotWasm, "9 bytes announced, 1 left at byte 130"},
		"rubbish at the end":  {func(h *handmade) { h.tail = []byte{0x80} }, NotWasm, "unexpected end at byte 129"},
		"tables announced":    {func(h *handmade) { h.tables = "\xff\xff\xff\x7f" }, NotWasm, "table section: 268435455 entries announced in 0 bytes"},
		"names announced":     {func(h *handmade) { h.tail = append([]byte{0}, vec([]byte("\x04name\x01\x05\xff\xff\xff\xff\x0f"))...) }, NotWasm, "name section: 4294967295 entries announced"},
		"segment torn":        {func(h *handmade) { h.segments = [][]byte{{0, 0x41, 16, 0x0b, 9, 'x'}} }, NotWasm, "data section: 9 bytes announced, 1 left at byte 6"},
		"too many segments": {func(h *handmade) {
			h.segments = make([][]byte, MaxSegments+1)
			for i := range h.segments {
				h.segments[i] = segment(1, "x")
			}
		}, Segments, "100001 data segments"},
		"secret in data":   {func(h *handmade) { h.segments[0] = segment(1, "x"+secretA) }, HoldsSecret, "the secret of key k1"},
		"secret in base64": {func(h *handmade) { h.segments[0] = segment(1, "Y29ycmVjdC1ob3JzZS1iYXR0ZXJ5LXN0YXBsZS0wMDAx") }, HoldsSecret, "key k1, in base64"},
		"secret in pieces": {func(h *handmade) {
			h.segments = [][]byte{segment(3, secretA[:9]), segment(12, secretA[9:])}
		}, HoldsSecret, "its memory holds the secret of key k1"},
		"secret in a section of its own": {func(h *handmade) { h.tail = append([]byte{0}, vec(append([]byte("\x01s"), secretA...))...) }, HoldsSecret, "it holds the secret"},
		"private key":                    {func(h *handmade) { h.segments[0] = segment(1, pemMark) }, HoldsSecret, "a PEM private key"},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHandmade()
			c.spoil(h)
			_, err := Check(t.Context(), h.bytes(), []Secret{key})
			var e *Error
			require.ErrorAs(t, err, &e)
			require.True(t, e.Has(c.code), "%v", e)
			require.Contains(t, e.Error(), c.says)
			require.NotContains(t, e.Error(), secretA)
			for _, p := range e.Problems {
				require.Equal(t, c.code, p.Code, "nothing else is said to be wrong: %s", p.What)
			}
		})
	}
}

// Several problems are reported at once.
func TestCheckTellsAll(t *testing.T) {
	h := newHandmade()
	h.imports[1] = importFunc("env", "init", 2)
	h.exports = h.exports[1:]
	h.segments[0] = segment(1, secretA)
	_, err := Check(t.Context(), h.bytes(), []Secret{key})
	var e *Error
	require.ErrorAs(t, err, &e)
	require.Len(t, e.Problems, 3)
	require.Len(t, strings.Split(err.Error(), "\n"), 3)
}

// Names in a module may be a secret: beside one, none is quoted.
func TestCheckQuotesNoSecret(t *testing.T) {
	for name, spoil := range map[string]func(*handmade){
		"import of an unknown module":   func(h *handmade) { h.imports[1] = importFunc(secretA, "init", 2) },
		"import of an unknown function": func(h *handmade) { h.imports[1] = importFunc("env", secretA, 2) },
		"export twice":                  func(h *handmade) { h.exports = append(h.exports, export(secretA, 0, 2), export(secretA, 0, 2)) },
		"export of an unknown kind":     func(h *handmade) { h.exports = append(h.exports, export(secretA, 9, 2)) },
		"export that is no text":        func(h *handmade) { h.exports = append(h.exports, export(secretA+"\xff", 0, 2)) },
	} {
		h := newHandmade()
		spoil(h)
		_, err := Check(t.Context(), h.bytes(), []Secret{key})
		var e *Error
		require.ErrorAs(t, err, &e, name)
		require.True(t, e.Has(HoldsSecret), name)
		require.NotContains(t, err.Error(), secretA, name)
	}
}

func TestCheckOfNoModule(t *testing.T) {
	for _, text := range []string{"", "hello", wasmHeader[:6], "\x00asm\x0d\x00\x01\x00", "\x1f\x8b"} {
		_, err := Check(t.Context(), []byte(text), nil)
		var e *Error
		require.ErrorAs(t, err, &e)
		require.True(t, e.Has(NotWasm), text)
	}
}

func TestCheckTooLarge(t *testing.T) {
	h := newHandmade()
	h.tail = append([]byte{0}, vec(append([]byte("\x01s"), make([]byte, contract.MaxPackage)...))...)
	_, err := Check(t.Context(), h.bytes(), nil)
	var e *Error
	require.ErrorAs(t, err, &e)
	require.True(t, e.Has(TooLarge))
}

// A module that is cut anywhere is refused, except before its data section:
// without that a module is valid.
func TestCheckOfEveryBeginning(t *testing.T) {
	h := newHandmade()
	wasm := h.bytes()
	h.segments = nil
	whole := len(h.bytes()) - len(section(nil, 11, nil))
	for n := range wasm {
		if n == whole {
			continue
		}
		_, err := Check(t.Context(), wasm[:n], nil)
		require.Error(t, err, "%d bytes", n)
	}
}

func TestCheckInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := Check(ctx, newHandmade().bytes(), nil)
	require.ErrorIs(t, err, context.Canceled)
}

func TestSecretsStayHidden(t *testing.T) {
	for _, text := range []string{fmt.Sprint(key), fmt.Sprintf("%v %+v %#v %s", key, key, []Secret{key}, &key)} {
		require.NotContains(t, text, secretA)
	}
	require.False(t, Secret{"x", "short"}.Searchable())
	require.Empty(t, FindSecrets([]byte("short"), []Secret{{"x", "short"}}))
}

func TestPassiveSegments(t *testing.T) {
	h := newHandmade()
	h.segments = [][]byte{passive("ab"), segment(0, "cd"), segment(2, "ef"), {2, 0, 0x41, 9, 0x0b, 1, 'g'}}
	l, err := readLayout(h.bytes())
	require.NoError(t, err)
	require.Equal(t, "\x00ab\x00cdef\x00g", string(l.image))
	require.Equal(t, 4, l.segments)
	require.Equal(t, 7, l.bytes)
}

// FuzzCheck: for any bytes, the result is a report or an Error that quotes no
// secret; an accepted module has one memory and the size in the report.
func FuzzCheck(f *testing.F) {
	f.Add(newHandmade().bytes())
	h := newHandmade()
	h.segments = append(h.segments, passive(secretA))
	f.Add(h.bytes())
	f.Add([]byte(wasmHeader))
	f.Fuzz(func(t *testing.T, wasm []byte) {
		if len(wasm) > 4<<10 {
			return
		}
		_, err := Check(t.Context(), wasm, []Secret{key})
		if err == nil {
			require.NotContains(t, string(wasm), secretA)
			return
		}
		var e *Error
		require.True(t, errors.As(err, &e))
		require.NotEmpty(t, e.Problems)
		require.NotContains(t, err.Error(), secretA)
	})
}
