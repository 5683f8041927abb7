package wire

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"
)

// farewell is a connection whose other side answers between its goodbye and its
// end, as happens over TLS.
type farewell struct {
	net.Conn
	far net.Conn
}

func (c *farewell) Close() error {
	c.far.SetWriteDeadline(time.Now().Add(10 * time.Second))
	// returns when it has been read
	_, _ = io.WriteString(c.far, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
	return c.Conn.Close()
}

// Half a request is not sent, whatever the other side says of the half it saw.
func TestBrokenBodyWinsOverTheAnswerToIt(t *testing.T) {
	broken := errors.New("reader has gone")
	for name, framing := range map[string]Field{
		"length": {"Content-Length", "100"},
		"chunks": {"Transfer-Encoding", "chunked"},
	} {
		t.Run(name, func(t *testing.T) {
			near, far := net.Pipe()
			defer far.Close()
			go io.Copy(io.Discard, far)
			_, err := RoundTrip(context.Background(), &farewell{near, far}, &Request{Method: "POST", Target: "/", Header: Header{framing},
				Body: iotest.ErrReader(broken)}, Limits{})
			require.ErrorIs(t, err, ErrRequestBody)
			require.ErrorIs(t, err, broken)
		})
	}
}

// An answer that comes while the body is still on its way is an answer.
func TestEarlyAnswerIsNotMissed(t *testing.T) {
	near, far := net.Pipe()
	defer far.Close()
	go io.Copy(io.Discard, far)
	go io.WriteString(far, "HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
	body, more := io.Pipe()
	defer more.Close()
	resp, err := RoundTrip(context.Background(), near, &Request{Method: "POST", Target: "/", Header: Header{{"Transfer-Encoding", "chunked"}}, Body: body}, Limits{})
	require.NoError(t, err)
	require.Equal(t, 413, resp.Status)
	require.NoError(t, resp.Body.Close())
}
