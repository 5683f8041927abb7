package hostsim

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/hostsim/internal/wattest"
)

// adversarial is one of the modules that no compiler would make.
func adversarial(t testing.TB, name string) string {
	t.Helper()
	text, err := os.ReadFile("testdata/adversarial/" + name + ".wat")
	require.NoError(t, err)
	return string(text)
}

// overTLS serves h as "hostsim serve --tls" does for clients that speak HTTP/2.
func overTLS(t testing.TB, h *Host) *httptest.Server {
	srv := httptest.NewUnstartedServer(h)
	srv.EnableHTTP2 = true
	srv.StartTLS()
	t.Cleanup(srv.Close)
	return srv
}

// At the time limit the client gets a 503, whatever serves the host, whatever
// the guest does and whatever the client still has to send. A client that sees
// the connection end instead sends its request again.
func TestTimeLimitIsA503(t *testing.T) {
	for _, name := range []string{"endless-loop", "endless-calls", "endless-recursion", "sleeps-for-ever"} {
		t.Run(name, func(t *testing.T) {
			h := assembled(t, adversarial(t, name), Config{Limits: Limits{Time: 20 * time.Millisecond}})
			secure := overTLS(t, h)
			targets := map[string]*http.Client{secure.URL: secure.Client()}
			for _, serve := range servers {
				targets["http://"+serve(t, h)] = &http.Client{Transport: &http.Transport{}}
			}
			sent := uint64(0)
			for url, client := range targets {
				defer client.CloseIdleConnections()
				for _, body := range [][]byte{nil, nil, bytes.Repeat([]byte("x"), 4<<20), nil} {
					sent++
					requireTimeout(t, client, url, body)
				}
			}
			require.Equal(t, sent, h.Requests(), "no request was sent twice")
		})
	}
}

// Twenty clients at once get twenty of them, from Host.Serve.
func TestTimeLimitTwentyTimes(t *testing.T) {
	h := assembled(t, adversarial(t, "endless-loop"), Config{Limits: Limits{Time: 20 * time.Millisecond}})
	url := "http://" + servers["Host.Serve"](t, h)
	var clients sync.WaitGroup
	var got atomic.Int32
	for range 20 {
		clients.Go(func() {
			resp, err := http.Get(url)
			if err != nil {
				t.Error(err)
				return
			}
			defer resp.Body.Close()
			if text, err := io.ReadAll(resp.Body); err == nil && resp.StatusCode == 503 && string(text) == "guest ended: timed out\n" {
				got.Add(1)
			}
		})
	}
	clients.Wait()
	require.EqualValues(t, 20, got.Load())
	require.EqualValues(t, 20, h.Requests(), "none was sent twice")
}

func requireTimeout(t *testing.T, client *http.Client, url string, body []byte) {
	t.Helper()
	method, content := http.MethodGet, io.Reader(nil)
	if body != nil {
		method, content = http.MethodPut, bytes.NewReader(body)
	}
	req, err := http.NewRequest(method, url, content)
	require.NoError(t, err)
	resp, err := client.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Equal(t, 503, resp.StatusCode)
	require.Equal(t, "guest ended: timed out\n", string(text))
}

// A host that is closed answers the requests under way, too.
func TestCloseIsA503(t *testing.T) {
	module, err := wattest.Assemble(adversarial(t, "endless-loop"))
	require.NoError(t, err)
	for name, serve := range servers {
		h, err := New(context.Background(), module, Config{})
		require.NoError(t, err)
		addr := serve(t, h)
		var requests sync.WaitGroup
		requests.Go(func() {
			resp, err := http.Get("http://" + addr)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				return
			}
			resp.Body.Close()
			if resp.StatusCode != 503 {
				t.Errorf("%s: %s", name, resp.Status)
			}
		})
		require.Eventually(t, func() bool { return h.Requests() == 1 }, patience, time.Millisecond)
		require.NoError(t, h.Close(context.Background()))
		requests.Wait()
	}
}
