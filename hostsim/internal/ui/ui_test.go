package ui

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/hostsim"
	"github.com/clickedge/clickedge/hostsim/wire"
)

func exchange(id uint64) *hostsim.Exchange {
	return &hostsim.Exchange{ID: id, Request: hostsim.RequestSummary{Method: "GET", Target: "/<b>\n\xff", Host: "example.com", Header: wire.NewHeader("A", "b")},
		Response: 200, Calls: []hostsim.Call{{Module: "fastly_log", Name: "write", Args: `msg="x"`, Start: time.Millisecond, Duration: 2 * time.Millisecond}}, CallCount: 3,
		Sent: []hostsim.BackendRequest{{Backend: "o", Method: "GET", Target: "/", Header: wire.NewHeader("Host", "o"), Body: []byte("x"), BodySize: 1, Err: errors.New("refused")}},
		Logs: []hostsim.LogLine{{Endpoint: "l", Line: "one\ntwo"}}, Stderr: []byte(strings.Repeat("e", shownText+1)), Duration: 3 * time.Millisecond}
}

// stream reads the events of a page, from an id on.
func stream(t *testing.T, url, after string) *bufio.Scanner {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/events", nil)
	require.NoError(t, err)
	req.Header.Set("Last-Event-ID", after)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	t.Cleanup(func() { cancel(); resp.Body.Close() })
	require.Equal(t, "text/event-stream", resp.Header.Get("Content-Type"))
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 10<<20)
	return lines
}

func next(t *testing.T, lines *bufio.Scanner) (id string, e event) {
	t.Helper()
	for lines.Scan() {
		if text, ok := strings.CutPrefix(lines.Text(), "id: "); ok {
			id = text
		}
		if text, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
			require.NoError(t, json.Unmarshal([]byte(text), &e))
			return id, e
		}
	}
	require.FailNow(t, "the stream has ended", "%v", lines.Err())
	return id, e
}

func TestEvents(t *testing.T) {
	page := New()
	srv := httptest.NewServer(page)
	t.Cleanup(srv.Close)
	page.Show(exchange(0))
	page.Show(exchange(1))
	lines := stream(t, srv.URL, "")
	id, e := next(t, lines)
	require.Equal(t, "1", id)
	require.Equal(t, "/<b>\n\ufffd", e.Target)
	require.Equal(t, []call{{"fastly_log.write", `msg="x"`, "ok", "", 1000, 2000}}, e.Calls)
	require.Equal(t, "refused", e.Sent[0].Error)
	require.Equal(t, []line{{"l", "one\ntwo"}}, e.Logs)
	require.Contains(t, e.Stderr, "... (65537 bytes)")
	next(t, lines)
	page.Show(exchange(2)) // while it is read
	id, e = next(t, lines)
	require.Equal(t, "3", id)
	require.EqualValues(t, 2, e.ID)

	again := stream(t, srv.URL, "2") // a reader that comes back
	id, _ = next(t, again)
	require.Equal(t, "3", id)
	again = stream(t, srv.URL, "400") // one of a page that was there before
	id, _ = next(t, again)
	require.Equal(t, "1", id)
}

// What is kept is bounded, and a reader that does not read is let go of.
func TestBounds(t *testing.T) {
	page := New()
	_, reader := page.follow(0)
	for i := range keptExchanges + 10 {
		page.Show(exchange(uint64(i)))
	}
	kept, _ := page.follow(0)
	require.Len(t, kept, keptExchanges)
	require.EqualValues(t, 11, kept[0].id)
	got := 0
	for range reader {
		got++
	}
	require.Equal(t, waiting, got)
}

func TestFilesAndPolicy(t *testing.T) {
	srv := httptest.NewServer(New())
	t.Cleanup(srv.Close)
	for path, kind := range map[string]string{"/": "text/html", "/ui.css": "text/css", "/ui.js": "text/javascript"} {
		resp, err := http.Get(srv.URL + path)
		require.NoError(t, err)
		body, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		resp.Body.Close()
		require.Contains(t, resp.Header.Get("Content-Type"), kind)
		require.Contains(t, resp.Header.Get("Content-Security-Policy"), "default-src 'none'")
		require.NotContains(t, string(body), "http://", "nothing from elsewhere")
		require.NotContains(t, string(body), "https://", "nothing from elsewhere")
		require.NotContains(t, string(body), "innerHTML")
	}
	resp, err := http.Get(srv.URL + "/ui.go")
	require.NoError(t, err)
	resp.Body.Close()
	require.Equal(t, 404, resp.StatusCode)
}
