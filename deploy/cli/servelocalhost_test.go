package cli

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/deploy/pasted"
)

// The links that serve prints for a browser arrive, and at the right site.
func TestServeLinksForABrowser(t *testing.T) {
	r := startServe(t, serveSites, "--module", builtModule(t))
	var urls []string
	for line := range strings.Lines(r.greeting) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "http://") {
			urls = append(urls, line)
		}
	}
	require.GreaterOrEqual(t, len(urls), 5, r.greeting)
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for _, url := range urls {
		branded, rest, ok := strings.Cut(strings.TrimPrefix(url, "http://"), pasted.LocalSuffix)
		require.True(t, ok, url)
		_, path, _ := strings.Cut(rest, "/")
		req, err := http.NewRequest("GET", "http://"+r.addr+"/"+path, nil)
		require.NoError(t, err)
		req.Host = branded + pasted.LocalSuffix
		resp, err := client.Do(req)
		require.NoError(t, err)
		_, _ = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		require.Contains(t, []int{200, 302}, resp.StatusCode, url)
	}
}
