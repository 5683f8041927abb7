package catalogue

import "github.com/clickedge/clickedge/core/esp"

var appEntries = []Entry{
	{ID: "app-links-ok", Section: AppLinks, Severity: OK, Title: "The app-link files that are there are served well", Source: srcApple},
	{ID: "app-links-none", Section: AppLinks, Severity: Info, Title: "There are no app-link files",
		Means: "Links open in the browser, not in an app.",
		Fix:   Fix{Any: "Nothing to do without an app.", Fastly: "Nothing to do without an app; with one, app_links in sites.json serves them."}, Source: srcApple},
	{ID: "app-links-status", Section: AppLinks, Severity: Error, Title: "An app-link file is answered with an error",
		Means: "Platforms may take that for a fault of the site and try again later: until then links may not open in the app.",
		Fix:   Fix{Any: "Answer 200 with the file, or 404 if there is none."}, Source: srcApple},
	{ID: "app-links-redirected", Section: AppLinks, Severity: Error, Title: "An app-link file is redirected",
		Means: "Neither Apple nor Google follows: links do not open in the app.",
		Fix:   Fix{Any: "Serve the file on {host} itself, before anything is proxied or redirected.", Nginx: "A location = block for the path, with the file."}, Source: srcApple},
	{ID: "app-links-type", Section: AppLinks, Severity: Error, Title: "An app-link file has the wrong type",
		Means: "The file has no extension, so servers may call it application/octet-stream; it has to be application/json.",
		Fix:   Fix{Any: "Serve it as application/json.", Nginx: "default_type application/json; in its location.", CloudFront: "Set the object's Content-Type in S3."}, Source: srcAndroid},
	{ID: "app-links-too-large", Section: AppLinks, Severity: Error, Title: "An app-link file is too large",
		Means: "Apple ignores a file over 128 KB.",
		Fix:   Fix{Any: "Claim fewer paths, with wildcards."}, Source: srcApple},
	{ID: "app-links-malformed", Section: AppLinks, Severity: Error, Title: "An app-link file has a mistake in it",
		Means: "Phones may ignore the file or the entry, or the app may take links that it cannot follow.",
		Fix:   Fix{Any: "Correct what is named above."}, Source: srcApple,
		Asides: []Aside{
			{esp.FamilySendGrid, "Claim /uni/* only.", "https://www.twilio.com/docs/sendgrid/ui/sending-email/universal-links"},
			{esp.FamilySparkPost, "Claim /f/<sublink>/* only, with a sublink of your own.", "https://support.sparkpost.com/docs/tech-resources/deep-links-self-serve"},
		}},
	{ID: "app-links-one-path", Section: AppLinks, Severity: Warning, Title: "The Apple file is at one of its two paths only",
		Means: "Apple's servers look below /.well-known/ first; iOS 9.2 and some tools know the other path only.",
		Fix:   Fix{Any: "Serve the same file at both paths."}, Source: srcApple},
	{ID: "app-links-differ", Section: AppLinks, Severity: Warning, Title: "The Apple file differs between its two paths",
		Means: "Which one counts depends on the phone.",
		Fix:   Fix{Any: "Serve the same file at both paths."}, Source: srcApple},
}
