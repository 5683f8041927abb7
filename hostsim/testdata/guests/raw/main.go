//go:build wasip1

// The raw guest makes host calls without an SDK. The first path segment says
// what it does; see routes.
package main

import (
	"os"
	"strings"
	"time"
	"unsafe"
)

//go:wasmimport fastly_abi init
func abiInit(version uint64) uint32

//go:wasmimport fastly_http_req body_downstream_get
func downstreamGet(req, body unsafe.Pointer) uint32

//go:wasmimport fastly_http_req uri_get
func uriGet(req uint32, buf unsafe.Pointer, n uint32, written unsafe.Pointer) uint32

//go:wasmimport fastly_http_req send_v2
func sendV2(req, body uint32, backend unsafe.Pointer, n uint32, detail, resp, respBody unsafe.Pointer) uint32

//go:wasmimport fastly_http_req send_async_streaming
func sendAsyncStreaming(req, body uint32, backend unsafe.Pointer, n uint32, pending unsafe.Pointer) uint32

//go:wasmimport fastly_http_req send_async
func sendAsync(req, body uint32, backend unsafe.Pointer, n uint32, pending unsafe.Pointer) uint32

//go:wasmimport fastly_http_req pending_req_wait_v2
func pendingWait(pending uint32, detail, resp, body unsafe.Pointer) uint32

//go:wasmimport fastly_http_req new
func reqNew(req unsafe.Pointer) uint32

//go:wasmimport fastly_http_req uri_set
func uriSet(req uint32, uri unsafe.Pointer, n uint32) uint32

//go:wasmimport fastly_http_req header_names_get
func reqHeaderNames(req uint32, buf unsafe.Pointer, n, cursor uint32, next, written unsafe.Pointer) uint32

//go:wasmimport fastly_http_downstream downstream_original_header_names
func originalNames(req uint32, buf unsafe.Pointer, n, cursor uint32, next, written unsafe.Pointer) uint32

//go:wasmimport fastly_http_resp new
func respNew(resp unsafe.Pointer) uint32

//go:wasmimport fastly_http_resp status_set
func statusSet(resp, status uint32) uint32

//go:wasmimport fastly_http_resp send_downstream
func sendDownstream(resp, body, streaming uint32) uint32

//go:wasmimport fastly_http_resp send_downstream_pending
func sendDownstreamPending(pending uint32) uint32

//go:wasmimport fastly_http_body new
func bodyNew(body unsafe.Pointer) uint32

//go:wasmimport fastly_http_body read
func bodyRead(body uint32, buf unsafe.Pointer, n uint32, read unsafe.Pointer) uint32

//go:wasmimport fastly_http_body write
func bodyWrite(body uint32, buf unsafe.Pointer, n, end uint32, written unsafe.Pointer) uint32

//go:wasmimport fastly_http_body append
func bodyAppend(dest, src uint32) uint32

//go:wasmimport fastly_http_body close
func bodyClose(body uint32) uint32

//go:wasmimport fastly_http_body abandon
func bodyAbandon(body uint32) uint32

//go:wasmimport fastly_http_body trailer_append
func trailerAppend(body uint32, name unsafe.Pointer, n uint32, value unsafe.Pointer, m uint32) uint32

//go:wasmimport fastly_log endpoint_get
func logGet(name unsafe.Pointer, n uint32, endpoint unsafe.Pointer) uint32

//go:wasmimport fastly_log write
func logWrite(endpoint uint32, msg unsafe.Pointer, n uint32, written unsafe.Pointer) uint32

func ptr(s string) (unsafe.Pointer, uint32) {
	return unsafe.Pointer(unsafe.StringData(s)), uint32(len(s))
}

// must ends the guest with a code that tells which call failed and how.
func must(status uint32, what string) {
	if status != 0 {
		println("host call failed:", what, status)
		os.Exit(int(100 + status))
	}
}

type detail struct {
	tag, mask   uint32
	rcode, info uint16
	alert, h2   uint8
	h2code      uint32
}

var req, body uint32

func main() {
	abiInit(1)
	must(downstreamGet(unsafe.Pointer(&req), unsafe.Pointer(&body)), "body_downstream_get")
	uri := getURI()
	path := uri[strings.Index(uri, "://")+3:]
	path = path[strings.IndexByte(path, '/')+1:]
	name, rest, _ := strings.Cut(path, "/")
	run, ok := routes[name]
	if !ok {
		run = proxy
	}
	run(rest)
}

var routes map[string]func(string)

func init() {
	routes = map[string]func(string){
		"uri": func(string) { reply(200, getURI()) }, "echo": echo, "loop": func(string) { loop() }, "sleep": func(string) { time.Sleep(time.Hour) },
		"trap": trap, "exit": func(string) { os.Exit(7) }, "eat": eat, "nothing": func(string) {}, "names": names, "env": env,
		"stream": stream, "abandon": abandon, "unfinished": unfinished, "forget": forget, "pending": pending, "upload": upload, "upwait": upwait,
		"trailer": trailer, "late": late, "flood": flood, "time": now, "random": random, "twice": twice, "count": count,
		"log": func(s string) { log("access", s); reply(200, "logged") },
	}
}

func getURI() string {
	buf := make([]byte, 16<<10)
	var n uint32
	must(uriGet(req, unsafe.Pointer(&buf[0]), uint32(len(buf)), unsafe.Pointer(&n)), "uri_get")
	return string(buf[:n])
}

func proxy(string) {
	var d detail
	d.mask = 0xffffffff
	var resp, respBody uint32
	p, n := ptr("origin")
	if st := sendV2(req, body, p, n, unsafe.Pointer(&d), unsafe.Pointer(&resp), unsafe.Pointer(&respBody)); st != 0 {
		reply(502, "status "+itoa(st)+" tag "+itoa(d.tag)+" alert "+itoa(uint32(d.alert)))
		return
	}
	must(sendDownstream(resp, respBody, 0), "send_downstream")
}

func itoa(n uint32) string {
	if n < 10 {
		return string(rune('0' + n))
	}
	return itoa(n/10) + string(rune('0'+n%10))
}

func newBody(text string) uint32 {
	var b uint32
	must(bodyNew(unsafe.Pointer(&b)), "body new")
	if text != "" {
		write(b, text)
	}
	return b
}

func write(b uint32, text string) uint32 {
	p, n := ptr(text)
	var wrote uint32
	return bodyWrite(b, p, n, 0, unsafe.Pointer(&wrote))
}

func newResponse(status uint32) uint32 {
	var r uint32
	must(respNew(unsafe.Pointer(&r)), "resp new")
	must(statusSet(r, status), "status_set")
	return r
}

func reply(status uint32, text string) {
	must(sendDownstream(newResponse(status), newBody(text), 0), "send_downstream")
}

// echo sends the request body back as it comes.
func echo(string) {
	out := newBody("")
	must(sendDownstream(newResponse(200), out, 1), "send_downstream")
	buf := make([]byte, 4096)
	for {
		var n uint32
		must(bodyRead(body, unsafe.Pointer(&buf[0]), uint32(len(buf)), unsafe.Pointer(&n)), "read")
		if n == 0 {
			break
		}
		must(write(out, string(buf[:n])), "write")
	}
	must(bodyClose(out), "close")
}

var sink int

func loop() {
	for {
		sink++
	}
}

func trap(string) { *(*int)(unsafe.Pointer(uintptr(0xffffff00))) = 1 }

var eaten [][]byte

func eat(string) {
	for {
		b := make([]byte, 8<<20)
		for i := 0; i < len(b); i += 4096 {
			b[i] = 1
		}
		eaten = append(eaten, b)
	}
}

func names(string) {
	text := list(func(buf unsafe.Pointer, n, cursor uint32, next, wrote unsafe.Pointer) uint32 {
		return reqHeaderNames(req, buf, n, cursor, next, wrote)
	})
	text += "|" + list(func(buf unsafe.Pointer, n, cursor uint32, next, wrote unsafe.Pointer) uint32 {
		return originalNames(req, buf, n, cursor, next, wrote)
	})
	reply(200, text)
}

// list reads a multi-value answer through a small buffer, so that the cursor is
// put to use.
func list(call func(buf unsafe.Pointer, n, cursor uint32, next, wrote unsafe.Pointer) uint32) string {
	buf := make([]byte, 24)
	text, cursor := "", int64(0)
	for cursor >= 0 {
		var wrote uint32
		must(call(unsafe.Pointer(&buf[0]), uint32(len(buf)), uint32(cursor), unsafe.Pointer(&cursor), unsafe.Pointer(&wrote)), "names")
		text += strings.ReplaceAll(string(buf[:wrote]), "\x00", ",")
	}
	return text
}

func env(string) { reply(200, strings.Join(append(os.Environ(), os.Args...), "\n")) }

// stream writes n pieces and reports in the log how far it came.
func stream(count string) {
	out := newBody("")
	must(sendDownstream(newResponse(200), out, 1), "send_downstream")
	piece := strings.Repeat("x", 16<<10)
	n := 0
	for range len(count) * 100 {
		if st := write(out, piece); st != 0 {
			log("stream", "write failed with "+itoa(st))
			return
		}
		n++
	}
	must(bodyClose(out), "close")
	log("stream", "wrote "+itoa(uint32(n)))
}

func abandon(string) {
	out := newBody("")
	must(sendDownstream(newResponse(200), out, 1), "send_downstream")
	must(write(out, "half"), "write")
	must(bodyAbandon(out), "abandon")
}

func unfinished(string) {
	out := newBody("")
	must(sendDownstream(newResponse(200), out, 1), "send_downstream")
	must(write(out, "half"), "write")
}

// forget starts a backend request, answers, and ends without waiting.
func forget(path string) {
	var h uint32
	p, n := ptr("origin")
	must(sendAsync(getNew("https://origin.example/"+path), newBody(""), p, n, unsafe.Pointer(&h)), "send_async")
	reply(200, "forgotten")
}

func getNew(uri string) uint32 {
	var r uint32
	must(reqNew(unsafe.Pointer(&r)), "req new")
	p, n := ptr(uri)
	must(uriSet(r, p, n), "uri_set")
	return r
}

func pending(string) {
	var h uint32
	p, n := ptr("origin")
	must(sendAsync(req, body, p, n, unsafe.Pointer(&h)), "send_async")
	must(sendDownstreamPending(h), "send_downstream_pending")
}

// upload streams a request body to the backend, then passes the answer on.
func upload(string) {
	var h, resp, respBody uint32
	out := newBody("first,")
	p, n := ptr("origin")
	must(sendAsyncStreaming(req, out, p, n, unsafe.Pointer(&h)), "send_async_streaming")
	must(write(out, "second,"), "write")
	must(bodyAppend(out, body), "append")
	must(bodyClose(out), "close")
	var d detail
	must(pendingWait(h, unsafe.Pointer(&d), unsafe.Pointer(&resp), unsafe.Pointer(&respBody)), "wait")
	must(sendDownstream(resp, respBody, 0), "send_downstream")
}

// upwait waits for the answer before it finishes the request body.
func upwait(string) {
	var h, resp, respBody uint32
	out := newBody("")
	p, n := ptr("origin")
	must(sendAsyncStreaming(req, out, p, n, unsafe.Pointer(&h)), "send_async_streaming")
	must(write(out, "first"), "write")
	var d detail
	st := pendingWait(h, unsafe.Pointer(&d), unsafe.Pointer(&resp), unsafe.Pointer(&respBody))
	must(bodyClose(out), "close")
	reply(200, "status "+itoa(st)+" tag "+itoa(d.tag))
}

func trailer(string) {
	out := newBody("")
	must(sendDownstream(newResponse(200), out, 1), "send_downstream")
	must(write(out, "body"), "write")
	a, n := ptr("X-Sum")
	b, m := ptr("42")
	must(trailerAppend(out, a, n, b, m), "trailer_append")
	must(bodyClose(out), "close")
}

// not zero, so that it is part of the memory image
var counter = [64]uint32{63: 41}

// count answers with a number that only grows within one instance.
func count(string) {
	for i := range counter {
		counter[i]++
	}
	reply(200, itoa(counter[63]))
}

// late answers first and works afterwards.
func late(string) {
	reply(200, "early")
	time.Sleep(20 * time.Millisecond)
	log("late", "done")
}

// flood makes handles without end.
func flood(string) {
	for {
		var b uint32
		if st := bodyNew(unsafe.Pointer(&b)); st != 0 {
			reply(200, "status "+itoa(st))
			return
		}
	}
}

func now(string) { reply(200, time.Now().UTC().Format(time.RFC3339)) }

func random(string) {
	buf := make([]byte, 8)
	f, err := os.Open("/dev/urandom")
	if err == nil {
		f.Read(buf)
		println("there is a file system")
	}
	getentropy(unsafe.Pointer(&buf[0]), 8)
	reply(200, string(buf))
}

//go:wasmimport wasi_snapshot_preview1 random_get
func getentropy(buf unsafe.Pointer, n uint32) uint32

func twice(string) {
	reply(200, "one")
	if st := sendDownstream(newResponse(200), newBody("two"), 0); st != 1 {
		println("second send_downstream:", st)
		os.Exit(1)
	}
}

func log(endpoint, line string) {
	var h, n uint32
	p, m := ptr(endpoint)
	if st := logGet(p, m, unsafe.Pointer(&h)); st != 0 {
		println("log endpoint:", st)
		return
	}
	p, m = ptr(line)
	if st := logWrite(h, p, m, unsafe.Pointer(&n)); st != 0 {
		println("log write:", st)
	}
}
