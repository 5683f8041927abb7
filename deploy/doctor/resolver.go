package doctor

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/miekg/dns"

	"github.com/clickedge/clickedge/hostsim/wire"
)

// maxChain bounds the CNAMEs that are followed.
const maxChain = 8

// lookup is what one resolver says of a name.
type lookup struct {
	resolver string
	rcode    int
	chain    []string // the CNAMEs' targets, in order, in lower case without the final dot
	v4, v6   []netip.Addr
	took     time.Duration // the first query
	err      error         // no answer at all
	err6     error         // no answer to the question for AAAA
	cut      bool          // the chain went on beyond maxChain
}

func (t *lookup) answered() bool { return t.err == nil }

// found reports whether there is an address.
func (t *lookup) found() bool { return t.err == nil && len(t.v4)+len(t.v6) > 0 }

// exists reports whether the resolver knows the name.
func (t *lookup) exists() bool { return t.err == nil && t.rcode != dns.RcodeNameError }

// end is where the chain ends, host itself if there is none.
func (t *lookup) end(host string) string {
	if len(t.chain) == 0 {
		return host
	}
	return t.chain[len(t.chain)-1]
}

// systemResolvers are those of resolv.conf (5).
func systemResolvers() ([]string, error) {
	config, err := dns.ClientConfigFromFile("/etc/resolv.conf")
	if err != nil || len(config.Servers) == 0 {
		return nil, wrong("no resolver in /etc/resolv.conf: name one with --resolver 1.1.1.1")
	}
	return []string{net.JoinHostPort(config.Servers[0], config.Port)}, nil
}

// exchange asks one resolver, over TCP too where the answer was too long for
// UDP.
func (x *exam) exchange(resolver, name string, kind uint16) (*dns.Msg, error) {
	x.progress("%s of %s at %s", dns.TypeToString[kind], name, resolver)
	m := new(dns.Msg)
	m.SetQuestion(dns.Fqdn(name), kind)
	m.SetEdns0(1232, false)
	answer, err := x.send("udp", resolver, m)
	if err != nil && wire.IsTimeout(err) && x.ctx.Err() == nil {
		answer, err = x.send("udp", resolver, m) // one packet may get lost
	}
	if err == nil && answer.Truncated {
		answer, err = x.send("tcp", resolver, m)
	}
	if err == nil && answer.Rcode != dns.RcodeSuccess && answer.Rcode != dns.RcodeNameError {
		err = fmt.Errorf("%s answers %s", resolver, dns.RcodeToString[answer.Rcode])
	}
	return answer, err
}

func (x *exam) send(network, resolver string, m *dns.Msg) (*dns.Msg, error) {
	if err := x.bounds.query(); err != nil {
		return nil, err
	}
	timeout := min(x.opt.Timeout, 5*time.Second)
	ctx, cancel := context.WithTimeout(x.ctx, timeout)
	defer cancel()
	client := &dns.Client{Net: network, Timeout: timeout}
	answer, _, err := client.ExchangeContext(ctx, m, resolver)
	return answer, err
}

// lookUp follows a name to its addresses. A resolver does that itself; an
// authoritative server leaves the rest of the chain to be asked for.
func (x *exam) lookUp(resolver, name string) *lookup {
	t := &lookup{resolver: resolver}
	start := time.Now()
	at := x.step(t, name, dns.TypeA)
	t.took = time.Since(start)
	for i := 0; i < maxChain && at != "" && t.err == nil; i++ {
		at = x.step(t, at, dns.TypeA)
	}
	t.cut = len(t.chain) >= maxChain && len(t.v4) == 0
	if t.err != nil || t.rcode == dns.RcodeNameError {
		return t
	}
	v6 := &lookup{resolver: resolver, chain: t.chain}
	x.step(v6, t.end(name), dns.TypeAAAA)
	t.v6, t.err6 = v6.v6, v6.err
	return t
}

// step asks once and reads what belongs to the chain. It returns the name to go
// on with, "" at the end.
func (x *exam) step(t *lookup, name string, kind uint16) (next string) {
	m, err := x.exchange(t.resolver, name, kind)
	if err != nil {
		t.err = err
		return ""
	}
	t.rcode = m.Rcode
	at, moved := name, false
	for i := 0; i < maxChain; i++ {
		to := cname(m.Answer, at)
		if to == "" {
			break
		}
		t.chain, at, moved = append(t.chain, to), to, true
	}
	found := t.addresses(m.Answer, at)
	if !found && moved && m.Rcode != dns.RcodeNameError && kind == dns.TypeA && len(t.chain) < maxChain {
		return at
	}
	return ""
}

func cname(records []dns.RR, name string) string {
	for _, rr := range records {
		if c, ok := rr.(*dns.CNAME); ok && canonical(c.Hdr.Name) == name {
			return canonical(c.Target)
		}
	}
	return ""
}

func (t *lookup) addresses(records []dns.RR, name string) (found bool) {
	for _, rr := range records {
		switch r := rr.(type) {
		case *dns.A:
			if a, ok := netip.AddrFromSlice(r.A.To4()); ok && canonical(r.Hdr.Name) == name {
				t.v4, found = append(t.v4, a), true
			}
		case *dns.AAAA:
			if a, ok := netip.AddrFromSlice(r.AAAA); ok && canonical(r.Hdr.Name) == name {
				t.v6, found = append(t.v6, a), true
			}
		}
	}
	return found
}

func canonical(name string) string { return strings.ToLower(strings.TrimSuffix(name, ".")) }

// nameservers finds the zone that a name is in and returns its servers.
func (x *exam) nameservers(resolver, name string) (servers []string) {
	for at := name; at != "" && strings.Contains(at, "."); _, at, _ = strings.Cut(at, ".") {
		m, err := x.exchange(resolver, at, dns.TypeNS)
		if err != nil {
			return nil
		}
		for _, rr := range m.Answer {
			if ns, ok := rr.(*dns.NS); ok && canonical(ns.Hdr.Name) == at {
				servers = append(servers, canonical(ns.Ns))
			}
		}
		if len(servers) > 0 {
			return servers
		}
	}
	return nil
}

// resolve returns the addresses of a name other than the host: the HSTS parent,
// Via.
func (x *exam) resolve(resolver, name string) ([]netip.Addr, error) {
	t := x.lookUp(resolver, name)
	if t.err != nil {
		return nil, t.err
	}
	if all := append(t.v4, t.v6...); len(all) > 0 {
		return all, nil
	}
	return nil, errors.New("no address")
}
