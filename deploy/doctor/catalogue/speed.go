package catalogue

var speedEntries = []Entry{
	{ID: "speed-ok", Section: Speed, Severity: OK, Title: "A made-up click was answered in time", Source: srcHTTP},
	{ID: "speed-slow-dns", Section: Speed, Severity: Warning, Title: "The look-up was slow",
		Means: "A reader whose resolver does not have the name yet waits for it. This was one look-up, timed from here.",
		Fix:   Fix{Any: "Shorten the chain of CNAMEs, and use a DNS provider near your readers."}, Source: srcDNS},
	{ID: "speed-slow-cdn", Section: Speed, Severity: Warning, Title: "The set-up was slow",
		Means: "Connecting and passing on took longer than the ESP did: readers wait before the page even starts. This was one click, timed from here.",
		Fix: Fix{Any: "Use a CDN near your readers that keeps connections to the ESP open.", Nginx: "Keep connections open: an upstream block with keepalive, proxy_http_version 1.1.",
			Fastly: "Look for a shield or a second hop in the service."}, Source: srcHTTP},
	{ID: "speed-slow-esp", Section: Speed, Severity: Warning, Title: "The ESP was slow",
		Means: "Most of the wait was the ESP's own. This was one click, timed from here.",
		Fix:   Fix{Any: "Ask the ESP.", Fastly: "With clickedge, clicks \"redirect\" answers readers before the ESP is asked, where links can be read."}, Source: srcHTTP},
}
