// Package contract has the names and limits on which the guest and its host
// must agree: what the module opens by name, what it exports, where it finds
// its sites, and the platform's limits. In Go they stand here only. What cannot
// import them (Terraform, fastly.toml, documents, the guest's export
// directives, the peers of the benchmarks) is checked by the tests of this
// package.
//
// Running services use these names too: a change must keep the old name
// working.
package contract

// What the module opens by name. A service has a resource link or a log
// endpoint of that name. The store that is linked may have another name.
const (
	// ConfigStore has site objects, each under its host, which override those
	// of sites.json.
	ConfigStore = "clickedge"
	// SecretStore has the secrets of signed links and those of the hashes in the
	// log (log_hashes), each under its key id.
	SecretStore = "clickedge-keys"
	// LinkStore is the KV store of the links that have been learned, each under
	// its name.
	LinkStore = "clickedge-links"
	// LinkKey is in front of a link's name, in the cache's key and in the
	// surrogate key by which its destination is purged from all places.
	LinkKey = "clickedge-link-"
	// LogEndpoint takes the click log.
	LogEndpoint = "clicks"
)

// What the guest exports, as a reactor. The export directives in edge have the
// same names.
const (
	// Entry answers a request. Prewarm renames it to _start.
	Entry = "serve"
	// WarmUp is called once, at build time, before the snapshot is taken.
	WarmUp = "warm_up"
	// SitesRoom allocates the room for the table of sites, at build time.
	SitesRoom = "sites_room"
	// SitesSign says where the beginning of the room's content is put once more.
	SitesSign = "sites_sign"
)

const (
	// SitesTable is the file, below "/", in which a guest without a room finds
	// its sites while it is initialised, laid out as core/sitetable does.
	SitesTable = "sites.table"
	// SitesSection is the module's custom section with the SHA-256 of its
	// sites.json.
	SitesSection = "clickedge.sites"
)

// The prefixes of the operator's environment variables. A key id or the name of
// a log target follows, in upper case. None of them reaches the module.
const (
	KeyVariable = "CLICKEDGE_KEY_"
	LogVariable = "CLICKEDGE_LOG_"
)
