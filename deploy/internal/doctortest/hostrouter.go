package doctortest

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
)

// Place takes a connection over and returns when it is done with it; who called
// it closes it.
type Place interface{ ServeConn(net.Conn) }

// placeFunc is a function as a [Place].
type placeFunc func(net.Conn)

// ServeConn implements Place.
func (f placeFunc) ServeConn(conn net.Conn) { f(conn) }

var (
	_ Place = (*server)(nil)
	_ Place = (*hostRouter)(nil)
	_ Place = relay("")
)

// hostRouter is one port behind which several names live, as each has an
// address of its own on the internet: it reads the SNI or the Host of what
// comes in and hands the connection on, bytes unchanged.
type hostRouter struct {
	secure bool
	places map[string]Place // by name; "" for every other, and for none
}

// ServeConn implements Place.
func (g *hostRouter) ServeConn(conn net.Conn) {
	read := hostOf
	if g.secure {
		read = sniOf
	}
	seen := &recorded{Conn: conn}
	name, err := read(seen)
	if err != nil {
		return // nothing came that could be read
	}
	place, ok := g.places[name]
	if !ok {
		place = g.places[""]
	}
	if place != nil {
		place.ServeConn(&replayed{Conn: conn, first: bytes.NewReader(seen.got)})
	}
}

// recorded keeps what is read, and answers nothing.
type recorded struct {
	net.Conn
	got []byte
}

func (c *recorded) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.got = append(c.got, b[:n]...)
	return n, err
}

func (c *recorded) Write(b []byte) (int, error) { return len(b), nil }

// errPeeked ends a handshake that was only begun to read its first message.
var errPeeked = errors.New("peeked")

// sniOf reads the first message of a handshake. What is no handshake has no
// name.
func sniOf(c *recorded) (name string, err error) {
	err = tls.Server(c, &tls.Config{
		MinVersion: tls.VersionTLS10,
		GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
			name = strings.ToLower(hello.ServerName)
			return nil, errPeeked
		},
	}).Handshake()
	if len(c.got) == 0 {
		return "", err
	}
	return name, nil
}

// hostOf reads the head of the first request.
func hostOf(c *recorded) (string, error) {
	buf := make([]byte, 4096)
	for !bytes.Contains(c.got, []byte("\r\n\r\n")) {
		if _, err := c.Read(buf); err != nil {
			return "", err
		}
	}
	for line := range strings.SplitSeq(string(c.got), "\r\n") {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.EqualFold(name, "Host") {
			host := strings.ToLower(strings.TrimSpace(value))
			if bare, _, err := net.SplitHostPort(host); err == nil {
				host = bare
			}
			return host, nil
		}
	}
	return "", nil
}

// replayed is a connection whose first bytes have been read already.
type replayed struct {
	net.Conn
	first *bytes.Reader
}

func (c *replayed) Read(b []byte) (int, error) {
	if c.first.Len() > 0 {
		return c.first.Read(b)
	}
	return c.Conn.Read(b)
}

// relay hands a connection on to another port of loopback.
type relay string

// ServeConn implements Place.
func (addr relay) ServeConn(in net.Conn) {
	out, err := net.Dial("tcp", string(addr))
	if err != nil {
		reset(in)
		return
	}
	defer out.Close()
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = io.Copy(out, in) // either side may go at any time
		_ = out.(*net.TCPConn).CloseWrite()
	}()
	if _, err := io.Copy(in, out); err != nil {
		reset(in) // as the far end did
	}
	in.Close()
	<-done
}

// reset ends a connection with a TCP reset.
func reset(conn net.Conn) {
	if r, ok := conn.(*replayed); ok {
		conn = r.Conn
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // fails only on a connection that has gone already
	}
	conn.Close()
}
