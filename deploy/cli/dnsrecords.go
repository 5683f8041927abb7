package cli

import (
	"strings"

	"github.com/clickedge/clickedge/core"
)

// dnsZone is what the records of all hosts have in common.
type dnsZone struct {
	target     string
	issuer     string                 // CAA value
	challenges map[string][]dnsRecord // by host
}

// dnsRecord is one to set.
type dnsRecord struct {
	Name  string `json:"name"` // without a final dot
	Type  string `json:"type"`
	Value string `json:"value"` // "" where it is not known yet
	Note  string `json:"note"`
	// Maybe: it is wanted under the condition that Note tells.
	Maybe bool `json:"maybe,omitempty"`
}

// hostDNS is all that is said of one host.
type hostDNS struct {
	Host    string      `json:"host"`
	ESP     string      `json:"esp"`
	Records []dnsRecord `json:"records"`
	Keep    []string    `json:"keep,omitempty"`
	DoNot   []string    `json:"do_not"`
	Then    []string    `json:"then,omitempty"` // what to tell the ESP
	Notes   []string    `json:"notes"`
}

func (z *dnsZone) host(s *core.Site) hostDNS {
	h := hostDNS{Host: s.Host, ESP: s.ESP}
	h.Records = append(h.Records, dnsRecord{s.Host, "CNAME", strings.TrimSuffix(z.target, "."), cnameNote(s), false})
	h.Records = append(h.Records, z.proof(s.Host)...)
	h.Records = append(h.Records, z.caa(s.Host))
	h.Keep, h.DoNot, h.Then = espAdvice(s)
	h.Notes = z.notes(s.Host)
	return h
}

// proof is how the certificate authority learns whose the host is.
func (z *dnsZone) proof(host string) []dnsRecord {
	const note = "proves the domain to the certificate authority; it stays, for renewals"
	list := z.challenges[host]
	if len(list) == 0 {
		return []dnsRecord{{"_acme-challenge." + host, "CNAME", "", note, false}}
	}
	out := make([]dnsRecord, len(list))
	for i, r := range list {
		out[i] = r
		out[i].Note = note
	}
	return out
}

// caa stands above the host: beside a CNAME nothing else can.
func (z *dnsZone) caa(host string) dnsRecord {
	r := dnsRecord{Name: parent(host), Type: "CAA", Value: `0 issue "` + z.issuer + `"`, Maybe: true}
	if r.Name == "" {
		r.Name, r.Note = host, "only where "+host+" has CAA records; those that are there stay"
		return r
	}
	r.Note = "only where " + r.Name + " has CAA records; those that are there stay. It cannot stand at " + host + ", beside a CNAME"
	return r
}

func cnameNote(s *core.Site) string {
	if s.Origin == nil {
		return "in place of any A, AAAA or CNAME there"
	}
	return "in place of the one to " + s.Origin.Address + ", once the certificate is issued"
}

// parent is the name above a host that a CAA record can stand at; "" for a host of
// two labels, which has none of its own to give.
func parent(host string) string {
	_, above, ok := strings.Cut(host, ".")
	if !ok || !strings.Contains(above, ".") {
		return ""
	}
	return above
}

func (z *dnsZone) notes(host string) []string {
	var notes []string
	if strings.Count(host, ".") == 1 {
		notes = append(notes, host+" looks like the top of a zone, where no CNAME can stand: use a name below it, or the addresses that Fastly gives for apex domains")
	}
	notes = append(notes, "Route 53: a CNAME record, not an alias, as an alias leads to AWS only; an alias that is there is deleted first")
	if strings.HasSuffix(z.target, ".sni.global.fastly.net") && !strings.HasPrefix(z.target, "dualstack.") {
		notes = append(notes, "IPv6: dualstack."+z.target+" answers on both; readers then come with IPv6 addresses in X-Forwarded-For")
	}
	return append(notes, "a wildcard record above "+host+" does not reach it once it has records of its own",
		"lower the time to live of the old record to 300 s a day before, so that the way back is short")
}
