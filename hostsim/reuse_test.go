package hostsim_test

import (
	"context"
	"encoding/binary"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/hostsim"
)

// handGuest is a guest written in Go that makes host calls by name.
type handGuest struct {
	t *testing.T
	g *hostsim.Guest
	m flat
}

func (h handGuest) call(name string, args ...uint64) hostsim.Status {
	module, fn, _ := strings.Cut(name, ".")
	st, err := h.g.Call(hostCall(h.t, "fastly_"+module, fn), h.m, args)
	if err != nil {
		panic(err) // the request is over
	}
	return st
}

func (h handGuest) word(at int) uint64 { return uint64(binary.LittleEndian.Uint32(h.m[at:])) }

// answer replies with the target of request.
func (h handGuest) answer(request uint64) {
	h.call("http_req.uri_get", request, 1024, 1000, 0)
	n := h.word(0)
	h.call("http_body.new", 4)
	h.call("http_resp.new", 8)
	h.call("http_body.write", h.word(4), 1024, n, 0, 12)
	h.call("http_resp.send_downstream", h.word(8), h.word(4), 0)
}

// many is a guest that takes requests for as long as it gets any. It waits for
// up to timeout milliseconds.
func many(t *testing.T, timeout uint64, last chan<- hostsim.Status) script {
	return func(g *hostsim.Guest, m flat) (err error) {
		defer func() {
			if over, ok := recover().(error); ok {
				err = over
			}
		}()
		h := handGuest{t, g, m}
		h.call("http_req.body_downstream_get", 16, 20)
		for {
			h.answer(h.word(16))
			binary.LittleEndian.PutUint64(m[32:], timeout)
			h.call("http_downstream.next_request", 2, 32, 24)
			if st := h.call("http_downstream.next_request_wait", h.word(24), 16, 20); st != hostsim.StatusOK {
				if last != nil {
					last <- st
				}
				return nil
			}
		}
	}
}

func TestSandboxIsUsedAgain(t *testing.T) {
	last := make(chan hostsim.Status, 1)
	h, err := hostsim.New(context.Background(), []byte("script"), hostsim.Config{Engine: many(t, 60_000, last)})
	require.NoError(t, err)
	for i := range 6 {
		resp, x, err := h.Do(context.Background(), &hostsim.Request{Target: "/" + string(rune('a'+i))})
		require.NoError(t, err)
		require.Equal(t, "http://example.com/"+string(rune('a'+i)), string(resp.Body))
		require.True(t, x.Ending.OK())
		require.Zero(t, x.Sandbox)
		require.EqualValues(t, i, x.ID)
		require.True(t, x.Responded)
	}
	require.Equal(t, hostsim.StatusNone, <-last, "five further requests, and no more")
	_, x, err := h.Do(context.Background(), &hostsim.Request{})
	require.NoError(t, err)
	require.EqualValues(t, 6, x.Sandbox, "a new sandbox")
	require.NoError(t, h.Close(context.Background()), "closing the host ends the wait")
}

func TestWaitForARequestEnds(t *testing.T) {
	last := make(chan hostsim.Status, 1)
	h, err := hostsim.New(context.Background(), []byte("script"), hostsim.Config{Engine: many(t, 1, last)})
	require.NoError(t, err)
	defer h.Close(context.Background())
	_, _, err = h.Do(context.Background(), &hostsim.Request{})
	require.NoError(t, err)
	require.Equal(t, hostsim.StatusNone, <-last)
}

// A request that was handed to a sandbox which then does not take it goes to a
// new one.
func TestPromiseIsGivenBack(t *testing.T) {
	asked, offered := make(chan struct{}), make(chan struct{})
	first := sync.OnceFunc(func() { close(asked); <-offered })
	guest := func(abandon bool) script {
		return func(g *hostsim.Guest, m flat) error {
			h := handGuest{t, g, m}
			h.call("http_req.body_downstream_get", 16, 20)
			if h.word(16) == 0 && h.call("http_downstream.next_request", 0, 32, 24) == hostsim.StatusOK {
				require.Equal(t, hostsim.StatusLimitExceeded, h.call("http_downstream.next_request", 0, 32, 24), "one at a time")
				require.Equal(t, hostsim.StatusUnsupported, h.call("http_downstream.next_request_wait", h.word(24), 16, 20), "before the answer")
				first()
				if abandon {
					h.call("http_downstream.next_request_abandon", h.word(24))
				}
			}
			h.answer(h.word(16))
			return nil
		}
	}
	for name, abandon := range map[string]bool{"abandoned": true, "forgotten": false} {
		t.Run(name, func(t *testing.T) {
			asked, offered = make(chan struct{}), make(chan struct{})
			first = sync.OnceFunc(func() { close(asked); <-offered })
			h, err := hostsim.New(context.Background(), []byte("script"), hostsim.Config{Engine: guest(abandon)})
			require.NoError(t, err)
			defer h.Close(context.Background())
			var both sync.WaitGroup
			both.Go(func() {
				_, _, err := h.Do(context.Background(), &hostsim.Request{Target: "/one"})
				require.NoError(t, err)
			})
			<-asked
			both.Go(func() {
				resp, x, err := h.Do(context.Background(), &hostsim.Request{Target: "/two"})
				require.NoError(t, err)
				require.Equal(t, "http://example.com/two", string(resp.Body))
				require.EqualValues(t, 1, x.Sandbox)
			})
			time.AfterFunc(20*time.Millisecond, func() { close(offered) })
			both.Wait()
		})
	}
}

// The guest's parallel requests never see one another, used again or not.
func TestReuseInParallel(t *testing.T) {
	h, err := hostsim.New(context.Background(), []byte("script"), hostsim.Config{Engine: many(t, 50, nil)})
	require.NoError(t, err)
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			for j := range 50 {
				target := "/" + string(rune('a'+i)) + "/" + string(rune('a'+j%26))
				resp, x, err := h.Do(context.Background(), &hostsim.Request{Target: target})
				require.NoError(t, err)
				require.Equal(t, "http://example.com"+target, string(resp.Body))
				require.Equal(t, target, x.Request.Target)
				require.Contains(t, []int{7, 8}, x.CallCount, "calls of this exchange only")
			}
		})
	}
	all.Wait()
	require.NoError(t, h.Close(context.Background()))
}
