package handler_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fastly/compute-sdk-go/fsthttp"
	"github.com/fastly/compute-sdk-go/fsttest"
	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/sitesjson"
	"github.com/clickedge/clickedge/edge/handler"
)

const sitesJSON = `{"sites": {"link.example.com": {"esp": "none", "keys": ["k1"], "destinations": ["example.com"], "home": "https://www.example.com/"}}}`

// serve sends a request to a handler without a host: the SDK then has no stores
// and no log, and lines go to standard error.
func serve(t *testing.T, opt handler.Options, method, uri string) *fsttest.ResponseRecorder {
	t.Helper()
	sites, err := sitesjson.Parse("sites.json", []byte(sitesJSON))
	require.NoError(t, err)
	r, err := fsthttp.NewRequest(method, uri, nil)
	require.NoError(t, err)
	w := fsttest.NewRecorder()
	handler.New(sites, opt).ServeHTTP(context.Background(), w, r)
	return w
}

func TestOtherHostsGoToNext(t *testing.T) {
	shop := fsthttp.HandlerFunc(func(_ context.Context, w fsthttp.ResponseWriter, r *fsthttp.Request) {
		w.WriteHeader(fsthttp.StatusTeapot)
		w.Write([]byte(r.Host))
	})
	for uri, next := range map[string]bool{
		"https://www.example.com/":             true,
		"https://link.example.com.example/":    true,
		"https://a@link.example.com/health":    true,
		"https://link.example.com/health":      false,
		"https://LINK.example.com:443/health":  false,
		"https://link.example.com./robots.txt": false,
	} {
		w := serve(t, handler.Options{Next: shop}, "GET", uri)
		require.Equal(t, next, w.Code == fsthttp.StatusTeapot, "%s: %d", uri, w.Code)
		require.Empty(t, w.HeaderMap.Get("Location"))
	}
}

func TestOtherHostsWithoutNext(t *testing.T) {
	w := serve(t, handler.Options{}, "GET", "https://www.example.com/")
	require.Equal(t, "wrong_host", codeOf(w))
}

// codeOf is the code in a page.
func codeOf(w *fsttest.ResponseRecorder) string {
	for _, code := range []string{"wrong_host", "no_sites", "internal"} {
		if strings.Contains(w.Body.String(), code) {
			return code
		}
	}
	return ""
}

// A handler without sites refuses, as a module without them does.
func TestNoSites(t *testing.T) {
	r, err := fsthttp.NewRequest("GET", "https://link.example.com/", nil)
	require.NoError(t, err)
	w := fsttest.NewRecorder()
	handler.New(nil, handler.Options{}).ServeHTTP(context.Background(), w, r)
	require.Equal(t, "no_sites", codeOf(w))
}

// With Next as well, no link domain goes there in silence.
func TestNoSitesWithNext(t *testing.T) {
	r, err := fsthttp.NewRequest("GET", "https://link.example.com/", nil)
	require.NoError(t, err)
	shop := fsthttp.HandlerFunc(func(_ context.Context, w fsthttp.ResponseWriter, _ *fsthttp.Request) {
		w.WriteHeader(fsthttp.StatusTeapot)
	})
	for name, sites := range map[string]*core.Sites{"none": nil, "empty": core.NewSites(nil)} {
		w := fsttest.NewRecorder()
		said := captured(t, func() {
			handler.New(sites, handler.Options{Next: shop}).ServeHTTP(context.Background(), w, r)
		})
		require.Equal(t, fsthttp.StatusTeapot, w.Code, name)
		require.Contains(t, said, "the handler has no sites", name)
	}
	require.Empty(t, captured(t, func() { serve(t, handler.Options{Next: shop}, "GET", "https://www.example.com/") }))
}

// captured returns what is written to standard error meanwhile.
func captured(t *testing.T, run func()) string {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	require.NoError(t, err)
	before := os.Stderr
	os.Stderr = file
	defer func() { os.Stderr = before }()
	run()
	require.NoError(t, file.Close())
	said, err := os.ReadFile(file.Name())
	require.NoError(t, err)
	return string(said)
}
