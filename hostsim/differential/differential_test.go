package differential

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/hostsim/internal/probetest"
)

func TestDifferential(t *testing.T) {
	findViceroy(t)
	l := &ledger{shown: map[string]int{}}
	t.Run("every host call", func(t *testing.T) { everyCall(t, l) })
	t.Run("modules", func(t *testing.T) { modules(t, l) })
	t.Run("run", func(t *testing.T) { runs(t, l) })
	l.settle(t)
}

// everyCall makes each host call with good and with bad arguments, and compares
// what it answers and writes to memory.
func everyCall(t *testing.T, l *ledger) {
	o := newOrigin(t)
	dir := t.TempDir()
	config, module := filepath.Join(dir, "fastly.toml"), filepath.Join(dir, "probe.wasm")
	code, err := probetest.Module()
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(module, code, 0o600))
	require.NoError(t, os.WriteFile(config, []byte(probetest.Config(o.url)), 0o600))
	theirs, ours := startViceroy(t, module, config), startSimulator(t, module, config)
	for _, c := range probetest.Sweep() {
		if timed[c.Call.Module+"."+c.Call.Name] {
			continue
		}
		body := c.Program.Encode()
		request := requestCase{text: fmt.Sprintf("POST / HTTP/1.1\r\nHost: probe.example\r\nX-Test: 1\r\nContent-Length: %d\r\n\r\n%s", len(body), body)}
		l.judge(compareCalls(c.Name, run(theirs, nil, request), run(ours, nil, request)))
	}
}

// timed are calls whose result is a matter of time and of memory.
var timed = map[string]bool{"fastly_compute_runtime.get_vcpu_ms": true, "fastly_compute_runtime.get_heap_mib": true}

// compareCalls looks at the last call of a program, which is the one in
// question, and at memory.
func compareCalls(name string, a, b outcome) (list []difference) {
	theirs, ours := lastStatus(a), lastStatus(b)
	add := func(field, theirs, ours string) {
		if theirs != ours {
			list = append(list, difference{name, field, theirs, ours, a, b})
		}
	}
	if add("call", theirs, ours); theirs == ours {
		add("start", a.Answer.Start, b.Answer.Start)
		add("memory", a.Answer.Body, b.Answer.Body)
	}
	return list
}

// lastStatus is the status of a program's last call, or how the guest ended
// without a report.
func lastStatus(r outcome) string {
	for _, line := range r.Lines {
		if letters, ok := strings.CutPrefix(line, "report :: "); ok {
			statuses := probetest.Statuses(letters)
			return statuses[len(statuses)-1].String()
		}
	}
	return r.Ending
}
