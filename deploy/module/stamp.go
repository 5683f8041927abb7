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
	rest, ok := bytes.CutPrefix(wasm, []byte(wasmHeader))
	if !ok {
		return s, false
	}
	for len(rest) > 0 {
		size, n := binary.Uvarint(rest[1:])
		if n <= 0 || size > uint64(len(rest)-1-n) {
			return s, false
		}
		body := rest[1+n : 1+n+int(size)]
		if found, ok := stampIn(rest[0], body); ok {
			return found, true
		}
		rest = rest[1+n+int(size):]
	}
	return s, false
}

func stampIn(id byte, body []byte) (s Stamp, ok bool) {
	want := append([]byte{byte(len(stampName))}, stampName...)
	data, ok := bytes.CutPrefix(body, want)
	if id != 0 || !ok || len(data) != len(s) {
		return s, false
	}
	return Stamp(data), true
}
