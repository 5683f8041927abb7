package report

import "net/netip"

// Stands is what stands on the host, for whoever is to take its place.
type Stands struct {
	Chain     []string // the CNAMEs, as DNS has them
	Addresses []netip.Addr
	// AtESP is the ESP's name in the chain, "" where it leads elsewhere.
	AtESP string
	// RegionGuessed: the ESP was seen, and not which of its regions.
	RegionGuessed bool
	// HTTPS: a certificate for the host was shown.
	HTTPS bool
	Files []AppFile
}

// AppFile is what is served where apps look for the file that lets them open
// links.
type AppFile struct {
	Path  string
	Field string // of app_links in sites.json: "apple" or "android"
	Body  []byte // as served, byte for byte, without a compression; nil where it is not to be kept
	// Problem is why it is not to be kept, "" where it is. It quotes foreign
	// values.
	Problem string
	// Whose is who makes the file, as far as was seen.
	Whose Owner
}

// Owner is who makes a file.
type Owner int

// The owners.
const (
	Unknown Owner = iota // the ESP was not asked
	ESPs                 // the ESP answers with the same file itself
	Own                  // the ESP answers otherwise
)
