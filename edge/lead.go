//go:build wasip1

package main

// lead is a type for its size: the linker puts what it notes of each field, 24
// bytes, before all texts. These stand by their length. A click reads some of
// one byte and, in a page that refuses it, one of 355, 62 KiB apart, and pays
// for each window of 64 KiB that it reads in. The 24 fields put them into one
// window, with 100 bytes of play before them and 80 behind, where they would
// stand in two. bench/budget.json fails when they do again.
type lead struct {
	_, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _ struct{}
}

// tail is for its size, too: the longest text stands last, behind all others, so
// that the tables that a click reads stand behind it. With 12 KiB they are in one
// window, with 2 KiB of play before them and 40 behind.
const (
	tail     = zeros4K + zeros4K + zeros4K
	zeros4K  = zeros1K + zeros1K + zeros1K + zeros1K
	zeros1K  = zeros256 + zeros256 + zeros256 + zeros256
	zeros256 = zeros64 + zeros64 + zeros64 + zeros64
	zeros64  = "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00" +
		"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00" +
		"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00" +
		"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
)
