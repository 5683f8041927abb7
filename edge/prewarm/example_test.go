package prewarm_test

import (
	"context"
	"fmt"

	"github.com/clickedge/clickedge/edge/prewarm"
)

// A program that uses Fastly's SDK, fsthttp and all; it is in
// testdata/guest/fsthttp. What was compiled with
//
//	GOOS=wasip1 GOARCH=wasm go build -trimpath -buildmode=c-shared -o bin/reactor.wasm .
//
// becomes what goes into bin/main.wasm.
func ExampleModule() {
	reactor, err := buildGuest("fsthttp")
	if err != nil {
		fmt.Println(err)
		return
	}
	out, rep, err := prewarm.Module(context.Background(), reactor, prewarm.Options{Entry: "serve"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("a module of WebAssembly:", string(out[:4]) == "\x00asm")
	fmt.Println("data segments fewer than 2,000:", rep.Segments < 2000)
	fmt.Println("variables that were kept:", rep.Globals)
	// Output:
	// a module of WebAssembly: true
	// data segments fewer than 2,000: true
	// variables that were kept: 8
}

// The program in testdata/guest/room has room for data, which is changed
// without compiling or initialising it again.
func ExampleFill() {
	reactor, err := buildGuest("room")
	if err != nil {
		fmt.Println(err)
		return
	}
	module, _, err := prewarm.Module(context.Background(), reactor, prewarm.Options{Room: "room", RoomSize: 1 << 20})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, config := range []string{`{"origin": "a.example"}`, `{"origin": "b.example"}`} {
		if module, err = prewarm.Fill(module, []byte(config)); err != nil {
			fmt.Println(err)
			return
		}
		data, size, _ := prewarm.Filled(module)
		fmt.Printf("%s of %d bytes at most\n", data, size)
	}
	// Output:
	// {"origin": "a.example"} of 1048576 bytes at most
	// {"origin": "b.example"} of 1048576 bytes at most
}
