package verdict

import "github.com/clickedge/clickedge/core/header"

// ReadHeaders takes what counts by being there from the fields of a request.
func (s *Signals) ReadHeaders(h header.Set) {
	s.Accept, s.AcceptLanguage = h.Has(header.Accept), h.Has(header.AcceptLanguage)
	s.From, s.SignatureAgent = h.Has(header.From), h.Has(header.SignatureAgent)
	s.FetchMetadata = h.Has(header.FetchSite | header.FetchMode | header.FetchDest)
	s.FetchUser = h.Has(header.FetchUser)
}

// PurposeHeader returns the name of the field whose value is the purpose of the
// request, "" for none: the newest of those by which a client says that nobody
// has opened the link yet.
func PurposeHeader(h header.Set) string {
	// The set has them in this order.
	h &= header.SecPurpose | header.Purpose | header.XPurpose | header.XMoz
	if h == 0 {
		return ""
	}
	return h.Name()
}
