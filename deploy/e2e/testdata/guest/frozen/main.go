//go:build wasip1

// Frozen prints what a sandbox gets from random sources, the clock and the
// environment, as JSON on standard output. It is built and prewarmed like the
// guest.
package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	crand "crypto/rand"
	"encoding/json"
	"fmt"
	"hash/maphash"
	oldrand "math/rand"
	"math/rand/v2"
	"os"
	"slices"
	"time"
)

// These values are drawn once, at build time: a mistake that a snapshot keeps.
var (
	atInit     = draw()
	environ    = os.Environ()
	began      = time.Now()
	seed       = maphash.MakeSeed()
	oldSource  = oldrand.New(oldrand.NewSource(time.Now().UnixNano()))
	seededOnce = rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))
)

func draw() string {
	b := make([]byte, 32)
	if _, err := crand.Read(b); err != nil {
		panic(err)
	}
	return fmt.Sprintf("%x", b)
}

// findings is what is printed.
type findings struct {
	// Fresh must differ from sandbox to sandbox.
	Fresh map[string]string
	// Same is known to be the same in every sandbox, so nothing may rely on it.
	Same    map[string]string
	Wall    int64 // Unix, nanoseconds
	Waited  []int64
	Environ []string
	Args    []string
}

//go:wasmexport serve
func serve() {
	t := findings{Wall: time.Now().UnixNano(), Environ: environ, Args: os.Args}
	key, err := ecdsa.GenerateKey(elliptic.P256(), crand.Reader)
	if err != nil {
		panic(err)
	}
	private, err := key.Bytes()
	if err != nil {
		panic(err)
	}
	t.Fresh = map[string]string{"crypto/rand": draw(), "crypto/rand again": draw(), "crypto/rand.Text": crand.Text(), "key material": fmt.Sprintf("%x", private)}
	order := map[int]bool{}
	for i := range 40 {
		order[i] = true
	}
	var keys []int
	for k := range order {
		keys = append(keys, k)
	}
	t.Same = map[string]string{
		"crypto/rand in an init function": atInit, "math/rand/v2": fmt.Sprint(rand.Uint64()), "math/rand": fmt.Sprint(oldrand.Int63()),
		"a source that was seeded in an init function": fmt.Sprint(oldSource.Int63(), seededOnce.Uint64()),
		"hash/maphash": fmt.Sprint(maphash.String(seed, "x"), maphash.Comparable(maphash.MakeSeed(), 1)),
		"map order":    fmt.Sprint(keys), "the wall clock of initialisation": fmt.Sprint(began.Unix()),
		"is the order sorted": fmt.Sprint(slices.IsSorted(keys)),
	}
	const wait = 5 * time.Millisecond
	for _, f := range []func(){
		func() { time.Sleep(wait) },
		func() { <-time.After(wait) },
		func() {
			ctx, cancel := context.WithTimeout(context.Background(), wait)
			defer cancel()
			<-ctx.Done()
		},
	} {
		start := time.Now()
		f()
		t.Waited = append(t.Waited, int64(time.Since(start)))
	}
	if err := json.NewEncoder(os.Stdout).Encode(t); err != nil {
		panic(err)
	}
}

//go:wasmexport warm_up
func warmUp() { draw() }

func main() {}
