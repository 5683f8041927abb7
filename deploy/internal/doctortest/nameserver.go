package doctortest

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"
	"github.com/stretchr/testify/require"
)

// NameServer answers as a recursive resolver does that knows one text of
// records and nothing else, over UDP and TCP on one port of 127.0.0.1.
type NameServer struct {
	Addr string // 127.0.0.1:port

	zone *zone
	once sync.Once // the late answer

	mu    sync.Mutex
	asked []string // "name TYPE", oldest first
}

// StartNameServer serves records in the form of zone files (RFC 1035, section
// 5) until the test ends. Lines of its own, one each, say how names fail:
//
//	!servfail link.example.com     the answer is SERVFAIL
//	!refused  link.example.com     the answer is REFUSED
//	!silent   link.example.com     there is no answer
//	!truncate link.example.com     over UDP the answer is cut, over TCP it is whole
//	!late     link.example.com     the first answer takes seconds
//
// A name may be followed by one type (CAA, AAAA, …), to fail for that only.
// Names that no record has are NXDOMAIN, names without records of the type
// NODATA.
func StartNameServer(t testing.TB, records string) *NameServer {
	t.Helper()
	z, err := parseZone(records)
	require.NoError(t, err)
	s := &NameServer{zone: z}
	packets, streams := sameUDPAndTCP(t)
	s.Addr = streams.Addr().String()
	for _, server := range []*dns.Server{{PacketConn: packets, Handler: s}, {Listener: streams, Handler: s}} {
		started, ended := make(chan struct{}), make(chan struct{})
		server.NotifyStartedFunc = func() { close(started) }
		go func() { defer close(ended); _ = server.ActivateAndServe() }() // returns when it is shut down
		<-started                                                         // Shutdown before that would be an error
		t.Cleanup(func() { _ = server.Shutdown(); <-ended })
	}
	return s
}

// sameUDPAndTCP binds one port for both, as resolvers are asked.
func sameUDPAndTCP(t testing.TB) (net.PacketConn, net.Listener) {
	t.Helper()
	var last error
	for range 20 { // the port that TCP got may be taken for UDP
		streams, err := net.Listen("tcp4", "127.0.0.1:0")
		require.NoError(t, err)
		packets, err := net.ListenPacket("udp4", streams.Addr().String())
		if err == nil {
			return packets, streams
		}
		last = err
		streams.Close()
	}
	require.NoError(t, last, "no port is free for both UDP and TCP")
	return nil, nil
}

// Asked lists the questions so far as "name TYPE", names in lower case without
// the last dot.
func (s *NameServer) Asked() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.asked)
}

// ServeDNS implements dns.Handler.
func (s *NameServer) ServeDNS(w dns.ResponseWriter, query *dns.Msg) {
	reply := new(dns.Msg).SetReply(query)
	reply.RecursionAvailable = true
	if len(query.Question) != 1 {
		reply.Rcode = dns.RcodeFormatError
		_ = w.WriteMsg(reply)
		return
	}
	q := query.Question[0]
	name := strings.ToLower(q.Name)
	s.mu.Lock()
	s.asked = append(s.asked, strings.TrimSuffix(name, ".")+" "+dns.TypeToString[q.Qtype])
	s.mu.Unlock()
	switch fault := s.zone.fault(name, q.Qtype); fault {
	case "silent":
		return
	case "late":
		s.once.Do(func() { <-time.After(late) })
		s.zone.answer(reply, name, q.Qtype)
	case "servfail":
		reply.Rcode = dns.RcodeServerFailure
	case "refused":
		reply.Rcode = dns.RcodeRefused
	default:
		s.zone.answer(reply, name, q.Qtype)
		if _, tcp := w.RemoteAddr().(*net.TCPAddr); fault == "truncate" && !tcp {
			reply.Answer, reply.Truncated = nil, true
		}
	}
	_ = w.WriteMsg(reply) // a client that has gone needs no answer
}

var _ dns.Handler = (*NameServer)(nil)

// zone is all records of a resolver's world, by name in lower case.
type zone struct {
	records map[string][]dns.RR
	faults  map[string]string // by name, or by name and " TYPE"
}

func parseZone(text string) (*zone, error) {
	z := &zone{records: map[string][]dns.RR{}, faults: map[string]string{}}
	var records strings.Builder
	for line := range strings.Lines(text) {
		if order, ok := strings.CutPrefix(strings.TrimSpace(line), "!"); ok {
			if err := z.addFault(order); err != nil {
				return nil, err
			}
			continue
		}
		records.WriteString(strings.TrimLeft(line, "\t ")) // zone files read indentation as "same name as above"
	}
	parser := dns.NewZoneParser(strings.NewReader(records.String()), ".", "records")
	parser.SetDefaultTTL(300)
	for rr, ok := parser.Next(); ok; rr, ok = parser.Next() {
		name := strings.ToLower(rr.Header().Name)
		z.records[name] = append(z.records[name], rr)
	}
	return z, parser.Err()
}

func (z *zone) addFault(order string) error {
	words := strings.Fields(order)
	if len(words) < 2 || len(words) > 3 || !slices.Contains([]string{"servfail", "refused", "silent", "truncate", "late"}, words[0]) {
		return fmt.Errorf("line %q: write !servfail, !refused, !silent, !truncate or !late, a name and at most one type", "!"+order)
	}
	key := dns.Fqdn(strings.ToLower(words[1]))
	if len(words) == 3 {
		if dns.StringToType[words[2]] == 0 {
			return fmt.Errorf("line %q: unknown type %q", "!"+order, words[2])
		}
		key += " " + words[2]
	}
	z.faults[key] = words[0]
	return nil
}

func (z *zone) fault(name string, kind uint16) string {
	if f := z.faults[name+" "+dns.TypeToString[kind]]; f != "" {
		return f
	}
	return z.faults[name]
}

// maxChain is how many CNAMEs a resolver follows before it gives up.
const maxChain = 16

// answer follows aliases as recursive resolvers do: the answer section holds
// the whole chain, and the status is that of its end. A chain that meets a name
// which fails, fails; a loop is SERVFAIL.
func (z *zone) answer(reply *dns.Msg, name string, kind uint16) {
	for range maxChain {
		if z.fault(name, kind) == "servfail" {
			reply.Answer, reply.Rcode = nil, dns.RcodeServerFailure
			return
		}
		next := ""
		for _, rr := range z.records[name] {
			if rr.Header().Rrtype == kind {
				reply.Answer = append(reply.Answer, rr)
			} else if alias, ok := rr.(*dns.CNAME); ok {
				reply.Answer, next = append(reply.Answer, rr), strings.ToLower(alias.Target)
			}
		}
		if next == "" {
			z.end(reply, name)
			return
		}
		name = next
	}
	reply.Answer, reply.Rcode = nil, dns.RcodeServerFailure
}

// end says NXDOMAIN of a name that neither exists nor has names below it.
func (z *zone) end(reply *dns.Msg, name string) {
	if len(z.records[name]) > 0 {
		return
	}
	for known := range z.records {
		if strings.HasSuffix(known, "."+name) {
			return
		}
	}
	reply.Rcode = dns.RcodeNameError
}
