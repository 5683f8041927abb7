package dnsplan

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/publicsuffix"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/output"
)

// The steps, in their order.
const (
	StepESP     = 1 // what the ESP has to be told before anything moves
	StepProof   = 2 // the proof for the certificate authority, and CAA
	StepWait    = 3 // until the certificate is issued
	StepCutOver = 4 // the CNAME that moves readers
	StepAfter   = 5 // what the ESP is told once https answers
)

// FastlyTarget is one of Fastly's shared names, <letter>.sni.global.fastly.net.
// The letter stands for a TLS configuration (docs.fastly.com, "Working with
// CNAME records and your DNS provider"). The account's console shows which one
// it has; Terraform knows it.
const FastlyTarget = "t.sni.global.fastly.net"

// Options holds what is known of the CDN.
type Options struct {
	// Target is the CNAMEs' target; "" is [FastlyTarget].
	Target string
	// Server has the addresses of a server of one's own, in place of a CDN; nil
	// for a CDN.
	Server []netip.Addr
	// Issuer is the value of CAA records; "" is that of "certainly".
	Issuer string
	// Proofs are the records that prove each host, by host. A host without any
	// gets a placeholder in the plan.
	Proofs map[string][]Record
	// CutOver: the certificates are issued, readers move.
	CutOver bool
	// Now decides which ESPs are retired; the zero value is the system's time.
	Now time.Time
}

// Record is a DNS record to set.
type Record struct {
	Name  string `json:"name"` // without a final dot
	Type  string `json:"type"`
	Value string `json:"value"` // "" where it is not known yet
	Note  string `json:"note"`
	// Maybe: the record is needed only under the condition in Note.
	Maybe bool `json:"maybe,omitempty"`
	// Step is when: [StepProof] or [StepCutOver].
	Step int `json:"step"`
	// Live: the record is to be set now. One that is not live is for a later
	// step, is not known yet, or depends on a condition.
	Live bool `json:"live"`
}

// Plan holds the steps for all hosts.
type Plan struct {
	Hosts []Host `json:"hosts"`
	// DoNot and Notes hold for every host.
	DoNot []string `json:"do_not"`
	Notes []string `json:"notes"`
	// CutOver is as in Options.
	CutOver bool `json:"cut_over"`
	// Target is what the CNAMEs lead to; "" for a server.
	Target string `json:"target"`
	// Server has the addresses of the server, in place of Target.
	Server []netip.Addr `json:"server,omitempty"`
}

// Host holds the steps for one host.
type Host struct {
	Host    string   `json:"host"`
	ESP     string   `json:"esp"`
	Also    []Also   `json:"also,omitempty"`
	First   []string `json:"first,omitempty"` // what to tell the ESP before
	Records []Record `json:"records"`         // in the order in which they are set
	Then    []string `json:"then,omitempty"`  // what to tell the ESP afterwards
	Keep    []string `json:"keep,omitempty"`
	DoNot   []string `json:"do_not,omitempty"`
	Notes   []string `json:"notes,omitempty"`
}

// Also is another ESP of a host.
type Also struct {
	ESP string `json:"esp"`
	// Retired: nothing is asked of it any more. Until is its last day as
	// another one, "2026-12-31"; "" for none.
	Retired bool   `json:"retired,omitempty"`
	Until   string `json:"until,omitempty"`
}

// Make plans for these sites.
func Make(sites []*core.Site, o Options) *Plan {
	if len(o.Server) > 0 {
		o.Target, o.Issuer = "", Authorities["lets-encrypt"]
	} else {
		o.Target = strings.TrimSuffix(cmp.Or(o.Target, FastlyTarget), ".")
		o.Issuer = cmp.Or(o.Issuer, Authorities["certainly"])
	}
	if o.Now.IsZero() {
		o.Now = time.Now()
	}
	p := &Plan{DoNot: []string{noProxy}, Notes: o.notes(), CutOver: o.CutOver, Target: o.Target, Server: o.Server}
	if slices.ContainsFunc(sites, func(s *core.Site) bool { return len(sendersOf(s, o.Now).used) > 0 }) {
		p.DoNot = []string{keepDomain, noProxy}
	}
	for _, s := range sites {
		p.Hosts = append(p.Hosts, o.host(s))
	}
	return p
}

func (o *Options) host(s *core.Site) Host {
	all := sendersOf(s, o.Now)
	h := Host{Host: s.Host, ESP: s.ESP, Also: all.also(s)}
	h.advise(s, all, len(o.Server) > 0)
	if len(o.Server) > 0 {
		h.Records = append([]Record{o.serverCAA(s.Host)}, o.addresses(s, all)...)
		return h
	}
	h.Records = append(o.proof(s, all), o.caa(s.Host), o.cname(s, all))
	if isApex(s.Host) {
		h.Notes = append(h.Notes, s.Host+" looks like the top of a zone, where no CNAME can stand: use a name below it, or the addresses that Fastly gives for apex domains")
	}
	return h
}

// cname is the record that moves readers. It comes last.
func (o *Options) cname(s *core.Site, all senders) Record {
	r := Record{Name: s.Host, Type: "CNAME", Value: o.Target, Note: inPlaceOf(all) + ", once the certificate is issued", Step: StepCutOver}
	r.Live = o.CutOver && !isApex(s.Host)
	if isApex(s.Host) {
		r.Note += "; never at the top of a zone, see the notes"
	}
	return r
}

// proof returns the records that prove the host to the certificate authority.
func (o *Options) proof(s *core.Site, all senders) []Record {
	note := "proves the domain to the certificate authority; it stays, for renewals" + takenNote(all)
	list := o.Proofs[s.Host]
	if len(list) == 0 {
		return []Record{{Name: challengeName(s.Host), Type: "CNAME", Note: note, Step: StepProof}}
	}
	out := make([]Record, len(list))
	for i, r := range list {
		out[i] = Record{Name: r.Name, Type: r.Type, Value: r.Value, Note: note, Step: StepProof, Live: true}
	}
	return out
}

func challengeName(host string) string { return "_acme-challenge." + host }

// isApex reports whether a host is what its owner registered, the top of a
// zone.
func isApex(host string) bool {
	top, err := publicsuffix.EffectiveTLDPlusOne(host)
	return err != nil || top == host
}

// parent is the name above a host where a CAA record can be set; "" if that
// name is not its owner's.
func parent(host string) string {
	if isApex(host) {
		return ""
	}
	_, above, _ := strings.Cut(host, ".")
	return above
}

const (
	wildcard = "a wildcard record above a link domain does not reach it once it has records of its own"
	shortTTL = "lower the time to live of the old record to 300 s a day before, so that the way back is short"
)

// notes hold for every host.
func (o *Options) notes() []string {
	if len(o.Server) > 0 {
		return serverNotes()
	}
	notes := []string{"Route 53: a CNAME record, not an alias, as an alias leads to AWS only; an alias that is there is deleted first"}
	if strings.HasSuffix(o.Target, ".sni.global.fastly.net") && !strings.HasPrefix(o.Target, "dualstack.") {
		notes = append(notes, "IPv6: dualstack."+o.Target+" answers on both; readers then come with IPv6 addresses in X-Forwarded-For")
	}
	return append(notes, wildcard, shortTTL)
}

// CheckCutOver refuses a cut-over of hosts whose proof is not known: then
// nothing shows that a certificate was ordered, and readers might be moved to a
// host without one.
func (p *Plan) CheckCutOver() error {
	hosts := p.unproved()
	if !p.CutOver || len(hosts) == 0 {
		return nil
	}
	return failure.Bad(fmt.Errorf("no cut-over: the proof of %s is not known, so nothing says that a certificate was issued", output.Some(hosts, 6)),
		fmt.Sprintf("--terraform or --challenge %s=NAME gives the proof; --host takes one host at a time; clickedge doctor %[1]s --via %s asks for the certificate", hosts[0], p.Target))
}

// unproved are the hosts whose proof is not known.
func (p *Plan) unproved() (hosts []string) {
	for _, h := range p.Hosts {
		if slices.ContainsFunc(h.Records, func(r Record) bool { return r.Step == StepProof && r.Value == "" }) {
			hosts = append(hosts, h.Host)
		}
	}
	return hosts
}
