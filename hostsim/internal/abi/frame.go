package abi

import (
	"encoding/binary"
	"math"
	"unicode/utf8"

	"github.com/clickedge/clickedge/hostsim/wire"
)

// Memory is a guest's linear memory; hostsim.Memory says more.
type Memory interface {
	Read(offset, n uint32) ([]byte, bool)
	Size() uint32
}

// frame is one host call: its arguments, and the first failure. Once st is not
// OK, reads give zero values and writes do nothing, so a host call needs no
// branch for each failure: it reads its arguments in the order in which they
// are checked.
type frame struct {
	s  *Sandbox
	m  Memory
	a  []uint64
	st Status
}

func (f *frame) ok() bool { return f.st == OK }

func (f *frame) fail(st Status) {
	if f.st == OK {
		f.st = st
	}
}

func (f *frame) u32(i int) uint32 { return uint32(f.a[i]) }

// view returns memory itself. What the guest must not change later has to be
// copied.
func (f *frame) view(ptr, n uint32) []byte {
	if !f.ok() {
		return nil
	}
	b, ok := f.m.Read(ptr, n)
	if !ok {
		f.fail(Inval)
		return nil
	}
	return b
}

// aligned is view with an alignment. Bounds come before it, as in wiggle.
func (f *frame) aligned(ptr, n, align uint32) []byte {
	b := f.view(ptr, n)
	if f.ok() && ptr%align != 0 {
		f.fail(BadAlign)
	}
	if !f.ok() {
		return nil
	}
	return b
}

// bytes is the argument pair (pointer, length) at i.
func (f *frame) bytes(i int) []byte { return f.view(f.u32(i), f.u32(i+1)) }

// copied is bytes as a string of its own.
func (f *frame) copied(i int) string { return string(f.bytes(i)) }

// text is copied for a witx `string`: invalid UTF-8 is inval.
func (f *frame) text(i int) string { return f.textAt(f.u32(i), f.u32(i+1)) }

func (f *frame) textAt(ptr, n uint32) string {
	b := f.view(ptr, n)
	if !utf8.Valid(b) {
		f.fail(Inval)
		return ""
	}
	return string(b)
}

// enum is the argument i, which must be below n.
func (f *frame) enum(i int, n uint32) uint32 {
	v := f.u32(i)
	if v >= n {
		f.fail(Inval)
	}
	return v
}

// flags is the argument i, which must have no bit outside known.
func (f *frame) flags(i int, known uint32) uint32 {
	v := f.u32(i)
	if v&^known != 0 {
		f.fail(Inval)
	}
	return v
}

// put16, put32 and put64 write to the address in argument i.
func (f *frame) put16(i int, v uint16) {
	if b := f.number(f.u32(i), 2); b != nil {
		binary.LittleEndian.PutUint16(b, v)
	}
}

func (f *frame) put32(i int, v uint32) { f.put32At(f.u32(i), v) }

func (f *frame) put32At(ptr, v uint32) {
	if b := f.number(ptr, 4); b != nil {
		binary.LittleEndian.PutUint32(b, v)
	}
}

func (f *frame) put64(i int, v uint64) {
	if b := f.number(f.u32(i), 8); b != nil {
		binary.LittleEndian.PutUint64(b, v)
	}
}

// number is where a number of so many bytes goes.
func (f *frame) number(ptr, size uint32) []byte {
	b := f.aligned(ptr, size, size)
	if b != nil {
		f.s.wrote = append(f.s.wrote, ptr)
	}
	return b
}

// record is a read-only view of a witx record of n bytes.
func (f *frame) record(ptr, n, align uint32) record {
	if b := f.aligned(ptr, n, align); b != nil {
		return append(record(nil), b...)
	}
	return make(record, n)
}

type record []byte

func (r record) u32(at int) uint32 { return binary.LittleEndian.Uint32(r[at:]) }
func (r record) u64(at int) uint64 { return binary.LittleEndian.Uint64(r[at:]) }

// fill answers with one value through the arguments (buffer, its length,
// address of the count) at i. When the buffer is too small, the count is the
// length needed and the status is buflen.
func (f *frame) fill(i int, value []byte) {
	if !f.ok() {
		return
	}
	if uint64(len(value)) > uint64(f.u32(i+1)) {
		f.put32(i+2, need(len(value)))
		f.fail(BufLen)
		return
	}
	copy(f.view(f.u32(i), uint32(len(value))), value)
	f.put32(i+2, uint32(len(value)))
}

// fillAfterCount is fill for calls that write the count before they check the
// buffer.
func (f *frame) fillAfterCount(i int, value []byte) {
	if uint64(len(value)) > uint64(f.u32(i+1)) {
		f.fill(i, value)
		return
	}
	if f.put32(i+2, uint32(len(value))); f.ok() {
		copy(f.view(f.u32(i), uint32(len(value))), value)
	}
}

// need is a length for the guest, or 0 where it does not fit.
func need(n int) uint32 {
	if uint64(n) > math.MaxUint32 {
		return 0
	}
	return uint32(n)
}

// multi answers with several values, each followed by a NUL, through the
// arguments (buffer, length, cursor, address of the next cursor, address of the
// count) at i. A value is never split. The next cursor is -1 at the end, and
// after an error too when its address is not 0.
func (f *frame) multi(i int, values func() []string) {
	next := int64(-1)
	if f.ok() {
		next = f.multiFill(i, values())
	}
	f.finishCursor(i+3, next)
}

func (f *frame) finishCursor(i int, next int64) {
	if f.u32(i) == 0 {
		return
	}
	st := f.st
	if f.st != OK {
		next = -1
	}
	f.st = OK
	f.put64(i, uint64(next))
	f.fail(st)
}

func (f *frame) multiFill(i int, values []string) (next int64) {
	buf := f.bytes(i)
	if !f.ok() {
		return -1
	}
	used, at := 0, uint64(f.u32(i+2))
	for ; at < uint64(len(values)); at++ {
		v := values[at]
		if len(buf)-used < len(v)+1 {
			break
		}
		used += copy(buf[used:], v)
		buf[used] = 0
		used++
	}
	switch {
	case at >= uint64(len(values)):
		next = -1
	case used == 0:
		f.put32(i+4, need(len(values[at])+1))
		f.fail(BufLen)
		return -1
	default:
		next = int64(at)
	}
	f.put32(i+4, uint32(used))
	return next
}

// maxName bounds header names; hyper, which Viceroy uses, goes no further.
const maxName = 65535

// name is the header name at i. An empty or illegal name is error, a too long
// one inval.
func (f *frame) name(i int) string {
	if f.u32(i+1) > maxName {
		f.fail(Inval)
	}
	name := f.copied(i)
	if f.ok() && !wire.ValidName(name) {
		f.fail(Error)
	}
	return name
}

// value is the header value at i.
func (f *frame) value(i int) string {
	value := f.copied(i)
	if !wire.ValidValue(value) {
		f.fail(Error)
	}
	f.spend(len(value))
	return value
}

// spend counts host memory against the sandbox's budget.
func (f *frame) spend(n int) {
	if f.ok() && !f.s.spend(n) {
		f.fail(LimitExceeded)
	}
}
