package hostsim

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var echo = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.Copy(w, r.Body) })

func TestSentBodies(t *testing.T) {
	large := strings.Repeat("x", 100_000)
	for _, c := range []struct {
		limit      int
		sent, kept string
		size       int64
	}{{0, "hello", "", 0}, {100, "hello", "hello", 5}, {3, "hello", "hel", 5}, {1 << 20, large, large, 100_000}, {100, "", "", 0}} {
		h := newHost(t, "raw", Config{Backends: map[string]Backend{"origin": {Handler: echo}}, Limits: Limits{SentBody: c.limit}})
		resp, x := do(t, h, &Request{Method: "POST", Body: bytes.NewReader([]byte(c.sent))})
		require.Equal(t, c.sent, string(resp.Body))
		require.Equal(t, c.kept, string(x.Sent[0].Body))
		require.Equal(t, c.size, x.Sent[0].BodySize)
	}
}
