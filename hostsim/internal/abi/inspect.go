package abi

import (
	"encoding/json"
	"net/netip"

	"github.com/clickedge/clickedge/hostsim/wire"
)

// Inspection is what a guest lets the web application firewall inspect. The
// body is not part of it.
type Inspection struct {
	Corp, Workspace string
	// ClientIP is the address that the guest gives, or else the client's.
	ClientIP    netip.Addr
	Method, URL string
	Header      wire.Header
}

// Verdict is the firewall's answer, in the form in which SDKs read it.
type Verdict struct {
	Status   int      `json:"waf_response"`
	Redirect string   `json:"redirect_url"`
	Tags     []string `json:"tags"`
	Verdict  string   `json:"verdict"`
	Decision int64    `json:"decision_ms"`
}

// allowed is what every request gets without Service.Inspect. It is Viceroy's.
var allowed = Verdict{Status: 200, Tags: []string{}, Verdict: "allow"}

// Bits of inspect_info_mask; the lowest is reserved.
const inspectCorp, inspectWorkspace, inspectClientIP, inspectKnown = 2, 4, 8, 15

const inspectInfoSize = 24

// reqInspect requires corp and workspace, as the platform does.
func reqInspect(f *frame) {
	mask := f.flags(2, inspectKnown)
	req := f.request(0)
	itemAs[*Body](f, f.u32(1))
	r := f.record(f.u32(3), inspectInfoSize, 4)
	corp := f.inspected(mask&inspectCorp != 0, r, 0)
	workspace := f.inspected(mask&inspectWorkspace != 0, r, 8)
	ip := f.s.clientIP()
	if mask&inspectClientIP != 0 {
		var ok bool
		if ip, ok = netip.AddrFromSlice(f.view(r.u32(16), r.u32(20))); !ok {
			f.fail(Inval)
		}
	}
	verdict := allowed
	if inspect := f.s.svc.Inspect; inspect != nil && f.ok() {
		verdict = inspect(&Inspection{corp, workspace, ip, req.method, req.uri.String(), req.header.Clone()})
	}
	text, err := json.Marshal(verdict)
	if err != nil {
		f.fail(Error)
	}
	f.fillCounted(4, text)
}

// clientIP is the address of the client that is served now.
func (s *Sandbox) clientIP() (ip netip.Addr) {
	if row := s.requests.get(s.downRequest); row != nil && row.down != nil {
		ip = row.down.ClientIP
	}
	return ip
}

func (f *frame) inspected(given bool, r record, at int) string {
	text := f.optionalText(given, r, at)
	if text == nil {
		f.fail(Inval)
		return ""
	}
	return *text
}
