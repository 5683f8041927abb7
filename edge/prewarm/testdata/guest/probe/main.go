//go:build wasip1

// Probe has one export for each thing that a snapshot could break. Each prints what it finds.
package main

import (
	crand "crypto/rand"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"strings"
	"time"
	"unsafe"
)

var (
	sites   map[string]string
	readErr error
	warmed  int
	mode    = os.Getenv("MODE")
	began   = time.Now()

	jobs    = make(chan int)
	squares = make(chan int)
	slept   = make(chan string, 1)
)

func init() {
	var data []byte
	if data, readErr = os.ReadFile("/sites/a.json"); readErr == nil {
		readErr = json.Unmarshal(data, &sites)
	}
	go func() {
		for n := range jobs {
			squares <- n * n
		}
	}()
	time.AfterFunc(time.Millisecond, func() { slept <- "fired" })
	time.Sleep(time.Microsecond) // the build's clock has to move for this to end
}

//go:wasmexport warmup
func warmup() {
	warmed++
	runtime.GC()
}

//go:wasmexport serve
func serve() { fmt.Println(sites["link.example.com"], warmed, readErr, len(os.Args)) }

//go:wasmexport count
func count() {
	warmed++
	fmt.Println(warmed)
}

//go:wasmexport secret
func secret() {
	var b [16]byte
	crand.Read(b[:])
	fmt.Printf("%x\n", b)
}

//go:wasmexport chance
func chance() {
	m := map[int]bool{}
	for i := range 50 {
		m[i] = true
	}
	var order []int
	for i := range m {
		order = append(order, i)
	}
	fmt.Println(rand.Uint64(), order)
}

//go:wasmexport clock
func clock() {
	fmt.Println(began.Unix(), time.Now().Unix())
	start := time.Now()
	time.Sleep(time.Millisecond)
	fmt.Println(time.Since(start) >= time.Millisecond)
}

//go:wasmexport environment
func environment() { fmt.Printf("%q %q %q\n", mode, os.Getenv("MODE"), freshEnv("MODE")) }

//go:wasmimport wasi_snapshot_preview1 environ_sizes_get
//go:noescape
func environSizesGet(count, size unsafe.Pointer) uint32

//go:wasmimport wasi_snapshot_preview1 environ_get
//go:noescape
func environGet(pointers, buf unsafe.Pointer) uint32

// freshEnv asks the host again: what the runtime keeps is of build time.
func freshEnv(key string) string {
	var n, size uint32
	if environSizesGet(unsafe.Pointer(&n), unsafe.Pointer(&size)) != 0 || n == 0 {
		return ""
	}
	pointers, buf := make([]uint32, n), make([]byte, size)
	if environGet(unsafe.Pointer(&pointers[0]), unsafe.Pointer(&buf[0])) != 0 {
		return ""
	}
	for entry := range strings.SplitSeq(string(buf), "\x00") {
		if k, v, _ := strings.Cut(entry, "="); k == key {
			return v
		}
	}
	return ""
}

var live [][]byte

//go:wasmexport collect
func collect() {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for i := range 50 * 16 {
		b := make([]byte, 64<<10)
		b[0], b[len(b)-1] = byte(i), byte(i>>8)
		if i%100 == 0 {
			live = append(live, b)
			runtime.GC()
		}
	}
	runtime.ReadMemStats(&after)
	for i, b := range live {
		if b[0] != byte(i*100) || b[len(b)-1] != byte(i*100>>8) {
			panic("the collector took what was in use")
		}
	}
	fmt.Println(after.NumGC-before.NumGC >= 8, after.TotalAlloc-before.TotalAlloc >= 50<<20, after.HeapSys < 32<<20,
		sites["link.example.com"])
}

//go:wasmexport goroutines
func goroutines() {
	jobs <- 7
	fmt.Println(<-squares)
	fmt.Println(<-slept)
}

//go:wasmexport fault
func fault() {
	fmt.Println("before")
	panic("boom after the snapshot")
}

//go:wasmexport sum
func sum(a, b int32) int32 { return a + b }

func main() { panic("a reactor's main is never called") }
