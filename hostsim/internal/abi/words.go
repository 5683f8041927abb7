package abi

import (
	_ "embed"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"sync"
)

// params.txt has the names of the parameters of each call, with what they are: t a text as (address, length), l a list of
// handles as (address, length), p an address, v a value, o the address of a 32-bit result.
//
//go:embed params.txt
var paramsText string

type param struct {
	name string
	kind byte
	at   int // index of its first core argument
}

var paramsOf = sync.OnceValue(func() map[string][]param {
	table := map[string][]param{}
	for line := range strings.Lines(paramsText) {
		fields := strings.Fields(line)
		at, list := 0, []param{}
		for _, field := range fields[1:] {
			name, kind, _ := strings.Cut(field, ":")
			list = append(list, param{name, kind[0], at})
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

// Words describes the arguments of a call, before it is made: names and values, texts quoted. The contents of secrets are
// not part of it.
func (f *Function) Words(m Memory, args []uint64) string {
	var b strings.Builder
	list := paramsOf()[f.Module+"."+f.Name]
	for i, p := range list {
		switch p.kind {
		case 't':
			word(&b, p.name, textWord(m, uint32(args[p.at]), uint32(args[p.at+1])))
		case 'l':
			word(&b, p.name, handlesWord(m, uint32(args[p.at]), uint32(args[p.at+1])))
		case 'v':
			if i == 0 || list[i-1].kind != 'p' || !strings.HasSuffix(p.name, "_len") {
				word(&b, p.name, strconv.FormatUint(args[p.at], 10))
			}
		}
	}
	return b.String()
}

// Results describes what a call that went well has written.
func (f *Function) Results(m Memory, args []uint64) string {
	var b strings.Builder
	list := paramsOf()[f.Module+"."+f.Name]
	for i, p := range list {
		switch {
		case p.kind == 'o', p.kind == 'p' && strings.HasSuffix(p.name, "_out") && !strings.HasSuffix(p.name, "nwritten_out") &&
			!strings.HasPrefix(p.name, "addr_") && p.name != "ending_cursor_out":
			if v, ok := wordAt(m, uint32(args[p.at])); ok {
				word(&b, p.name, strconv.FormatUint(uint64(v), 10))
			}
		case p.kind == 'p' && strings.HasSuffix(p.name, "nwritten_out"):
			f.written(&b, m, args, list[:i])
		}
	}
	return b.String()
}

// written describes the buffer whose count is the parameter behind before.
func (f *Function) written(b *strings.Builder, m Memory, args []uint64, before []param) {
	n, ok := wordAt(m, uint32(args[before[len(before)-1].at+1]))
	for i := len(before) - 1; ok && i > 0; i-- {
		if before[i].kind != 'v' || before[i-1].kind != 'p' || !strings.HasSuffix(before[i].name, "_len") {
			continue
		}
		if f.Module == "fastly_secret_store" {
			word(b, before[i-1].name, fmt.Sprintf("(%d bytes)", n))
		} else {
			word(b, before[i-1].name, textWord(m, uint32(args[before[i-1].at]), n))
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
