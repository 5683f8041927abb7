package module

import (
	"crypto/sha256"

	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/edge/prewarm/wasm"
)

// Stamp says which sites.json a module was built with: the SHA-256 of its
// text.
type Stamp [sha256.Size]byte

// StampOf returns the stamp of a sites.json.
func StampOf(sites []byte) Stamp { return sha256.Sum256(sites) }

// stamped puts the stamp into a module, in place of one that is there, as a
// custom section. Engines skip custom sections that they do not know
// (WebAssembly core specification, 5.5.3). A module that cannot be read is an
// error.
func stamped(module []byte, s Stamp) ([]byte, error) {
	m, err := wasm.Parse(module)
	if err != nil {
		return nil, err
	}
	old := func(s wasm.Section) bool { return s.ID == wasm.CustomSection && s.Name == contract.SitesSection }
	return m.Without(old).With(wasm.Custom(contract.SitesSection, s[:])).Encode(), nil
}

// ReadStamp finds the stamp of a module; one built by other means has none.
func ReadStamp(module []byte) (s Stamp, ok bool) {
	m, err := wasm.Parse(module)
	if err != nil {
		return s, false
	}
	body, ok := m.Custom(contract.SitesSection)
	if !ok || len(body) != len(s) {
		return s, false
	}
	return Stamp(body), true
}
