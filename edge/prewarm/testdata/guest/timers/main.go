//go:build wasip1

// Timers measures what it waits for by its own clock, in nanoseconds.
package main

import (
	"context"
	"fmt"
	"os"
	"time"
)

const wait = 50 * time.Millisecond

var began = time.Now()

func init() {
	d, err := time.ParseDuration(os.Getenv("AGE"))
	if err == nil {
		time.Sleep(d) // the build's clock is moved, nobody waits
	}
}

//go:wasmexport serve
func serve() {
	for _, f := range []func(){
		func() { time.Sleep(wait) },
		func() { <-time.After(wait) },
		func() {
			t := time.NewTicker(wait / 5)
			for range 5 {
				<-t.C
			}
		},
		func() {
			ctx, cancel := context.WithTimeout(context.Background(), wait)
			defer cancel()
			<-ctx.Done()
		},
		func() { // a timer that is moved
			t := time.NewTimer(time.Hour)
			t.Reset(wait)
			<-t.C
		},
	} {
		start := time.Now()
		f()
		fmt.Println(time.Since(start).Nanoseconds(), time.Until(start).Nanoseconds() < 0, start.UnixNano())
	}
	fmt.Println(began.Unix(), time.Since(began.Round(0)) > 0)
}

func main() {}
