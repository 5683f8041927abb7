package doctor_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/deploy/doctor"
	"github.com/clickedge/clickedge/deploy/doctor/catalogue"
	"github.com/clickedge/clickedge/deploy/doctor/report"
	"github.com/clickedge/clickedge/deploy/internal/doctortest"
	"github.com/clickedge/clickedge/deploy/origins"
)

// nowhere is a dialler that must not be called.
func nowhere(t *testing.T) func(context.Context, string, string) (net.Conn, error) {
	return func(_ context.Context, _, address string) (net.Conn, error) {
		t.Errorf("dialled %s", address)
		return nil, errors.New("not allowed")
	}
}

func TestUnsubscribeIsRefused(t *testing.T) {
	for name, c := range map[string]struct{ esp, path string }{
		"Customer.io":                 {"customerio-eu", "/unsubscribe/dgTESTAAAAAAgHgGwGOxfL85m7e5FIYG3FKrkE="},
		"SendGrid":                    {"sendgrid", "/wf/unsubscribe?upn=u001.AAEC"},
		"SendGrid's groups":           {"sendgrid", "/asm/?user_id=1234567&data=AAEC"},
		"Mailgun":                     {"mailgun", "/u/dW5zdWItdG9rZW4tMDAwMQ"},
		"Mandrill":                    {"mandrill", "/track/unsub.php?u=1"},
		"Mailjet":                     {"mailjet", "/unsub2/abc"},
		"Iterable":                    {"iterable", "/u/unsubscribe?_t=a"},
		"SES, by its destination":     {"ses-us-east-1", "/CL0/https:%2F%2Fshop.example.com%2Funsubscribe%3Fa=b/1/010001a0a01d5872-5c963d3e-2a09-4018-8d07-d0f0737cf930-000000/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=452"},
		"no ESP given: any that fits": {"", "/u/dW5zdWItdG9rZW4tMDAwMQ"},
		"custom: any that fits":       {"custom", "/asm/unsubscribe/?user_id=1"},
		"a word":                      {"custom", "/go?to=opt-out"},
		"a word in capitals":          {"", "/x/Unsubscribe"},
		"a word, escaped":             {"custom", "/x/un%73ub?r=1"},
		"a word of another language":  {"custom", "/newsletter/abbestellen"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := doctor.Examine(context.Background(), doctor.Options{
				Host: "link.example.com", ESP: c.esp, Link: "https://link.example.com" + c.path,
				Resolvers: []string{"127.0.0.1:1"}, Dial: nowhere(t),
			})
			require.ErrorIs(t, err, doctor.ErrUnsubscribe)
			require.NotContains(t, err.Error(), "dW5zdWI", "a link names a recipient, errors must not")
		})
	}
}

func TestOptions(t *testing.T) {
	for name, c := range map[string]struct {
		opt  doctor.Options
		says string
	}{
		"no host":           {doctor.Options{}, "not the name of a link domain"},
		"an address":        {doctor.Options{Host: "192.0.2.1"}, "not the name of a link domain"},
		"a URL":             {doctor.Options{Host: "https://link.example.com/"}, "not the name of a link domain"},
		"an ESP":            {doctor.Options{Host: "link.example.com", ESP: "sendgird"}, "unknown ESP"},
		"a CDN":             {doctor.Options{Host: "link.example.com", CDN: "fastli"}, "unknown CDN"},
		"a link, elsewhere": {doctor.Options{Host: "link.example.com", Link: "https://mail.example.com/e/c/x"}, "not on \"link.example.com\""},
		"a link, no URL":    {doctor.Options{Host: "link.example.com", Link: "/e/c/x"}, "not the URL of a link"},
		"a link, two lines": {doctor.Options{Host: "link.example.com", Link: "https://link.example.com/e\r\nX: y"}, "not the URL of a link"},
		"via":               {doctor.Options{Host: "link.example.com", Via: "not an address"}, "neither an address nor a name"},
		"via, port":         {doctor.Options{Host: "link.example.com", Via: "192.0.2.1:https"}, "names no port"},
	} {
		t.Run(name, func(t *testing.T) {
			c.opt.Resolvers, c.opt.Dial = []string{"127.0.0.1:1"}, nowhere(t)
			_, err := doctor.Examine(context.Background(), c.opt)
			require.ErrorIs(t, err, doctor.ErrOptions)
			require.ErrorContains(t, err, c.says)
		})
	}
}

func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := doctor.Examine(ctx, doctor.Options{Host: "link.example.com", Resolvers: []string{"127.0.0.1:1"}, Dial: nowhere(t)})
	require.ErrorIs(t, err, context.Canceled)
}

// TestInterruptedInTheMiddle gives up while an answer is waited for that never
// comes, and that may take an hour.
func TestInterruptedInTheMiddle(t *testing.T) {
	for at, fault := range map[string]string{"TLS with": "", "AAAA of": "\n!silent link.example.com AAAA"} {
		ctx, cancel := context.WithCancel(context.Background())
		server := doctortest.StartNameServer(t, "link.example.com. A 198.51.100.10"+fault)
		opt := doctor.Options{Host: "link.example.com", Resolvers: []string{server.Addr}, Timeout: time.Hour, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}}
		opt.Progress = func(_ catalogue.Section, what string) {
			if strings.HasPrefix(what, at) {
				cancel()
			}
		}
		_, err := doctor.Examine(ctx, opt)
		require.ErrorIs(t, err, context.Canceled, at)
	}
}

// bench is what the bench's set-ups are examined with.
func bench(r *doctortest.Running) doctor.Options {
	return doctor.Options{
		Host: r.Host, ESP: r.Origin.Preset, Resolvers: r.Resolvers, Roots: r.Roots, Dial: r.Dial,
		Origin: doctor.OriginPreset, Timeout: 20 * time.Second, Slow: time.Hour,
	}
}

// TestNothingIsFollowed lets every redirect lead to a page that unsubscribes,
// on the link domain itself.
func TestNothingIsFollowed(t *testing.T) {
	const trap = "/wf/unsubscribe?upn=u001.trap"
	s := doctortest.Setup{Preset: "sendgrid", ESPs: origins.Options{Opaque: "https://link.example.com" + trap}}
	r := s.Start(t)
	opt := bench(r)
	opt.Link = "https://link.example.com/ls/click?upn=u001.somebody"
	report, err := doctor.Examine(context.Background(), opt)
	require.NoError(t, err)
	require.Empty(t, report.Worrying())
	require.True(t, report.LinkOpened)
	opened := 0
	for _, seen := range r.Seen() {
		require.NotContains(t, seen.Target, "unsubscribe")
		require.NotContains(t, string(seen.Body), "One-Click")
		if seen.Target == "/ls/click?upn=u001.somebody" {
			opened++
			require.Equal(t, "GET", seen.Method)
		}
	}
	require.Equal(t, 1, opened, "the given link is opened once")
	require.Empty(t, r.Strange())
	for _, fact := range report.Seen {
		require.NotContains(t, fact.Value, "somebody", "a link names a recipient, reports must not")
	}
}

// TestBounds looks at how much of its bounds a whole examination uses.
func TestBounds(t *testing.T) {
	s := doctortest.Setup{Preset: "customerio-eu"}
	r := s.Start(t)
	report, err := doctor.Examine(context.Background(), bench(r))
	require.NoError(t, err)
	require.Empty(t, report.Worrying())
	require.Empty(t, report.Skipped)
	require.Less(t, report.Requests, doctor.MaxRequests*3/4)
	require.Less(t, report.Connections, doctor.MaxConnections*3/4)
	require.Less(t, report.Queries, doctor.MaxQueries/2)
	require.Len(t, report.Timings, 4)
}

// TestPrivateNetwork is not connected to unless it is asked for by name.
func TestPrivateNetwork(t *testing.T) {
	for _, address := range []string{"10.0.0.1", "192.168.1.1", "172.16.0.9", "100.64.0.1", "169.254.169.254"} {
		server := doctortest.StartNameServer(t, "link.example.com. A "+address)
		report, err := doctor.Examine(context.Background(), doctor.Options{
			Host: "link.example.com", Resolvers: []string{server.Addr}, Dial: nowhere(t),
		})
		require.NoError(t, err)
		require.Equal(t, []string{"dns-private-address"}, report.Worrying(), address)
		require.True(t, netip.MustParseAddr(address).IsValid())
	}
}

// TestPortsAreThoseAsked: what a report says of ports and addresses is said of
// those that were asked.
func TestPortsAreThoseAsked(t *testing.T) {
	server := doctortest.StartNameServer(t, "link.example.com. A 198.51.100.10")
	refused := func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
	}
	for name, c := range map[string]struct {
		opt    doctor.Options
		says   []string
		unsaid []string
	}{
		"the usual":   {says: []string{"No connection to port 443", "Port 80 gives no answer", "Open port 443 at the address that DNS names", "no connection to port 443 came about"}},
		"others":      {opt: doctor.Options{HTTPPort: 8080, HTTPSPort: 8443}, says: []string{"No connection to port 8443", "Port 8080 gives no answer", "proxy as on 8443"}, unsaid: []string{"443 ", "80 "}},
		"with --via":  {opt: doctor.Options{Via: "198.51.100.77:9443"}, says: []string{"No connection to port 9443", "Open port 9443 at 198.51.100.77", "Port 80 gives no answer"}, unsaid: []string{" 443", "DNS names"}},
		"over nginx":  {opt: doctor.Options{CDN: "nginx", HTTPPort: 8080, HTTPSPort: 8443}, says: []string{"Add listen 8443 ssl;", "Add listen 8080;"}},
		"over apache": {opt: doctor.Options{CDN: "apache", HTTPPort: 8080, HTTPSPort: 8443}, says: []string{"Listen 8443 with", "Listen 8080, and a virtual host *:8080"}},
	} {
		t.Run(name, func(t *testing.T) {
			c.opt.Host, c.opt.Resolvers, c.opt.Dial = "link.example.com", []string{server.Addr}, refused
			found, err := doctor.Examine(context.Background(), c.opt)
			require.NoError(t, err)
			require.Equal(t, []string{"http-dead", "tls-no-connection"}, found.Worrying())
			var b strings.Builder
			require.NoError(t, found.WriteText(&b, report.TextOptions{Width: 4000}))
			for _, says := range c.says {
				require.Contains(t, b.String(), says)
			}
			for _, unsaid := range c.unsaid {
				require.NotRegexp(t, `\D`+unsaid, b.String())
			}
		})
	}
}

// TestNoCertificateNoLink keeps the given link, which names a recipient, from a
// server that may be anybody's.
func TestNoCertificateNoLink(t *testing.T) {
	s, ok := doctortest.Find("self-signed")
	require.True(t, ok)
	r := s.Start(t)
	opt := bench(r)
	opt.Link = "https://link.example.com/e/c/somebody"
	report, err := doctor.Examine(context.Background(), opt)
	require.NoError(t, err)
	require.Contains(t, report.Worrying(), "tls-untrusted")
	require.False(t, report.LinkOpened)
	for _, seen := range r.Seen() {
		require.False(t, strings.Contains(seen.Target, "somebody"))
	}
}
