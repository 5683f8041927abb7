package origins

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/hostsim/wire"
)

// FuzzAnswer: for any target, every origin gives a whole answer: a redirect has
// a valid Location, and no other answer has one.
func FuzzAnswer(f *testing.F) {
	for _, v := range vectors(f) {
		f.Add(v.Path, branded, "")
	}
	f.Add("/u/x", branded, "List-Unsubscribe=One-Click")
	f.Add("/f/a/b/c/d", "spgo.io", "")
	fleet := &Fleet{opt: Options{Opaque: DefaultOpaque, AcceptAnySignature: true}, done: make(chan struct{})}
	f.Fuzz(func(t *testing.T, target, host, body string) {
		for _, spec := range every {
			o := &origin{spec: *spec, family: families[spec.Family], fleet: fleet}
			method := map[bool]string{true: "POST", false: "GET"}[body != ""]
			w := httptest.NewRecorder()
			o.family.serve(w, newRequest(o, Seen{Method: method, Target: target, Header: wire.Header{{Name: "Host", Value: host}}, Body: []byte(body)}))
			at := w.Header().Get("Location")
			require.Contains(t, []int{200, 302, 303, 307, 400, 403, 404, 405}, w.Code)
			require.Equal(t, w.Code/100 == 3, at != "", "%s: status %d, location %q", spec.Backend, w.Code, at)
			require.False(t, strings.Contains(at, " ") || !wire.ValidValue(at), "%q", at)
		}
	})
}

// FuzzLinks: the destination of a sample link is read back from it.
func FuzzLinks(f *testing.F) {
	f.Add("shop.example.com/a?b=1&c=2", true)
	f.Add("shop.example.com/caf%C3%A9?x=%2F&y=%2520+z", false)
	f.Add("shop.example.com/?"+strings.Repeat("x", 300)+"~|{}\"^\\<>#", true)
	const message = "010001a0a01d5872-5c963d3e-2a09-4018-8d07-d0f0737cf930-000000"
	makers := map[string]func(string) string{
		"customerio-eu": customerIOPath,
		"sparkpost":     func(d string) string { return "/f/a/" + sparkPostMAC + sparkPostPayload(d) },
		"ses":           func(d string) string { return sesLink(message, d) },
		"mailgun":       mailgunLink,
		"mandrill":      mandrillLink,
		"mailjet":       mailjetLink,
		"postmark":      postmarkLink,
	}
	fleet := &Fleet{opt: Options{Opaque: DefaultOpaque}, done: make(chan struct{})}
	f.Fuzz(func(t *testing.T, rest string, secure bool) {
		if rest == "" || len(rest) > 8000 || strings.Trim(rest, printable) != "" {
			t.Skip()
		}
		destination := map[bool]string{true: "https://", false: "http://"}[secure] + rest
		if !hasHost.MatchString(destination) {
			t.Skip()
		}
		for backend, link := range makers {
			target := link(destination)
			o := &origin{spec: *originOf(t, backend)}
			o.family, o.fleet = families[o.spec.Family], fleet
			w := httptest.NewRecorder()
			o.family.serve(w, newRequest(o, Seen{Method: "GET", Target: target, Header: wire.Header{{Name: "Host", Value: branded}}}))
			require.Equal(t, destination, w.Header().Get("Location"), "%s: %s", backend, target)
		}
	})
}

// printable is 0x21 to 0x7E: bytes that a Location has unescaped.
var printable = func() string {
	var b strings.Builder
	for c := byte(0x21); c < 0x7f; c++ {
		b.WriteByte(c)
	}
	return b.String()
}()

func TestEveryFamilyHasAStandIn(t *testing.T) {
	for _, family := range append(esp.Families(), esp.FamilyCustom) {
		require.NotNil(t, families[family], "family %d", family)
	}
}
