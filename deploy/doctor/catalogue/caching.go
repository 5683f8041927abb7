package catalogue

import "github.com/clickedge/clickedge/core/esp"

var noCache = Fix{
	Any:        "Switch caching off for {host}.",
	Fastly:     "Pass every request (return(pass)); clickedge does.",
	Nginx:      "proxy_cache off; and no expires or add_header Cache-Control.",
	Cloudflare: "Add a cache rule for {host}: bypass cache. Switch \"cache everything\" off.",
	CloudFront: "Use the cache policy CachingDisabled.",
}

var cacheEntries = []Entry{
	{ID: "cache-ok", Section: Caching, Severity: OK, Title: "No sign of a cache", Source: srcCache},
	{ID: "cache-hit", Section: Caching, Severity: Error, Title: "Answers come from a cache",
		Means: "A click or open that a cache answers never reaches the ESP: it is missing from the figures.",
		Fix:   noCache, Source: srcCache,
		Asides: []Aside{{esp.FamilyCustomerIO, "", srcCustomerIO}, {esp.FamilySparkPost, "SparkPost advises ten seconds at most, against scanners.", srcSparkPost}}},
	{ID: "cache-short", Section: Caching, Severity: Info, Title: "Answers are cached for some seconds",
		Means: "Scanners that repeat a click within that time are counted once, which SparkPost advises.",
		Fix:   Fix{Any: "Nothing to do, as long as it stays at ten seconds."}, Source: srcSparkPost},
	{ID: "cache-permanent-redirect", Section: Caching, Severity: Warning, Title: "Clicks are answered with a permanent redirect",
		Means: "Browsers may remember it: a second click of the same reader is then not counted.",
		Fix:   Fix{Any: "Pass the ESP's status on as it is: 302, 303 or 307."}, Source: srcHTTP},
	{ID: "cache-lifetime", Section: Caching, Severity: Warning, Title: "Clicks may be kept by browsers",
		Means: "Cache-Control or Expires lets browsers and proxies answer a later click themselves, uncounted.",
		Fix:   noCache, Source: srcCache},
}
