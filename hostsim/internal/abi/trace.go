package abi

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// maxWord bounds a text in Words and Results, in bytes.
const maxWord = 256

// Words formats the arguments of a call before it is made: names and values,
// texts quoted. The contents of secrets are not part of it. An engine may leave
// anything in the upper half of an argument of 32 bits.
func (f *Function) Words(m Memory, args []uint64) string {
	var b strings.Builder
	for i, p := range f.Parameters {
		switch {
		case p.Kind == 't':
			word(&b, p.Name, textWord(m, uint32(args[p.At]), uint32(args[p.At+1])))
		case p.Kind == 'l':
			word(&b, p.Name, handlesWord(m, uint32(args[p.At]), uint32(args[p.At+1])))
		case p.Form == 'a':
			word(&b, p.Name, addressWord(m, uint32(args[p.At]), uint32(args[p.At+1])))
		case p.Kind == 'v' && !f.isLength(i):
			word(&b, p.Name, strconv.FormatUint(uint64(uint32(args[p.At])), 10))
		case p.Kind == 'w':
			word(&b, p.Name, strconv.FormatUint(args[p.At], 10))
		}
	}
	return b.String()
}

// isLength reports whether the parameter i is the length of what the one before
// it points to.
func (f *Function) isLength(i int) bool {
	return i > 0 && f.Parameters[i-1].Kind == 'p' && strings.HasSuffix(f.Parameters[i].Name, "_len")
}

// Results formats what a call has written. wrote has the addresses to which it
// wrote numbers: what it left alone has no meaning.
func (f *Function) Results(m Memory, args []uint64, wrote []uint32) string {
	var b strings.Builder
	for i, p := range f.Parameters {
		if p.Form == 0 || p.Kind != 'o' && p.Kind != 'p' || !slices.Contains(wrote, uint32(args[p.At])) {
			continue
		}
		switch at := uint32(args[p.At]); p.Form {
		case '2', '4', '8':
			word(&b, p.Name, strconv.FormatUint(numberAt(m, at, uint32(p.Form-'0')), 10))
		case 's':
			word(&b, p.Name, strconv.FormatInt(int64(numberAt(m, at, 8)), 10))
		case 'n':
			f.written(&b, m, args, i)
		}
	}
	return b.String()
}

// written formats the bytes whose number is the parameter i, or that number
// where the call has them from the guest, or has found no room for them.
func (f *Function) written(b *strings.Builder, m Memory, args []uint64, i int) {
	n := uint32(numberAt(m, uint32(args[f.Parameters[i].At]), 4))
	j := i - 1
	for j >= 0 && f.Parameters[j].Form != 'b' && f.Parameters[j].Form != 'i' {
		j--
	}
	if j < 0 || f.isLength(j+1) && n > uint32(args[f.Parameters[j+1].At]) {
		word(b, f.Parameters[i].Name, strconv.FormatUint(uint64(n), 10))
		return
	}
	p, at := f.Parameters[j], uint32(args[f.Parameters[j].At])
	switch {
	case f.Module == "fastly_secret_store":
		word(b, p.Name, fmt.Sprintf("(%d bytes)", n))
	case p.Form == 'i':
		word(b, p.Name, addressWord(m, at, n))
	default:
		word(b, p.Name, textWord(m, at, n))
	}
}

func word(b *strings.Builder, name, value string) {
	if b.Len() > 0 {
		b.WriteByte(' ')
	}
	b.WriteString(name + "=" + value)
}

// numberAt reads a number of so many bytes; 0 where there is no memory.
func numberAt(m Memory, at, size uint32) uint64 {
	var number [8]byte
	b, _ := m.Read(at, size)
	copy(number[:], b)
	return binary.LittleEndian.Uint64(number[:])
}

// addressWord formats the octets of an IP address, or whatever else they are.
func addressWord(m Memory, at, n uint32) string {
	if b, ok := m.Read(at, n); ok {
		if ip, ok := netip.AddrFromSlice(b); ok {
			return ip.String()
		}
	}
	return textWord(m, at, n)
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
		if b, ok := m.Read(at+4*i, 4); ok {
			handles = append(handles, binary.LittleEndian.Uint32(b))
		}
	}
	return strings.ReplaceAll(fmt.Sprint(handles), " ", ",")
}
