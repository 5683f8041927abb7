package verdict

import "github.com/clickedge/clickedge/core/header"

// ReadHeaders sets the signals that depend only on the presence of a field.
func (s *Signals) ReadHeaders(h header.Set) {
	s.Accept, s.AcceptLanguage = h.Has(header.Accept), h.Has(header.AcceptLanguage)
	s.From, s.SignatureAgent = h.Has(header.From), h.Has(header.SignatureAgent)
	s.FetchMetadata = h.Has(header.FetchSite | header.FetchMode | header.FetchDest)
	s.FetchUser = h.Has(header.FetchUser)
}

// PurposeHeader returns the name of the field that holds the purpose of the
// request, "" for none. If there are several it is the newest.
func PurposeHeader(h header.Set) string {
	// The set has them in this order, the newest first.
	h &= header.SecPurpose | header.Purpose | header.XPurpose | header.XMoz
	if h == 0 {
		return ""
	}
	return h.Name()
}
