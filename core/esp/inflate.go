package esp

// streamEnd says how a deflate stream ended.
type streamEnd uint8

const (
	streamBad   streamEnd = iota // invalid, or more than the caller takes
	streamWhole                  // its last block ended
	streamFlush                  // it stops behind a sync flush, with no last block
	streamCut                    // it stops anywhere else
)

// inflate unpacks a raw deflate stream (RFC 1951) into dst, at most len(dst)
// bytes, and returns what follows the stream. If the stream is cut, plain holds
// what could be unpacked. compress/flate is not used: it allocates 40 KB for
// each link, and does not distinguish a flushed stream from a cut one.
func inflate(dst, src []byte) (plain, left []byte, end streamEnd) {
	z := inflater{dst: dst, src: src}
	end = z.blocks()
	return z.dst[:z.n], z.src, end
}

// inflater is the state of one stream. Bits are taken from the low end of each
// byte.
type inflater struct {
	dst  []byte
	n    int // bytes unpacked
	src  []byte
	acc  uint32
	bits uint // bits held in acc
	// short: a read went past the end of src.
	short bool
	lit   huffman
	dist  huffman
}

// maxSymbols is the number of literals and lengths of a fixed block; dynamic
// ones have fewer.
const maxSymbols = 288

// huffman is a canonical code: how many codes have each length, and the symbols
// in the order of their codes.
type huffman struct {
	count  [16]uint16
	symbol [maxSymbols]uint16
}

func (z *inflater) blocks() streamEnd {
	for flushed := false; ; {
		if flushed && len(z.src) == 0 {
			return streamFlush
		}
		last, kind := z.take(1), z.take(2)
		flushed = false
		ok := false
		switch kind {
		case 0:
			flushed, ok = z.stored()
		case 1:
			ok = z.fixed() && z.block()
		case 2:
			ok = z.dynamic() && z.block()
		}
		switch {
		case z.short:
			return streamCut
		case !ok:
			return streamBad
		case last == 1:
			return streamWhole
		}
	}
}

// take reads n bits, at most 16, as a number. Past the end it reads zeros and
// sets short.
func (z *inflater) take(n uint) uint32 {
	for z.bits < n {
		if len(z.src) == 0 {
			z.short = true
			return 0
		}
		z.acc |= uint32(z.src[0]) << z.bits
		z.src, z.bits = z.src[1:], z.bits+8
	}
	v := z.acc & (1<<n - 1)
	z.acc, z.bits = z.acc>>n, z.bits-n
	return v
}

// stored copies a block that is not compressed. An empty one is a sync flush.
func (z *inflater) stored() (empty, ok bool) {
	z.take(z.bits % 8)
	size, check := z.take(16), z.take(16)
	if z.short || size != check^0xffff {
		return false, false
	}
	for i := uint32(0); i < size; i++ {
		c := z.take(8)
		if z.short || !z.put(byte(c)) {
			return false, false
		}
	}
	return size == 0, true
}

func (z *inflater) put(c byte) bool {
	if z.n == len(z.dst) {
		return false
	}
	z.dst[z.n] = c
	z.n++
	return true
}

// fixed sets the codes of RFC 1951, 3.2.6.
func (z *inflater) fixed() bool {
	var lengths [maxSymbols]uint8
	for i := range lengths {
		switch {
		case i < 144:
			lengths[i] = 8
		case i < 256:
			lengths[i] = 9
		case i < 280:
			lengths[i] = 7
		default:
			lengths[i] = 8
		}
	}
	ok := z.lit.set(lengths[:])
	for i := 0; i < 32; i++ { // the last two are unused
		lengths[i] = 5
	}
	return ok && z.dist.set(lengths[:32])
}

// codeOrder is the order in which a dynamic block gives the lengths of its
// first code (RFC 1951, 3.2.7).
var codeOrder = [19]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// dynamic reads a block's own codes.
func (z *inflater) dynamic() bool {
	nlit, ndist, ncode := int(z.take(5))+257, int(z.take(5))+1, int(z.take(4))+4
	if z.short || nlit > 286 || ndist > 30 {
		return false
	}
	var lengths [286 + 30]uint8
	for _, at := range codeOrder[:ncode] {
		lengths[at] = uint8(z.take(3))
	}
	if z.short || !z.lit.set(lengths[:19]) || !z.lengths(lengths[:nlit+ndist]) {
		return false
	}
	return lengths[256] != 0 && z.lit.set(lengths[:nlit]) && z.dist.set(lengths[nlit:nlit+ndist])
}

// lengths reads run-length coded code lengths; z.lit holds their code.
func (z *inflater) lengths(out []uint8) bool {
	for i := 0; i < len(out); {
		sym, ok := z.symbol(&z.lit)
		if !ok {
			return false
		}
		if sym < 16 {
			out[i] = uint8(sym)
			i++
			continue
		}
		value, times := uint8(0), 0
		switch sym {
		case 16:
			if i == 0 {
				return false
			}
			value, times = out[i-1], 3+int(z.take(2))
		case 17:
			times = 3 + int(z.take(3))
		default:
			times = 11 + int(z.take(7))
		}
		if z.short || times > len(out)-i {
			return false
		}
		for ; times > 0; times-- {
			out[i] = value
			i++
		}
	}
	return true
}

// set makes a code from its lengths. Incomplete codes are refused, except that
// of a single symbol, which zlib writes for distances.
func (h *huffman) set(lengths []uint8) bool {
	*h = huffman{}
	for _, l := range lengths {
		h.count[l]++
	}
	used := len(lengths) - int(h.count[0])
	h.count[0] = 0
	left := 1
	var at [16]uint16
	for l := 1; l < 16; l++ {
		left = left<<1 - int(h.count[l])
		if left < 0 {
			return false
		}
		if l < 15 {
			at[l+1] = at[l] + h.count[l]
		}
	}
	for sym, l := range lengths {
		if l != 0 {
			h.symbol[at[l]] = uint16(sym)
			at[l]++
		}
	}
	return left == 0 || used == 0 || used == 1 && h.count[1] == 1
}

// symbol reads one symbol, bit by bit: links are too short for tables to be
// worth it.
func (z *inflater) symbol(h *huffman) (uint16, bool) {
	code, first, index := 0, 0, 0
	for l := 1; l < 16; l++ {
		code |= int(z.take(1))
		if z.short {
			return 0, false
		}
		count := int(h.count[l])
		if code-first < count {
			return h.symbol[index+code-first], true
		}
		index, first, code = index+count, (first+count)<<1, code<<1
	}
	return 0, false
}

// The base values of length symbols 257 to 285 and distance symbols 0 to 29,
// and the number of extra bits (RFC 1951, 3.2.5).
var (
	lengthBase = [29]uint16{3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258}
	lengthBits = [29]uint8{0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0}
	distBase   = [30]uint16{1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577}
	distBits   = [30]uint8{0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13}
)

// block unpacks literals and copies, up to the end of the block.
func (z *inflater) block() bool {
	for {
		sym, ok := z.symbol(&z.lit)
		switch {
		case !ok:
			return false
		case sym == 256:
			return true
		case sym < 256:
			ok = z.put(byte(sym))
		default:
			ok = z.copy(int(sym) - 257)
		}
		if !ok {
			return false
		}
	}
}

// copy repeats bytes that were unpacked before; sym is the length symbol minus
// 257.
func (z *inflater) copy(sym int) bool {
	if sym >= len(lengthBase) {
		return false
	}
	length := int(lengthBase[sym]) + int(z.take(uint(lengthBits[sym])))
	d, ok := z.symbol(&z.dist)
	if !ok || int(d) >= len(distBase) {
		return false
	}
	back := int(distBase[d]) + int(z.take(uint(distBits[d])))
	if z.short || back > z.n {
		return false
	}
	for ; length > 0; length-- {
		if !z.put(z.dst[z.n-back]) {
			return false
		}
	}
	return true
}
