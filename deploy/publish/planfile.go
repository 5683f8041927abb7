package publish

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/clickedge/clickedge/core"
)

// PlanFile is what deploy/terraform reads: what sites.json needs, and hashes
// that show whether it or the package has changed since.
type PlanFile struct {
	SitesSHA256 string                 `json:"sites_sha256"` // of the file
	PackageHash string                 `json:"package_hash"` // as fastly_package_hash has it
	Backends    map[string]PlanBackend `json:"backends"`     // by the name that the module uses
}

// PlanBackend is one backend of a plan.
type PlanBackend struct {
	Address string `json:"address"`
	Port    uint16 `json:"port"`
	TLS     bool   `json:"tls"`
	Name    string `json:"name"` // in SNI and in the certificate
	// FirstByteMS is how long the module waits for an answer to begin, in
	// milliseconds: the backend must not give up earlier.
	FirstByteMS int64 `json:"first_byte_timeout_ms"`
}

func planBackends(sites *core.Sites) map[string]PlanBackend {
	list := map[string]PlanBackend{}
	for _, b := range Backends(sites) {
		list[b.Name] = PlanBackend{Address: b.Address, Port: b.Port, TLS: b.TLS, Name: b.Address, FirstByteMS: b.FirstByteMS}
	}
	return list
}

// NewPlanFile makes the plan of a sites.json, whose text is raw, without the
// package's hash.
func NewPlanFile(raw []byte, sites *core.Sites) *PlanFile {
	sum := sha256.Sum256(raw)
	return &PlanFile{SitesSHA256: hex.EncodeToString(sum[:]), Backends: planBackends(sites)}
}
