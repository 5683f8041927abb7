package abi

// Bits of inspect_info_mask; the lowest is reserved.
const inspectCorp, inspectWorkspace, inspectClientIP, inspectKnown = 2, 4, 8, 15

const inspectInfoSize = 24

// verdict is the answer of the web application firewall, which allows every
// request here. The text is Viceroy's.
const verdict = `{"waf_response":200,"redirect_url":"","tags":[],"verdict":"allow","decision_ms":0}`

// reqInspect requires corp and workspace, as the platform does, and inspects
// nothing.
func reqInspect(f *frame) {
	mask := f.flags(2, inspectKnown)
	f.request(0)
	itemAs[*Body](f, f.u32(1))
	r := f.record(f.u32(3), inspectInfoSize, 4)
	f.inspected(mask&inspectCorp != 0, r, 0)
	f.inspected(mask&inspectWorkspace != 0, r, 8)
	if n := r.u32(20); mask&inspectClientIP != 0 && n != 4 && n != 16 {
		f.fail(Inval)
	} else if mask&inspectClientIP != 0 {
		f.view(r.u32(16), n)
	}
	f.fillCounted(4, []byte(verdict))
}

func (f *frame) inspected(given bool, r record, at int) {
	if f.optionalText(given, r, at) == nil {
		f.fail(Inval)
	}
}
