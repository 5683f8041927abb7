package publish

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/clickedge/clickedge/core"
)

// PlanFile is what deploy/terraform reads: what sites.json needs, and hashes
// that show whether it or the package has changed since.
type PlanFile struct {
	SitesSHA256 string             `json:"sites_sha256"` // of the file
	PackageHash string             `json:"package_hash"` // as fastly_package_hash has it
	Backends    map[string]Backend `json:"backends"`
	Learn       bool               `json:"learn"` // a site learns links, so the service needs the store for them
}

// NewPlanFile makes the plan of a sites.json, whose text is raw, without the
// package's hash.
func NewPlanFile(raw []byte, sites *core.Sites) *PlanFile {
	sum := sha256.Sum256(raw)
	return &PlanFile{SitesSHA256: hex.EncodeToString(sum[:]), Backends: Backends(sites), Learn: sites.Learn()}
}
