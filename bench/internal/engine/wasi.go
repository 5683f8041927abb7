package engine

import (
	"context"
	"encoding/binary"
	"time"

	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/sys"
)

// Error numbers of WASI preview 1 (WASI/legacy/preview1/docs.md, "errno").
const (
	wasiOK     = 0
	wasiBadF   = 8
	wasiFault  = 21
	wasiInval  = 28
	wasiNoSys  = 52
	wasiStderr = 2
)

// noon is the wall clock when a run begins.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).UnixNano()

// tick is how far the clocks advance each time they are read, so that time
// passes the same in every run.
const tick = int64(10 * time.Microsecond)

// wasi returns a WASI function. Functions that no guest here needs return
// ENOSYS.
func (e *Engine) wasi(name string) api.GoModuleFunc {
	if name == "proc_exit" {
		return func(_ context.Context, _ api.Module, stack []uint64) { panic(sys.NewExitError(uint32(stack[0]))) }
	}
	call := wasiCalls[name]
	return func(_ context.Context, _ api.Module, stack []uint64) {
		w := &wasiFrame{r: e.current, args: stack, errno: wasiNoSys}
		w.r.counts.WASICalls++
		if call != nil {
			w.errno = wasiOK
			call(w)
		}
		e.called(wasiModule, name, 0)
		stack[0] = uint64(w.errno)
	}
}

// wasiFrame is one call. Once errno is set, writes do nothing.
type wasiFrame struct {
	r     *running
	args  []uint64
	errno uint32
}

var wasiCalls = map[string]func(*wasiFrame){
	"args_sizes_get":      func(w *wasiFrame) { w.sizes(w.r.guest.Args) },
	"args_get":            func(w *wasiFrame) { w.list(w.r.guest.Args) },
	"environ_sizes_get":   func(w *wasiFrame) { w.sizes(w.environ()) },
	"environ_get":         func(w *wasiFrame) { w.list(w.environ()) },
	"clock_time_get":      wasiClock,
	"clock_res_get":       func(w *wasiFrame) { w.put64(w.u32(1), 1000) },
	"random_get":          wasiRandom,
	"sched_yield":         func(*wasiFrame) {},
	"fd_close":            func(*wasiFrame) {},
	"fd_write":            wasiWrite,
	"fd_read":             func(w *wasiFrame) { w.put32(w.u32(3), 0) },
	"fd_fdstat_get":       wasiFdstat,
	"fd_fdstat_set_flags": func(*wasiFrame) {},
	"fd_prestat_get":      func(w *wasiFrame) { w.errno = wasiBadF },
	"fd_prestat_dir_name": func(w *wasiFrame) { w.errno = wasiBadF },
	"fd_seek":             func(w *wasiFrame) { w.errno = wasiInval },
	"path_open":           func(w *wasiFrame) { w.errno = wasiBadF },
	"path_filestat_get":   func(w *wasiFrame) { w.errno = wasiBadF },
	"poll_oneoff":         wasiPoll,
}

func (w *wasiFrame) u32(i int) uint32 { return uint32(w.args[i]) }

func (w *wasiFrame) view(at, n uint32) []byte { return w.checked(w.r.memory.Read, at, n) }

// room is a view that is written.
func (w *wasiFrame) room(at, n uint32) []byte { return w.checked(w.r.memory.room, at, n) }

func (w *wasiFrame) checked(how func(at, n uint32) ([]byte, bool), at, n uint32) []byte {
	b, ok := how(at, n)
	if !ok {
		w.errno = wasiFault
		return make([]byte, min(n, 64)) // the longest record
	}
	return b
}

func (w *wasiFrame) put32(at, v uint32) { binary.LittleEndian.PutUint32(w.room(at, 4), v) }
func (w *wasiFrame) put64(at uint32, v uint64) {
	binary.LittleEndian.PutUint64(w.room(at, 8), v)
}

func (w *wasiFrame) environ() []string {
	list := make([]string, len(w.r.guest.Env))
	for i, pair := range w.r.guest.Env {
		list[i] = pair[0] + "=" + pair[1]
	}
	return list
}

func (w *wasiFrame) sizes(list []string) {
	size := 0
	for _, s := range list {
		size += len(s) + 1
	}
	w.put32(w.u32(0), uint32(len(list)))
	w.put32(w.u32(1), uint32(size))
}

func (w *wasiFrame) list(list []string) {
	at, text := w.u32(0), w.u32(1)
	for _, s := range list {
		w.put32(at, text)
		copy(w.room(text, uint32(len(s))+1), s+"\x00")
		at, text = at+4, text+uint32(len(s))+1
	}
}

func wasiClock(w *wasiFrame) {
	w.r.clock += tick
	now := w.r.clock
	if w.u32(0) == 0 {
		now += noon
	}
	w.put64(w.u32(2), uint64(now))
}

// wasiRandom gives the same bytes in every run.
func wasiRandom(w *wasiFrame) {
	b := w.room(w.u32(0), w.u32(1))
	for i := range b {
		b[i] = byte(i*167 + 41)
	}
}

func wasiWrite(w *wasiFrame) {
	at, n, total := w.u32(1), w.u32(2), 0
	for ; n > 0 && w.errno == wasiOK; n-- {
		vec := w.view(at, 8)
		b := w.view(binary.LittleEndian.Uint32(vec), binary.LittleEndian.Uint32(vec[4:]))
		if w.u32(0) == wasiStderr {
			w.r.guest.Stderr.Write(b)
		} else {
			w.r.guest.Stdout.Write(b)
		}
		at, total = at+8, total+len(b)
	}
	w.put32(w.u32(3), uint32(total))
}

// wasiFdstat describes the three standard streams as character devices.
func wasiFdstat(w *wasiFrame) {
	if w.u32(0) > wasiStderr {
		w.errno = wasiBadF
		return
	}
	b := w.room(w.u32(1), 24)
	clear(b)
	b[0] = 2
	binary.LittleEndian.PutUint64(b[8:], 1<<6|1<<1)
}

// wasiPoll lets every clock expire at once: no run waits.
func wasiPoll(w *wasiFrame) {
	in, out, n := w.u32(0), w.u32(1), w.u32(2)
	for i := range n {
		sub, event := w.view(in+48*i, 48), w.room(out+32*i, 32)
		clear(event)
		copy(event, sub[:8])
		event[10] = sub[8]
		if sub[8] == 0 {
			w.r.clock += int64(binary.LittleEndian.Uint64(sub[24:]))
		}
	}
	w.put32(w.u32(3), n)
}
