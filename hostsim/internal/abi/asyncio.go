package abi

import (
	"reflect"
	"time"
)

// first waits until one of items is ready and returns its index: the lowest
// when several are ready at once. It returns -1 when the wait was cut short, by
// ctx or, when limit is not 0, by time.
func (s *Sandbox) first(items []item, limit time.Duration) int {
	cases := make([]reflect.SelectCase, 0, len(items)+2)
	for i, it := range items {
		ch := it.ready()
		if isClosed(ch) {
			return i
		}
		cases = append(cases, reflect.SelectCase{Dir: reflect.SelectRecv, Chan: reflect.ValueOf(ch)})
	}
	cases = append(cases, reflect.SelectCase{Dir: reflect.SelectRecv, Chan: reflect.ValueOf(s.ctx.Done())})
	if limit > 0 {
		expired, stop := s.after(limit)
		defer stop()
		cases = append(cases, reflect.SelectCase{Dir: reflect.SelectRecv, Chan: reflect.ValueOf(expired)})
	}
	defer s.idle()()
	if at, _, _ := reflect.Select(cases); at < len(items) {
		return at
	}
	return -1
}

// after returns a channel that receives when a time limit is over, and a
// function that frees it.
func (s *Sandbox) after(limit time.Duration) (expired <-chan time.Time, stop func()) {
	if s.svc.After != nil {
		return s.svc.After(limit), func() {}
	}
	t := time.NewTimer(limit)
	return t.C, func() { t.Stop() }
}

func isClosed(ch <-chan struct{}) bool {
	select {
	case <-ch:
		return true
	default:
		return false
	}
}

// A guest that polls, and has found nothing ready so many times in a row, waits a
// little in each further poll, and a little longer each time: the SDKs do
// nothing else while they wait.
const (
	freePolls = 16
	pollWait  = time.Millisecond
	longest   = 8 // of those
)

// polled reports whether ready is closed, perhaps after a wait for it. The wait
// ends with any backend request of the guest's.
func (s *Sandbox) polled(ready <-chan struct{}) bool {
	if s.polls++; s.polls > freePolls && !isClosed(ready) {
		s.Idle(func() { s.lull(ready, pollWait*time.Duration(min(longest, 1+(s.polls-freePolls)/8))) })
	}
	if !isClosed(ready) {
		return false
	}
	s.polls = 0
	return true
}

func (s *Sandbox) lull(ready <-chan struct{}, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ready:
	case <-s.answered:
	case <-timer.C:
	case <-s.ctx.Done():
	}
}

// maxSelect is what reflect.Select can take, less the cases for the time limit
// and for the end of the request.
const maxSelect = 65534

func asyncSelect(f *frame) {
	handles, limit := f.handles(0), f.u32(2)
	if f.ok() && (len(handles) == 0 && limit == 0 || len(handles) > maxSelect) {
		f.fail(Inval)
	}
	items := f.distinct(handles)
	if f.ok() {
		at := f.s.first(items, time.Duration(limit)*time.Millisecond)
		f.put32(3, uint32(at)) // -1, the time limit, is the largest uint32
	}
}

// distinct are the items behind handles. None may be there twice.
func (f *frame) distinct(handles []uint32) []item {
	items, seen := make([]item, 0, len(handles)), map[uint32]bool{}
	for _, h := range handles {
		if items = append(items, itemAs[item](f, h)); seen[h] {
			f.fail(BadHandle)
		}
		seen[h] = true
	}
	return items
}

func asyncIsReady(f *frame) {
	if it := itemAs[item](f, f.u32(0)); f.ok() {
		f.putBool(1, f.s.polled(it.ready()))
	}
}
