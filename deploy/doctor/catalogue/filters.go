package catalogue

// exempt is the fix of a filter that takes readers for robots.
var exempt = Fix{
	Any:        "Exempt {host} from the rule. Its log of blocked requests names it; the ESP checks its links itself.",
	Cloudflare: "Security, WAF: add a rule that skips managed rules, bot fight mode and rate limits for {host}.",
	CloudFront: "Look into AWS WAF's sampled requests for the rule, and set it to Count for {host}.",
	Nginx:      "Remove the condition on $http_user_agent or $args, or the ModSecurity rule, for {host}.",
	Fastly:     "Exempt {host} in the Next-Gen WAF, or remove the condition in the service.",
}

var filterEntries = []Entry{
	{ID: "filters-ok", Section: Filters, Severity: OK, Title: "What filters often refuse is not refused", Source: srcBraze},
	{ID: "filter-refuses-all", Section: Filters, Severity: Error, Title: "Requests are refused",
		Means: "Links like those that were tried are refused: by a filter, or by a server that allows nothing here.",
		Fix:   exempt, Source: srcBraze},
	{ID: "filter-challenge", Section: Filters, Severity: Error, Title: "A filter asks for proof that a person is there",
		Means: "Images, apps and one-click unsubscribe cannot answer a challenge: what they ask for is lost, and readers may leave.",
		Fix:   exempt, Source: srcBraze},
	{ID: "filter-user-agent", Section: Filters, Severity: Error, Title: "User agents of programs that open mail links are refused",
		Means: "Opens by way of image proxies, or clicks from mail clients, are refused where they come with it: figures drop, readers see an error.",
		Fix:   exempt, Source: srcBraze},
	{ID: "filter-verifier", Section: Filters, Severity: Error, Title: "User agents like that of Customer.io's verifier are refused",
		Means: "If its verifier is refused as well, Customer.io cannot verify the domain, and goes on writing http links.",
		Fix:   exempt, Source: srcCustomerIO},
	{ID: "filter-rate-limit", Section: Filters, Severity: Error, Title: "A rate limit is reached by a handful of requests (429)",
		Means: "Offices, mail scanners and privacy relays send the clicks and opens of many readers from one address: theirs may be refused. The examination ended here; whether it is the set-up's limit or the ESP's was not seen.",
		Fix: Fix{Any: "Lift the limit for {host}, or set it to hundreds of requests per second and address.", Nginx: "Remove limit_req for {host}, or raise rate and burst.",
			Cloudflare: "Security, WAF, rate limiting rules: exempt {host}.", CloudFront: "Raise the rate-based rule in AWS WAF, or exempt {host}."}, Source: srcBraze},
	{ID: "filter-query", Section: Filters, Severity: Error, Title: "Queries such as links hold are refused",
		Means: "A URL or a long token in a query may look like an attack to a filter, or be too long for a server: links that hold one are refused.",
		Fix:   exempt, Source: srcBraze},
}
