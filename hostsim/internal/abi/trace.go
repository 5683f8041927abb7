package abi

import (
	_ "embed"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"sync"
)

// parameters.txt has the names of the parameters of each call, with what they
// are: t a text as (address, length), l a list of handles as (address, length),
// p an address, v a value, o the address of a 32-bit result.
//
//go:embed parameters.txt
var paramsText string

// Parameter is one parameter of a host call as the witx has it.
type Parameter struct {
	Name string
	Kind byte // as in parameters.txt: t, l, p, v or o
	At   int  // index of its first core argument; t and l take two
}

// Parameters lists the parameters of a call in order. The list must not be
// changed.
func (f *Function) Parameters() []Parameter { return paramsOf()[f.Module+"."+f.Name] }

var paramsOf = sync.OnceValue(func() map[string][]Parameter {
	table := map[string][]Parameter{}
	for line := range strings.Lines(paramsText) {
		fields := strings.Fields(line)
		at, list := 0, []Parameter{}
		for _, field := range fields[1:] {
			name, kind, _ := strings.Cut(field, ":")
			list = append(list, Parameter{name, kind[0], at})
			if at++; kind == "t" || kind == "l" {
				at++
			}
		}
		table[fields[0]] = list
	}
	return table
})

// maxWord bounds a text in Words and Results, in bytes.
const maxWord = 256

// Words formats the arguments of a call before it is made: names and values,
// texts quoted. The contents of secrets are not part of it.
func (f *Function) Words(m Memory, args []uint64) string {
	var b strings.Builder
	list := paramsOf()[f.Module+"."+f.Name]
	for i, p := range list {
		switch p.Kind {
		case 't':
			word(&b, p.Name, textWord(m, uint32(args[p.At]), uint32(args[p.At+1])))
		case 'l':
			word(&b, p.Name, handlesWord(m, uint32(args[p.At]), uint32(args[p.At+1])))
		case 'v':
			if i == 0 || list[i-1].Kind != 'p' || !strings.HasSuffix(p.Name, "_len") {
				word(&b, p.Name, strconv.FormatUint(args[p.At], 10))
			}
		}
	}
	return b.String()
}

// Results formats what a successful call has written.
func (f *Function) Results(m Memory, args []uint64) string {
	var b strings.Builder
	list := paramsOf()[f.Module+"."+f.Name]
	for i, p := range list {
		switch {
		case p.Kind == 'o', p.Kind == 'p' && strings.HasSuffix(p.Name, "_out") && !strings.HasSuffix(p.Name, "nwritten_out") &&
			!strings.HasPrefix(p.Name, "addr_") && p.Name != "ending_cursor_out":
			if v, ok := wordAt(m, uint32(args[p.At])); ok {
				word(&b, p.Name, strconv.FormatUint(uint64(v), 10))
			}
		case p.Kind == 'p' && strings.HasSuffix(p.Name, "nwritten_out"):
			f.written(&b, m, args, list[:i])
		}
	}
	return b.String()
}

// written formats the buffer whose count is the parameter after those in
// before.
func (f *Function) written(b *strings.Builder, m Memory, args []uint64, before []Parameter) {
	n, ok := wordAt(m, uint32(args[before[len(before)-1].At+1]))
	for i := len(before) - 1; ok && i > 0; i-- {
		if before[i].Kind != 'v' || before[i-1].Kind != 'p' || !strings.HasSuffix(before[i].Name, "_len") {
			continue
		}
		if f.Module == "fastly_secret_store" {
			word(b, before[i-1].Name, fmt.Sprintf("(%d bytes)", n))
		} else {
			word(b, before[i-1].Name, textWord(m, uint32(args[before[i-1].At]), n))
		}
		return
	}
}

func word(b *strings.Builder, name, value string) {
	if b.Len() > 0 {
		b.WriteByte(' ')
	}
	b.WriteString(name + "=" + value)
}

func wordAt(m Memory, at uint32) (uint32, bool) {
	b, ok := m.Read(at, 4)
	if !ok {
		return 0, false
	}
	return binary.LittleEndian.Uint32(b), true
}

func textWord(m Memory, at, n uint32) string {
	shown := min(n, maxWord)
	b, ok := m.Read(at, shown)
	switch {
	case !ok:
		return "(out of bounds)"
	case shown < n:
		return fmt.Sprintf("%q...(%d bytes)", b, n)
	}
	return strconv.Quote(string(b))
}

func handlesWord(m Memory, at, n uint32) string {
	handles := []uint32{}
	for i := range min(n, 32) {
		if h, ok := wordAt(m, at+4*i); ok {
			handles = append(handles, h)
		}
	}
	return strings.ReplaceAll(fmt.Sprint(handles), " ", ",")
}
