package core

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core/destination"
	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/core/header"
)

func sentWith(t *testing.T, o *Origin, in Arrival, fields map[string]string) map[string]string {
	t.Helper()
	var edits Edits
	in.Headers = have(fields)
	(&Site{Host: "link.example.com", Origin: o}).EditRequest(o, &in, edits.Add)
	return carried(o, edits, fields)
}

const loopMark = `clickedge; host="link.example.com"`

// What a request without any field of its own gets, and what replaces what a
// reader made up.
func TestEditRequest(t *testing.T) {
	in := Arrival{Scheme: "https", Address: "192.0.2.1"}
	want := map[string]string{"host": list("link.example.com"), "x-forwarded-proto": list("https"), "x-forwarded-for": list("192.0.2.1"), "cdn-loop": list(loopMark)}
	require.Equal(t, want, sentWith(t, &espOrigin, in, nil))
	require.Equal(t, want, sentWith(t, &espOrigin, in, map[string]string{
		"host": list("LINK.example.com:443"), "x-forwarded-host": list("evil.example"), "x-forwarded-proto": list("gopher"),
	}))
	delete(want, "x-forwarded-for")
	require.Equal(t, want, sentWith(t, &espOrigin, Arrival{Scheme: "https"}, nil), "no address is known")
	want["x-forwarded-for"], want["cdn-loop"] = list("198.51.100.1, 2001:db8::1, 192.0.2.1"), list("Fastly, "+loopMark)
	require.Equal(t, want, sentWith(t, &espOrigin, in, map[string]string{"x-forwarded-for": list("198.51.100.1", "2001:db8::1"), "cdn-loop": list("Fastly")}))
	want["x-forwarded-for"], want["cdn-loop"] = list("192.0.2.1"), list(loopMark)
	require.Equal(t, want, sentWith(t, &espOrigin, in, map[string]string{"x-forwarded-for": list(""), "cdn-loop": list("")}), "fields that are empty")
}

func TestEditRequestOfOtherOrigins(t *testing.T) {
	braze := espOrigin
	braze.ForwardedHost = true
	require.Equal(t, list("link.example.com"), sentWith(t, &braze, Arrival{}, map[string]string{"x-forwarded-host": list("evil.example")})["x-forwarded-host"])
	own := espOrigin
	own.OriginHost = true
	require.Equal(t, list("track-eu.customer.io"), sentWith(t, &own, Arrival{}, nil)["host"])
}

// What concerns one connection goes, known or named; what the ESP needs stays,
// whatever Connection says.
func TestRequestConnection(t *testing.T) {
	fields := map[string]string{"connection": list("Host, x-own, cdn-loop, X-Forwarded-For, close", "te"), "x-own": list("1"), "cdn-loop": list("Fastly"),
		"x-forwarded-for": list("198.51.100.1"), "x-kept": list("1")}
	for set := header.HopByHop; set != 0; set = set.Rest() {
		if set.Name() != "connection" {
			fields[set.Name()] = list("x")
		}
	}
	require.Len(t, fields, 14, "ten of one connection, and four others")
	require.Equal(t, map[string]string{"host": list("link.example.com"), "x-kept": list("1"), "x-forwarded-proto": list("http"),
		"x-forwarded-for": list("192.0.2.1"), "cdn-loop": list("Fastly, " + loopMark)},
		sentWith(t, &espOrigin, Arrival{Scheme: "http", Address: "192.0.2.1"}, fields))
}

// Credentials of somebody else than the ESP stay here.
func TestRequestCredentials(t *testing.T) {
	mark := espOrigin.CookieMark()
	fields := map[string]string{"authorization": list("Basic x"), "fastly-key": list("token"), "cookie": list("session=1; "+mark+"a=2", mark+"b=3")}
	for _, c := range []struct {
		mode                  Cookies
		preset                string
		family                esp.Family
		cookie, authorization string
	}{
		{CookiesOwn, "sendgrid", esp.FamilySendGrid, list("a=2; b=3"), ""},
		{CookiesStrip, "ses-us-east-1", esp.FamilySES, "", ""},
		{CookiesPass, "iterable", esp.FamilyIterable, fields["cookie"], ""},
		{CookiesOwn, "custom", esp.FamilyCustom, list("a=2; b=3"), list("Basic x")},
		{CookiesOwn, "custom", esp.FamilySparkPost, list("a=2; b=3"), list("Basic x")},
	} {
		o := espOrigin
		o.Cookies, o.Family, o.Preset = c.mode, c.family, c.preset
		got := sentWith(t, &o, Arrival{}, fields)
		require.Equal(t, []string{c.cookie, c.authorization, ""}, []string{got["cookie"], got["authorization"], got["fastly-key"]}, c)
	}
	require.NotContains(t, sentWith(t, &espOrigin, Arrival{}, map[string]string{"cookie": list("session=1")}), "cookie", "all of them were the brand's")
}

func TestNamedByConnection(t *testing.T) {
	for value, want := range map[string][]string{
		"":               nil,
		"close":          nil,
		", ,Host,":       nil,
		"X-Hop":          {"X-Hop"},
		" te , COOKIE-x": {"te", "COOKIE-x"},
		"Location, a, CDN-Loop, b,Content-Length": {"a", "b"},
	} {
		var got []string
		for name, rest := NamedByConnection(value); name != ""; name, rest = NamedByConnection(rest) {
			got = append(got, name)
		}
		require.Equal(t, want, got, value)
	}
}

// Names are in lower case, as the set of fields has them.
func TestNamesOfEdits(t *testing.T) {
	o := espOrigin
	o.ForwardedHost = true
	var edits, back Edits
	(&Site{Host: "link.example.com"}).EditRequest(&o, &Arrival{Headers: header.All, Scheme: "https", Address: "192.0.2.1"}, edits.Add)
	o.EditAnswer(301, header.All, back.Add)
	require.Len(t, edits, 19)
	require.Len(t, back, 15)
	for _, e := range append(edits, back...) {
		require.Equal(t, destination.Lower(e.Name), e.Name)
	}
}

// The site's own fields take the place of the reader's, whatever Connection
// says of them.
func TestRequestHeaders(t *testing.T) {
	o := espOrigin
	o.Headers = list("x-brand", "a, b", "x-postal-track-host", "1")
	got := sentWith(t, &o, Arrival{}, map[string]string{"connection": list("X-Brand, x-postal-track-host"),
		"x-brand": list("evil", "worse"), "x-postal-track-host": list("0"), "x-kept": list("1")})
	require.Equal(t, []string{list("a, b"), list("1"), list("1")}, []string{got["x-brand"], got["x-postal-track-host"], got["x-kept"]})
	require.NotContains(t, sentWith(t, &espOrigin, Arrival{}, nil), "x-brand")
}

// A field whose name differs from one that is managed, or that the site sets, in
// an underscore is the same one to some servers: it stays here.
func TestRequestAliases(t *testing.T) {
	o := espOrigin
	o.Headers = list("x-brand", "a", "x-postal-track-host", "1")
	fields := map[string]string{"x_kept": list("1"), "x_brands": list("1")}
	for _, name := range []string{"x_postal_track_host", "x-postal_track-host", "x_brand", "x_forwarded_for", "x_forwarded-host", "x_forwarded_proto",
		"x_forwarded_port", "cdn_loop", "fastly_key", "fastly_client_ip", "transfer_encoding", "content_length", "proxy_authorization"} {
		fields[name] = list("evil")
	}
	got := sentWith(t, &o, Arrival{Scheme: "https", Address: "192.0.2.1"}, fields)
	require.Equal(t, map[string]string{"x_kept": list("1"), "x_brands": list("1"), "x-brand": list("a"), "x-postal-track-host": list("1"), "host": list("link.example.com"),
		"x-forwarded-proto": list("https"), "x-forwarded-for": list("192.0.2.1"), "cdn-loop": list(loopMark)}, got)
	require.Contains(t, sentWith(t, &espOrigin, Arrival{}, fields), "x_brand", "a site that does not set it")
}

// Whatever this package edits by name is an alias with an underscore, too.
func TestEveryEditHasItsAliases(t *testing.T) {
	o := espOrigin
	o.ForwardedHost, o.Headers = true, list("x-brand", "a")
	var edits Edits
	(&Site{Host: "link.example.com"}).EditRequest(&o, &Arrival{Headers: header.All, Scheme: "https", Address: "192.0.2.1"}, edits.Add)
	seen := 0
	for _, e := range edits {
		alias := strings.ToUpper(strings.ReplaceAll(e.Name, "-", "_"))
		if !strings.Contains(alias, "_") {
			continue
		}
		seen++
		name, rest := o.NextAlias("X_Kept\x00" + alias + "\x00accept\x00")
		require.Equal(t, []string{alias, "accept\x00"}, []string{name, rest})
	}
	require.GreaterOrEqual(t, seen, 10)
}

// A site may set no field that clickedge edits, in a request or an answer, and
// none by which a request is judged.
func TestRefusedHeader(t *testing.T) {
	o := espOrigin
	o.ForwardedHost = true
	var edits Edits
	(&Site{Host: "link.example.com"}).EditRequest(&o, &Arrival{Headers: header.All, Scheme: "https", Address: "192.0.2.1"}, edits.Add)
	o.EditAnswer(301, header.All, edits.Add)
	for _, e := range edits {
		require.NotEmpty(t, RefusedHeader(e.Name), e.Name)
	}
	for set := header.All; set != 0; set = set.Rest() {
		require.NotEmpty(t, RefusedHeader(set.Name()), set.Name())
		require.Equal(t, set&^set.Rest(), header.Lookup(set.Name()))
	}
	for name, want := range map[string]string{
		"expect": "managed for every site", "x-forwarded-port": "managed for every site", "fastly-client-ip": "managed for every site", "via": "managed for every site",
		"user-agent": "the reader's", "x-real-ip": "the reader's", "referer": "the reader's",
		"content-type": "the message", "accept-encoding": "the message", "if-range": "the message", "proxy-thing": "the message",
		"authorization": "a secret", "x-api-key": "a secret", "x-token": "a secret", "cookie": "a secret", "x-origin-verify": "a secret",
	} {
		require.Contains(t, RefusedHeader(name), want, name)
	}
	for _, name := range []string{"x-postal-track-host", "x-brand", "x-workspace", "cache-tag", "x-keyboard", "x-authority", "x-forwardedish", "fastlyish"} {
		require.Empty(t, RefusedHeader(name), name)
	}
}

func TestEditsAllocateNothing(t *testing.T) {
	headed := espOrigin
	headed.Headers = list("x-a", "1", "x-b", "2")
	site, in := &Site{Host: "link.example.com"}, &Arrival{Headers: header.All, Scheme: "https", Address: "192.0.2.1", Room: make([]byte, LoopRoom)}
	room, before := make([]byte, 1<<10), list("a=1; "+espOrigin.CookieMark()+"b=2")
	require.Zero(t, testing.AllocsPerRun(100, func() {
		site.EditRequest(&espOrigin, in, func(op EditOp, name, value string) {
			espOrigin.AppendValues(room[:0], Edit{name, value, op}, before)
		})
	}))
	require.Zero(t, testing.AllocsPerRun(100, func() {
		site.EditRequest(&headed, in, func(op EditOp, name, value string) { room[0] = byte(op) })
	}))
	require.Zero(t, testing.AllocsPerRun(100, func() {
		espOrigin.EditAnswer(302, header.All, func(op EditOp, name, value string) {
			room[0] = byte(op)
		})
	}))
}
