//go:build wasip1

// Room prints what was put into its room after it had been initialised.
package main

import (
	"encoding/binary"
	"fmt"
	"runtime"
	"unsafe"
)

var room []byte

//go:wasmexport room
func makeRoom(size uint32) unsafe.Pointer {
	room = make([]byte, size)
	return unsafe.Pointer(&room[0])
}

// sign is where the beginning of what is in the room is put once more.
var sign [20]byte

//go:wasmexport sign
func signAt() unsafe.Pointer { return unsafe.Pointer(&sign) }

//go:wasmexport dirty_sign
func dirtySign() unsafe.Pointer {
	sign[19] = 1
	return signAt()
}

//go:wasmexport sign_beyond
func signBeyond() uint32 { return 0xFFFFFFF0 }

//go:wasmexport sign_nowhere
func signNowhere() uint32 { return 0 }

//go:wasmexport sign_in_room
func signInRoom() unsafe.Pointer { return unsafe.Pointer(&room[len(room)-1]) }

//go:wasmexport show_sign
func showSign() { fmt.Printf("%q\n", sign) }

//go:wasmexport dirty
func dirty(size uint32) unsafe.Pointer {
	p := makeRoom(size)
	room[size-1] = 1
	return p
}

//go:wasmexport beyond
func beyond(uint32) uint32 { return 0xFFFF0000 }

//go:wasmexport nowhere
func nowhere(uint32) unsafe.Pointer { return nil }

//go:wasmexport wrong
func wrong(uint32) {}

//go:wasmexport serve
func serve() {
	text := found()
	for range 3 { // the room outlives the collector, and nothing else is put there
		garbage := make([]byte, 8<<20)
		garbage[len(garbage)-1] = 1
		runtime.GC()
	}
	fmt.Printf("%q %t %d\n", text, text == found(), len(room))
}

func found() string {
	n := binary.LittleEndian.Uint32(room)
	return string(room[4 : 4+n])
}

func main() {}
