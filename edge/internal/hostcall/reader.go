package hostcall

// These calls are about the reader's connection. They name no request, so that
// they can be made when its handle is gone.

// maxReader is the most bytes that are read of any of it. Fastly's geolocation
// has some 450 bytes of an address, fingerprints have some 50.
const maxReader = 16 << 10

// What is known of the reader.
type Known uint8

const (
	// Place is what geolocation says of the reader's address, JSON; "" for nothing.
	Place Known = iota
	// JA4 is the fingerprint of the reader's TLS connection.
	JA4
	// H2 is the fingerprint of the reader's HTTP/2 connection.
	H2
)

// Reader returns what is known of the reader. Every status but OK means that
// there is no such value.
func Reader(b *Buffer, what Known) (string, Status) {
	var octets [16]byte
	var length, n uint32
	if what == Place {
		if st := importReaderIP(&octets, &length); st != OK || length > 16 {
			return "", max(st, Error)
		}
	}
	for {
		st := Unsupported
		switch what {
		case Place:
			st = importGeoLookup(&octets, length, data(b.free), uint32(len(b.free)), &n)
		case JA4:
			st = importReaderJA4(data(b.free), uint32(len(b.free)), &n)
		case H2:
			st = importReaderH2(data(b.free), uint32(len(b.free)), &n)
		}
		if st == OK {
			return b.take(n)
		} else if n > maxReader || !b.grow(st, n) {
			return "", st
		}
	}
}
