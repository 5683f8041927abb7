// Package probetest has a guest that makes the host calls listed in a request,
// and reports their results. With it, tests write guests as tables, and the
// same table runs on any host.
//
// A request's body is a Program. The guest copies the program's image to the
// start of its memory, makes the calls one after the other, writes one letter
// for each status to the log endpoint "report" ('a' for ok, 'b' for error,
// ...), and answers with the first bytes of its memory.
package probetest

import (
	"encoding/binary"
	"fmt"
	"strings"
	"sync"

	"github.com/clickedge/clickedge/hostsim/internal/abi"
	"github.com/clickedge/clickedge/hostsim/internal/wattest"
)

// Layout of the guest's memory, in bytes. A program's image and results have
// the space up to Arena to themselves.
const (
	Arena   = 0x30000  // statuses from here on
	scratch = 0x3fe00  // the guest's own
	loadAt  = 0x40000  // the program
	MemSize = 0x100000 // the whole memory
)

// Arg is an argument of a call: a number, or where in memory a 32-bit number is
// to be found when the call is made.
type Arg struct {
	Value  uint32
	Loaded bool
}

// Const is a number.
func Const(v uint32) Arg { return Arg{Value: v} }

// At is the number at an address.
func At(addr uint32) Arg { return Arg{addr, true} }

// Call is one host call.
type Call struct {
	Fn   *abi.Function
	Args []Arg
}

// Program is a list of calls over an image of memory. Dump is how many bytes of
// memory the answer has.
type Program struct {
	Image []byte
	Calls []Call
	Dump  uint32
}

// Do appends a call by name, for example "http_req.new". It panics for a name
// that the ABI does not have, and for a wrong number of arguments.
func (p *Program) Do(name string, args ...Arg) {
	module, fn, _ := strings.Cut(name, ".")
	f := abi.Lookup("fastly_"+module, fn)
	if f == nil || len(f.Params) != len(args) {
		panic(fmt.Sprintf("probetest: %s with %d arguments", name, len(args)))
	}
	p.Calls = append(p.Calls, Call{f, args})
}

// Put writes into the image.
func (p *Program) Put(at uint32, data []byte) {
	if need := int(at) + len(data); need > len(p.Image) {
		p.Image = append(p.Image, make([]byte, need-len(p.Image))...)
	}
	copy(p.Image[at:], data)
}

// Encode makes the body of a request.
func (p *Program) Encode() []byte {
	out := binary.LittleEndian.AppendUint32(nil, uint32(len(p.Image)))
	out = binary.LittleEndian.AppendUint32(out, p.Dump)
	out = append(out, p.Image...)
	for _, c := range p.Calls {
		out = binary.LittleEndian.AppendUint32(out, uint32(index()[c.Fn]+1))
		for _, a := range c.Args {
			mode := uint32(0)
			if a.Loaded {
				mode = 1
			}
			out = binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(out, mode), a.Value)
		}
	}
	return binary.LittleEndian.AppendUint32(out, 0)
}

// Statuses decodes a line of the endpoint "report".
func Statuses(line string) []abi.Status {
	list := make([]abi.Status, len(line))
	for i := range line {
		list[i] = abi.Status(line[i] - 'a')
	}
	return list
}

var index = sync.OnceValue(func() map[*abi.Function]int {
	m := map[*abi.Function]int{}
	for i, f := range abi.Functions() {
		m[f] = i
	}
	return m
})

// Module is the guest.
var Module = sync.OnceValues(func() ([]byte, error) { return wattest.Assemble(text()) })

// text writes the guest: a loop, and a table with a branch for each host call.
func text() string {
	var b strings.Builder
	b.WriteString("(module\n")
	functions := abi.Functions()
	for i, f := range functions {
		fmt.Fprintf(&b, "(import %q %q (func $f%d %s (result i32)))\n", f.Module, f.Name, i, params(f))
	}
	fmt.Fprintf(&b, "(memory (export \"memory\") %d %d)\n(data (i32.const %d) \"report\")\n", MemSize>>16, MemSize>>16, scratch)
	b.WriteString("(global $pc (mut i32) (i32.const 0))\n")
	b.WriteString(`(func $word (result i32) (i32.load (global.get $pc)) (global.set $pc (i32.add (global.get $pc) (i32.const 4))))
(func $arg (result i32) (local $mode i32) (local $v i32)
  (local.set $mode (call $word)) (local.set $v (call $word))
  (if $x (result i32) (local.get $mode) (then (i32.load (local.get $v))) (else (local.get $v))))
`)
	table(&b, functions)
	fmt.Fprintf(&b, start, scratch, loadAt, Arena, lookup("http_req", "body_downstream_get"), lookup("http_body", "read"),
		lookup("log", "endpoint_get"), lookup("log", "write"), lookup("http_resp", "new"), lookup("http_body", "new"),
		lookup("http_body", "write"), lookup("http_resp", "send_downstream"), loadAt+8, loadAt+4)
	b.WriteString(")\n")
	return b.String()
}

func params(f *abi.Function) string {
	words := make([]string, 0, len(f.Params))
	for _, p := range f.Params {
		words = append(words, map[rune]string{'i': "i32", 'I': "i64"}[p])
	}
	return "(param " + strings.Join(words, " ") + ")"
}

func lookup(module, name string) string {
	return fmt.Sprintf("$f%d", index()[abi.Lookup("fastly_"+module, name)])
}

// table is the function that makes a call by its number.
func table(b *strings.Builder, functions []*abi.Function) {
	b.WriteString("(func $make (param $which i32) (result i32)\n")
	for i := len(functions) - 1; i >= 0; i-- {
		fmt.Fprintf(b, "(block $c%d ", i)
	}
	b.WriteString("(br_table ")
	for i := range functions {
		fmt.Fprintf(b, "$c%d ", i)
	}
	b.WriteString("$c0 (local.get $which))\n")
	for i, f := range functions {
		fmt.Fprintf(b, ") (return (call $f%d", i)
		for _, p := range f.Params {
			if p == 'I' {
				b.WriteString(" (i64.extend_i32_u (call $arg))")
			} else {
				b.WriteString(" (call $arg)")
			}
		}
		b.WriteString("))\n")
	}
	b.WriteString("(unreachable))\n")
}

// start has the guest's own addresses: 0x100 and up in scratch for handles and
// counts.
const start = `(func (export "_start") (local $n i32) (local $op i32)
  (drop (call %[4]s (i32.const 0x3ff00) (i32.const 0x3ff04)))
  (block $read (loop $more
    (br_if $read (call %[5]s (i32.load (i32.const 0x3ff04)) (i32.add (i32.const %[2]d) (local.get $n)) (i32.const 0x10000) (i32.const 0x3ff08)))
    (br_if $read (i32.eqz (i32.load (i32.const 0x3ff08))))
    (local.set $n (i32.add (local.get $n) (i32.load (i32.const 0x3ff08))))
    (br $more)))
  (memory.copy (i32.const 0) (i32.const %[12]d) (i32.load (i32.const %[2]d)))
  (global.set $pc (i32.add (i32.const %[12]d) (i32.load (i32.const %[2]d))))
  (local.set $n (i32.const 0))
  (block $done (loop $next
    (local.set $op (call $word))
    (br_if $done (i32.eqz (local.get $op)))
    (i32.store8 (i32.add (i32.const %[3]d) (local.get $n)) (i32.add (i32.const 97) (call $make (i32.sub (local.get $op) (i32.const 1)))))
    (local.set $n (i32.add (local.get $n) (i32.const 1)))
    (br $next)))
  (drop (call %[6]s (i32.const %[1]d) (i32.const 6) (i32.const 0x3ff0c)))
  (drop (call %[7]s (i32.load (i32.const 0x3ff0c)) (i32.const %[3]d) (local.get $n) (i32.const 0x3ff10)))
  (drop (call %[8]s (i32.const 0x3ff14)))
  (drop (call %[9]s (i32.const 0x3ff18)))
  (drop (call %[10]s (i32.load (i32.const 0x3ff18)) (i32.const 0) (i32.load (i32.const %[13]d)) (i32.const 0) (i32.const 0x3ff1c)))
  (drop (call %[11]s (i32.load (i32.const 0x3ff14)) (i32.load (i32.const 0x3ff18)) (i32.const 0))))
`
