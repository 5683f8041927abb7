package e2e

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"go/build"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/core/signed"
	"github.com/clickedge/clickedge/deploy/module"
	"github.com/clickedge/clickedge/edge/prewarm"
	"github.com/clickedge/clickedge/hostsim"
)

// What a snapshot must not freeze, one by one: first on the module that is
// deployed, then on a guest that prints what it finds.

// Every sandbox makes the handshake itself, before anything else.
func TestHandshakeIsNotFrozen(t *testing.T) {
	onHost(t, "it has no sandboxes")
	r := newRig(t, oneSite, nil)
	for range 2 {
		_, x := r.do(t, hostsim.Request{Host: "x.example.com"})
		require.Equal(t, "fastly_abi", x.Calls[0].Module)
		require.Equal(t, "init", x.Calls[0].Name)
		require.Equal(t, hostsim.StatusOK, x.Calls[0].Status)
	}
}

// The service's version and the trace id are those of the sandbox, whatever the
// environment of the build says.
func TestEnvironmentIsNotFrozen(t *testing.T) {
	t.Setenv("FASTLY_SERVICE_VERSION", "999999")
	t.Setenv("FASTLY_TRACE_ID", "trace-of-the-build")
	for _, version := range []string{"1", "123456"} {
		r := newRig(t, oneSite, func(cfg *hostsim.Config) { cfg.Env = map[string]string{"FASTLY_SERVICE_VERSION": version} })
		seen := map[string]bool{}
		for range 3 {
			_, x := r.do(t, hostsim.Request{Host: "x.example.com"})
			line := clicks(x)[0]
			require.Contains(t, line, `"version":"`+version+`"`)
			require.Equal(t, fmt.Sprintf("%032x", x.ID), parse(t, line).Request)
			seen[parse(t, line).Request] = true
		}
		require.Len(t, seen, 3)
	}
}

// The click log's time is the host's, before and after the time of the build.
func TestWallClockIsNotFrozen(t *testing.T) {
	now := noon
	r := newRig(t, oneSite, func(cfg *hostsim.Config) { cfg.Now = func() time.Time { return now } })
	for _, now = range []time.Time{noon, time.Unix(1, 5e6), time.Unix(prewarm.Epoch-1, 0), time.Now().Add(-time.Hour), time.Date(2099, 12, 31, 23, 59, 59, 999e6, time.UTC)} {
		_, x := r.do(t, hostsim.Request{Host: "x.example.com"})
		require.Contains(t, clicks(x)[0], `"time":"`+now.UTC().Format("2006-01-02T15:04:05.000Z")+`"`)
	}
}

const signedSite = `{"sites": {"signed.example.com": {"esp": "none", "keys": ["k1"], "signed_links": "anywhere"}}}`

func withLoneSecret(cfg *hostsim.Config) {
	cfg.SecretStores = map[string]map[string][]byte{contract.SecretStore: {"k1": []byte(loneSecret)}}
}

// expiring is the path of a link that expires at the minute of end.
func expiring(t *testing.T, end time.Time) string {
	t.Helper()
	const host = "signed.example.com"
	link, err := signed.Mint(signed.Link{Host: host, KeyID: "k1", Expiry: end.Unix() / 60, Destination: "https://www.example.org/"}, []byte(loneSecret))
	require.NoError(t, err)
	return strings.TrimPrefix(link, "https://"+host)
}

// A signed link expires by the host's clock.
func TestExpiryFollowsTheHostsClock(t *testing.T) {
	now := noon
	r := newRig(t, signedSite, func(cfg *hostsim.Config) {
		cfg.Now = func() time.Time { return now }
		withLoneSecret(cfg)
	})
	target := expiring(t, noon)
	for after, status := range map[time.Duration]int{-time.Hour: 302, -time.Second: 302, 2 * time.Minute: 410, 1000 * time.Hour: 410} {
		now = noon.Add(after)
		resp, _ := r.do(t, hostsim.Request{Host: "signed.example.com", Target: target})
		require.Equal(t, status, resp.Status, after)
	}
}

// findings is what the guest frozen prints.
type findings struct {
	Fresh, Same   map[string]string
	Wall          int64
	Waited        []int64
	Environ, Args []string
}

// frozen is that guest, compiled and prewarmed once.
var frozen = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "frozen-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "frozen.wasm")
	cmd := exec.Command("go", "build", "-buildmode=c-shared", "-trimpath", "-o", file, "./testdata/guest/frozen")
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%w\n%s", err, out)
	}
	reactor, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	wasm, _, err := prewarm.Module(context.Background(), reactor, prewarm.Options{Entry: contract.Entry, Warmup: contract.WarmUp})
	return wasm, err
})

// sandboxes runs the guest frozen in n sandboxes, on two hosts.
func sandboxes(t *testing.T, n int, now time.Time) []findings {
	t.Helper()
	wasm, err := frozen()
	require.NoError(t, err)
	var all []findings
	for range 2 {
		host, err := hostsim.New(t.Context(), wasm, hostsim.Config{CacheDir: compiled, Now: func() time.Time { return now }})
		require.NoError(t, err)
		for range n / 2 {
			_, x, err := host.Do(t.Context(), &hostsim.Request{})
			require.NoError(t, err)
			require.True(t, x.Ending.OK(), "%s\n%s", x.Ending, x.Stderr)
			var one findings
			require.NoError(t, json.Unmarshal(x.Stdout, &one), "%s", x.Stdout)
			all = append(all, one)
		}
		require.NoError(t, host.Close(t.Context()))
	}
	return all
}

// Ids and key material never repeat. What may repeat is listed in the package
// comment of edge/prewarm.
func TestChanceIsNotFrozen(t *testing.T) {
	all := sandboxes(t, 20, noon)
	seen := map[string]string{}
	for i, one := range all {
		require.Len(t, one.Fresh, 4)
		for name, value := range one.Fresh {
			require.GreaterOrEqual(t, len(value), 26, name)
			require.Empty(t, seen[value], "%s repeats %s of another sandbox", name, seen[value])
			seen[value] = fmt.Sprintf("%s of sandbox %d", name, i)
		}
		require.Equal(t, all[0].Same, one.Same)
	}
	require.Len(t, seen, 4*len(all))
	require.Len(t, all[0].Same, 8)
	require.Equal(t, "false", all[0].Same["is the order sorted"], "the order is a drawn one all the same")
	_, err := hex.DecodeString(all[0].Fresh["key material"])
	require.NoError(t, err)
}

// The wall clock is the host's, no timer fires early, and each fires.
func TestClockIsNotFrozen(t *testing.T) {
	for _, now := range []time.Time{noon, time.Unix(7, 0), noon.AddDate(80, 0, 0)} {
		for _, one := range sandboxes(t, 2, now) {
			require.Equal(t, now.UnixNano(), one.Wall)
			require.Len(t, one.Waited, 3)
			for _, waited := range one.Waited {
				require.GreaterOrEqual(t, time.Duration(waited), 5*time.Millisecond, "early")
			}
			require.Empty(t, one.Environ)
			require.Empty(t, one.Args)
		}
	}
}

// What goes to Fastly does not contain who built it, where, or secrets of the
// environment.
func TestModuleHoldsNothingOfTheBuild(t *testing.T) {
	const secret = "a-secret-of-the-build-1f9c2e"
	for _, name := range []string{"FASTLY_API_TOKEN", "FASTLY_API_KEY", "CLICKEDGE_KEY_K1", "AWS_SECRET_ACCESS_KEY", "FASTLY_SERVICE_VERSION"} {
		t.Setenv(name, secret)
	}
	wasm, _, err := module.Build(t.Context(), module.Options{Sites: []byte(oneSite)}) // compiled here, in this environment
	require.NoError(t, err)
	swapped, _, err := module.Swap(wasm, []byte(backSite), filepath.Join(t.TempDir(), "sites.json"))
	require.NoError(t, err)
	guest, err := frozen()
	require.NoError(t, err)

	root, err := module.Root(".")
	require.NoError(t, err)
	host, err := os.Hostname()
	require.NoError(t, err)
	cwd, err := os.Getwd()
	require.NoError(t, err)
	traces := []string{secret, root, cwd, build.Default.GOPATH, os.TempDir() + "/", os.Getenv("PATH")}
	if home, err := os.UserHomeDir(); err == nil {
		traces = append(traces, home+"/")
	}
	if len(host) > 5 { // shorter ones occur in any megabyte by chance
		traces = append(traces, host)
	}
	if me, err := user.Current(); err == nil && len(me.Username) > 5 {
		traces = append(traces, me.Username)
	}
	for _, name := range []string{"GOROOT", "GOMODCACHE", "GOCACHE"} {
		out, err := exec.Command("go", "env", name).Output()
		require.NoError(t, err)
		traces = append(traces, strings.TrimSpace(string(out)))
	}
	for _, trace := range traces {
		require.NotEmpty(t, trace)
		for name, wasm := range map[string][]byte{"the module": wasm, "a swapped one": swapped, "another guest": guest} {
			require.False(t, bytes.Contains(wasm, []byte(trace)), "%s holds %q", name, trace)
		}
	}
}

// A secret from the store is used, and nothing that leaves a sandbox contains
// it.
func TestSecretsStayInTheStore(t *testing.T) {
	r := newRig(t, signedSite, withLoneSecret)
	for _, target := range []string{expiring(t, noon.Add(time.Hour)), "/to/k1.uaHR0cHM6Ly93d3cuZXhhbXBsZS5vcmcv.AAAAAAAAAAAAAAAAAAAAAA"} {
		resp, x := r.do(t, hostsim.Request{Host: "signed.example.com", Target: target})
		require.NotContains(t, show(resp)+strings.Join(clicks(x), "")+string(x.Stderr)+string(x.Stdout), loneSecret)
	}
}
