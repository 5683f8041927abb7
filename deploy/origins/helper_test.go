package origins

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/hostsim/wire"
)

const branded = "link.example.com"

// every has one origin of each family, by backend.
var every = []*core.Origin{
	{Preset: "customerio-eu", Family: esp.FamilyCustomerIO, Backend: "customerio-eu", Address: "track-eu.customer.io", Port: 443, TLS: true},
	{Preset: "sendgrid", Family: esp.FamilySendGrid, Backend: "sendgrid", Address: "sendgrid.net", Port: 443, TLS: true},
	{Preset: "sparkpost", Family: esp.FamilySparkPost, Backend: "sparkpost", Address: "spgo.io", Port: 443, TLS: true},
	{Preset: "ses-eu-west-1", Family: esp.FamilySES, Backend: "ses", Address: "r.eu-west-1.awstrack.me", Port: 443, TLS: true},
	{Preset: "mailgun", Family: esp.FamilyMailgun, Backend: "mailgun", Address: "mailgun.org", Port: 80},
	{Preset: "mandrill", Family: esp.FamilyMandrill, Backend: "mandrill", Address: "mandrill.example.org", Port: 443, TLS: true},
	{Preset: "mailjet", Family: esp.FamilyMailjet, Backend: "mailjet", Address: "mailjet.example.org", Port: 443, TLS: true},
	{Preset: "postmark", Family: esp.FamilyPostmark, Backend: "postmark", Address: "postmark.example.org", Port: 443, TLS: true},
	{Preset: "iterable", Family: esp.FamilyIterable, Backend: "iterable", Address: "links.iterable.com", Port: 443, TLS: true},
	{Preset: "custom", Family: esp.FamilyMautic, Backend: "mautic", Address: "mautic.example.net", Port: 443, TLS: true},
	{Preset: "custom", Family: esp.FamilyListmonk, Backend: "listmonk", Address: "listmonk.example.net", Port: 443, TLS: true},
	{Preset: "custom", Family: esp.FamilyPostal, Backend: "postal", Address: "postal.example.net", Port: 443, TLS: true, Headers: "x-postal-track-host\x001\x00"},
	{Preset: "custom", Family: esp.FamilyCustom, Backend: "custom", Address: "10.1.2.3", Port: 443, TLS: true},
}

func originOf(t testing.TB, backend string) *core.Origin {
	t.Helper()
	for _, o := range every {
		if o.Backend == backend {
			return o
		}
	}
	require.FailNow(t, "no such origin", backend)
	return nil
}

func start(t testing.TB, opt Options) *Fleet {
	t.Helper()
	f, err := Start(every, opt)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, f.Close()) })
	return f
}

// ask is one request; the zero value is GET / of the branded host.
type ask struct {
	method, target, host string
	fields               wire.Header
	body                 string
}

type answer struct {
	status int
	header wire.Header
	body   string
}

func (a answer) get(name string) string {
	value, _ := a.header.Get(name)
	return value
}

func (q ask) wire() *wire.Request {
	if q.method == "" {
		q.method = "GET"
	}
	if q.target == "" {
		q.target = "/"
	}
	if q.host == "" {
		q.host = branded
	}
	header := append(wire.Header{{Name: "Host", Value: q.host}}, q.fields...)
	if q.body != "" {
		header.Add("Content-Length", strconv.Itoa(len(q.body)))
	}
	return &wire.Request{Method: q.method, Target: q.target, Header: header, Body: strings.NewReader(q.body)}
}

// dial connects as a correctly configured proxy does: SNI is the origin's name,
// whatever Host will be.
func dial(t testing.TB, f *Fleet, backend string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", f.Addr(backend))
	require.NoError(t, err)
	spec := f.origins[backend].spec
	if spec.TLS {
		return tls.Client(conn, &tls.Config{RootCAs: f.CA(), ServerName: spec.Address})
	}
	return conn
}

func try(conn net.Conn, q ask) (answer, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	resp, err := wire.RoundTrip(ctx, conn, q.wire(), wire.Limits{})
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return answer{resp.Status, resp.Header, string(body)}, err
}

func call(t testing.TB, f *Fleet, backend string, q ask) answer {
	t.Helper()
	a, err := try(dial(t, f, backend), q)
	require.NoError(t, err, "%s %s", backend, q.target)
	return a
}
