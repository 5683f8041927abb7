package core

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core/outcome"
)

func headers(a *Answer) map[string]string {
	got := map[string]string{}
	for _, h := range a.Header {
		if h[0] != "" {
			got[h[0]] = h[1]
		}
	}
	return got
}

func TestRedirectAnswer(t *testing.T) {
	var a Answer
	a.Redirect(&Decision{Location: "https://shop.example.com/"})
	require.Equal(t, 302, a.Status)
	require.Equal(t, map[string]string{"location": "https://shop.example.com/", "cache-control": "no-store"}, headers(&a))
	require.Empty(t, a.Body)
}

// Every page: none is kept, listed or framed with the reader's address, and
// what may pass says for how long to wait.
func TestPageAnswer(t *testing.T) {
	for _, code := range everyCode(t) {
		p := Page{Code: code}
		a := p.Answer(nil)
		got := headers(&a)
		require.Equal(t, code.Notice().Status, a.Status)
		require.Equal(t, "no-store", got["cache-control"])
		require.Equal(t, "noindex", got["x-robots-tag"])
		require.Equal(t, "no-referrer", got["referrer-policy"])
		require.Equal(t, "nosniff", got["x-content-type-options"])
		require.Contains(t, got["content-security-policy"], "default-src 'none'")
		require.Equal(t, code.Temporary(), got["retry-after"] == "60", code)
		require.Equal(t, code == outcome.BadMethod, got["allow"] == "GET, HEAD", code)
		require.Contains(t, string(a.Body), string(code))
	}
	p := Page{Code: outcome.ESPError, Status: 503, RetryAfter: "7"}
	a := p.Answer(nil)
	require.Equal(t, 503, a.Status)
	require.Equal(t, "7", headers(&a)["retry-after"])
}

func TestReplyAnswer(t *testing.T) {
	site := &Site{AppLinks: &AppLinks{Apple: "{}", Android: "[]"}}
	for r := ReplyPixel; r <= ReplyHealth; r++ {
		a := r.Answer(site, "7", 2, 0)
		got := headers(&a)
		require.Equal(t, 200, a.Status)
		require.Equal(t, r == ReplyApple || r == ReplyAndroid || r == ReplyRobots, got["cache-control"] == "public, max-age=3600", r)
		require.True(t, strings.HasPrefix(got["cache-control"], "public") || got["cache-control"] == "no-store")
		require.Equal(t, "noindex", got["x-robots-tag"])
		require.NotEmpty(t, got["content-type"])
		require.NotEmpty(t, a.Body)
	}
	a := ReplyHealth.Answer(nil, "7", 0, 0)
	require.Equal(t, 503, a.Status)
	require.Contains(t, string(a.Body), `"no_sites"`)
}
