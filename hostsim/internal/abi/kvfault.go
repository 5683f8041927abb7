package abi

import (
	"context"
	"io"

	"github.com/clickedge/clickedge/hostsim/wire"
)

// KVOperation is an operation on a KV store or object store that a guest has
// started.
type KVOperation struct {
	Name  string // lookup, insert, delete or list
	Store string
	Key   string // "" for list
}

// KVOutcome is how an operation goes. The zero value: at once, and well.
type KVOutcome struct {
	// Done is closed when the operation is done; nil: it is done at once.
	Done <-chan struct{}
	// Value is closed when the body of a value, or of a listing, can be read;
	// nil: at once.
	Value <-chan struct{}
	// Error, if not 0, is the kv_error with which it fails.
	Error uint32
}

// kvStep is an operation under way: a part of the items that wait calls take.
type kvStep struct {
	done   <-chan struct{}
	value  <-chan struct{}
	err    kvError // after done
	cancel context.CancelFunc
}

func (s *kvStep) ready() <-chan struct{} { return s.done }

// dropKV ends an operation that the guest did not wait for. If it is not done,
// it never will be.
func (s *kvStep) dropKV() { s.cancel() }

// startKV starts an operation. work does it and returns the outcome; it is
// called when the operation is done, from another goroutine if that takes time,
// and not for one that fails.
func (f *frame) startKV(name, store, key string, work func() kvError) *kvStep {
	outcome := KVOutcome{}
	if fault := f.s.svc.KVFault; fault != nil {
		outcome = fault(KVOperation{Name: name, Store: store, Key: key})
	}
	if failed := kvError(outcome.Error); failed != 0 {
		work = func() kvError { return failed }
	}
	s := &kvStep{done: closed, value: outcome.Value, cancel: func() {}}
	if outcome.Done == nil {
		s.err = work()
		return s
	}
	done := make(chan struct{})
	ctx, cancel := context.WithCancel(f.s.ctx)
	s.done, s.cancel = done, cancel
	f.s.pending.Go(func() {
		defer cancel()
		select {
		case <-outcome.Done:
			s.err = work()
			close(done)
		case <-ctx.Done():
		}
	})
	return s
}

// awaitKV waits until an operation is done; the request's end ends the wait.
func (f *frame) awaitKV(it item) {
	if !f.ok() {
		return
	}
	defer f.s.idle()()
	select {
	case <-it.ready():
	case <-f.s.ctx.Done():
		f.fail(Error)
	}
}

// body makes the body of a value.
func (s *kvStep) body(data []byte) *Body {
	if s.value == nil || len(data) == 0 {
		return BodyOf(data)
	}
	return &Body{chunks: []chunk{{src: &withheld{data: data, until: s.value}}}}
}

// withheld is a source of bytes that can be read later.
type withheld struct {
	data  []byte
	until <-chan struct{}
}

var _ source = (*withheld)(nil)

func (w *withheld) next(ctx context.Context) ([]byte, error) {
	select {
	case <-w.until:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	data := w.data
	if w.data = nil; data == nil {
		return nil, io.EOF
	}
	return data, nil
}

func (w *withheld) ready() <-chan struct{} { return w.until }
func (w *withheld) trailer() wire.Header   { return nil }
func (w *withheld) length() int64          { return int64(len(w.data)) }
func (w *withheld) close()                 {}
