package abi

// handleCost is what a handle costs the sandbox's budget of host memory, so
// that the number of handles is bounded.
const handleCost = 256

// table maps handles to what they stand for. Handles count from 0 and are not
// used again, as in Viceroy.
type table[T any] struct{ rows []*T }

func (t *table[T]) add(v *T) uint32 {
	t.rows = append(t.rows, v)
	return uint32(len(t.rows) - 1)
}

// get returns nil for a handle that was never given out or has been consumed.
func (t *table[T]) get(h uint32) *T {
	if uint64(h) >= uint64(len(t.rows)) {
		return nil
	}
	return t.rows[h]
}

// rowAt is the row of a handle, or nil and a failure.
func rowAt[T any](f *frame, rows *table[T], h uint32) *T {
	row := rows.get(h)
	if row == nil {
		f.fail(BadHandle)
	}
	return row
}

func (t *table[T]) drop(h uint32) { t.rows[h] = nil }

// item is anything a guest can wait for. Bodies, streaming bodies, pending
// requests and request promises share one table, so their handles never
// collide.
type item interface {
	// ready returns a channel that is closed when the item's next operation
	// will not block.
	ready() <-chan struct{}
}

var closed = func() chan struct{} { c := make(chan struct{}); close(c); return c }()

func (s *Sandbox) addItem(it item) uint32 {
	s.items = append(s.items, it)
	return uint32(len(s.items) - 1)
}

// itemAs returns the item behind h when it is a T. A handle of another kind is
// as bad as one that does not exist.
func itemAs[T item](f *frame, h uint32) (it T) {
	if !f.ok() {
		return it
	}
	if uint64(h) < uint64(len(f.s.items)) {
		if it, ok := f.s.items[h].(T); ok {
			return it
		}
	}
	f.fail(BadHandle)
	return it
}

// takeItem is itemAs that consumes the handle.
func takeItem[T item](f *frame, h uint32) T {
	it := itemAs[T](f, h)
	if f.ok() {
		f.s.items[h] = nil
	}
	return it
}

// newItem gives out a handle through the address in argument i.
func (f *frame) newItem(i int, make func() item) {
	if f.spend(handleCost); f.ok() {
		f.put32(i, f.s.addItem(make()))
	}
}

func (f *frame) request(i int) *request { return f.requestAt(f.u32(i)) }

func (f *frame) requestAt(h uint32) *request {
	row := rowAt(f, &f.s.requests, h)
	if f.ok() && row.request == nil {
		f.fail(BadHandle)
	}
	if !f.ok() {
		return nil
	}
	return row.request
}

func (f *frame) takeRequest(i int) *request {
	r := f.request(i)
	if f.ok() {
		f.s.requests.get(f.u32(i)).request = nil
	}
	return r
}

func (f *frame) response(i int) *response {
	r := rowAt(f, &f.s.responses, f.u32(i))
	if !f.ok() {
		return nil
	}
	return r
}

func (f *frame) takeResponse(i int) *response {
	r := f.response(i)
	if f.ok() {
		f.s.responses.drop(f.u32(i))
	}
	return r
}
