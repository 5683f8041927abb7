package cli

import (
	"bytes"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/follow"
	"github.com/clickedge/clickedge/deploy/origins"
	"github.com/clickedge/clickedge/hostsim/wire"
)

// A whole walk through the command: a link domain over http, a landing page
// over https with a certificate that --ca makes trusted.
func TestFollowWalks(t *testing.T) {
	fleet, err := origins.Start(nil, origins.Options{Landing: []string{"shop.example.com"}})
	require.NoError(t, err)
	defer fleet.Close()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(ca, fleet.CAPEM(), 0o644))
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &wire.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", "https://shop.example.com"+strings.Replace(r.RequestURI, "/odd", "/\u009b31m", 1))
		w.WriteHeader(302)
	})}
	go s.Serve(ln)
	defer s.Close()
	landing, _ := fleet.LandingAddr()
	run := func(more ...string) (int, string, string) {
		var out, errs bytes.Buffer
		env := &Env{Out: &out, Err: &errs, Now: time.Now, LookupEnv: os.LookupEnv}
		args := append([]string{"follow", "--via", ln.Addr().String(), "--via", "shop.example.com=" + landing, "--ca", ca}, more...)
		return env.Run(t.Context(), args), out.String(), errs.String()
	}
	code, out, errs := run("http://link.example.com/news")
	require.Equal(t, failure.ExitOK, code, errs)
	require.Contains(t, out, "2  https://shop.example.com/news\n")
	require.Empty(t, errs)

	code, out, errs = run("http://link.example.com/odd")
	require.Equal(t, failure.ExitBad, code, "bytes that a browser writes otherwise are a warning")
	require.Contains(t, out, "1  http://link.example.com/odd\n")
	require.Contains(t, out, "2  https://shop.example.com/%C2%9B31m\n")
	require.Contains(t, out, "[location-read-differently]")
	require.NotContains(t, out, "\u009b", "a link cannot drive a terminal")
	require.Contains(t, out, "arrived")
	require.Contains(t, errs, "the link arrives, with warnings")

	code, out, _ = run("--json", "--head", "http://link.example.com/news")
	require.Equal(t, failure.ExitOK, code)
	var r follow.Result
	require.NoError(t, json.Unmarshal([]byte(out), &r))
	require.Equal(t, follow.Arrived, r.End)
	require.Len(t, r.Hops, 2)
	require.Equal(t, "TLS 1.3", r.Hops[1].Certificate.Version)
}
