package origins

import (
	"crypto/tls"
	"encoding/json"
	"net"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/destination"
	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/core/header"
	"github.com/clickedge/clickedge/hostsim/wire"
)

func TestLinksAreAccepted(t *testing.T) {
	f := start(t, Options{Branded: []string{branded}, Opaque: "https://www.example.org/opaque"})
	listed := []destination.Pattern{{Host: "example.org", Sub: true}}
	for _, spec := range every {
		links := f.Links(&core.Site{Host: branded, Origin: spec, Destinations: listed})
		require.NotEmpty(t, links, spec.Backend)
		for _, l := range links {
			t.Run(spec.Backend+"/"+l.Name, func(t *testing.T) {
				q := l.ask()
				if name, rest := header.Next(spec.Headers); name != "" {
					value, _ := header.Next(rest)
					q.fields.Add(name, value)
				}
				a := call(t, f, spec.Backend, q)
				require.Equal(t, l.Destination, a.get("Location"))
				require.Equal(t, l.Destination != "", a.status/100 == 3, "status %d", a.status)
				require.Equal(t, l.Destination == "", a.status == 200, "status %d", a.status)
				require.Equal(t, l.Kind == esp.KindOpen, a.get("Content-Type") == "image/gif")
				if l.Readable {
					require.Contains(t, l.Destination, "://shop.example.org/")
				}
			})
		}
	}
}

func (l SampleLink) ask() ask {
	q := ask{method: l.Method, target: l.Target, body: l.Body}
	if l.ContentType != "" {
		q.fields.Add("Content-Type", l.ContentType)
	}
	return q
}

func TestLinksOfNoESP(t *testing.T) {
	f := start(t, Options{})
	require.Empty(t, f.Links(nil))
	require.Empty(t, f.Links(&core.Site{Host: branded, ESP: "none"}))
}

func TestLinksForASiteWithoutList(t *testing.T) {
	f := start(t, Options{})
	links := f.Links(&core.Site{Host: branded, Origin: originOf(t, "mailjet")})
	require.Equal(t, "https://shop.example.com/a?b=1&c=2", links[0].Destination)
	links = f.Links(&core.Site{Host: branded, Origin: originOf(t, "mailjet"), Destinations: []destination.Pattern{{Host: "example.net"}}})
	require.Equal(t, "https://example.net/a?b=1&c=2", links[0].Destination)
}

// The SES message id names the region, as real ones do.
func TestLinksNameTheSESRegion(t *testing.T) {
	f := start(t, Options{})
	links := f.Links(&core.Site{Host: branded, Origin: originOf(t, "ses")})
	require.Contains(t, links[0].Target, "/1/010201a0a01d5872-")
	require.Equal(t, "0100", sesDigits("eu-north-1"), "a region whose digits are not known")
}

// vector is one entry of testdata/links.json: made-up links in the shapes of
// real ones.
type vector struct {
	ESP, Kind, Path, Destination, Note string
	Decodable                          bool
}

func vectors(t testing.TB) []vector {
	t.Helper()
	raw, err := os.ReadFile("testdata/links.json")
	require.NoError(t, err)
	var list []vector
	require.NoError(t, json.Unmarshal(raw, &list))
	require.NotEmpty(t, list)
	return list
}

func (v vector) backend() string {
	if v.ESP == "customerio" {
		return "customerio-eu"
	}
	return v.ESP
}

func TestVectors(t *testing.T) {
	f := start(t, Options{AcceptAnySignature: true})
	for _, v := range vectors(t) {
		t.Run(v.ESP+"/"+v.Kind, func(t *testing.T) {
			a := call(t, f, v.backend(), ask{target: v.Path})
			switch {
			case v.Decodable:
				require.Equal(t, strings.ReplaceAll(v.Destination, " ", "%20"), a.get("Location"))
			case v.Kind == "click" || v.Kind == "app" || v.Path == sparkPostHealth:
				require.Equal(t, DefaultOpaque, a.get("Location"))
			default:
				require.Equal(t, 200, a.status)
			}
		})
	}
}

func TestSeenByteForByte(t *testing.T) {
	var noticed atomic.Int32
	f := start(t, Options{OnRequest: func(s Seen) {
		if s.Backend == "mailgun" {
			noticed.Add(1)
		}
	}})
	fields := wire.Header{{Name: "x-LOWER", Value: "1"}, {Name: "Cookie", Value: "a=1"}, {Name: "X-Lower", Value: "2"}, {Name: "cookie", Value: "b=2"}}
	for _, backend := range []string{"customerio-eu", "mailgun"} {
		for _, target := range []string{"/%", "/a%2Fb//../c|{}\"^\\<>?x=%2g&y==~", "/raw space", "*"} {
			f.Forget()
			call(t, f, backend, ask{method: "POST", target: target, host: "Link.Example.com:443", fields: fields, body: "\x00body"})
			seen := f.Seen()
			require.Len(t, seen, 1)
			got := seen[0]
			require.Equal(t, backend, got.Backend)
			require.Equal(t, "POST", got.Method)
			require.Equal(t, target, got.Target)
			require.Equal(t, "Link.Example.com:443", got.Host())
			require.Equal(t, fields, got.Header[1:5])
			require.Equal(t, "\x00body", string(got.Body))
			require.Equal(t, backend != "mailgun", got.TLS)
			require.Equal(t, map[string]string{"customerio-eu": "track-eu.customer.io"}[backend], got.SNI)
			require.True(t, strings.HasPrefix(got.Remote, "127.0.0.1:"), got.Remote)
		}
	}
	require.EqualValues(t, 4, noticed.Load())
}

func TestSeenIsBounded(t *testing.T) {
	var r recorder
	for i := range keepSeen + 10 {
		r.add(Seen{Target: string(rune('a' + i%26))})
	}
	list := r.list()
	require.Len(t, list, keepSeen/2+10)
	last := keepSeen + 9
	require.Equal(t, string(rune('a'+last%26)), list[len(list)-1].Target)
}

func TestBodyTooLong(t *testing.T) {
	f := start(t, Options{})
	a := call(t, f, "mailgun", ask{method: "POST", target: "/u/x", body: strings.Repeat("x", maxBody+1)})
	require.Equal(t, 400, a.status)
	require.Contains(t, a.body, "more than 65536 bytes")
	require.Len(t, f.Seen()[0].Body, maxBody)
}

func TestStartErrors(t *testing.T) {
	good := core.Origin{Backend: "b", Address: "b.example.org", Family: esp.FamilyCustom}
	with := func(change func(*core.Origin)) *core.Origin { o := good; change(&o); return &o }
	for name, tc := range map[string]struct {
		want []*core.Origin
		says string
	}{
		"nil origin":    {[]*core.Origin{nil}, "origin is nil"},
		"no backend":    {[]*core.Origin{with(func(o *core.Origin) { o.Backend = "" })}, "needs a backend name and an address"},
		"no address":    {[]*core.Origin{with(func(o *core.Origin) { o.Address = "" })}, "needs a backend name and an address"},
		"reserved name": {[]*core.Origin{with(func(o *core.Origin) { o.Backend = "landing" })}, `backend name "landing" is taken`},
		"no family":     {[]*core.Origin{with(func(o *core.Origin) { o.Family = 200 })}, "no stand-in for family 200"},
		"two addresses": {[]*core.Origin{&good, with(func(o *core.Origin) { o.Address = "c.example.org" })}, `given both for "b.example.org" and for "c.example.org"`},
	} {
		t.Run(name, func(t *testing.T) {
			f, err := Start(tc.want, Options{})
			require.ErrorContains(t, err, tc.says)
			require.Nil(t, f)
			requireQuiet(t)
		})
	}
}

func TestOneBackendForTwoSites(t *testing.T) {
	twin := *every[0]
	f, err := Start([]*core.Origin{every[0], &twin}, Options{})
	require.NoError(t, err)
	defer f.Close()
	require.Equal(t, []string{"customerio-eu"}, f.Backends())
	require.NotEmpty(t, f.Addr("customerio-eu"))
	require.Empty(t, f.Addr("other"))
}

func TestCloseLeavesNothing(t *testing.T) {
	f, err := Start(every, Options{Landing: []string{"shop.example.com"}})
	require.NoError(t, err)
	require.NoError(t, f.SetFault("sendgrid", Slow))
	call(t, f, "mailgun", ask{target: "/o/x"})
	silent := dial(t, f, "iterable") // never sends a byte, not even a handshake
	idle := dial(t, f, "ses")
	require.NoError(t, idle.(*tls.Conn).Handshake())
	waiting := make(chan error, 1)
	conn := dial(t, f, "sendgrid")
	go func() {
		_, err := try(conn, ask{target: "/wf/open"})
		waiting <- err
	}()
	require.Eventually(t, func() bool { return len(f.Seen()) == 2 }, 10*time.Second, time.Millisecond)

	require.NoError(t, f.Close())
	require.NoError(t, f.Close(), "a second time")
	require.Error(t, <-waiting)
	require.NoError(t, silent.(*tls.Conn).NetConn().Close())
	require.NoError(t, idle.(*tls.Conn).NetConn().Close())
	_, err = net.Dial("tcp", f.Addr("mailgun"))
	require.Error(t, err)
	require.NoError(t, f.SetFault("mailgun", Up))
	_, err = net.Dial("tcp", f.Addr("mailgun"))
	require.Error(t, err, "a closed fleet does not listen again")
	requireQuiet(t)
}

// requireQuiet fails when a goroutine of this package or of its servers stays.
func requireQuiet(t *testing.T) {
	t.Helper()
	require.Eventually(t, func() bool {
		buf := make([]byte, 1<<20)
		stacks := string(buf[:runtime.Stack(buf, true)])
		return !strings.Contains(stacks, "hostsim/wire.(") && !strings.Contains(stacks, "origins.(*port)")
	}, 10*time.Second, time.Millisecond)
}
