//go:build wasip1

// Early reads something while it is being initialised, or at a request: what its arguments say.
package main

import (
	"bytes"
	"context"
	crand "crypto/rand"
	"fmt"
	"io"
	"math/rand"
	randv2 "math/rand/v2"
	"os"
	"slices"
	"time"

	"github.com/clickedge/clickedge/edge/prewarm/guest"
)

var (
	kept  any
	still *os.File
	read  = map[string]func(){
		"getenv":  func() { kept = os.Getenv("MODE") },
		"lookup":  func() { kept, _ = os.LookupEnv("MODE") },
		"expand":  func() { kept = os.ExpandEnv("in $MODE") },
		"environ": func() { kept = os.Environ() },
		"now":     func() { kept = time.Now() },
		"timer":   func() { kept = time.AfterFunc(time.Hour, func() {}) },
		"deadline": func() {
			ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
			kept = cancel
			_ = ctx
		},
		"rand":          func() { kept = rand.Int63() },
		"shuffle":       func() { kept = rand.Perm(9) },
		"intn":          func() { kept = randv2.IntN(100) },
		"own generator": func() { kept = guest.Rand().IntN(100) },
		"text":          func() { kept = crand.Text() },
		"crypto":        func() { b := make([]byte, 16); crand.Read(b); kept = b },
		"open":          func() { still, _ = os.Open("/sites/a.json") },
		"stdin":         func() { kept, _ = io.ReadAll(os.Stdin) },
		"stdout":        func() { fmt.Println("ready") },
		"stderr":        func() { println("ready") },
		"shut":          func() { f, _ := os.Open("/sites/a.json"); f.Close() },
		"file":          func() { kept, _ = os.ReadFile("/sites/a.json") },
		"map": func() {
			m := map[string]int{"a": 1, "b": 2}
			for k := range m {
				kept = k
			}
		},
		"buffer":  func() { kept = bytes.Repeat([]byte("x"), 1<<20) },
		"deep":    func() { deep(2000) },
		"refresh": guest.Refresh,
		"guest":   func() { kept = guest.Getenv("MODE") },
	}
)

// deep calls os.Getenv after the stack has grown.
func deep(n int) int {
	var room [64]byte
	if n == 0 {
		kept = os.Getenv("MODE")
		return len(room)
	}
	return deep(n-1) + int(room[n%len(room)])
}

func init() {
	atInit, _ := split()
	for _, what := range atInit {
		if f := read[what]; f != nil {
			f()
		}
	}
}

// split returns what is done at initialisation and at a request.
func split() (atInit, atRequest []string) {
	i := slices.Index(arguments, "then")
	if i < 0 {
		return arguments, nil
	}
	return arguments[:i], arguments[i:]
}

// The arguments as they were, since guest.Refresh changes them.
var arguments = slices.Clone(os.Args)

//go:wasmexport serve
func serve() {
	_, atRequest := split()
	for _, what := range atRequest {
		if f := read[what]; f != nil {
			f()
		}
	}
}

func main() {}
