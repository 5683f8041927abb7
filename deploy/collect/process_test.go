package collect

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/deploy/input"
)

// processVariable has the options of a collector that is this program.
const processVariable = "CLICKEDGE_TEST_COLLECT"

func TestMain(m *testing.M) {
	if text := os.Getenv(processVariable); text != "" {
		os.Exit(asProcess(text))
	}
	os.Exit(m.Run())
}

// asProcess runs a collector until a signal.
func asProcess(text string) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	var o Options
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	o.Err, o.In, o.LookupEnv = os.Stderr, &input.Input{Ctx: ctx, Err: os.Stderr}, func(string) (string, bool) { return "", false }
	if err := Run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// process is a collector in a process of its own.
type process struct {
	t    *testing.T
	o    Options
	cmd  *exec.Cmd
	url  atomic.Pointer[string]
	said buffer
	read sync.WaitGroup
}

func (p *process) start() {
	p.t.Helper()
	options, err := json.Marshal(map[string]any{"Dir": p.o.Dir, "Listen": "127.0.0.1:0", "Token": p.o.Token, "FileMiB": 1, "Gzip": true})
	require.NoError(p.t, err)
	p.cmd = exec.Command(os.Args[0])
	p.cmd.Env = append(os.Environ(), processVariable+"="+string(options))
	from, err := p.cmd.StderrPipe()
	require.NoError(p.t, err)
	require.NoError(p.t, p.cmd.Start())
	listening := make(chan string, 1)
	p.read.Go(func() {
		for lines := bufio.NewScanner(from); lines.Scan(); {
			fmt.Fprintln(&p.said, lines.Text())
			if url, ok := strings.CutPrefix(lines.Text(), "listening on "); ok {
				listening <- url
			}
		}
	})
	select {
	case url := <-listening:
		p.url.Store(&url)
	case <-time.After(wait):
		require.FailNow(p.t, "it does not listen", "%s", &p.said)
	}
}

// signal ends the process, and waits for its end.
func (p *process) signal(s os.Signal) error {
	_ = p.cmd.Process.Signal(s)
	p.read.Wait()
	return p.cmd.Wait()
}

// sender behaves as one of Fastly's aggregation servers does: it sends lines in
// batches, and each again, with the same bytes, until it gets 200.
type sender struct {
	p       *process
	client  *http.Client
	id      int
	taken   int // lines
	repeats int // batches
}

// send sends batches until done is closed, and the one at hand to its end.
func (s *sender) send(done <-chan struct{}, taken *atomic.Int64) {
	for i := 0; ; i++ {
		select {
		case <-done:
			return
		default:
		}
		first, n := s.id*1_000_000+s.taken, 1+rand.IntN(300)
		body, fields := s.batch(span(first, first+n), i)
		for !s.post(body, fields) {
			s.repeats++
			runtime.Gosched()
		}
		s.taken += n
		taken.Add(int64(n))
	}
}

// batch is lines in one of the forms that Fastly sends.
func (s *sender) batch(lines string, i int) (body []byte, fields [2]string) {
	switch i % 3 {
	case 0:
		return packed(lines), [2]string{"Content-Encoding", "gzip"}
	case 1:
		return []byte("[" + strings.ReplaceAll(strings.TrimSpace(lines), "\n", ",") + "]"), [2]string{"Content-Type", "application/json"}
	}
	return []byte(lines), [2]string{"Content-Type", "application/x-ndjson"}
}

func (s *sender) post(body []byte, fields [2]string) bool {
	req, err := http.NewRequest("POST", *s.p.url.Load()+"/clicks", bytes.NewReader(body))
	if err != nil {
		return false
	}
	req.Header.Set("Authorization", secret)
	req.Header.Set(fields[0], fields[1])
	resp, err := s.client.Do(req)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return err == nil && resp.StatusCode == http.StatusOK
}

// A collector that is killed again and again, while senders post in parallel,
// loses no line of a batch that it has answered, and keeps no half of one.
func TestKilled(t *testing.T) {
	dir := t.TempDir()
	p := &process{t: t, o: Options{Dir: filepath.Join(dir, "log"), Token: filepath.Join(dir, "token")}}
	require.NoError(t, os.WriteFile(p.o.Token, []byte(secret), 0o600))
	p.start()
	done := make(chan struct{})
	var taken atomic.Int64
	var sending sync.WaitGroup
	senders := make([]*sender, 6)
	for i := range senders {
		senders[i] = &sender{p: p, id: i, client: &http.Client{Timeout: wait, Transport: &http.Transport{}}}
		sending.Go(func() { senders[i].send(done, &taken) })
	}
	for kills := range 8 {
		enough := taken.Load() + 500
		require.Eventually(t, func() bool { return taken.Load() > enough }, wait, time.Millisecond)
		if kills == 3 {
			halfABatch(t, *p.url.Load())
		}
		require.Error(t, p.signal(syscall.SIGKILL))
		p.start()
	}
	close(done)
	sending.Wait()
	lines, repeats := 0, 0
	for _, s := range senders {
		lines += s.taken
		repeats += s.repeats
		s.client.CloseIdleConnections()
	}
	require.Positive(t, repeats, "batches were under way when it was killed")
	require.NoError(t, p.signal(syscall.SIGTERM))
	require.Contains(t, p.said.String(), "batches taken: ")

	r := &running{t: t, o: p.o}
	report := r.report()
	require.Equal(t, lines, report.Total.Requests, "%s", &p.said)
	require.Zero(t, report.Passed.Cut+report.Passed.Broken+report.Passed.Foreign)
	require.NotContains(t, p.said.String(), "hunter2")
}

// halfABatch sends a part of a batch, and no more.
func halfABatch(t *testing.T, url string) {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	_, err = fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: x\r\nAuthorization: %s\r\nContent-Length: 100000\r\n\r\n%s", secret, span(9_000_000, 9_000_010))
	require.NoError(t, err)
}
