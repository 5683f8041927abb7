package servers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/clickedge/clickedge/bench/internal/clicks"
	"github.com/clickedge/clickedge/hostsim/wire"
)

// Click is one kind of click as bytes, so that the client costs little.
type Click struct {
	Name    string
	request []byte
	want    []byte // stands in the right answer
}

// ClickOf makes the bytes of a click.
func ClickOf(k *clicks.Kind) Click {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\n", k.Request.Method, k.Request.Target, k.Request.Host)
	for _, f := range k.Request.Header {
		fmt.Fprintf(&b, "%s: %s\r\n", f.Name, f.Value)
	}
	return Click{k.Name, []byte(b.String() + "\r\n"), []byte(k.Location + "\r\n")}
}

// client is one connection.
type client struct {
	conn net.Conn
	in   []byte // what has been read
}

func dial(ctx context.Context, addr string) (*client, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	return &client{conn: conn, in: make([]byte, 0, 16<<10)}, nil
}

// click sends the request and reads one whole answer, which must be right.
func (c *client) click(k *Click) error {
	if err := c.conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		return err
	}
	if _, err := c.conn.Write(k.request); err != nil {
		return err
	}
	c.in = c.in[:0]
	for {
		n, err := c.conn.Read(c.in[len(c.in):cap(c.in)])
		c.in = c.in[:len(c.in)+n]
		if whole(c.in) {
			break
		}
		if err == nil && len(c.in) == cap(c.in) {
			err = errors.New("the answer is too long")
		}
		if err != nil {
			return err
		}
	}
	if !bytes.HasPrefix(c.in, []byte("HTTP/1.1 302 ")) || !bytes.Contains(c.in, k.want) {
		return fmt.Errorf("wrong answer %q", c.in)
	}
	return nil
}

// whole reports whether an answer, by a length or in chunks, is there to its
// end.
func whole(b []byte) bool {
	head, body, ok := bytes.Cut(b, []byte("\r\n\r\n"))
	if !ok {
		return false
	}
	length, found := field(head, "content-length")
	if !found {
		coding, chunked := field(head, "transfer-encoding")
		return !chunked || coding != "chunked" || bytes.HasSuffix(body, []byte("0\r\n\r\n"))
	}
	n := 0
	for _, d := range []byte(length) {
		n = n*10 + int(d-'0')
	}
	return len(body) >= n
}

func field(head []byte, name string) (string, bool) {
	for line := range bytes.SplitSeq(head, []byte("\r\n")) {
		if len(line) > len(name) && line[len(name)] == ':' && strings.EqualFold(string(line[:len(name)]), name) {
			return strings.TrimSpace(string(line[len(name)+1:])), true
		}
	}
	return "", false
}

// Load clicks for this time over this number of connections. Without a rate each
// connection clicks as soon as it has an answer; with one, in clicks per second
// of all together, at fixed times, and latency counts from these: a server that
// stalls is not spared the clicks that would have come.
func Load(ctx context.Context, addr string, k *Click, connections int, d time.Duration, rate float64) (latency []time.Duration, took time.Duration, err error) {
	var (
		wait sync.WaitGroup
		mu   sync.Mutex
	)
	start := time.Now()
	for i := range connections {
		wait.Go(func() {
			list, failed := pace(ctx, addr, k, start, d, i, connections, rate)
			mu.Lock()
			defer mu.Unlock()
			latency, err = append(latency, list...), errors.Join(err, failed)
		})
	}
	wait.Wait()
	return latency, time.Since(start), err
}

// Once clicks once.
func Once(ctx context.Context, addr string, k *Click) error {
	c, err := dial(ctx, addr)
	if err != nil {
		return err
	}
	defer c.conn.Close()
	return c.click(k)
}

func pace(ctx context.Context, addr string, k *Click, start time.Time, d time.Duration, i, connections int, rate float64) (list []time.Duration, err error) {
	c, err := dial(ctx, addr)
	if err != nil {
		return nil, err
	}
	defer c.conn.Close()
	var every time.Duration
	due := start
	if rate > 0 {
		every = time.Duration(float64(connections) / rate * float64(time.Second))
		due = due.Add(every * time.Duration(i) / time.Duration(connections))
	}
	for end := start.Add(d); ; {
		if every > 0 {
			due = due.Add(every)
			time.Sleep(time.Until(due))
		} else {
			due = time.Now()
		}
		if due.After(end) {
			return list, nil
		}
		if err := c.click(k); err != nil {
			return nil, err
		}
		list = append(list, time.Since(due))
	}
}

// Origin serves the ESP of the clicks on loopback, with as little as can be.
func Origin() (addr string, stop func(), err error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	status, header := clicks.Answer()
	header.Add("Content-Length", "0")
	srv := &wire.Server{Raw: answer{status, header}}
	go srv.Serve(ln)
	return ln.Addr().String(), func() { srv.Close() }, nil
}

type answer struct {
	status int
	header wire.Header
}

// ServeRaw implements wire.RawHandler.
func (a answer) ServeRaw(w *wire.RawWriter, r *wire.RawRequest) error {
	if r.Body != nil {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return err
		}
	}
	return w.WriteHead(a.status, a.header)
}
