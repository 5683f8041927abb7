package loghash

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/core/signed"
	"github.com/clickedge/clickedge/core/sitesjson"
)

var (
	secret = []byte("h1-secret-of-at-least-thirty-two-bytes")
	noon   = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
)

const (
	sesMail   = "010001a0a01d5872-5c963d3e-2a09-4018-8d07-d0f0737cf930-000000"
	sesClick  = "/CL0/https:%2F%2Fshop.example.com%2Fa/1/" + sesMail + "/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=452"
	sesOpen   = "/CI0/" + sesMail + "/CCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCC=220"
	sendClick = "/ss/c/u001.AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8/4uj/AAAAAAAAAAAAAAAAAAAAAA/h0/h001.AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
)

func site(t *testing.T, host, text string) *core.Site {
	s, err := sitesjson.ParseSite(host, []byte(text))
	require.NoError(t, err)
	return s
}

func ses(t *testing.T) *Subject {
	s := site(t, "link.example.com", `{"esp": "ses-us-east-1", "log_hashes": "h1"}`)
	return &Subject{Site: s, Target: sesClick, Kind: esp.KindClick, Address: "192.0.2.1", Agent: "Mozilla/5.0"}
}

func of(t *testing.T, at time.Time, s *Subject) Hashes {
	t.Helper()
	h, ok := Of(secret, at, s)
	require.True(t, ok)
	return h
}

// The construction of core/spec/click-log.md, step by step.
func TestHashesAreAsSpecified(t *testing.T) {
	mac := func(key []byte, text string) []byte {
		m := hmac.New(sha256.New, key)
		m.Write([]byte(text))
		return m.Sum(nil)
	}
	const day = 20_513 // 2026-03-01
	key := mac(secret, "clickedge log hashes 1\n\x00\x00\x00\x00\x00\x00"+string([]byte{day >> 8, day & 0xff}))
	first := func(text string) string { return hex.EncodeToString(mac(key, text)[:8]) }
	h := of(t, noon, ses(t))
	require.Equal(t, first("mail\x00link.example.com\x00ses\x00"+sesMail), string(h.Mail.Append(nil)))
	require.Equal(t, first("reader\x00link.example.com\x00192.0.2.1\x00Mozilla/5.0"), string(h.Reader.Append(nil)))
	require.Equal(t, first("link\x00link.example.com\x00https://shop.example.com/a"), string(h.Link.Append(nil)))
}

// What is the same keeps its hash, and nothing else has it.
func TestWhatIsJoined(t *testing.T) {
	h := of(t, noon, ses(t))
	differs := func(change func(*Subject), at time.Time) (same [3]bool) {
		s := ses(t)
		change(s)
		o := of(t, at, s)
		return [3]bool{o.Mail == h.Mail, o.Reader == h.Reader, o.Link == h.Link}
	}
	for name, c := range map[string]struct {
		change func(*Subject)
		at     time.Time
		same   [3]bool
	}{
		"the same":            {func(*Subject) {}, noon, [3]bool{true, true, true}},
		"the end of the day":  {func(*Subject) {}, noon.Add(12*time.Hour - 1), [3]bool{true, true, true}},
		"the next day":        {func(*Subject) {}, noon.Add(12 * time.Hour), [3]bool{}},
		"the day before":      {func(*Subject) {}, noon.Add(-12*time.Hour - 1), [3]bool{}},
		"another zone's date": {func(*Subject) {}, noon.In(time.FixedZone("", 13*60*60)), [3]bool{true, true, true}},
		"another link":        {func(s *Subject) { s.Target = strings.Replace(sesClick, "2Fa/", "2Fb/", 1) }, noon, [3]bool{true, true, false}},
		"another mail":        {func(s *Subject) { s.Target = strings.Replace(sesClick, "010001", "010002", 1) }, noon, [3]bool{false, true, true}},
		"another address":     {func(s *Subject) { s.Address = "192.0.2.2" }, noon, [3]bool{true, false, true}},
		"another agent":       {func(s *Subject) { s.Agent = "" }, noon, [3]bool{true, false, true}},
		"the open":            {func(s *Subject) { s.Target, s.Kind = sesOpen, esp.KindOpen }, noon, [3]bool{true, true, false}},
		"another host":        {func(s *Subject) { s.Site = site(t, "go.example.com", `{"esp": "ses-us-east-1"}`) }, noon, [3]bool{}},
		"another region":      {func(s *Subject) { s.Site = site(t, "link.example.com", `{"esp": "ses-eu-west-1"}`) }, noon, [3]bool{true, true, true}},
	} {
		require.Equal(t, c.same, differs(c.change, c.at), name)
	}
	other, _ := Of([]byte(strings.Repeat("x", 40)), noon, ses(t))
	require.NotEqual(t, h.Mail, other.Mail)
	require.NotEqual(t, h.Reader, other.Reader)
}

func TestWhatHasNoHash(t *testing.T) {
	for _, short := range [][]byte{nil, {}, secret[:signed.MinSecret-1]} {
		h, ok := Of(short, noon, ses(t))
		require.False(t, ok)
		require.Zero(t, h)
	}
	s := ses(t)
	s.Address = ""
	require.Zero(t, of(t, noon, s).Reader, "readers whose address is not known are not one reader")
	s.Target, s.Kind = sesOpen, esp.KindOpen
	require.Zero(t, of(t, noon, s).Link, "an open leads nowhere")
	s.Site = site(t, "link.example.com", `{"esp": "sendgrid"}`)
	s.Target, s.Kind = "/ls/click?upn=x", esp.KindClick
	require.Zero(t, of(t, noon, s).Mail)
	require.NotZero(t, of(t, noon, s).Link, "the link itself")
}

// The link of SendGrid's has one hash in the mails of all readers.
func TestLinkOfSendGrid(t *testing.T) {
	s := ses(t)
	s.Site, s.Target = site(t, "link.example.com", `{"esp": "sendgrid"}`), sendClick
	a := of(t, noon, s)
	s.Target = strings.Replace(sendClick, "/AAAAAAAAAAAAAAAAAAAAAA/h0/", "/AAAAAAAAAAAAAAAAAAAAAQ/h0/", 1)
	b := of(t, noon, s)
	require.Equal(t, a.Link, b.Link)
	require.NotEqual(t, a.Mail, b.Mail)
}

// A signed link's id names its mail if somebody has signed it. A trap is of the
// mail beside it, and another link.
func TestHashesOfSignedLinks(t *testing.T) {
	s := site(t, "link.example.com", `{"esp": "none", "keys": ["k2"], "destinations": ["example.com"], "log_hashes": "h1"}`)
	mint := func(l signed.Link) string {
		l.Host, l.KeyID = s.Host, "k2"
		url, err := signed.Mint(l, secret)
		require.NoError(t, err)
		return strings.TrimPrefix(url, "https://"+s.Host)
	}
	hashes := func(target string, kind esp.Kind, ok bool) Hashes {
		return of(t, noon, &Subject{Site: s, Target: target, Kind: kind, Signed: ok, Address: "::1"})
	}
	link := mint(signed.Link{ID: "bWFpbC03", Destination: "https://example.com/"})
	h := hashes(link, esp.KindClick, true)
	require.Equal(t, h, hashes(link+"?utm=1", esp.KindClick, true))
	require.Equal(t, h.Mail, hashes(mint(signed.Link{ID: "bWFpbC03", Pixel: true}), esp.KindOpen, true).Mail)
	require.NotEqual(t, h.Mail, hashes(mint(signed.Link{ID: "bWFpbC04", Destination: "https://example.com/"}), esp.KindClick, true).Mail)
	require.Zero(t, hashes(mint(signed.Link{Destination: "https://example.com/"}), esp.KindClick, true).Mail)
	require.Zero(t, hashes(link, esp.KindClick, false).Mail)

	trap := hashes(mint(signed.Link{ID: signed.TrapID + "bWFpbC03", Destination: "https://example.com/"}), esp.KindClick, true)
	require.Equal(t, h.Mail, trap.Mail)
	require.NotEqual(t, h.Link, trap.Link)
	require.Zero(t, hashes(mint(signed.Link{ID: signed.TrapID, Destination: "https://example.com/"}), esp.KindClick, true).Mail)
}

func FuzzOf(f *testing.F) {
	f.Add(sesClick, "192.0.2.1", "Mozilla/5.0", true)
	f.Add("/to/k2.iAHRyYXAA.uaA.AAAAAAAAAAAAAAAAAAAAAA", "", "\x00", true)
	f.Add(sendClick, "::1", "", false)
	f.Fuzz(func(t *testing.T, target, address, agent string, ok bool) {
		for _, text := range []string{`{"esp": "sendgrid", "also": [{"esp": "ses-us-east-1"}, {"esp": "iterable"}], "keys": ["k2"], "signed_links": "anywhere"}`, `{"esp": "none", "keys": ["k2"], "signed_links": "anywhere"}`} {
			s := &Subject{Site: site(t, "link.example.com", text).For(target), Target: target, Kind: esp.KindClick, Signed: ok, Address: address, Agent: agent}
			h := of(t, noon, s)
			require.Equal(t, h, of(t, noon, s))
			require.NotZero(t, h.Link)
			require.Equal(t, address == "", h.Reader == 0)
			require.Len(t, h.Link.Append(nil), Length)
		}
	})
}
