package hostcall

// Cached returns the user metadata of the object that the cache of this place
// has under a key, with two host calls. None means that there is no such
// object.
func Cached(b *Buffer, key string) (string, Status) {
	handle, st := cacheLookup(key)
	if st != OK {
		return "", st
	}
	for {
		n, st := cacheMetadata(handle, b.free)
		if st == OK {
			return b.take(n)
		} else if !b.grow(st, n) {
			return "", st
		}
	}
}

// Cache puts an object without a body into the cache of this place, with two
// host calls. It is kept for at most so many seconds. surrogate, if not "", is
// a key by which [Purge] removes it everywhere.
func Cache(key, metadata, surrogate string, seconds uint64) Status {
	body, st := cacheInsert(key, metadata, surrogate, seconds*1e9)
	if st != OK {
		return st
	}
	return body.Close()
}

// Purge removes the objects of a surrogate key from the caches of all places.
func Purge(surrogate string) Status { return purgeSurrogate(surrogate) }

// Store is a handle of a KV store.
type Store uint32

// OpenStore returns the KV store of a name. Hosts return InvalidArg for one
// that the service does not have.
func OpenStore(name string) (Store, Status) { return kvOpen(name) }

// Outcomes of an operation on a KV store: kv_error in typenames.witx.
const (
	kvOK                 = 1
	kvNotFound           = 3
	kvPreconditionFailed = 4
)

// Get returns the value of a key. left returns how many milliseconds it may
// still take: the value's body is streamed, and may be as slow as the lookup.
// None means that there is no such key, Again that its value did not come in
// time, and BufferTooSmall that it is longer than any that is read. A lookup that
// is late ends with the sandbox.
func (s Store) Get(b *Buffer, key string, left func() uint32) (string, Status) {
	pending, st := kvLookup(s, key)
	if st != OK {
		return "", st
	}
	if st := readyIn(pending, left()); st != OK {
		return "", st
	}
	body, outcome, st := kvLookupWait(pending)
	if st != OK {
		return "", st
	}
	switch outcome {
	case kvOK:
		return body.readIn(b, left)
	case kvNotFound:
		return "", None
	}
	return "", Error
}

// readyIn waits for at most this many milliseconds until what is behind a handle
// can be used, and returns Again if it cannot. A host that cannot limit the time
// is not waited for.
func readyIn(p Pending, milliseconds uint32) Status {
	if milliseconds == 0 { // it would be no limit
		return Again
	}
	ready, st := p.Ready(milliseconds)
	if st == OK && !ready {
		return Again
	}
	return st
}

// Put writes the value of a key. With add it is written only if there is none:
// else None is returned.
func (s Store) Put(key string, value []byte, add bool) Status {
	body, st := NewBody()
	if st != OK {
		return st
	}
	if st = body.Write(value); st != OK {
		body.Close()
		return st
	}
	pending, st := kvInsert(s, key, body, add)
	if st != OK {
		return st
	}
	outcome, st := kvInsertWait(pending)
	if st != OK {
		return st
	}
	switch outcome {
	case kvOK:
		return OK
	case kvPreconditionFailed:
		return None
	}
	return Error
}

// maxValue is more than any value that is read has.
const maxValue = 4 << 10

// readIn reads a body to its end, and closes it.
func (body Body) readIn(b *Buffer, left func() uint32) (string, Status) {
	defer body.Close()
	if len(b.free) < maxValue {
		b.renew(maxValue)
	}
	for got := 0; ; {
		if st := readyIn(Pending(body), left()); st != OK {
			return "", st
		}
		n, st := bodyRead(body, b.free[got:])
		switch {
		case st != OK:
			return "", st
		case n == 0:
			return b.take(uint32(got))
		case int(n) >= len(b.free)-got:
			return "", BufferTooSmall
		}
		got += int(n)
	}
}
