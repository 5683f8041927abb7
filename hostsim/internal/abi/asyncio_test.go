package abi

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/hostsim/internal/origin"
	"github.com/clickedge/clickedge/hostsim/senderror"
)

// A guest that only polls waits in its polls, and has the answer from the one
// in which it comes.
func TestPollsWait(t *testing.T) {
	for name, poll := range map[string]func(*rig, uint64) bool{
		"http_req.pending_req_poll": func(r *rig, h uint64) bool {
			st := r.s.Call(Lookup("fastly_http_req", "pending_req_poll"), r.m, []uint64{h, 0, 4, 8})
			return st != OK
		},
		"async_io.is_ready": func(r *rig, h uint64) bool {
			require.Equal(t, OK, r.s.Call(Lookup("fastly_async_io", "is_ready"), r.m, []uint64{h, 0}))
			return r.u32(0) == 1
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			p := &pending{done: make(chan struct{}), err: &senderror.Error{}, status: Error, backend: &origin.Backend{}}
			h := uint64(r.s.addItem(p))
			waits := 0
			r.s.Waiting = func(begins bool) {
				if begins {
					if waits++; waits == 3 {
						close(p.done)
					}
				}
			}
			polls := 1
			for !poll(r, h) {
				polls++
			}
			require.Equal(t, freePolls+3, polls)
			require.Zero(t, r.s.polls, "it begins anew")

			other := &pending{done: make(chan struct{}), err: &senderror.Error{}, status: Error, backend: &origin.Backend{}}
			h, waits = uint64(r.s.addItem(&pending{done: make(chan struct{})})), 0
			r.s.Waiting = func(begins bool) {
				if begins {
					r.s.announce(other)
				}
			}
			r.s.polls = 1 << 40 // a wait for a long time, if it were not for the other one
			require.False(t, poll(r, h))
		})
	}
}
