//go:build wasip1

// Hmac is HMAC-SHA256 of crypto/hmac and nothing else: its exports do it 100
// and 200 times, so that the difference, divided by 100, is what one takes.
package main

import (
	"crypto/hmac"
	"crypto/sha256"
)

// What is signed, and with what; the linker fills them in (-X).
var text, secret string

var (
	message, key = []byte(text), []byte(secret)
	sum          = make([]byte, 0, sha256.Size)
)

const times = 100

//go:wasmexport once
func once() { repeat(times) }

//go:wasmexport twice
func twice() { repeat(2 * times) }

func repeat(n int) {
	for range n {
		mac := hmac.New(sha256.New, key)
		mac.Write(message)
		sum = mac.Sum(sum[:0])
	}
}

func main() {}
