package wattest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// emitter writes the instructions of one expression.
type emitter struct {
	m      *module
	c      *code
	out    []byte
	labels []string // innermost last
}

// expression assembles instructions up to the end that closes them.
func (m *module) expression(c *code, list []*node) ([]byte, error) {
	e := &emitter{m: m, c: c}
	if err := e.flat(list); err != nil {
		return nil, err
	}
	return append(e.out, 0x0b), nil
}

func (e *emitter) flat(list []*node) error {
	for len(list) > 0 {
		n := list[0]
		if n.kind == 'l' {
			if err := e.folded(n); err != nil {
				return err
			}
			list = list[1:]
			continue
		}
		rest, err := e.instruction(n, list[1:])
		if err != nil {
			return err
		}
		list = rest
	}
	return nil
}

var blocks = map[string]byte{"block": 0x02, "loop": 0x03, "if": 0x04}

// folded: operands stand behind the instruction, in parentheses.
func (e *emitter) folded(n *node) error {
	rest := n.list[1:]
	if code, ok := blocks[n.head()]; ok {
		return e.block(n, code, rest)
	}
	immediates := 0
	for immediates < len(rest) && rest[immediates].kind != 'l' {
		immediates++
	}
	operands := rest[immediates:]
	for len(operands) > 0 && operands[0].head() == "type" {
		operands = operands[1:]
	}
	if err := e.flat(operands); err != nil {
		return err
	}
	left, err := e.instruction(n.list[0], rest[:immediates])
	if err == nil && len(left) > 0 {
		err = fail(n, "%q is too much for %s", left[0].word, n.head())
	}
	return err
}

// block is a folded block, loop or if with its (then ...) and (else ...).
func (e *emitter) block(n *node, code byte, rest []*node) error {
	label, rest := leading(rest)
	of := byte(0x40)
	if len(rest) > 0 && rest[0].head() == "result" {
		of, rest = valueTypes[rest[0].list[1].word], rest[1:]
	}
	if code != 0x04 {
		e.open(label, code, of)
		defer e.close()
		return e.flat(rest)
	}
	at := slices.IndexFunc(rest, func(n *node) bool { return n.head() == "then" })
	if at < 0 {
		return fail(n, "an if without (then ...)")
	}
	if err := e.flat(rest[:at]); err != nil {
		return err
	}
	e.open(label, code, of)
	defer e.close()
	if err := e.flat(rest[at].list[1:]); err != nil || at+1 == len(rest) {
		return err
	}
	e.out = append(e.out, 0x05)
	return e.flat(rest[at+1].list[1:])
}

func (e *emitter) open(label string, code, of byte) {
	e.labels = append(e.labels, label)
	e.out = append(e.out, code, of)
}

func (e *emitter) close() {
	e.labels = e.labels[:len(e.labels)-1]
	e.out = append(e.out, 0x0b)
}

// instruction writes one instruction that is not folded and returns what
// follows its immediates.
func (e *emitter) instruction(n *node, rest []*node) ([]*node, error) {
	if code, ok := blocks[n.word]; ok {
		label, rest := leading(rest)
		e.open(label, code, 0x40)
		return rest, nil
	}
	if n.word == "end" {
		if len(e.labels) == 0 {
			return nil, fail(n, "an end too many")
		}
		e.close()
		return rest, nil
	}
	o, ok := ops[n.word]
	if !ok {
		return nil, fail(n, "instruction %q", n.word)
	}
	e.out = append(e.out, o.code...)
	return e.immediate(n, o, rest)
}

func (e *emitter) immediate(n *node, o op, rest []*node) ([]*node, error) {
	switch o.imm {
	case 0:
		return rest, nil
	case 'z':
		e.out = append(e.out, 0)
		return rest, nil
	case 'm':
		return e.memory(o, rest)
	case 't':
		return e.labelList(n, rest)
	}
	if len(rest) == 0 {
		return nil, fail(n, "%s lacks something", n.word)
	}
	switch o.imm {
	case 'i', 'I':
		v, err := constant(rest[0].word, o.imm)
		if err != nil {
			return nil, fail(n, "%v", err)
		}
		e.out = append(e.out, signed(v)...)
		return rest[1:], nil
	case 'b':
		return rest[1:], e.label(rest[0])
	case 'x':
		index, err := e.m.index("", rest[0], nil)
		e.out = append(append(e.out, unsigned(index)...), 0)
		return rest[1:], err
	}
	var locals map[string]uint32
	if o.imm == 'l' {
		locals = e.c.locals
	}
	index, err := e.m.index(string(o.imm), rest[0], locals)
	e.out = append(e.out, unsigned(index)...)
	return rest[1:], err
}

// constant accepts signed and unsigned forms of 32 bits.
func constant(word string, kind byte) (int64, error) {
	v, err := strconv.ParseInt(word, 0, 64)
	if err != nil {
		return 0, err
	}
	if kind == 'i' {
		if v < -1<<31 || v >= 1<<32 {
			return 0, fmt.Errorf("%s is not a 32-bit number", word)
		}
		v = int64(int32(v))
	}
	return v, nil
}

func (e *emitter) memory(o op, rest []*node) ([]*node, error) {
	offset := uint64(0)
	for len(rest) > 0 {
		text, ok := strings.CutPrefix(rest[0].word, "offset=")
		if !ok {
			break
		}
		v, err := strconv.ParseUint(text, 0, 32)
		if err != nil {
			return nil, fail(rest[0], "%v", err)
		}
		offset, rest = v, rest[1:]
	}
	e.out = append(append(e.out, o.align), unsigned(offset)...)
	return rest, nil
}

func (e *emitter) label(n *node) error {
	for depth := range e.labels {
		if n.word != "" && e.labels[len(e.labels)-1-depth] == n.word {
			e.out = append(e.out, unsigned(uint64(depth))...)
			return nil
		}
	}
	v, err := strconv.ParseUint(n.word, 0, 32)
	if err != nil {
		return fail(n, "label %q", n.word)
	}
	e.out = append(e.out, unsigned(v)...)
	return nil
}

func (e *emitter) labelList(n *node, rest []*node) ([]*node, error) {
	count := 0
	for count < len(rest) && rest[count].kind == 'w' && (rest[count].word[0] == '$' || rest[count].word[0] >= '0' && rest[count].word[0] <= '9') {
		count++
	}
	if count == 0 {
		return nil, fail(n, "br_table without labels")
	}
	e.out = append(e.out, unsigned(uint64(count-1))...)
	for _, label := range rest[:count] {
		if err := e.label(label); err != nil {
			return nil, err
		}
	}
	return rest[count:], nil
}
