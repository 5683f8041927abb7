package e2e

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/core/sitesjson"
	"github.com/clickedge/clickedge/core/sitetable"
	"github.com/clickedge/clickedge/deploy/module"
	"github.com/clickedge/clickedge/deploy/origins"
	"github.com/clickedge/clickedge/hostsim"
	"github.com/clickedge/clickedge/hostsim/wire"
	"github.com/clickedge/clickedge/internal/wizertest"
)

// reactor compiles the guest once for all tests.
var reactor = sync.OnceValues(func() ([]byte, error) {
	root, err := module.Root(".")
	if err != nil {
		return nil, err
	}
	return module.Reactor(context.Background(), root)
})

// compiled is the folder where wazero keeps compiled modules during the test
// run.
var compiled string

func TestMain(m *testing.M) {
	if on := os.Getenv(rigVariable); !slices.Contains([]string{"", "cold", "wizer", "server", "handler"}, on) {
		fmt.Fprintf(os.Stderr, "%s=%q is no rig: cold, wizer, server, handler, or none for the module as it is deployed\n", rigVariable, on)
		os.Exit(2)
	}
	dir, err := os.MkdirTemp("", "e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	compiled = dir
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// noon is the time of every test.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// rig is the module with its sites on a simulator, and the ESPs behind it.
type rig struct {
	sites *core.Sites
	fleet *origins.Fleet
	host  host
}

// newRig builds the module with these sites. change may alter the simulator's
// configuration.
func newRig(t *testing.T, sitesJSON string, change func(*hostsim.Config)) *rig {
	t.Helper()
	return newRigWith(t, sitesJSON, origins.Options{}, change)
}

// rigVariable names the environment variable that says what the tests run on:
// "cold" is the reactor as Go built it, "wizer" what Wizer makes of it, "server"
// the server (deploy/server), "handler" a program with edge/handler, nothing the
// module as it is deployed. The whole suite passes on each, and what .ci/run
// names on the handler; what it asserts of host calls is skipped on the server,
// which makes none, and on the handler, which makes the SDK's.
const rigVariable = "CLICKEDGE_RIG"

// cold reports whether newRig gives the reactor.
func cold() bool { return os.Getenv(rigVariable) == "cold" }

// native reports whether newRig gives the server.
func native() bool { return os.Getenv(rigVariable) == "server" }

// onHandler reports whether newRig gives a program with edge/handler.
func onHandler() bool { return os.Getenv(rigVariable) == "handler" }

// offHandler skips a test, or the rest of it, on a program with edge/handler.
func offHandler(t *testing.T, why string) {
	t.Helper()
	if onHandler() {
		t.Skip("not on the handler: " + why)
	}
}

// onHost skips a test, or the rest of it, on the server.
func onHost(t *testing.T, why string) {
	t.Helper()
	if native() {
		t.Skip("not on the server: " + why)
	}
}

// newRigWith is newRig with options for the stand-ins.
func newRigWith(t *testing.T, sitesJSON string, opt origins.Options, change func(*hostsim.Config)) *rig {
	t.Helper()
	if cold() {
		return newColdRigWith(t, sitesJSON, opt, change)
	}
	if native() {
		return newNativeRig(t, sitesJSON, opt, change)
	}
	if onHandler() {
		return newHandlerRig(t, sitesJSON, opt, change)
	}
	raw, err := reactor()
	require.NoError(t, err)
	if os.Getenv(rigVariable) == "wizer" {
		return rigOf(t, wizered(t, raw, sitesJSON), sitesJSON, opt, change)
	}
	return rigOf(t, built(t, raw, sitesJSON), sitesJSON, opt, change)
}

// built returns the module with these sites. The first is built. The others are
// what is built of it by a swap, which comes to the same bytes (deploy/module
// has the test), unless the sites need more room.
func built(t *testing.T, reactor []byte, sitesJSON string) []byte {
	t.Helper()
	first, err := firstModule()
	require.NoError(t, err)
	wasm, _, err := module.Swap(first, []byte(sitesJSON), "")
	var full *module.RoomError
	if errors.As(err, &full) {
		wasm, _, err = module.Build(context.Background(), module.Options{Sites: []byte(sitesJSON), Reactor: reactor})
	}
	require.NoError(t, err)
	return wasm
}

var firstModule = sync.OnceValues(func() ([]byte, error) {
	raw, err := reactor()
	if err != nil {
		return nil, err
	}
	wasm, _, err := module.Build(context.Background(), module.Options{Sites: []byte(oneSite), Reactor: raw})
	return wasm, err
})

// wizered builds the module with Wizer. Where Wizer is not available, the test
// is skipped with the reason.
func wizered(t *testing.T, reactor []byte, sitesJSON string) []byte {
	t.Helper()
	tool, err := wizertest.Find(t.Context())
	if errors.Is(err, wizertest.ErrAbsent) {
		t.Skip(err)
	}
	require.NoError(t, err)
	sites, err := sitesjson.Parse("sites.json", []byte(sitesJSON))
	require.NoError(t, err)
	wasm, err := tool.Module(t.Context(), reactor, sitetable.Make(sites))
	require.NoError(t, err)
	return wasm
}

// newColdRig runs the reactor as Go built it: initialised anew for each
// request.
func newColdRig(t *testing.T, sitesJSON string, change func(*hostsim.Config)) *rig {
	t.Helper()
	return newColdRigWith(t, sitesJSON, origins.Options{}, change)
}

func newColdRigWith(t *testing.T, sitesJSON string, opt origins.Options, change func(*hostsim.Config)) *rig {
	t.Helper()
	raw, err := reactor()
	require.NoError(t, err)
	sites, err := sitesjson.Parse("sites.json", []byte(sitesJSON))
	require.NoError(t, err)
	return rigOf(t, raw, sitesJSON, opt, func(cfg *hostsim.Config) {
		cfg.Entry = contract.Entry
		cfg.FS = fstest.MapFS{contract.SitesTable: {Data: sitetable.Make(sites)}}
		if change != nil {
			change(cfg)
		}
	})
}

func rigOf(t *testing.T, wasm []byte, sitesJSON string, opt origins.Options, change func(*hostsim.Config)) *rig {
	t.Helper()
	return rigWith(t, sitesJSON, opt, change, func(_ *rig, cfg hostsim.Config) host {
		host, err := hostsim.New(context.Background(), wasm, cfg)
		require.NoError(t, err)
		return host
	})
}

// rigWith starts the stand-ins, and the host behind which they are.
func rigWith(t *testing.T, sitesJSON string, opt origins.Options, change func(*hostsim.Config), start func(*rig, hostsim.Config) host) *rig {
	t.Helper()
	sites, err := sitesjson.Parse("sites.json", []byte(sitesJSON))
	require.NoError(t, err)
	opt.AcceptAnySignature = true
	fleet, err := origins.Start(sites.Origins(), opt)
	require.NoError(t, err)
	t.Cleanup(func() { fleet.Close() })
	cfg := rigConfig(sites.Origins(), fleet)
	if change != nil {
		change(&cfg)
	}
	r := &rig{sites: sites, fleet: fleet}
	r.host = start(r, cfg)
	t.Cleanup(func() { r.host.Close(context.Background()) })
	return r
}

// rigConfig is the configuration that tests begin with.
func rigConfig(all []*core.Origin, fleet *origins.Fleet) hostsim.Config {
	return hostsim.Config{
		Backends: backends(all, fleet),
		Now:      func() time.Time { return noon },
		CacheDir: compiled,
		Env:      map[string]string{"FASTLY_SERVICE_VERSION": "7"},
	}
}

// backends reaches each origin at its stand-in, with the SNI and the
// certificate name of the real one and no Host override: as deployed.
func backends(all []*core.Origin, fleet *origins.Fleet) map[string]hostsim.Backend {
	list := map[string]hostsim.Backend{}
	for _, o := range all {
		b := hostsim.Backend{URL: "http://" + fleet.Addr(o.Backend)}
		if o.TLS {
			b = hostsim.Backend{URL: "https://" + fleet.Addr(o.Backend), SNI: o.Address, CertHost: o.Address, CA: fleet.CA()}
		}
		b.FirstByteTimeout = 2 * time.Second
		list[o.Backend] = b
	}
	return list
}

// do sends a request without a network and asserts what holds for every
// request: the guest ends without an error and writes one line of the click
// log.
func (r *rig) do(t *testing.T, req hostsim.Request) (*hostsim.Response, *hostsim.Exchange) {
	t.Helper()
	resp, x, err := r.host.Do(context.Background(), &req)
	require.NoError(t, err)
	require.True(t, x.Ending.OK(), "%s %s\n%s", x.Ending, x.Ending.Message, x.Stderr)
	require.True(t, x.Responded, "the guest answers itself")
	require.Len(t, clicks(x), 1, "one line per request")
	return resp, x
}

func clicks(x *hostsim.Exchange) []string {
	var lines []string
	for _, l := range x.Logs {
		if l.Endpoint == contract.LogEndpoint {
			lines = append(lines, l.Line)
		}
	}
	return lines
}

// listen serves the module on loopback, so that bytes cross a socket.
func (r *rig) listen(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	srv := &wire.Server{Handler: r.host}
	go srv.Serve(ln)
	t.Cleanup(func() { srv.Close() })
	return ln.Addr().String()
}

// raw sends bytes and returns the bytes of the answer up to the connection's
// end.
func raw(t *testing.T, addr, request string) string {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, conn.SetDeadline(time.Now().Add(30*time.Second)))
	_, err = io.WriteString(conn, request)
	require.NoError(t, err)
	answer, err := io.ReadAll(bufio.NewReader(conn))
	require.NoError(t, err)
	return string(answer)
}

var (
	varying   = regexp.MustCompile(`"(us|vcpu_ms)":-?\d+`)
	requestID = regexp.MustCompile(`\b0{16}[0-9a-f]{16}\b`)
	date      = regexp.MustCompile(`(?m)^date: .* GMT$`)
)

// steady replaces values that differ from run to run.
func steady(s string) string {
	s = varying.ReplaceAllString(s, `"$1":0`)
	return date.ReplaceAllString(requestID.ReplaceAllString(s, "REQUEST"), "date: DATE")
}

// show writes a response for a golden file.
func show(resp *hostsim.Response) string {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%d\n", resp.Status)
	for _, f := range resp.Header {
		fmt.Fprintf(&b, "%s: %s\n", strings.ToLower(f.Name), f.Value)
	}
	if len(resp.Body) > 0 {
		fmt.Fprintf(&b, "\n%q\n", resp.Body)
	}
	return steady(b.String())
}
