package abi

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
)

// maxWord bounds a text in Words and Results, in bytes.
const maxWord = 256

// Words formats the arguments of a call before it is made: names and values,
// texts quoted. The contents of secrets are not part of it.
func (f *Function) Words(m Memory, args []uint64) string {
	var b strings.Builder
	for i, p := range f.Parameters {
		switch p.Kind {
		case 't':
			word(&b, p.Name, textWord(m, uint32(args[p.At]), uint32(args[p.At+1])))
		case 'l':
			word(&b, p.Name, handlesWord(m, uint32(args[p.At]), uint32(args[p.At+1])))
		case 'v': // an engine may leave anything in the upper half
			if i == 0 || f.Parameters[i-1].Kind != 'p' || !strings.HasSuffix(p.Name, "_len") {
				word(&b, p.Name, strconv.FormatUint(uint64(uint32(args[p.At])), 10))
			}
		case 'w':
			word(&b, p.Name, strconv.FormatUint(args[p.At], 10))
		}
	}
	return b.String()
}

// Results formats what a successful call has written.
func (f *Function) Results(m Memory, args []uint64) string {
	var b strings.Builder
	for i, p := range f.Parameters {
		switch {
		case p.Kind == 'o', p.Kind == 'p' && strings.HasSuffix(p.Name, "_out") && !strings.HasSuffix(p.Name, "nwritten_out") &&
			!strings.HasPrefix(p.Name, "addr_") && p.Name != "ending_cursor_out":
			if v, ok := wordAt(m, uint32(args[p.At])); ok {
				word(&b, p.Name, strconv.FormatUint(uint64(v), 10))
			}
		case p.Kind == 'p' && strings.HasSuffix(p.Name, "nwritten_out"):
			f.written(&b, m, args, f.Parameters[:i])
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
