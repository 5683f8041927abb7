package module

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
)

// Stamp tells which sites.json a module was built with: the SHA-256 of its text.
type Stamp [sha256.Size]byte

// StampOf returns the stamp of a sites.json.
func StampOf(sites []byte) Stamp { return sha256.Sum256(sites) }

// stampName names the custom section that holds the stamp. Engines pass over
// custom sections that they do not know (WebAssembly core specification, 5.5.3).
const stampName = "clickedge.sites"

const wasmHeader = "\x00asm\x01\x00\x00\x00"

// appendStamp adds the stamp as a custom section:
//
//	00              section id: custom
//	size            LEB128, of what follows
//	0f              length of the name
//	clickedge.sites
//	32 bytes        SHA-256 of sites.json
func appendStamp(wasm []byte, s Stamp) []byte {
	size := 1 + len(stampName) + len(s)
	wasm = append(wasm, 0)
	wasm = binary.AppendUvarint(wasm, uint64(size))
	wasm = append(wasm, byte(len(stampName)))
	wasm = append(wasm, stampName...)
	return append(wasm, s[:]...)
}

// ReadStamp finds the stamp of a module, which a module built by other means
// does not have.
func ReadStamp(wasm []byte) (s Stamp, ok bool) {
	s, _, _, ok = findStamp(wasm)
	return s, ok
}

// withoutStamp returns a module without its stamp; one without is returned as it is.
func withoutStamp(wasm []byte) []byte {
	_, from, to, ok := findStamp(wasm)
	if !ok {
		return wasm
	}
	return append(wasm[:from:from], wasm[to:]...)
}

// findStamp returns the first stamp and where its section lies.
func findStamp(wasm []byte) (s Stamp, from, to int, ok bool) {
	if !bytes.HasPrefix(wasm, []byte(wasmHeader)) {
		return s, 0, 0, false
	}
	for from = len(wasmHeader); from < len(wasm); from = to {
		size, n := binary.Uvarint(wasm[from+1:])
		start := from + 1 + n
		if n <= 0 || size > uint64(len(wasm)-start) {
			return s, 0, 0, false
		}
		to = start + int(size)
		if s, ok = stampIn(wasm[from], wasm[start:to]); ok {
			return s, from, to, true
		}
	}
	return s, 0, 0, false
}

func stampIn(id byte, body []byte) (s Stamp, ok bool) {
	want := append([]byte{byte(len(stampName))}, stampName...)
	data, ok := bytes.CutPrefix(body, want)
	if id != 0 || !ok || len(data) != len(s) {
		return s, false
	}
	return Stamp(data), true
}
