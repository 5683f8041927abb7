//go:build wasip1

package main

// lead is a type for its size: the linker puts what it notes of each field, 24
// bytes, before all texts. These stand by their length. A click reads some of
// one byte and, in a page that refuses it, one of 355, 62 KiB apart, and pays
// for each window of 64 KiB that it reads in. The 118 fields put them into one
// window, with 740 bytes of play before them and 1,070 behind, where they would
// stand in two. bench/budget.json fails when they do again.
type lead struct {
	_, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _,
	_, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _,
	_, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _,
	_, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _,
	_, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _ struct{}
}
