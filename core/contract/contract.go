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
	// SecretStore has the secrets of signed links, each under its key id.
	SecretStore = "clickedge-keys"
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

// Limits of the platform (docs.fastly.com, "Compute resource limits" and
// "Resource limits").
const (
	// MaxTarget is the most bytes of a request target.
	MaxTarget = 8192
	// MaxConfigKey and MaxConfigEntry are the most characters of a config
	// store's key and value.
	MaxConfigKey, MaxConfigEntry = 256, 8000
	// MaxSecret is the most bytes of a secret.
	MaxSecret = 64 << 10
	// MaxPackage is the most bytes of a package, and of the module in it (the
	// Fastly CLI's MaxPackageSize).
	MaxPackage = 100_000_000
	// MaxMemoryPages is the most memory of a sandbox, in pages of 64 KiB: 128
	// MiB.
	MaxMemoryPages = 2048
)

// Timeouts of every backend, in milliseconds. The time until the ESP's answer
// begins is limited by the site's esp_timeout.
const (
	// ConnectTimeout leaves time for a second origin within the default
	// esp_timeout.
	ConnectTimeout = 2000
	// BetweenBytesTimeout limits a pause within an ESP's answer.
	BetweenBytesTimeout = 10000
)
