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
	// LearnedLinks are inside the package. VersionComment says it of the
	// version, so that a plan shows when a package has other links, or none.
	LearnedLinks   int    `json:"learned_links"`
	VersionComment string `json:"version_comment"`
}

// NewPlanFile makes the plan of a sites.json, whose text is raw, and of the
// package with this hash and these learned links.
func NewPlanFile(raw []byte, sites *core.Sites, packageHash string, in Inside) *PlanFile {
	sum := sha256.Sum256(raw)
	return &PlanFile{
		SitesSHA256: hex.EncodeToString(sum[:]), PackageHash: packageHash, Backends: Backends(sites), Learn: sites.Learn(),
		LearnedLinks: in.Links, VersionComment: VersionComment(raw, packageHash, in),
	}
}
