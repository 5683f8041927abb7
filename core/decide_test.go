package core

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/core/destination"
	"github.com/clickedge/clickedge/core/internal/browsertest"
	"github.com/clickedge/clickedge/core/internal/linkstest"
	"github.com/clickedge/clickedge/core/outcome"
	"github.com/clickedge/clickedge/core/signed"
)

// ring is a keyring for tests.
type ring map[string]string

func (r ring) Secret(kid string) ([]byte, error) {
	if s, ok := r[kid]; ok {
		return []byte(s), nil
	}
	return nil, errors.New("no such secret")
}

func TestDecideRefuses(t *testing.T) {
	site := &Site{Host: "link.example.com", Keys: []string{"k1"}}
	now := time.Unix(0, 0)
	require.Equal(t, outcome.WrongHost, Decide(&Request{Method: "GET", Target: "/"}, nil, now).Code)
	require.Equal(t, outcome.BadRequest, Decide(&Request{Target: "/"}, site, now).Code)
	require.Equal(t, outcome.BadRequest, Decide(&Request{Method: "GET"}, site, now).Code)
	require.Equal(t, outcome.TooLong, Decide(&Request{Method: "GET", Target: "/" + strings.Repeat("a", contract.MaxTarget)}, site, now).Code)
	require.Equal(t, outcome.KeyUnavailable, codeOf(t, site, nil), "no keyring at all")
	require.Equal(t, outcome.KeyUnavailable, codeOf(t, site, ring{}), "no such secret")
	require.Equal(t, outcome.KeyUnavailable, codeOf(t, site, ring{"k1": "short"}), "a secret that is too short")
	require.Equal(t, outcome.BadTag, codeOf(t, site, ring{"k1": strings.Repeat("y", 32)}), "another secret")
	require.Equal(t, outcome.OK, codeOf(t, site, ring{"k1": strings.Repeat("x", 32)}))
	require.Equal(t, Decision{}.Action, Refuse, "the zero decision refuses")
}

func codeOf(t *testing.T, site *Site, keys signed.Keyring) outcome.Code {
	t.Helper()
	site.SignedAnywhere = true
	url, err := signed.Mint(signed.Link{Host: site.Host, KeyID: "k1", Destination: "https://example.com/"}, []byte(strings.Repeat("x", 32)))
	require.NoError(t, err)
	req := &Request{Method: "GET", Target: strings.TrimPrefix(url, "https://"+site.Host), Keys: keys}
	d := Decide(req, site, time.Unix(0, 0))
	require.Equal(t, d.Code == outcome.OK, d.Action == Redirect)
	return d.Code
}

// FuzzDecide: whatever comes in, nothing panics, and no redirect leaves towards
// a host that a browser would read as one outside the site's list.
func FuzzDecide(f *testing.F) {
	f.Add("GET", "/e/c/eyJocmVmIjoiaHR0cHM6Ly9zaG9wLmV4YW1wbGUuY29tLyJ9", "", uint8(0))
	f.Add("GET", "/CL0/https:%2F%2Fshop.example.com%2F/1/010001a0a01d5872-5c963d3e-2a09-4018-8d07-d0f0737cf930-000000/AAAA=452", "", uint8(1))
	f.Add("GET", "/CL0/https:%2F%2Fshop.example.com%5C@evil.example%2F/1/010001a0a01d5872-5c963d3e-2a09-4018-8d07-d0f0737cf930-000000/AAAA=452", "", uint8(1))
	f.Add("HEAD", "/3s/evil.example%2F/x/y/z", "fastly", uint8(2))
	f.Add("POST", "/to/k1.uaHR0cHM6Ly9ldmlsLmV4YW1wbGUv.AAAAAAAAAAAAAAAAAAAAAA", `clickedge; host="link.example.com"`, uint8(3))
	f.Add("GET", "/px/k1.iYQ.AAAAAAAAAAAAAAAAAAAAAA", "", uint8(4))
	keys := ring{"k1": strings.Repeat("k", 32)}
	var sites []*Site
	for _, o := range Presets() {
		sites = append(sites, &Site{
			Host: "link.example.com", ESP: o.Preset, Origin: &o, Keys: []string{"k1"}, ClickRedirect: true, FailRedirect: true,
			Destinations: []destination.Pattern{{Host: "example.com", Sub: true}},
		})
	}
	for _, name := range []string{"links.json", "links-damaged.json"} {
		for _, l := range linkstest.Load(f, "testdata/"+name) {
			f.Add("GET", l.Path, "", uint8(slices.IndexFunc(sites, func(s *Site) bool { return s.Origin.Family.String() == l.ESP })))
		}
	}
	f.Fuzz(func(t *testing.T, method, target, loop string, pick uint8) {
		site := sites[int(pick)%len(sites)]
		req := &Request{Method: method, Target: target, CDNLoop: loop, Keys: keys}
		for _, d := range []Decision{Decide(req, site, time.Unix(1e9, 0)), AfterFailure(req, site, outcome.ESPTimeout)} {
			require.Equal(t, d.Action == Redirect, d.Location != "")
			if d.Action == Redirect {
				require.True(t, strings.HasSuffix(browsertest.Host(d.Location), ".example.com"), "%q", d.Location)
			}
			if d.Action == Refuse {
				require.NotEqual(t, outcome.OK, d.Code)
			}
		}
	})
}

func TestIsSigned(t *testing.T) {
	with, without := &Site{Keys: []string{"k1"}}, &Site{}
	for target, want := range map[string]bool{signed.LinkPrefix + "k1.u": true, signed.PixelPrefix + "k1.i": true, signed.LinkPrefix: true, "/e/c/x": false, "/to": false, "/TO/k1": false, "": false} {
		require.Equal(t, want, HasSignedForm(target), target)
		require.Equal(t, want, with.IsSigned(target), target)
		require.False(t, without.IsSigned(target), "on others the ESP may use the same path")
	}
}

func TestLoop(t *testing.T) {
	mark := string(AppendLoop([]byte("Fastly, "), "link.example.com"))
	require.Equal(t, `Fastly, clickedge; host="link.example.com"`, mark)
	require.True(t, isLoop(mark, "link.example.com"))
	require.True(t, isLoop(`a,ClickEdge;host=link.example.com`, "link.example.com"))
	require.False(t, isLoop(mark, "other.example.com"), "a chain of two sites is no loop")
	require.False(t, isLoop("Fastly, clickedge", "link.example.com"))
	require.False(t, isLoop(`notclickedge; host="link.example.com"`, "link.example.com"))
	require.False(t, isLoop("", "link.example.com"))
}

func TestLookup(t *testing.T) {
	site := &Site{Host: "link.example.com"}
	s := &Sites{byHost: map[string]*Site{site.Host: site}, hosts: []string{site.Host}}
	for _, host := range []string{"link.example.com", "LINK.example.com", "link.example.com:443", "link.example.com.", "Link.Example.com.:7676"} {
		require.Same(t, site, s.Lookup(host), host)
	}
	for _, host := range []string{"", "example.com", "xlink.example.com", "link.example.com:x", "link.example.com..", ":443"} {
		require.Nil(t, s.Lookup(host), host)
	}
	var none *Sites
	require.Nil(t, none.Lookup("link.example.com"))
	require.Equal(t, 1, s.Len())
	require.Equal(t, []string{"link.example.com"}, s.Hosts())
}

func TestDecideOfProxyAllocatesNothing(t *testing.T) {
	origin, ok := LookupPreset("sendgrid")
	require.True(t, ok)
	site := &Site{Host: "link.example.com", Origin: &origin}
	req := &Request{Method: "GET", Target: "/ls/click?upn=u001.abc"}
	now := time.Unix(0, 0)
	require.Zero(t, testing.AllocsPerRun(100, func() { Decide(req, site, now) }))
}

// With the memory of the target and room before it, a signed link allocates
// nothing, however long it is, and the memory is as it was.
func TestLongSignedLinkAllocatesNothing(t *testing.T) {
	secret := oneSecret("0123456789abcdef0123456789abcdef")
	site := &Site{Host: "link.example.com", Keys: []string{"k1"}, SignedAnywhere: true}
	for _, length := range []int{100, 700, 1500, 2048, 6050} {
		to := "https://www.example.com/" + strings.Repeat("a", length-24)
		url, err := signed.Mint(signed.Link{Host: site.Host, KeyID: "k1", Destination: to}, secret)
		require.NoError(t, err)
		raw := []byte(strings.Repeat("x", RawLead) + url)
		before := bytes.Clone(raw)
		req := &Request{Method: "GET", Target: url[len("https://link.example.com"):], Keys: &secret, Raw: raw, Room: make([]byte, length)}
		var d Decision
		require.Zero(t, testing.AllocsPerRun(10, func() {
			d = Decision{}
			d.Decide(req, site, time.Unix(1, 0), secret.Secret)
		}), length)
		require.Equal(t, to, d.Location)
		require.Equal(t, before, raw)

		req.Raw = nil
		require.Equal(t, to, Decide(req, site, time.Unix(1, 0)).Location)
	}
}

// oneSecret is a keyring that does not allocate.
type oneSecret []byte

func (s *oneSecret) Secret(string) ([]byte, error) { return *s, nil }
