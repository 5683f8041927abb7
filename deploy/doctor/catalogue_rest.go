package doctor

import "github.com/clickedge/clickedge/core"

// exempt is the fix of a filter that takes readers for robots.
var exempt = Mend{
	Any:        "Exempt {host} from the rule. Its log of blocked requests names it; the ESP checks its links itself.",
	Cloudflare: "Security, WAF: add a rule that skips managed rules, bot fight mode and rate limits for {host}.",
	CloudFront: "Look into AWS WAF's sampled requests for the rule, and set it to Count for {host}.",
	Nginx:      "Remove the condition on $http_user_agent or $args, or the ModSecurity rule, for {host}.",
	Fastly:     "Exempt {host} in the Next-Gen WAF, or remove the condition in the service.",
}

var filterEntries = []Entry{
	{ID: "filters-ok", Section: Filters, Severity: OK, Title: "What filters often refuse is not refused", Source: srcBraze},
	{ID: "filter-refuses-all", Section: Filters, Severity: Error, Title: "Requests are refused",
		Means: "Links are answered \"forbidden\": by a filter, or by a server that allows nothing here.",
		Mend:  exempt, Source: srcBraze},
	{ID: "filter-challenge", Section: Filters, Severity: Error, Title: "A filter asks readers to prove that they are human",
		Means: "Images, apps and one-click unsubscribe cannot answer a challenge: opens and unsubscribes are lost, and readers leave.",
		Mend:  exempt, Source: srcBraze},
	{ID: "filter-user-agent", Section: Filters, Severity: Error, Title: "A filter refuses programs that open mail links",
		Means: "Opens by way of image proxies, or clicks from mail clients, are refused: figures drop, readers see an error.",
		Mend:  exempt, Source: srcBraze},
	{ID: "filter-verifier", Section: Filters, Severity: Error, Title: "User agents like that of Customer.io's verifier are refused",
		Means: "If its verifier is refused as well, Customer.io cannot verify the domain, and goes on writing http links.",
		Mend:  exempt, Source: srcCustomerIO},
	{ID: "filter-rate-limit", Section: Filters, Severity: Error, Title: "A rate limit is reached by a handful of requests (429)",
		Means: "Offices, mail scanners and privacy relays send the clicks and opens of many readers from one address: theirs are refused. The examination ended here; whether it is the set-up's limit or the ESP's was not seen.",
		Mend: Mend{Any: "Lift the limit for {host}, or set it to hundreds of requests per second and address.", Nginx: "Remove limit_req for {host}, or raise rate and burst.",
			Cloudflare: "Security, WAF, rate limiting rules: exempt {host}.", CloudFront: "Raise the rate-based rule in AWS WAF, or exempt {host}."}, Source: srcBraze},
	{ID: "filter-query", Section: Filters, Severity: Error, Title: "A filter refuses queries that links hold",
		Means: "A URL or a long token in a query looks like an attack to it: those links are refused.",
		Mend:  exempt, Source: srcBraze},
}

var noCache = Mend{
	Any:        "Switch caching off for {host}.",
	Fastly:     "Pass every request (return(pass)); clickedge does.",
	Nginx:      "proxy_cache off; and no expires or add_header Cache-Control.",
	Cloudflare: "Add a cache rule for {host}: bypass cache. Switch \"cache everything\" off.",
	CloudFront: "Use the cache policy CachingDisabled.",
}

var cacheEntries = []Entry{
	{ID: "cache-ok", Section: Caching, Severity: OK, Title: "No sign of a cache", Source: srcCache},
	{ID: "cache-hit", Section: Caching, Severity: Error, Title: "Answers come from a cache",
		Means: "A cached redirect or pixel never reaches the ESP: clicks and opens are missing from the figures.",
		Mend:  noCache, Source: srcCache,
		Asides: []Aside{{core.FamilyCustomerIO, "", srcCustomerIO}, {core.FamilySparkPost, "SparkPost advises ten seconds at most, against scanners.", srcSparkPost}}},
	{ID: "cache-short", Section: Caching, Severity: Info, Title: "Answers are cached for some seconds",
		Means: "Scanners that repeat a click are counted once, which SparkPost advises. Two readers never share a link.",
		Mend:  Mend{Any: "Nothing to do, as long as it stays at ten seconds."}, Source: srcSparkPost},
	{ID: "cache-permanent-redirect", Section: Caching, Severity: Warning, Title: "Clicks are answered with a permanent redirect",
		Means: "Browsers remember it: a second click of the same reader is not counted.",
		Mend:  Mend{Any: "Pass the ESP's status on as it is: 302, 303 or 307."}, Source: srcHTTP},
	{ID: "cache-lifetime", Section: Caching, Severity: Warning, Title: "Clicks may be kept by browsers",
		Means: "Cache-Control lets browsers and proxies answer a later click themselves, uncounted.",
		Mend:  noCache, Source: srcCache},
}

var appEntries = []Entry{
	{ID: "app-links-ok", Section: AppLinks, Severity: OK, Title: "App-link files are served well", Source: srcApple},
	{ID: "app-links-none", Section: AppLinks, Severity: Info, Title: "There are no app-link files",
		Means: "Links open in the browser, not in an app.",
		Mend:  Mend{Any: "Nothing to do without an app.", Fastly: "Nothing to do without an app; with one, app_links in sites.json serves them."}, Source: srcApple},
	{ID: "app-links-status", Section: AppLinks, Severity: Error, Title: "An app-link file is answered with an error",
		Means: "Phones take that for a fault of the site and try again later: links do not open in the app.",
		Mend:  Mend{Any: "Answer 200 with the file, or 404 if there is none."}, Source: srcApple},
	{ID: "app-links-redirected", Section: AppLinks, Severity: Error, Title: "An app-link file is redirected",
		Means: "Neither Apple nor Google follows: links do not open in the app.",
		Mend:  Mend{Any: "Serve the file on {host} itself, before anything is proxied or redirected.", Nginx: "A location = block for the path, with the file."}, Source: srcApple},
	{ID: "app-links-type", Section: AppLinks, Severity: Error, Title: "An app-link file has the wrong type",
		Means: "The file has no extension, so servers call it application/octet-stream; it has to be application/json.",
		Mend:  Mend{Any: "Serve it as application/json.", Nginx: "default_type application/json; in its location.", CloudFront: "Set the object's Content-Type in S3."}, Source: srcAndroid},
	{ID: "app-links-too-large", Section: AppLinks, Severity: Error, Title: "An app-link file is too large",
		Means: "Apple ignores a file over 128 KB.",
		Mend:  Mend{Any: "Claim fewer paths, with wildcards."}, Source: srcApple},
	{ID: "app-links-malformed", Section: AppLinks, Severity: Error, Title: "An app-link file has a mistake in it",
		Means: "Phones ignore the file or the entry, or the app takes links that it cannot follow.",
		Mend:  Mend{Any: "Correct the member that is named above."}, Source: srcApple,
		Asides: []Aside{
			{core.FamilySendGrid, "Claim /uni/* only.", "https://www.twilio.com/docs/sendgrid/ui/sending-email/universal-links"},
			{core.FamilySparkPost, "Claim /f/<sublink>/* only, with a sublink of your own.", "https://support.sparkpost.com/docs/tech-resources/deep-links-self-serve"},
		}},
	{ID: "app-links-one-path", Section: AppLinks, Severity: Warning, Title: "The Apple file is at one of its two paths only",
		Means: "Apple's servers look below /.well-known/ first; iOS 9.2 and some tools know the other path only.",
		Mend:  Mend{Any: "Serve the same file at both paths."}, Source: srcApple},
	{ID: "app-links-differ", Section: AppLinks, Severity: Warning, Title: "The Apple file differs between its two paths",
		Means: "Which one counts depends on the phone.",
		Mend:  Mend{Any: "Serve the same file at both paths."}, Source: srcApple},
}

var speedEntries = []Entry{
	{ID: "speed-ok", Section: Speed, Severity: OK, Title: "A made-up click was answered in time", Source: srcHTTP},
	{ID: "speed-slow-dns", Section: Speed, Severity: Warning, Title: "DNS is slow",
		Means: "A reader whose resolver does not have the name yet waits for it.",
		Mend:  Mend{Any: "Shorten the chain of CNAMEs, and use a DNS provider near your readers."}, Source: srcDNS},
	{ID: "speed-slow-cdn", Section: Speed, Severity: Warning, Title: "The set-up is slow",
		Means: "Connecting and passing on take longer than the ESP does: readers wait before the page even starts.",
		Mend: Mend{Any: "Use a CDN near your readers that keeps connections to the ESP open.", Nginx: "Keep connections open: an upstream block with keepalive, proxy_http_version 1.1.",
			Fastly: "Look for a shield or a second hop in the service."}, Source: srcHTTP},
	{ID: "speed-slow-esp", Section: Speed, Severity: Warning, Title: "The ESP is slow",
		Means: "Most of the wait is the ESP's own.",
		Mend:  Mend{Any: "Ask the ESP.", Fastly: "With clickedge, clicks \"redirect\" answers readers before the ESP is asked, where links can be read."}, Source: srcHTTP},
}
