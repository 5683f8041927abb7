package differential

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// patience bounds every wait of these tests. Nothing takes that long unless it
// is broken.
const patience = 5 * time.Second

// starting bounds the compilation of a large module by Viceroy.
const starting = 2 * time.Minute

// findViceroy skips the test, plainly, when there is no Viceroy to compare
// with.
func findViceroy(t *testing.T) string {
	t.Helper()
	path := os.Getenv("VICEROY")
	if path == "" {
		path, _ = exec.LookPath("viceroy")
	}
	if path == "" {
		t.Skip("NOT COMPARED: there is no Viceroy. Set VICEROY or put viceroy on the PATH; run.sh installs it with cargo.")
	}
	return path
}

// viceroy is a running Viceroy.
type viceroy struct {
	addr string
	cmd  *exec.Cmd
	out  *transcript
}

// startViceroy serves a module on a port that was free a moment ago, and tries
// others when it no longer is.
func startViceroy(t *testing.T, module, config string) *viceroy {
	t.Helper()
	path := findViceroy(t)
	for range 5 {
		v := &viceroy{addr: freePort(t), out: newTranscript()}
		v.cmd = exec.Command(path, "-v", "-C", config, "--addr", v.addr, module)
		// files that the configuration names are looked for from here
		v.cmd.Dir = filepath.Dir(config)
		v.cmd.Env = append(os.Environ(), "RUST_BACKTRACE=0", "RUST_LIB_BACKTRACE=0", "WASMTIME_BACKTRACE_DETAILS=0", "NO_COLOR=1")
		// one pipe, so that lines of both streams stay in order
		read, write, err := os.Pipe()
		require.NoError(t, err)
		v.cmd.Stdout, v.cmd.Stderr = write, write
		require.NoError(t, v.cmd.Start())
		write.Close()
		go v.out.read(read)
		t.Cleanup(func() { v.cmd.Process.Kill(); v.cmd.Wait() })
		if v.ready() {
			return v
		}
		v.cmd.Process.Kill()
		t.Logf("Viceroy did not start on %s: %s", v.addr, v.out.all())
	}
	require.FailNow(t, "Viceroy does not start")
	return nil
}

func freePort(t *testing.T) string {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer ln.Close()
	return ln.Addr().String()
}

// ready waits for the line that Viceroy writes when it listens, or for its end.
func (v *viceroy) ready() bool {
	return v.out.await(starting, func(s *transcript) bool { return s.listening || s.over }) && v.out.listening
}

// transcript is what Viceroy has written, told apart into its own lines and
// those of the guest.
type transcript struct {
	mu      sync.Mutex
	changed chan struct{}
	lines   []string // of the guest and its log endpoints
	// of a guest's line, into which Viceroy has written one of its own
	begun     string
	own       []string
	listening bool
	over      bool
	handled   int
	completed int
	taken     int  // of those handled
	trapping  bool // lines of a backtrace or a panic follow
	ending    string
	cause     string
}

func newTranscript() *transcript { return &transcript{changed: make(chan struct{})} }

var tracing = regexp.MustCompile(`\d{4}-\d\d-\d\dT\S+Z\s+(INFO|WARN|ERROR|DEBUG) (.*)`)

func (s *transcript) read(r io.Reader) {
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadString('\n')
		s.mu.Lock()
		if line != "" {
			s.line(strings.TrimSuffix(line, "\n"))
		}
		s.over = err != nil
		close(s.changed)
		s.changed = make(chan struct{})
		s.mu.Unlock()
		if err != nil {
			return
		}
	}
}

var exitCode = regexp.MustCompile(`exit status (-?\d+)`)

func (s *transcript) line(line string) {
	if strings.Contains(line, "panicked at") {
		// Viceroy itself; the request will not be told complete
		s.trapping, s.cause = true, s.cause+line+"\n"
		return
	}
	if strings.Contains(line, "guest worker finished without panicking") {
		s.ending = "panic"
		return
	}
	if at := tracing.FindStringIndex(line); at != nil && at[0] > 0 {
		// the guest has not ended its line: the rest comes behind
		s.begun += line[:at[0]]
		line = line[at[0]:]
	}
	own := tracing.FindStringSubmatch(line)
	switch {
	case own == nil && s.trapping:
		s.cause += strings.TrimSpace(line) + "\n"
		return
	case own == nil:
		s.lines, s.begun = append(s.lines, s.begun+line), ""
		return
	}
	s.own, s.trapping = append(s.own, line), false
	switch text := own[2]; {
	case strings.Contains(text, "Listening on"):
		s.listening = true
	case strings.Contains(text, "handling request"):
		s.handled++
	case strings.Contains(text, "request completed in"), strings.Contains(text, "guest completed in"):
		s.completed++
	case strings.Contains(text, "WebAssembly exited with error"):
		s.trapping, s.ending = true, "exit"
	case strings.Contains(text, "WebAssembly trapped"):
		s.trapping, s.ending = true, "trap"
	}
}

// await waits until done says so, and reports whether it did.
func (s *transcript) await(limit time.Duration, done func(*transcript) bool) bool {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	for {
		s.mu.Lock()
		ok, over, changed := done(s), s.over, s.changed
		s.mu.Unlock()
		if ok || over {
			return ok
		}
		select {
		case <-changed:
		case <-timer.C:
			return false
		}
	}
}

// take returns what has come since the last take, once the guests that were
// started have ended. guest says whether there was one since the last take.
func (s *transcript) take(guest bool) (lines []string, ending, cause string, ok bool) {
	ok = s.await(patience, func(s *transcript) bool {
		return s.ending == "panic" || s.handled == s.completed && (!guest || s.handled > s.taken)
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.begun != "" { // it never ended it
		s.lines, s.begun = append(s.lines, s.begun), ""
	}
	lines, ending, cause = s.lines, s.ending, s.cause
	if code := exitCode.FindStringSubmatch(cause); ending == "exit" && code != nil {
		ending += " " + code[1]
	}
	s.lines, s.ending, s.cause, s.own, s.taken = nil, "", "", nil, s.handled
	// a guest that never ends is not waited for again
	s.completed, s.trapping = s.handled, false
	if ending == "" {
		ending = "exit 0"
	}
	return lines, ending, cause, ok
}

func (s *transcript) all() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return fmt.Sprint(strings.Join(s.own, "\n"), "\n", strings.Join(s.lines, "\n"))
}
