package doctortest

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"syscall"
	"testing"

	"github.com/miekg/dns"
	"github.com/stretchr/testify/require"
)

// Loopback is a set-up for a program that cannot be given a function to dial
// with: every name leads to 127.0.0.1, where two ports stand for 443 and 80 of
// all of them, and tell the names apart by SNI and Host.
type Loopback struct {
	HTTPPort, HTTPSPort int
	Resolvers           []string // "127.0.0.1:port"
	// Origin is where the ESP is asked directly, "127.0.0.1:port", with
	// "http://" before it where it has no TLS.
	Origin string
	// Further is the same for the further ESPs, by preset.
	Further map[string]string
	// CAFile holds the authorities to trust, in PEM.
	CAFile string
}

// addresses are those of the lab, in records.
var addresses = regexp.MustCompile(`\b(198\.51\.100|203\.0\.113)\.[0-9]+\b`)

// hasIPv6 finds records that loopback has no port for.
var hasIPv6 = regexp.MustCompile(`(?m)^.*\sAAAA\s.*$`)

// Loopback opens the two ports. Nobody listens on one that the set-up refuses.
func (r *Running) Loopback(t testing.TB) Loopback {
	t.Helper()
	l := Loopback{Origin: r.Fleet.Addr(r.Origin.Backend), CAFile: filepath.Join(t.TempDir(), "roots.pem")}
	l.Further = map[string]string{}
	for i, o := range r.world.others {
		if l.Further[o.Preset] = r.world.Fleets[i].Addr(o.Backend); !o.TLS {
			l.Further[o.Preset] = "http://" + l.Further[o.Preset]
		}
	}
	if !r.Origin.TLS {
		l.Origin = "http://" + l.Origin
	}
	require.NoError(t, os.WriteFile(l.CAFile, r.rootsPEM, 0o600))
	for _, records := range append([]string{r.world.Records}, r.world.Others...) {
		records = hasIPv6.ReplaceAllString(records+"\n"+r.world.otherThan(records), "")
		l.Resolvers = append(l.Resolvers, StartNameServer(t, addresses.ReplaceAllString(records, "127.0.0.1")).Addr)
	}
	l.HTTPPort, l.HTTPSPort = r.router(t, "80"), r.router(t, "443")
	return l
}

// router opens a port of the loopback interface for a port of the set-up: it
// serves every name of the first resolver that has this port.
func (r *Running) router(t testing.TB, port string) int {
	t.Helper()
	g := &hostRouter{secure: port == "443", places: map[string]Place{}}
	z := r.servers[0].zone
	for name := range z.records {
		if place := r.at(z, name, port); place != nil {
			g.places[bare(name)] = place
		}
	}
	own := g.places[r.Host]
	if own == nil {
		return closedPort(t)
	}
	g.places[""] = own
	return int(netip.MustParseAddrPort(listen(t, g)).Port())
}

// at is what a name has at a port, nil for nothing.
func (r *Running) at(z *zone, name, port string) Place {
	reply := new(dns.Msg)
	z.answer(reply, name, dns.TypeA)
	for _, rr := range reply.Answer {
		if a, ok := rr.(*dns.A); ok {
			if at := r.ports[fmt.Sprintf("%s:%s", a.A, port)]; at != "" {
				return relay(at)
			}
		}
	}
	return nil
}

func bare(name string) string { return name[:len(name)-1] }

// closedPort is one on which nobody listens, and nobody can until the test
// ends: it is bound, so that connections to it are refused.
func closedPort(t testing.TB) int {
	t.Helper()
	socket, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	require.NoError(t, err)
	syscall.CloseOnExec(socket)
	t.Cleanup(func() { _ = syscall.Close(socket) })
	require.NoError(t, syscall.Bind(socket, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	bound, err := syscall.Getsockname(socket)
	require.NoError(t, err)
	return bound.(*syscall.SockaddrInet4).Port
}
