//go:build wasip1

// Hmac computes HMAC-SHA256 with crypto/hmac only: its exports do so 100 and
// 200 times, so that the difference, divided by 100, is the cost of one.
package main

import (
	"crypto/hmac"
	"crypto/sha256"
)

// The text and the secret; the linker sets them (-X).
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
