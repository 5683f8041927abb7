package contract

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
