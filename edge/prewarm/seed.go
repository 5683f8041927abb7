package prewarm

import (
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
)

// randomness is the source for random_get while the guest is being initialised:
// a ChaCha8 stream whose seed is a digest of the module and the options. So
// equal inputs give equal bytes, and operators with different files have
// different hash seeds. None of it is secret from anyone who has the inputs.
func randomness(module []byte, opt Options) io.Reader {
	h := sha256.New()
	digest(h, []byte("prewarm 1"), module, []byte(opt.Entry), []byte(opt.Warmup))
	if opt.Sign != "" {
		digest(h, []byte("sign"), []byte(opt.Sign))
	}
	if opt.Room != "" {
		digest(h, []byte("room"), []byte(opt.Room), binary.LittleEndian.AppendUint32(nil, opt.RoomSize))
	}
	for _, name := range slices.Sorted(maps.Keys(opt.Files)) {
		digest(h, []byte("file"), []byte(name), opt.Files[name])
	}
	for _, key := range slices.Sorted(maps.Keys(opt.Env)) {
		digest(h, []byte("env"), []byte(key), []byte(opt.Env[key]))
	}
	for _, arg := range opt.Args {
		digest(h, []byte("arg"), []byte(arg))
	}
	return rand.NewChaCha8([32]byte(h.Sum(nil)))
}

// digest writes each part after its length, so that different lists of parts
// give different digests.
func digest(h hash.Hash, parts ...[]byte) { // a hash never fails to write
	for _, p := range parts {
		h.Write(binary.LittleEndian.AppendUint64(nil, uint64(len(p))))
		h.Write(p)
	}
}
