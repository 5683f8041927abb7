package spool

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/clickedge/clickedge/deploy/files"
)

const (
	// The wait after a failure: from the first to the longest, twice as long
	// each time.
	firstWait   = time.Second
	longestWait = time.Minute
	// patience is how many times as long a batch waits that the receiver
	// refuses, so that others go before it.
	patience = 10
	// sayEvery is how often a failure that lasts is said.
	sayEvery = 10 * time.Minute
)

// Delivery sends the batches of a spool to a receiver, one at a time.
type Delivery struct {
	spool    *Spool
	receiver *Receiver
	observe  func(result string)

	ctx    context.Context // of requests
	cancel context.CancelFunc
	nudge  chan struct{}
	last   chan struct{} // closed: send what there is, and end
	done   chan struct{}

	first, longest time.Duration // waits

	failures int
	said     string
	saidAt   time.Time
}

// Deliver begins to send. observe is called after each attempt with what came of
// it: "delivered", a status, or "no_answer".
func Deliver(s *Spool, r *Receiver, observe func(result string)) *Delivery {
	d := &Delivery{spool: s, receiver: r, observe: observe, nudge: make(chan struct{}, 1), last: make(chan struct{}), done: make(chan struct{}),
		first: firstWait, longest: longestWait}
	d.ctx, d.cancel = context.WithCancel(context.Background())
	go d.run()
	return d
}

// Nudge ends a wait, as after something that was wrong has been changed.
func (d *Delivery) Nudge() {
	d.spool.hurry()
	wake(d.nudge)
}

// Close takes no more lines, and sends those that there are until ctx ends or
// the receiver fails. The rest stays on disk for the next start.
func (d *Delivery) Close(ctx context.Context) error {
	stop := context.AfterFunc(ctx, d.cancel)
	defer stop()
	d.spool.end()
	close(d.last)
	<-d.done
	d.cancel()
	d.receiver.close()
	if n, size := d.spool.Waiting(); n > 0 {
		d.spool.Warn(fmt.Sprintf("%s of the click log, %s, stay in the spool and are delivered after the next start", batches(n), files.Size(size)))
	}
	return d.spool.Close()
}

func (d *Delivery) run() {
	defer close(d.done)
	for d.ctx.Err() == nil {
		b, wait, ok := d.spool.next()
		if ok {
			if wait = d.send(b); wait == 0 {
				continue
			}
		}
		if !d.pause(wait, ok) {
			d.flush()
			return
		}
	}
}

// pause waits; a batch that becomes ready ends it unless the receiver failed. It
// reports whether to go on.
func (d *Delivery) pause(wait time.Duration, failed bool) bool {
	ready := d.spool.ready
	if failed {
		ready = nil
	}
	var over <-chan time.Time
	if wait > 0 {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		over = timer.C
	}
	select {
	case <-d.last:
		return false
	case <-ready:
	case <-over:
	case <-d.nudge:
	}
	return true
}

// flush sends what there is, until the receiver fails. A batch that alone is
// refused is postponed, and another one is next then.
func (d *Delivery) flush() {
	d.spool.hurry()
	failed := ""
	for d.ctx.Err() == nil {
		b, _, ok := d.spool.next()
		if !ok || b.ID == failed {
			return
		}
		if d.send(b) > 0 {
			failed = b.ID
		}
	}
}

// send sends one batch. It returns how long to wait before the next; 0 if all is
// well.
func (d *Delivery) send(b Batch) (wait time.Duration) {
	lines, err := d.spool.read(b)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		d.spool.Warn("warning: somebody has removed a batch of the spool, " + files.Size(b.Size) + " of the click log: " + d.spool.path(b.ID, sealedEnding))
		d.forget(b)
		return 0
	case errors.Is(err, errNoLine):
		d.forget(b)
		return 0
	case err != nil:
		d.say(fmt.Sprintf("a batch of the spool cannot be read: %v", err))
		d.spool.postpone(b, patience*d.longest)
		return d.first
	}
	if err := d.receiver.post(d.ctx, b.ID, lines); err != nil {
		return d.failed(b, err)
	}
	d.observe("delivered")
	d.forget(b)
	if d.failures = 0; d.said != "" {
		d.said = ""
		d.spool.Warn("the click log is delivered to " + d.receiver.Host() + " again")
	}
	return 0
}

// forget removes a batch.
func (d *Delivery) forget(b Batch) {
	if err := d.spool.drop(b); err != nil {
		d.spool.Warn("warning: a batch that was delivered cannot be removed, and will be delivered again after the next start: " + err.Error())
	}
}

// failed returns how long to wait after a failure.
func (d *Delivery) failed(b Batch, err error) time.Duration {
	if d.ctx.Err() != nil {
		return d.first // the server ends: this is no failure of the receiver
	}
	d.failures++
	wait := doubled(d.first, d.longest, d.failures)
	result := "no_answer"
	if no := new(refusal); errors.As(err, &no) {
		result = strconv.Itoa(no.status)
		wait = max(wait, no.wait)
		if no.permanent() {
			d.spool.postpone(b, doubled(patience*d.first, patience*d.longest, b.refusals+1))
		}
	}
	d.observe(result)
	d.say(fmt.Sprintf("the click log cannot be delivered to %s: %v", d.receiver.Host(), err))
	return wait
}

// doubled is the wait after so many failures, a little different each time, so
// that servers do not come together.
func doubled(first, longest time.Duration, failures int) time.Duration {
	wait := longest
	if failures < 20 {
		wait = min(first<<(failures-1), longest)
	}
	return wait - rand.N(wait/4+1)
}

// say says a failure, when it is another one than before and now and then.
func (d *Delivery) say(text string) {
	now := time.Now()
	if text == d.said && now.Sub(d.saidAt) < sayEvery {
		return
	}
	d.said, d.saidAt = text, now
	n, size := d.spool.Waiting()
	d.spool.Warn(fmt.Sprintf("warning: %s; %s, %s, wait in the spool", text, batches(n), files.Size(size)))
}
