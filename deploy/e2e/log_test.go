package e2e

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/core/outcome"
	"github.com/clickedge/clickedge/hostsim"
	"github.com/clickedge/clickedge/hostsim/wire"
)

// hangUps sends clicks whose readers all hang up before the ESP answers. It
// returns the exchanges and how many clicks the ESP has counted.
func hangUps(t *testing.T, sites string, limits hostsim.Limits, clicks int) (list []*hostsim.Exchange, counted int) {
	t.Helper()
	arrived, gone := make(chan struct{}, clicks), make(chan struct{})
	esp := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		arrived <- struct{}{}
		<-gone
		w.Header().Set("Location", "https://shop.example.com/a")
		w.WriteHeader(http.StatusFound)
	})
	over := make(chan *hostsim.Exchange, clicks)
	r := newRig(t, sites, func(cfg *hostsim.Config) {
		cfg.Backends["ses-us-east-1"] = hostsim.Backend{Handler: esp}
		cfg.Limits = limits
		cfg.OnExchange = func(x *hostsim.Exchange) { over <- x }
	})
	addr := r.listen(t)
	var conns []net.Conn
	for range clicks {
		conn, err := net.Dial("tcp", addr)
		require.NoError(t, err)
		_, err = fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: link.example.com\r\n\r\n", sesClick)
		require.NoError(t, err)
		conns = append(conns, conn)
	}
	for range clicks {
		receive(t, arrived)
		counted++
	}
	for _, conn := range conns {
		require.NoError(t, conn.Close())
	}
	if limits.AfterDisconnect == 0 {
		close(gone)
	} else {
		defer close(gone) // the guests have ended long before
	}
	for range clicks {
		list = append(list, receive(t, over))
	}
	return list, counted
}

func receive[T any](t *testing.T, from <-chan T) (v T) {
	t.Helper()
	select {
	case v = <-from:
	case <-time.After(time.Minute):
		require.FailNow(t, "nothing came in a minute")
	}
	return v
}

// A click that reached the ESP has a log line, even if its reader has hung up
// and the host ends the guest when it answers.
func TestClickWhoseReaderHangsUpHasALine(t *testing.T) {
	list, counted := hangUps(t, oneSite, hostsim.Limits{}, 40)
	lines, ids := 0, map[string]bool{}
	for _, x := range list {
		if !x.Ending.OK() { // the host had noticed by the time of the answer
			require.Equal(t, hostsim.Cancelled, x.Ending.Kind)
			require.Equal(t, "send_downstream", x.Calls[len(x.Calls)-1].Name, "as in Viceroy, the guest ends where it would answer")
		}
		for _, text := range clicks(x) {
			line := parse(t, text)
			require.Equal(t, []any{302, 302, "shop.example.com", outcome.OK}, []any{line.Status, line.OriginStatus, line.Destination, line.Code})
			ids[line.Request] = true
			lines++
		}
	}
	t.Logf("the ESP counted %d clicks, the log has %d lines", counted, lines)
	require.Equal(t, counted, lines)
	require.Len(t, ids, counted, "nobody counts one twice")
}

// The line is lost only on a host that ends the guest as soon as the reader has
// gone, which neither Viceroy nor hostsim does by default.
func TestClickWhoseReaderHangsUpOnAnUnkindHost(t *testing.T) {
	onHost(t, "nothing ends a request whose reader has gone")
	list, counted := hangUps(t, oneSite, hostsim.Limits{AfterDisconnect: 1}, 10)
	require.Equal(t, 10, counted)
	for _, x := range list {
		require.Equal(t, hostsim.Cancelled, x.Ending.Kind)
		require.Empty(t, clicks(x), "core/spec/click-log.md says that there is none: if there is one, say so there")
	}
}

// The log line is written before the answer, except where a click is answered
// first and the line waits for the ESP's answer.
func TestLineGoesBeforeTheAnswer(t *testing.T) {
	onHost(t, "deploy/server has a test of its own")
	for name, first := range map[string]string{
		`{"sites": {"link.example.com": {"esp": "ses-us-east-1"}}}`:                                                                          "write",
		`{"sites": {"link.example.com": {"esp": "ses-us-east-1", "clicks": "redirect", "destinations": ["*.example.com"], "count": false}}}`: "write",
		`{"sites": {"link.example.com": {"esp": "ses-us-east-1", "clicks": "redirect", "destinations": ["*.example.com"]}}}`:                 "send_downstream",
	} {
		r := newRig(t, name, nil)
		_, x := r.do(t, hostsim.Request{Host: "link.example.com", Target: sesClick})
		var order []string
		for _, c := range x.Calls {
			if c.Name == "send_downstream" || c.Module == "fastly_log" && c.Name == "write" {
				order = append(order, c.Name)
			}
		}
		require.Len(t, order, 2, "one line, one answer")
		require.Equal(t, first, order[0], name)
	}
}

// canned is an ESP that answers every request with these bytes and hangs up.
func canned(t *testing.T, answer string) hostsim.Backend {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				if _, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
					io.WriteString(conn, answer)
				}
			}()
		}
	}()
	return hostsim.Backend{URL: "http://" + ln.Addr().String()}
}

// rigWithAnswer is a rig whose ESP gives one answer.
func rigWithAnswer(t *testing.T, sites, answer string) *rig {
	t.Helper()
	return newRig(t, sites, func(cfg *hostsim.Config) {
		cfg.Backends["ses-us-east-1"] = canned(t, strings.ReplaceAll(answer, "\n", "\r\n"))
	})
}

// A status that is not a final one of HTTP is a failure of the ESP, for every
// kind of request; other odd statuses pass.
func TestOddStatusOfAnESP(t *testing.T) {
	for _, c := range []struct {
		answer string
		status int // that the reader gets
		code   outcome.Code
		origin int
		reason string
	}{
		{"HTTP/1.1 101 Switching Protocols\nConnection: upgrade\nUpgrade: x\n\n", 502, outcome.ESPError, 101, ""},
		{"HTTP/1.1 600 X\nContent-Length: 0\n\n", 502, outcome.ESPError, 600, ""},
		{"HTTP/1.1 999 X\nContent-Length: 0\n\n", 502, outcome.ESPError, 999, ""},
		{"HTTP/1.1 099 X\nContent-Length: 0\n\n", 502, outcome.ESPUnreachable, 0, "http_response_status_invalid"},
		{"HTTP/1.1 000 X\nContent-Length: 0\n\n", 502, outcome.ESPUnreachable, 0, "http_response_status_invalid"},
		{"HTTP/1.1 103 Early Hints\n\nHTTP/1.1 204 No Content\n\n", 204, outcome.OK, 204, ""},
		{"HTTP/1.1 204 No Content\n\nbody", 204, outcome.OK, 204, ""},
		{"HTTP/1.1 205 Reset\nContent-Length: 0\n\n", 205, outcome.OK, 205, ""},
		{"HTTP/1.1 304 Not Modified\n\nbody", 304, outcome.OK, 304, ""},
		{"HTTP/1.1 431 X\nContent-Length: 0\n\n", 431, outcome.OK, 431, ""},
	} {
		t.Run(strings.Fields(c.answer)[1], func(t *testing.T) {
			page, back := rigWithAnswer(t, oneSite, c.answer), rigWithAnswer(t, backSite, c.answer)
			for _, method := range []string{"GET", "POST"} {
				resp, line := page.get(t, method, sesClick)
				require.Equal(t, []any{c.status, c.status, c.code, c.origin}, []any{resp.Status, line.Status, line.Code, line.OriginStatus}, method)
				require.Regexp(t, "^("+c.reason+")?$", line.OriginError)
				if c.code != outcome.OK {
					requirePage(t, resp, line, c.status, c.code)
					require.Equal(t, "maybe", line.Missed)
				}
			}
			if resp, line := back.get(t, "GET", sesClick); c.code != outcome.OK {
				require.Equal(t, []any{302, core.Redirect.String(), c.code}, []any{resp.Status, line.Action, line.Code})
			}
		})
	}
}

// Fields that Connection names in the ESP's answer are removed before missing
// fields are added.
func TestConnectionHeaderUndoesNoDecision(t *testing.T) {
	r := rigWithAnswer(t, oneSite, "HTTP/1.1 301 Moved\n"+
		"Connection: close, cache-control, X-Robots-Tag, content-encoding, Content-Type, location, set-cookie, x-own, keep-alive\n"+
		"Cache-Control: max-age=3600\nX-Robots-Tag: all\nContent-Encoding: gzip\nContent-Type: text/x\nX-Own: 1\nKeep-Alive: timeout=5\n"+
		"Location: https://shop.example.com/\nContent-Length: 1\n\nx")
	resp, line := r.get(t, "GET", sesClick)
	require.Equal(t, "shop.example.com", line.Destination)
	got := map[string]string{}
	for _, f := range resp.Header {
		got[strings.ToLower(f.Name)] = f.Value
	}
	require.Equal(t, map[string]string{"cache-control": "no-store", "x-robots-tag": "noindex", "content-encoding": "gzip", "content-type": "text/x",
		"location": "https://shop.example.com/", "content-length": "1"}, got)
}

// A redirect that browsers cache by default gets no-store; the ESP's own
// Cache-Control is left.
func TestRedirectIsNotKeptUnasked(t *testing.T) {
	for _, c := range [][3]string{
		{"301", "", "no-store"}, {"302", "", "no-store"}, {"308", "no-transform", "no-store"}, {"301", " ", "no-store"},
		{"301", "max-age=60", "max-age=60"}, {"301", "private", "private"}, {"302", "no-transform", "no-transform"},
	} {
		field := ""
		if c[1] != "" {
			field = "Cache-Control: " + c[1] + "\n"
		}
		r := rigWithAnswer(t, oneSite, "HTTP/1.1 "+c[0]+" X\n"+field+"Location: https://shop.example.com/\nContent-Length: 0\n\n")
		resp, _ := r.get(t, "GET", sesClick)
		require.Equal(t, []string{c[2]}, resp.Header.Values("Cache-Control"), c)
	}
}

// Connection in the reader's request removes no field that the ESP needs.
func TestConnectionHeaderOfAReader(t *testing.T) {
	r := newRig(t, oneSite, nil)
	_, x := r.do(t, hostsim.Request{Host: "link.example.com", Target: sesClick, Header: wire.Header{
		{Name: "Connection", Value: "host, x-forwarded-for, x-forwarded-proto, cdn-loop, user-agent, x-own, close"},
		{Name: "X-Forwarded-For", Value: "192.0.2.1"}, {Name: "CDN-Loop", Value: "other"}, {Name: "User-Agent", Value: "curl/8"}, {Name: "X-Own", Value: "1"},
	}})
	require.Len(t, x.Sent, 1)
	h := x.Sent[0].Header
	require.Equal(t, []string{"link.example.com"}, h.Values("Host"))
	require.Equal(t, []string{"127.0.0.1"}, h.Values("X-Forwarded-For"), "the list that it named is gone, the address is not")
	require.Equal(t, []string{"http"}, h.Values("X-Forwarded-Proto"))
	require.Contains(t, h.Values("CDN-Loop")[0], "other, ")
	require.Empty(t, h.Values("X-Own"))
	require.Equal(t, "bot", parse(t, clicks(x)[0]).Verdict, "who asks has been looked at before")
}

// A body that the reader breaks off is logged as the reader's failure, not as
// the ESP's.
func TestReadersBrokenBodyIsNotTheESPsFailure(t *testing.T) {
	offHandler(t, "the SDK does not say whose fault it was")
	for name, request := range map[string]string{
		"length": "POST %s HTTP/1.1\r\nHost: link.example.com\r\nContent-Length: 100\r\n\r\nhalf",
		"chunks": "POST %s HTTP/1.1\r\nHost: link.example.com\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nha",
		"odd":    "POST %s HTTP/1.1\r\nHost: link.example.com\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhalf\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			over := make(chan *hostsim.Exchange, 1)
			r := newRig(t, backSite, func(cfg *hostsim.Config) { cfg.OnExchange = func(x *hostsim.Exchange) { over <- x } })
			conn, err := net.Dial("tcp", r.listen(t))
			require.NoError(t, err)
			_, err = fmt.Fprintf(conn, request, sesClick)
			require.NoError(t, err)
			require.NoError(t, conn.Close())
			x := receive(t, over)
			require.Len(t, clicks(x), 1)
			line := parse(t, clicks(x)[0])
			require.Equal(t, []any{outcome.IncompleteRequest, 400, "refuse", "", ""}, []any{line.Code, line.Status, line.Action, line.Missed, line.OriginError})
		})
	}
}

// Hosts in the log are those that a browser goes to, and no user's name is in
// them.
func TestDestinationIsWhatABrowserReads(t *testing.T) {
	for location, want := range map[string]string{
		`https:\\Shop.example.com\x`: "shop.example.com", "//ann%40example.com:x@shop.example.com/": "shop.example.com",
		"https:/thanks": "link.example.com", "thanks": "link.example.com", "https://[2001:db8::1]/": "[2001:db8::1]",
		"https://" + strings.Repeat("a.", 200) + "example/": "?", "https://b\xc3\xbccher.example/": "?", "mailto:ann@example.com": "",
	} {
		r := rigWithAnswer(t, oneSite, "HTTP/1.1 302 X\nLocation: "+location+"\nContent-Length: 0\n\n")
		resp, x, err := r.host.Do(context.Background(), &hostsim.Request{Host: "link.example.com", Target: sesClick})
		require.NoError(t, err)
		require.Equal(t, []string{location}, resp.Header.Values("Location"), "the reader gets it as it is")
		// The link is http here, and so an address with https: has its own
		// host.
		line := parse(t, clicks(x)[0])
		if strings.HasPrefix(location, "https:/thanks") {
			want = "thanks"
		}
		require.Equal(t, want, line.Destination, location)
		require.NotContains(t, clicks(x)[0], "ann")
	}
}

// Only a redirect that leads elsewhere is logged as a disagreement: anybody can
// provoke other answers.
func TestOnlyARedirectDisagrees(t *testing.T) {
	const first = `{"sites": {"link.example.com": {"esp": "ses-us-east-1", "clicks": "redirect", "destinations": ["*.example.com"]}}}`
	for answer, want := range map[string][2]string{
		"302 X\nLocation: https://shop.example.com/a":       {"yes", ""},
		"302 X\nLocation: HTTPS://SHOP.example.com:443/a#b": {"yes", ""},
		"302 X\nLocation: https://shop.example.com/b":       {"no", "shop.example.com"},
		"301 X\nLocation: https://user:pw@evil.example/ann": {"no", "evil.example"},
		"302 X\nLocation: /error":                           {"no", "link.example.com"},
		"302 X":                                             {"", ""},
		"200 X":                                             {"", ""},
		"404 X\nLocation: https://evil.example/":            {"", ""},
		"431 X":                                             {"", ""},
		"500 X\nLocation: https://evil.example/":            {"", ""},
		"101 X\nConnection: upgrade\nUpgrade: x":            {"", ""},
	} {
		r := rigWithAnswer(t, first, "HTTP/1.1 "+answer+"\nContent-Length: 0\n\n")
		_, x := r.do(t, hostsim.Request{Host: "link.example.com", Target: sesClick})
		line := parse(t, clicks(x)[0])
		require.Equal(t, want, [2]string{line.Agrees, line.OriginDestination}, answer)
		require.Equal(t, want[0] == "no", strings.Contains(string(x.Stderr), "the ESP disagrees"), "an alarm, or none: %s", answer)
		require.NotContains(t, string(x.Stderr)+clicks(x)[0], "ann")
	}
}

// An entry of the config store that has no usable backend is ignored, and the
// site of sites.json applies.
func TestOverrideWithoutABackend(t *testing.T) {
	onHost(t, "it has no backends, and deploy/server has a test of its own")
	entries := map[string]string{
		"no backend":        `{"esp": "sendgrid"}`,
		"no second backend": `{"esp": "ses-us-east-1", "second_origin": "https://elsewhere.example.net"}`,
		"empty":             `{}`,
		"nothing":           ``,
		"not an object":     `"ses-us-east-1"`,
		"too long":          `{"esp": "ses-us-east-1", "home": "https://www.example.com/` + strings.Repeat("a", 9000) + `"}`,
		"a whole file":      oneSite,
	}
	why := map[string]string{"no backend": "the service has no backend sendgrid", "no second backend": "the service has no backend custom-elsewhere.example.net"}
	store := map[string]map[string]string{contract.ConfigStore: {}}
	r := newRig(t, oneSite, func(cfg *hostsim.Config) { cfg.ConfigStores = store })
	for name, entry := range entries {
		store[contract.ConfigStore]["link.example.com"] = entry
		resp, x := r.do(t, hostsim.Request{Host: "link.example.com", Target: sesClick})
		require.Equal(t, 302, resp.Status, name)
		require.Equal(t, "invalid", parse(t, clicks(x)[0]).Override, name)
		require.Contains(t, string(x.Stderr), "config store clickedge is ignored: "+why[name], name)
		require.Equal(t, 1, strings.Count(string(x.Stderr), "\n"), "one line")
	}
	store[contract.ConfigStore]["link.example.com"] = `{"esp": "none", "keys": ["k1"], "destinations": ["example.com"]}`
	resp, x := r.do(t, hostsim.Request{Host: "link.example.com", Target: sesClick})
	require.Equal(t, []any{404, "used"}, []any{resp.Status, parse(t, clicks(x)[0]).Override}, "an entry that needs no backend")
	store[contract.ConfigStore]["link.example.com"] = `{"esp": "ses-us-east-1"}`
	_, x = r.do(t, hostsim.Request{Host: "link.example.com", Target: sesClick})
	require.Equal(t, "used", parse(t, clicks(x)[0]).Override)
	require.Empty(t, x.Stderr)
	delete(store[contract.ConfigStore], "link.example.com")
	_, x = r.do(t, hostsim.Request{Host: "link.example.com", Target: sesClick})
	for _, c := range x.Calls {
		require.NotEqual(t, "exists", c.Name, "nothing is paid where there is no entry")
	}
}
