// Package wattest assembles WebAssembly modules from a part of the text format,
// for tests that need modules no compiler would make. It knows imports of
// functions, functions, one memory, one table, globals, exports, data and
// element segments and a start function, and the instructions in ops, flat or
// folded. It does not validate: what engines do with a module that is not valid
// is one of the things to be tested.
package wattest

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
)

// Assemble turns the text of one module into its binary form. An error names
// the line.
func Assemble(text string) ([]byte, error) {
	p := &parser{src: text, line: 1}
	root, err := p.next()
	if err != nil {
		return nil, err
	}
	if root == nil || root.head() != "module" {
		return nil, p.fail("want (module ...)")
	}
	if extra, err := p.next(); err != nil || extra != nil || p.at < len(p.src) {
		return nil, p.fail("text after the module")
	}
	m := &module{names: map[string]uint32{}}
	if err := m.declare(root.list[1:]); err != nil {
		return nil, err
	}
	return m.binary()
}

// module is what the sections are made of.
type module struct {
	types, imports, funcs, globals, exports, elems, datas [][]byte
	table, memory, start                                  []byte
	codes                                                 []*code
	// of functions ("f$x") and globals ("g$x")
	names    map[string]uint32
	imported uint32
	// what needs all names
	late []func() error
}

// code is the body of a function until all names are known.
type code struct {
	body   []*node
	locals map[string]uint32
	count  uint32
	types  []byte // of locals that are not parameters
}

func fail(n *node, format string, args ...any) error {
	return fmt.Errorf("line %d: %s", n.line, fmt.Sprintf(format, args...))
}

func (m *module) declare(fields []*node) error {
	for _, field := range fields {
		var err error
		switch field.head() {
		case "import":
			err = m.importFunc(field)
		case "func":
			err = m.function(field)
		case "memory":
			m.memory, err = m.limits(field, "memory", 2, nil)
		case "table":
			m.table, err = m.limits(field, "table", 1, []byte{0x70})
		case "global":
			err = m.global(field)
		case "data", "elem", "start":
			m.late = append(m.late, func() error { return m.segment(field) })
		default:
			err = fail(field, "field %q", field.head())
		}
		if err != nil {
			return err
		}
	}
	for _, f := range m.late {
		if err := f(); err != nil {
			return err
		}
	}
	return nil
}

// leading takes a leading $name off list; "" when there is none.
func leading(list []*node) (name string, rest []*node) {
	if len(list) > 0 && strings.HasPrefix(list[0].word, "$") {
		return list[0].word, list[1:]
	}
	return "", list
}

// named is leading, with the name kept for what has that index.
func (m *module) named(space string, index int, list []*node) []*node {
	name, rest := leading(list)
	if name != "" {
		m.names[space+name] = uint32(index)
	}
	return rest
}

// exported takes leading (export "name") lists off list.
func (m *module) exported(kind byte, index int, list []*node) []*node {
	for len(list) > 0 && list[0].head() == "export" {
		m.exports = append(m.exports, append(append(name(list[0].list[1].text), kind), unsigned(uint64(index))...))
		list = list[1:]
	}
	return list
}

func (m *module) importFunc(n *node) error {
	if len(n.list) != 4 || n.list[3].head() != "func" {
		return fail(n, "want (import \"module\" \"name\" (func ...))")
	}
	c := &code{locals: map[string]uint32{}}
	rest := m.named("f", int(m.imported), n.list[3].list[1:])
	of, rest, err := m.signature(rest, c)
	if err != nil || len(rest) > 0 {
		return fail(n, "signature of an import: %v", err)
	}
	m.imports = append(m.imports, append(append(append(name(n.list[1].text), name(n.list[2].text)...), 0), unsigned(of)...))
	m.imported++
	return nil
}

func (m *module) function(n *node) error {
	index := int(m.imported) + len(m.funcs)
	rest := m.exported(0, index, m.named("f", index, n.list[1:]))
	c := &code{locals: map[string]uint32{}}
	of, rest, err := m.signature(rest, c)
	if err != nil {
		return fail(n, "%v", err)
	}
	for len(rest) > 0 && rest[0].head() == "local" {
		types, err := c.variables(rest[0])
		if err != nil {
			return err
		}
		c.types, rest = append(c.types, types...), rest[1:]
	}
	c.body = rest
	m.funcs, m.codes = append(m.funcs, unsigned(of)), append(m.codes, c)
	return nil
}

// signature takes (param ...) and (result ...) off list and returns the index
// of the type.
func (m *module) signature(list []*node, c *code) (uint64, []*node, error) {
	var params, results []byte
	for len(list) > 0 && (list[0].head() == "param" || list[0].head() == "result") {
		into := &params
		types, err := []byte(nil), error(nil)
		if list[0].head() == "result" {
			into = &results
			types, err = (&code{}).variables(list[0])
		} else {
			types, err = c.variables(list[0])
		}
		if err != nil {
			return 0, nil, err
		}
		*into, list = append(*into, types...), list[1:]
	}
	of := append(append([]byte{0x60}, vector(split(params))...), vector(split(results))...)
	for i, have := range m.types {
		if bytes.Equal(have, of) {
			return uint64(i), list, nil
		}
	}
	m.types = append(m.types, of)
	return uint64(len(m.types) - 1), list, nil
}

// variables reads (param $x i32) or (local i32 i32).
func (c *code) variables(n *node) (types []byte, err error) {
	words := n.list[1:]
	if len(words) == 2 && strings.HasPrefix(words[0].word, "$") {
		c.locals[words[0].word] = c.count
		words = words[1:]
	}
	for _, w := range words {
		t, ok := valueTypes[w.word]
		if !ok {
			return nil, fail(w, "type %q", w.word)
		}
		types = append(types, t)
		c.count++
	}
	return types, nil
}

// limits reads [$name] (export ...)* min [max] [funcref].
func (m *module) limits(n *node, space string, kind byte, prefix []byte) ([]byte, error) {
	rest := m.exported(kind, 0, m.named(space, 0, n.list[1:]))
	if len(rest) > 0 && rest[len(rest)-1].word == "funcref" {
		rest = rest[:len(rest)-1]
	}
	if len(rest) < 1 || len(rest) > 2 {
		return nil, fail(n, "want one or two limits")
	}
	out := append(prefix, byte(len(rest)-1))
	for _, w := range rest {
		v, err := strconv.ParseUint(w.word, 0, 32)
		if err != nil {
			return nil, fail(w, "%v", err)
		}
		out = append(out, unsigned(v)...)
	}
	return out, nil
}

func (m *module) global(n *node) error {
	rest := m.exported(3, len(m.globals), m.named("g", len(m.globals), n.list[1:]))
	if len(rest) != 2 {
		return fail(n, "want (global type (constant))")
	}
	mutable, of := byte(0), rest[0]
	if of.head() == "mut" {
		mutable, of = 1, of.list[1]
	}
	init, err := m.expression(&code{}, rest[1:])
	m.globals = append(m.globals, append([]byte{valueTypes[of.word], mutable}, init...))
	return err
}

// segment adds (data offset "bytes"*), (elem offset functions*) and (start
// function).
func (m *module) segment(n *node) error {
	rest := n.list[1:]
	if n.head() == "start" {
		index, err := m.index("f", rest[0], nil)
		m.start = unsigned(index)
		return err
	}
	offset, err := m.expression(&code{}, rest[:1])
	if err != nil {
		return err
	}
	out := append([]byte{0}, offset...)
	if n.head() == "data" {
		var text []byte
		for _, s := range rest[1:] {
			text = append(text, s.text...)
		}
		m.datas = append(m.datas, append(out, name(text)...))
		return nil
	}
	var items [][]byte
	for _, w := range rest[1:] {
		index, err := m.index("f", w, nil)
		if err != nil {
			return err
		}
		items = append(items, unsigned(index))
	}
	m.elems = append(m.elems, append(out, vector(items)...))
	return nil
}

// index resolves a name or a number.
func (m *module) index(space string, n *node, locals map[string]uint32) (uint64, error) {
	if v, err := strconv.ParseUint(n.word, 0, 32); err == nil {
		return v, nil
	}
	v, ok := locals[n.word]
	if !ok {
		v, ok = m.names[space+n.word]
	}
	if !ok {
		return 0, fail(n, "%q is not known", n.word)
	}
	return uint64(v), nil
}

func (m *module) binary() ([]byte, error) {
	var bodies [][]byte
	for _, c := range m.codes {
		body, err := m.expression(c, c.body)
		if err != nil {
			return nil, err
		}
		var locals [][]byte
		for _, t := range c.types {
			locals = append(locals, []byte{1, t})
		}
		bodies = append(bodies, name(append(vector(locals), body...)))
	}
	out := []byte("\x00asm\x01\x00\x00\x00")
	for _, s := range []struct {
		id    byte
		items [][]byte
	}{{1, m.types}, {2, m.imports}, {3, m.funcs}, {4, one(m.table)}, {5, one(m.memory)}, {6, m.globals}, {7, m.exports}} {
		out = section(out, s.id, s.items)
	}
	if m.start != nil {
		out = append(append(out, 8, byte(len(m.start))), m.start...)
	}
	out = section(out, 9, m.elems)
	out = section(out, 10, bodies)
	return section(out, 11, m.datas), nil
}

func section(out []byte, id byte, items [][]byte) []byte {
	if len(items) == 0 {
		return out
	}
	return append(append(out, id), name(vector(items))...)
}

func one(item []byte) [][]byte {
	if item == nil {
		return nil
	}
	return [][]byte{item}
}

func split(b []byte) (items [][]byte) {
	for i := range b {
		items = append(items, b[i:i+1])
	}
	return items
}

func vector(items [][]byte) []byte {
	return append(unsigned(uint64(len(items))), bytes.Join(items, nil)...)
}

// name is bytes with their length in front.
func name(b []byte) []byte { return append(unsigned(uint64(len(b))), b...) }

func unsigned(v uint64) []byte { return binary.AppendUvarint(nil, v) }

func signed(v int64) (out []byte) {
	for {
		b := byte(v & 0x7f)
		v >>= 7
		if v == 0 && b&0x40 == 0 || v == -1 && b&0x40 != 0 {
			return append(out, b)
		}
		out = append(out, b|0x80)
	}
}
