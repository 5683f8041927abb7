package prewarm

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero"

	"github.com/clickedge/clickedge/edge/prewarm/wasm"
)

// code puts together a function body: opcodes and numbers.
type code []byte

func (c code) op(ops ...wasm.Op) code {
	for _, op := range ops {
		if op >= 0x100 {
			c = append(c, byte(op>>16))
			op &= 0xffff
		}
		c = append(c, byte(op))
	}
	return c
}

func (c code) number(n uint32) code {
	return wasm.AppendSigned(c.op(wasm.OpI32Const), int64(int32(n)))
}

// zero is the constant 0 of a type.
func (c code) zero(t wasm.ValType) code {
	init, err := wasm.Const(t, 0)
	if err != nil {
		panic(err)
	}
	return append(c, init[:len(init)-1]...)
}

func (c code) access(a wasm.Access, base, offset uint32) code {
	c = c.number(base)
	if a.Store {
		c = c.zero(a.Value)
	}
	c = wasm.AppendU32(append(c.op(a.Op), 0), offset)
	if !a.Store {
		c = c.op(wasm.OpDrop)
	}
	return c
}

func (c code) bulk(op wasm.Op, to, from, n uint32) code {
	c = c.number(to).number(from).number(n).op(op)
	if op == wasm.OpMemoryCopy {
		return append(c, 0, 0)
	}
	return append(c, 0)
}

// serving is the handmade module with another entry.
func serving(entry code) *wasm.Module {
	m := handmade()
	bodies, err := m.Bodies()
	if err != nil {
		panic(err)
	}
	bodies[3] = append(append([]byte{0}, entry...), byte(wasm.OpEnd))
	return m.WithBodies(bodies)
}

// rehearse prewarms a module without touches, and tries it.
func rehearse(t testing.TB, m *wasm.Module, h Rehearsal) (map[uint32]use, error) {
	t.Helper()
	out, _, err := Module(context.Background(), m.Encode(), Options{NoRehearsal: true})
	require.NoError(t, err)
	return h.withDefaults().run(context.Background(), out, Options{MaxPages: 3}, &early{request: true})
}

// The page of every kind of access is seen, with its offset, and the next where
// an access reaches into it. A store of the byte that is there counts.
func TestEveryAccessIsSeen(t *testing.T) {
	for _, a := range wasm.Accesses {
		want := onlyRead
		if a.Store {
			want = onlyWritten
		}
		seen, err := rehearse(t, serving(code{}.access(a, 3*framePage, 2*framePage)), Rehearsal{})
		require.NoError(t, err)
		require.Equal(t, map[uint32]use{5: want}, seen, "opcode %#x", uint32(a.Op))
		if a.Size == 1 {
			continue
		}
		seen, err = rehearse(t, serving(code{}.access(a, framePage, framePage-1)), Rehearsal{})
		require.NoError(t, err)
		require.Equal(t, map[uint32]use{1: want, 2: want}, seen, "opcode %#x", uint32(a.Op))
	}
}

func TestOrderAndBulk(t *testing.T) {
	load, store := wasm.Accesses[0], wasm.Accesses[len(wasm.Accesses)-1]
	require.True(t, store.Store && !load.Store)
	for name, c := range map[string]struct {
		entry code
		want  map[uint32]use
	}{
		"read, then written": {code{}.access(load, 0, 0).access(store, 8, 0), map[uint32]use{0: both}},
		"written, then read": {code{}.access(store, 0, 0).access(load, 8, 0), map[uint32]use{0: onlyWritten}},
		"copy": {code{}.bulk(wasm.OpMemoryCopy, framePage, 9*framePage-1, framePage+1),
			map[uint32]use{1: onlyWritten, 2: onlyWritten, 8: onlyRead, 9: onlyRead}},
		"copy within a page": {code{}.bulk(wasm.OpMemoryCopy, 0, 64, 64), map[uint32]use{0: both}},
		"fill":               {code{}.bulk(wasm.OpMemoryFill, framePage-1, 7, 2), map[uint32]use{0: onlyWritten, 1: onlyWritten}},
		"nothing is copied":  {code{}.bulk(wasm.OpMemoryCopy, 0, framePage, 0), map[uint32]use{}},
		"nothing is filled":  {code{}.bulk(wasm.OpMemoryFill, 0, 0, 0), map[uint32]use{}},
	} {
		seen, err := rehearse(t, serving(c.entry), Rehearsal{})
		require.NoError(t, err, name)
		require.Equal(t, c.want, seen, name)
	}
}

// What a host call of Compute reads and writes counts, and what one of WASI
// changes.
func TestHostCallsAreSeen(t *testing.T) {
	t.Run("Compute", func(t *testing.T) {
		m := calling("fastly_http_req", "uri_get", wasm.FuncType{Params: types(4), Results: types(1)},
			code{}.number(1).number(framePage).number(100).number(5*framePage))
		seen, err := rehearse(t, m, Rehearsal{URI: "https://a.example/"})
		require.NoError(t, err)
		require.Equal(t, map[uint32]use{1: onlyWritten, 5: onlyWritten}, seen)
		m = calling("fastly_log", "write", wasm.FuncType{Params: types(4), Results: types(1)},
			code{}.number(1).number(2*framePage-1).number(2).number(0))
		seen, err = rehearse(t, m, Rehearsal{})
		require.NoError(t, err)
		require.Equal(t, map[uint32]use{0: onlyWritten, 1: onlyRead, 2: onlyRead}, seen)
	})
	t.Run("WASI", func(t *testing.T) {
		m := calling("wasi_snapshot_preview1", "random_get", wasm.FuncType{Params: types(2), Results: types(1)},
			code{}.number(3*framePage-8).number(16))
		seen, err := rehearse(t, m, Rehearsal{})
		require.NoError(t, err)
		require.Equal(t, map[uint32]use{2: onlyWritten, 3: onlyWritten}, seen)
	})
}

func types(n int) []wasm.ValType { return slices.Repeat([]wasm.ValType{wasm.I32}, n) }

// calling is the handmade module with an entry that makes one host call.
func calling(module, name string, ty wasm.FuncType, args code) *wasm.Module {
	m := serving(append(args.op(wasm.OpCall), 0).op(wasm.OpDrop))
	bodies, _ := m.Bodies()
	bodies[1] = []byte{0, byte(wasm.OpEnd)} // it called fastly_abi.init
	all, _ := m.Types()
	return m.WithTypes(append(all, ty)).WithImports([]wasm.Import{{Module: module, Name: name, Type: uint32(len(all))}}).WithBodies(bodies)
}

// A rehearsal that fails leaves the module as it is without one, and says why.
func TestFailedRehearsals(t *testing.T) {
	const forever = "\x03\x40\x0c\x00\x0b" // (loop (br 0))
	load := wasm.Accesses[0]
	for name, c := range map[string]struct {
		entry code
		h     Rehearsal
		says  string
	}{
		"trap":          {code{0}, Rehearsal{}, "unreachable"},
		"endless loop":  {code(forever), Rehearsal{}, "more than 5000000 steps"},
		"beyond memory": {code{}.access(load, 0xFFFFFFFF, 8), Rehearsal{}, "beyond the end of memory"},
		"copy beyond memory": {code{}.bulk(wasm.OpMemoryCopy, 0xFFFFFFF0, 0, 0xFFFFFFFF), Rehearsal{},
			"out of bounds"},
		"another answer": {code{}, Rehearsal{Status: 302}, "the guest answered 0, not 302"},
		"no room":        {code{}, Rehearsal{Room: []byte("x")}, "no_room"},
		"a vector":       {code("\xfd\x0c0123456789abcdef\x1a"), Rehearsal{}, "function 4: instructions of vectors"},
	} {
		t.Run(name, func(t *testing.T) {
			c.h.Name = "a click"
			in := serving(c.entry).Encode()
			plain, _, err := Module(context.Background(), in, Options{NoRehearsal: true})
			require.NoError(t, err)
			out, rep, err := Module(context.Background(), in, Options{Rehearsals: []Rehearsal{{}, c.h}})
			require.NoError(t, err)
			require.True(t, bytes.Equal(plain, out))
			require.Zero(t, rep.WrittenFirst+rep.ReadFirst)
			require.ErrorContains(t, rep.NotRehearsed, c.says)
			require.ErrorContains(t, rep.NotRehearsed, "rehearsal ")
		})
	}
}

func TestRehearsalEndsWithItsContext(t *testing.T) {
	module, _, err := Module(context.Background(), handmade().Encode(), Options{NoRehearsal: true})
	require.NoError(t, err)
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(fmt.Errorf("the operator lost patience"))
	opt, err := Options{}.withDefaults()
	require.NoError(t, err)
	out, err := (&snapshot{pages: 2, seen: &early{}}).rehearsed(ctx, module, opt, new(Report))
	require.Nil(t, out)
	var failure *Error
	require.ErrorAs(t, err, &failure)
	require.Equal(t, Canceled, failure.Code)
	require.ErrorContains(t, err, "the operator lost patience")
}

func TestTooManyRehearsals(t *testing.T) {
	_, _, err := Module(context.Background(), handmade().Encode(), Options{Rehearsals: make([]Rehearsal, 9)})
	var failure *Error
	require.ErrorAs(t, err, &failure)
	require.Equal(t, BadOption, failure.Code)
}

// touchesOf reads the entry of a finished module: what it stores and reads
// before it calls the guest's.
func touchesOf(t testing.TB, module []byte) (stores []store, reads []uint32) {
	t.Helper()
	m, err := wasm.Parse(module)
	require.NoError(t, err)
	r := &reactor{module: m}
	require.NoError(t, r.read())
	entry, ok := r.export(startExport)
	require.True(t, ok)
	bodies, err := m.Bodies()
	require.NoError(t, err)
	var numbers []uint32
	_, err = wasm.EachInstruction(bodies[int(entry.Index)-(len(r.funcs)-len(bodies))], func(in wasm.Instruction) {
		switch in.Op {
		case wasm.OpI32Const:
			numbers = append(numbers, constant(in.Bytes))
		case wasm.OpI32Store8:
			stores = append(stores, store{numbers[0], byte(numbers[1])})
			numbers = nil
		case wasm.OpI32Load8U:
			reads = append(reads, numbers[0])
			numbers = nil
		case wasm.OpDrop, wasm.OpCall, wasm.OpEnd:
		default:
			t.Fatalf("the entry has opcode %#x", uint32(in.Op))
		}
	})
	require.NoError(t, err)
	return stores, reads
}

// constant is the number of an i32.const.
func constant(b []byte) (n uint32) {
	for i, c := range b[1:] {
		n |= uint32(c&0x7f) << (7 * i)
		if c&0x40 != 0 && i == len(b)-2 && 7*(i+1) < 32 {
			n |= ^uint32(0) << (7 * (i + 1))
		}
	}
	return n
}

// wandering is an entry that reads and writes here and there.
func wandering(seed uint64) code {
	r := rand.New(rand.NewPCG(seed, 3))
	var c code
	for range 1 + r.IntN(40) {
		switch r.IntN(12) {
		case 0:
			c = c.bulk(wasm.OpMemoryCopy, uint32(r.IntN(1<<16)), uint32(r.IntN(1<<16)), uint32(r.IntN(1<<14)))
		case 1:
			c = c.bulk(wasm.OpMemoryFill, uint32(r.IntN(1<<16)), uint32(r.IntN(256)), uint32(r.IntN(1<<14)))
		default:
			c = c.access(wasm.Accesses[r.IntN(len(wasm.Accesses))], uint32(r.IntN(1<<16)), uint32(r.IntN(1<<16-8)))
		}
	}
	return c
}

// What is planned for a rehearsal is what the entry does; every byte that it
// stores is there already; and memory is the same afterwards as without.
func TestTouchesChangeNothing(t *testing.T) {
	for seed := range uint64(60) {
		in := serving(wandering(seed))
		plain, rep, err := Module(context.Background(), in.Encode(), Options{NoRehearsal: true})
		require.NoError(t, err)
		require.Zero(t, rep.WrittenFirst+rep.ReadFirst)
		out, rep, err := Module(context.Background(), in.Encode(), Options{})
		require.NoError(t, err)
		require.NoError(t, rep.NotRehearsed)
		require.Equal(t, rep.SizeAfter, len(out))

		seen, err := rehearse(t, in, Rehearsal{})
		require.NoError(t, err)
		stores, reads := touchesOf(t, out)
		require.Equal(t, rep.WrittenFirst, len(stores))
		require.Equal(t, rep.ReadFirst, len(reads))
		before := slices.Clone(memoryOf(t, plain, false))
		for _, s := range stores {
			require.Contains(t, seen, s.address/framePage)
			require.Equal(t, before[s.address], s.value)
		}
		for _, at := range reads {
			require.True(t, seen[at/framePage].read)
		}
		require.True(t, bytes.Equal(memoryOf(t, plain, true), memoryOf(t, out, true)))
	}
}

// memoryOf is a module's memory, before its entry is called or after.
func memoryOf(t testing.TB, module []byte, after bool) []byte {
	m := instantiate(t, module)
	if after {
		_, err := m.ExportedFunction(startExport).Call(context.Background())
		require.NoError(t, err)
	}
	return peek(t, m, 0, m.Memory().Size())
}

// All exports but the entry are the functions that they were.
func TestTouchesLeaveExports(t *testing.T) {
	in := serving(code{}.access(wasm.Accesses[0], 0, 0))
	exports, err := in.Exports()
	require.NoError(t, err)
	in = in.WithExports(append(exports, wasm.Export{Name: "again", Kind: wasm.FuncKind, Index: 4}))
	indices := map[bool]map[string]uint32{}
	for _, without := range []bool{false, true} {
		out, _, err := Module(context.Background(), in.Encode(), Options{NoRehearsal: without})
		require.NoError(t, err)
		m, err := wasm.Parse(out)
		require.NoError(t, err)
		exports, err := m.Exports()
		require.NoError(t, err)
		indices[without] = map[string]uint32{}
		for _, e := range exports {
			indices[without][e.Name] = e.Index
		}
	}
	require.Equal(t, uint32(5), indices[false]["_start"])
	indices[false]["_start"] = 4
	require.Equal(t, indices[true], indices[false])
}

// Where names are kept, profilers find the function that touches pages.
func TestTouchesHaveAName(t *testing.T) {
	names := wasm.Custom("name", []byte("\x01\x08\x01\x04\x05serve"))
	out, _, err := Module(context.Background(), handmade().With(names).Encode(), Options{KeepNames: true})
	require.NoError(t, err)
	m, err := wasm.Parse(out)
	require.NoError(t, err)
	have, err := m.FunctionNames()
	require.NoError(t, err)
	require.Equal(t, map[uint32]string{4: "serve", 5: "prewarm.touch"}, have)
}

// Nothing of a rehearsal is in the module.
func TestRehearsalLeavesNoTrace(t *testing.T) {
	const secret = "a secret that is long enough to find"
	m := calling("fastly_secret_store", "plaintext", wasm.FuncType{Params: types(4), Results: types(1)},
		code{}.number(1).number(64).number(100).number(32))
	h := Rehearsal{Name: "the name", URI: "https://host.of-the-rehearsal.example/", Header: []Field{{"x-of-the-rehearsal", "value-of-it"}},
		Secrets: map[string]string{"key-of-it": secret}, Answer: Answer{Header: []Field{{"answer-of-it", "its-value"}}}}
	out, rep, err := Module(context.Background(), m.Encode(), Options{Rehearsals: []Rehearsal{h}})
	require.NoError(t, err)
	require.NoError(t, rep.NotRehearsed)
	for _, text := range []string{secret, h.Name, h.URI, "of-the-rehearsal", "value-of-it", "key-of-it", "answer-of-it", "its-value"} {
		require.NotContains(t, string(out), text)
	}
}

// roomed is a snapshot with a room, and the module of it.
func roomed(memory []byte, at room) (*snapshot, *wasm.Module) {
	clear(memory[at.address:][:at.size])
	if at.sign != 0 {
		clear(memory[at.sign:][:SignSize])
	}
	s := &snapshot{pages: uint32(len(memory) / pageSize), segments: segments(memory, leastGap, maxSegments), room: at}
	m := serving(code{}).WithMemories([]wasm.Limits{{Min: s.pages}}).WithData(s.segments).With(at.section()...)
	exports, _ := m.Exports()
	exports[2].Name = startExport
	return s, m.Without(func(sec wasm.Section) bool { return sec.ID == wasm.StartSection }).WithExports(exports)
}

// checkStores: whatever pages are stored to, and whatever is in the room then,
// the bytes are those that are there.
func checkStores(t *testing.T, memory []byte, at room, data []byte) {
	s, m := roomed(memory, at)
	on := s.terrain()
	var pages []uint32
	for page := range s.pages * (pageSize / framePage) {
		if on.fixed(page) {
			pages = append(pages, page)
			continue
		}
		start := page * framePage
		for i := start; i < start+framePage; i++ {
			require.True(t, i >= at.address && i < at.address+at.size || at.sign != 0 && i >= at.sign && i < at.sign+SignSize, "page %d is not all room", page)
		}
	}
	touched, err := touchFirst(m, s.stores(pages), nil)
	require.NoError(t, err)
	out, err := Fill(touched.Encode(), data)
	require.NoError(t, err)
	stores, _ := touchesOf(t, out)
	require.Len(t, stores, len(pages))
	have := memoryOf(t, out, false)
	for i, st := range stores {
		require.Equal(t, pages[i], st.address/framePage)
		require.Equal(t, have[st.address], st.value, "address %#x", st.address)
	}
}

func TestStoresAndRooms(t *testing.T) {
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 9))
		at := room{address: uint32(1 + r.IntN(1<<16)), size: uint32(roomHead + r.IntN(1<<15))}
		if seed%4 == 0 {
			at.address &^= framePage - 1
			at.address += framePage
		}
		switch seed % 3 {
		case 1:
			at.sign = at.address + at.size
		case 2:
			at.sign = max(1, at.address-min(at.address, SignSize))
			at.address = at.sign + SignSize
		}
		data := []byte(strings.Repeat("\xff", r.IntN(int(at.size)-roomHead+1)))
		checkStores(t, sparse(seed, 2*pageSize), at, data)
	}
}

// A room that may hold 16 MiB has no byte that stays as it is, and is left
// alone.
func TestLargeRoomIsLeftAlone(t *testing.T) {
	r := room{address: 16 * framePage, size: shortRoom + roomHead - 1}
	_, ok := r.fixed(16)
	require.True(t, ok)
	r.size++
	_, ok = r.fixed(16)
	require.False(t, ok)
	_, ok = r.fixed(17)
	require.False(t, ok)
	_, ok = r.fixed(15)
	require.True(t, ok)
}

// Where there is a sign, another request looks elsewhere in the room: the entry
// stores to no page of it.
func TestRoomWithSignIsLeftAlone(t *testing.T) {
	r := room{address: 16 * framePage, size: 3*framePage - 1, sign: 16*framePage - SignSize}
	for page, want := range map[uint32]uint32{14: 14 * framePage, 15: 15 * framePage, 16: 0, 17: 0, 18: 19*framePage - 1, 19: 19 * framePage} {
		at, ok := r.fixed(page)
		require.Equal(t, want != 0, ok, page)
		require.Equal(t, want, at, page)
	}
	r.sign = 19*framePage - 1 // behind the room, in two pages
	at, ok := r.fixed(18)
	require.False(t, ok)
	require.Zero(t, at)
	at, ok = r.fixed(19)
	require.True(t, ok)
	require.Equal(t, r.sign+SignSize, at)
}

// FuzzTouches: whatever memory, room and data, a store stores what is there.
func FuzzTouches(f *testing.F) {
	f.Add([]byte("abc"), uint32(100), uint32(50), []byte("data"))
	f.Add([]byte{}, uint32(framePage), uint32(2*framePage), []byte("\xff\xff"))
	f.Add(sparse(1, 300), uint32(framePage-2), uint32(9), []byte{})
	f.Add(sparse(2, 9000), uint32(1), uint32(framePage), []byte("\x01"))
	f.Fuzz(func(t *testing.T, start []byte, address, size uint32, data []byte) {
		memory := make([]byte, pageSize)
		copy(memory, start)
		at := room{address: 1 + address%(pageSize/2), size: roomHead + size%(pageSize/4)}
		checkStores(t, memory, at, data[:min(len(data), int(at.size)-roomHead)])
	})
}

// A rehearsal knows no host call by a number of arguments that its code does
// not read.
func TestCannedFunctions(t *testing.T) {
	for _, name := range slices.Sorted(maps.Keys(cannedFunctions)) {
		f := cannedFunctions[name]
		c := &canned{rehearsal: Rehearsal{}.withDefaults(), watch: &watch{pages: map[uint32]use{}}, secrets: []string{"x"}}
		ctx := context.Background()
		rt := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigInterpreter())
		m := instantiate(t, handmade().Encode())
		p := make([]uint64, f.params)
		for i := range p {
			p[i] = uint64(8 * (i + 1))
		}
		require.NotPanics(t, func() { f.do(&cannedCall{c, m.Memory(), p}) }, name)
		require.NoError(t, rt.Close(ctx))
	}
}
