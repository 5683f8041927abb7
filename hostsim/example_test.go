package hostsim_test

import (
	"context"
	"fmt"
	"log"
	"net/http"

	"github.com/clickedge/clickedge/hostsim"
	"github.com/clickedge/clickedge/hostsim/internal/wattest"
)

// noContent is the smallest useful guest, assembled by hand: it answers 204. In
// text form:
//
//	(import "fastly_http_resp" "new"             (func (param i32) (result i32)))
//	(import "fastly_http_resp" "status_set"      (func (param i32 i32) (result i32)))
//	(import "fastly_http_body" "new"             (func (param i32) (result i32)))
//	(import "fastly_http_resp" "send_downstream" (func (param i32 i32 i32) (result i32)))
//	(memory (export "memory") 1)
//	(func (export "_start")
//	  (drop (call 0 (i32.const 0))) (drop (call 2 (i32.const 4)))
//	  (drop (call 1 (i32.load (i32.const 0)) (i32.const 204)))
//	  (drop (call 3 (i32.load (i32.const 0)) (i32.load (i32.const 4)) (i32.const 0))))
const noContent = "\x00asm\x01\x00\x00\x00" +
	"\x01\x16\x04\x60\x01\x7f\x01\x7f\x60\x02\x7f\x7f\x01\x7f\x60\x03\x7f\x7f\x7f\x01\x7f\x60\x00\x00" +
	"\x02\x70\x04" +
	"\x10fastly_http_resp\x03new\x00\x00" +
	"\x10fastly_http_resp\x0astatus_set\x00\x01" +
	"\x10fastly_http_body\x03new\x00\x00" +
	"\x10fastly_http_resp\x0fsend_downstream\x00\x02" +
	"\x03\x02\x01\x03" +
	"\x05\x03\x01\x00\x01" +
	"\x07\x13\x02\x06memory\x02\x00\x06_start\x00\x04" +
	"\x0a\x28\x01\x26\x00" +
	"\x41\x00\x10\x00\x1a" +
	"\x41\x04\x10\x02\x1a" +
	"\x41\x00\x28\x02\x00\x41\xcc\x01\x10\x01\x1a" +
	"\x41\x00\x28\x02\x00\x41\x04\x28\x02\x00\x41\x00\x10\x03\x1a" +
	"\x0b"

func Example() {
	ctx := context.Background()
	h, err := hostsim.New(ctx, []byte(noContent), hostsim.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer h.Close(ctx)
	resp, x, err := h.Do(ctx, &hostsim.Request{Target: "/anything"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(resp.Status, x.Ending)
	for _, call := range x.Calls {
		fmt.Println(call.Module, call.Name, call.Status)
	}
	// Output:
	// 204 exited with code 0
	// fastly_http_resp new ok
	// fastly_http_body new ok
	// fastly_http_resp status_set ok
	// fastly_http_resp send_downstream ok
}

func ExampleNew_refused() {
	_, err := hostsim.New(context.Background(), []byte("\x00asm\x01\x00\x00\x00"), hostsim.Config{})
	fmt.Println(err)
	// Output: module cannot run on Compute: no exported function "_start"; no exported memory "memory"
}

// proxy passes every request on to the backend "origin" and the answer back;
// without an answer it ends in silence.
const proxy = `(module
  (import "fastly_http_req" "body_downstream_get" (func $request (param i32 i32) (result i32)))
  (import "fastly_http_req" "send" (func $send (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "fastly_http_resp" "send_downstream" (func $answer (param i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 64) "origin")
  (func (export "_start")
    (drop (call $request (i32.const 0) (i32.const 4)))
    (br_if 0 (call $send (i32.load (i32.const 0)) (i32.load (i32.const 4)) (i32.const 64) (i32.const 6) (i32.const 8) (i32.const 12)))
    (drop (call $answer (i32.load (i32.const 8)) (i32.load (i32.const 12)) (i32.const 0)))))`

// A backend is a handler; what it was sent is in the exchange, byte for byte.
func ExampleHost_Do() {
	ctx := context.Background()
	// a test of yours reads bin/main.wasm
	module, err := wattest.Assemble(proxy)
	if err != nil {
		log.Fatal(err)
	}
	origin := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "you asked %s for %s", r.Host, r.RequestURI)
	})
	h, err := hostsim.New(ctx, module, hostsim.Config{
		Backends: map[string]hostsim.Backend{"origin": {Handler: origin, Host: "track.example.net"}},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer h.Close(ctx)
	resp, x, err := h.Do(ctx, &hostsim.Request{Target: "/a%zz//b?c|d", Host: "host.example.com"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%d %s\n", resp.Status, resp.Body)
	fmt.Println(x.Sent[0].Method, x.Sent[0].Target, x.Sent[0].Status)
	// Output:
	// 200 you asked track.example.net for /a%zz//b?c|d
	// GET /a%zz//b?c|d 200
}

// Some of the requests meet a backend that resets the connection; the seed says
// which.
func ExampleFault() {
	ctx := context.Background()
	module, err := wattest.Assemble(proxy)
	if err != nil {
		log.Fatal(err)
	}
	h, err := hostsim.New(ctx, module, hostsim.Config{
		Backends: map[string]hostsim.Backend{"origin": {Handler: http.NotFoundHandler()}},
		Faults:   []hostsim.Fault{{Kind: hostsim.BackendResets, Name: "origin", Share: 0.5}},
		Seed:     7,
	})
	if err != nil {
		log.Fatal(err)
	}
	defer h.Close(ctx)
	for range 4 {
		_, x, err := h.Do(ctx, &hostsim.Request{})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(x.Response, x.Faults)
	}
	// Output:
	// 404 []
	// 404 []
	// 200 [backend origin resets]
	// 200 [backend origin resets]
}
