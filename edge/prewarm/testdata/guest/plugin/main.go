//go:build wasip1

// Plugin is what a host loads: it has tables that take long to make, and exports that a host calls with a text.
package main

import (
	"fmt"
	"regexp"
	"strings"
	"unsafe"
)

var (
	rules  = map[string]*regexp.Regexp{}
	buffer []byte
	calls  int
)

func init() {
	for i := range 200 {
		rules[fmt.Sprint("rule-", i)] = regexp.MustCompile(fmt.Sprintf(`(?i)\b(item|part)-%d(?:\.[a-z]{2,8})?\b`, i))
	}
}

// input makes room for a text of the host.
//
//go:wasmexport input
func input(size uint32) unsafe.Pointer {
	buffer = make([]byte, size+1)
	return unsafe.Pointer(&buffer[0])
}

// matches returns how many rules match, and counts its calls.
//
//go:wasmexport matches
func matches(size uint32) uint32 {
	calls++
	n := uint32(0)
	for _, rule := range rules {
		if rule.Match(buffer[:size]) {
			n++
		}
	}
	return n
}

//go:wasmexport called
func called() uint32 { return uint32(calls) }

// upper changes the text in its place, and returns its length.
//
//go:wasmexport upper
func upper(size uint32) uint32 {
	return uint32(copy(buffer, strings.ToUpper(string(buffer[:size]))))
}

func main() {}
