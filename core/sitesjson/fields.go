package sitesjson

import (
	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/core/spelling"
)

// FieldDoc describes one field of a site in sites.json.
type FieldDoc struct {
	Name    string
	Type    string // "string", "URL", "true or false", "list of strings", "list of objects", or the values in quotes
	Default string // as sites.json would write it; "" where the field has none
	Doc     string // what it does and when it is needed, without a final full stop
}

// Fields returns every field of a site, in the recommended order. The parser
// uses the same table.
func Fields() []FieldDoc { return append([]FieldDoc(nil), fieldDocs[:]...) }

// field is an index into fieldDocs.
type field uint8

const (
	fieldESP field = iota
	fieldAlso
	fieldRetired
	fieldUnsubscribes
	fieldOrigin
	fieldSecond
	fieldTenant
	fieldHost
	fieldCookies
	fieldForwarded
	fieldHeaders
	fieldLinks
	fieldDestinations
	fieldPublicSuffix
	fieldAllowHTTP
	fieldClicks
	fieldCount
	fieldFails
	fieldTimeout
	fieldLearn
	fieldKeys
	fieldSigned
	fieldLogHashes
	fieldVerdict
	fieldRecalls
	fieldHome
	fieldAppLinks
	fieldsLen // their number
)

var fieldDocs = [fieldsLen]FieldDoc{
	fieldESP: {"esp", "string", "",
		`the preset of the e-mail service provider, or "none" where only signed links are answered; required`},
	fieldAlso: {"also", "list of objects", "",
		`other ESPs whose links this host has, each an object with esp and what belongs to that ESP: origin, second_origin, tenant, cookies, x_forwarded_host, retired, and, if not as the site has it, esp_timeout, clicks, count, when_esp_fails, learn; a request goes to the ESP that has links of its form, else to the site's own esp`},
	fieldRetired: {"retired", `true or a date`, "false",
		`in also only: the ESP is asked for nothing, from the start of this day (UTC), as "2026-09-30"; clicks are answered from the link or with a page, opens from here, unsubscribes by the origin in unsubscribes`},
	fieldUnsubscribes: {"unsubscribes", "URL", "",
		`an origin of your own that gets the unsubscribes of retired ESPs, GET and POST, with target and body as they came, its own name as Host and the link domain as X-Forwarded-Host`},
	fieldOrigin: {"origin", "URL", "",
		`where requests are proxied to, scheme and host and, if need be, port; required for custom, postmark, mandrill and mailjet, whose presets do not know it; for SES in AWS GovCloud, China and other partitions, where it is not documented`},
	fieldSecond: {"second_origin", "URL", "",
		`an origin of the same ESP that gets a GET or HEAD where the first could not be connected to, as "https://v2.spgo.io" beside spgo.io; a bare host has the first's scheme and port`},
	fieldTenant: {"tenant", "string", "",
		`the tenant's label in <tenant>.et.e.sparkpost.com; required for sparkpost-enterprise`},
	fieldHost: {"host", `"branded" or "origin"`, `"branded"`,
		`whose name the origin gets as Host, the link domain's or its own; for custom only`},
	fieldCookies: {"cookies", `"own", "strip" or "pass"`, `"own"`,
		`which of the reader's cookies reach the ESP: "own", those that it set on this host itself; "strip", none; "pass", all, the session of the parent domain included; the default for SES and SparkPost is "strip", for Iterable "pass"`},
	fieldForwarded: {"x_forwarded_host", "true or false", "",
		`whether X-Forwarded-Host with the link domain is sent to the origin; by default what the preset says`},
	fieldHeaders: {"headers", "object", "",
		`request fields that the origin gets, as {"X-Postal-Track-Host": "1"}, in place of what the reader sent under these names; for custom only; never a secret, since whoever reads the module or the config store reads them`},
	fieldLinks: {"links", `"customerio", "sendgrid", "sparkpost", "ses", "mailgun", "mandrill", "mailjet", "postmark", "iterable", "mautic", "listmonk" or "postal"`, "",
		`whose form the origin's links have, so that clicks are told from opens, and read where that ESP's can be, as "postal", or "sparkpost" for Klaviyo's /f/a/ links; for custom only, where without it every request is of kind "other"`},
	fieldDestinations: {"destinations", "list of strings", "[]",
		`the hosts that redirects may lead to, "example.com" or "*.example.com" for any host below it, never the link domain itself; required when clicks or when_esp_fails is "redirect", and with keys unless signed_links is "anywhere"`},
	fieldPublicSuffix: {"public_suffix", "true or false", "false",
		`whether destinations may list names below which anybody may register one, as "*.co.uk" or "*.github.io" (publicsuffix.org): whoever does can make a link of the ESP's that leads there`},
	fieldAllowHTTP: {"allow_http", "true or false", "false",
		`whether redirects may lead to http:// as well as https://`},
	fieldClicks: {"clicks", `"proxy" or "redirect"`, `"proxy"`,
		`what a click gets: the ESP's answer, or a redirect from the link itself where it says for certain where it leads; "clickedge check" says which links do`},
	fieldCount: {"count", "true or false", "true",
		`whether the ESP is told of a click that was answered from the link; with clicks "redirect" only`},
	fieldFails: {"when_esp_fails", `"page" or "redirect"`, `"page"`,
		`what a click gets when the ESP gives no answer, or answers 429 or 5xx: a page that says so, or a redirect from the link itself where it can be read, certainly or likely`},
	fieldTimeout: {"esp_timeout", "string", `"5s"`,
		`how long a reader waits for the ESP's answer to begin before when_esp_fails applies, "100ms" to "60s"; requests other than GET and HEAD wait a minute`},
	fieldLearn: {"learn", "true or false", "false",
		`whether it is remembered where the ESP leads from links that only it can read, for the case that it fails or is left: of SendGrid's, whose links to one destination have a part in common; needs destinations`},
	fieldKeys: {"keys", "list of strings", "",
		`the ids of the keys of signed links, 1 to 8 of a-z 0-9 each; every one verifies, the first also mints; required when esp is "none"`},
	fieldSigned: {"signed_links", `"listed" or "anywhere"`, `"listed"`,
		`whether signed links lead to the hosts in destinations only; with keys only`},
	fieldLogHashes: {"log_hashes", "string", "",
		`the id of a key of its own: log lines of clicks and opens then have keyed hashes of mail, reader and link, others each day, for "clickedge verdicts"`},
	fieldVerdict: {"verdict", `"headers" or "network"`, `"headers"`,
		`what the verdict in the log goes by: "headers", the request alone; "network", also what the platform says of the reader's network and of how the client speaks TLS and HTTP/2, which is asked for when the reader has been answered`},
	fieldRecalls: {"recalls", "list of objects", "",
		`the links of mail already sent that are wrong: "from" is where they lead, a whole URL, or its beginning and "*"; "to" is where their readers are sent instead, a URL on a host in destinations; or "gone": true for a page that says the link was withdrawn. The first that meets a link counts, and no rule looks at what another's "to" says; "by", "at" and "why" are notes`},
	fieldHome: {"home", "URL", "",
		`an https page that the pages of the link domain offer as the way on`},
	fieldAppLinks: {"app_links", "object", "",
		`the files that let apps open links: "apple", an apple-app-site-association, and "android", an assetlinks.json, each as it is or by the name of a file beside sites.json; without it the ESP's own are served`},
}

// fieldNamed finds a field by its name.
func fieldNamed(name []byte) (field, bool) {
	for f := range fieldDocs {
		if fieldDocs[f].Name == string(name) {
			return field(f), true
		}
	}
	return 0, false
}

// fieldType is the JSON type that a field must have.
type fieldType uint8

const (
	typeText fieldType = iota
	typeFlag
	typeList
	typeObject
	typeFlagOrText
)

func (f field) fieldType() fieldType {
	switch f {
	case fieldForwarded, fieldPublicSuffix, fieldAllowHTTP, fieldCount, fieldLearn:
		return typeFlag
	case fieldDestinations, fieldKeys, fieldRecalls, fieldAlso:
		return typeList
	case fieldRetired:
		return typeFlagOrText
	case fieldAppLinks, fieldHeaders:
		return typeObject
	}
	return typeText
}

// hintType shows how a value is written that is neither a string nor a flag nor
// a list of strings; "" for the others.
func (f field) hintType() string {
	switch f {
	case fieldAlso:
		return `write "also": [{"esp": "…"}]`
	case fieldRecalls:
		return `write "recalls": [{"from": "https://…", "to": "https://…"}]`
	case fieldHeaders:
		return `write "headers": {"X-Name": "value"}`
	case fieldAppLinks:
		return `write "app_links": {"apple": "…", "android": "…"}`
	case fieldRetired:
		return hintRetired
	}
	return ""
}

// ofESP reports whether an entry of also may have the field.
func (f field) ofESP() bool {
	switch f {
	case fieldESP, fieldLinks, fieldHeaders, fieldOrigin, fieldSecond, fieldTenant, fieldHost, fieldCookies, fieldForwarded, fieldTimeout,
		fieldClicks, fieldCount, fieldFails, fieldLearn, fieldRetired:
		return true
	}
	return false
}

// choices returns the possible values of a field that has only a few, the
// default first.
func (f field) choices() []string {
	switch f {
	case fieldHost:
		return []string{"branded", "origin"}
	case fieldCookies:
		return []string{core.CookiesOwn.String(), core.CookiesStrip.String(), core.CookiesPass.String()}
	case fieldLinks:
		return familyNames()
	case fieldClicks:
		return []string{"proxy", "redirect"}
	case fieldFails:
		return []string{"page", "redirect"}
	case fieldSigned:
		return []string{"listed", "anywhere"}
	case fieldVerdict:
		return []string{"headers", "network"}
	}
	return nil
}

// has reports whether the object that is read, a site or an entry of its also,
// may have the field.
func (c *siteReader) has(f field) bool {
	if c.in != "" {
		return f.ofESP()
	}
	return f != fieldRetired
}

// hintField guesses which field was meant by a name.
func (c *siteReader) hintField(name string) string {
	names := make([]string, 0, fieldsLen)
	for f := range fieldsLen {
		if c.has(f) {
			names = append(names, fieldDocs[f].Name)
		}
	}
	meant := ""
	switch spelling.Fold(name) {
	case "preset", "provider", "type":
		meant = "esp"
	case "backend", "upstream", "target", "address":
		meant = "origin"
	case "others", "esps", "additional", "too", "and":
		meant = "also"
	case "retire", "left", "retiredon", "until":
		meant = "retired"
	case "unsubscribe", "unsubscribeorigin", "optout":
		meant = "unsubscribes"
	case "account", "subdomain":
		meant = "tenant"
	case "allow", "allowed", "allowedhosts", "hosts", "domains", "alloweddestinations":
		meant = "destinations"
	case "fallback", "onfailure", "onerror":
		meant = "when_esp_fails"
	case "secondary", "backup", "failover", "fallbackorigin", "secondaryorigin":
		meant = "second_origin"
	case "header", "requestheaders", "fields", "requestfields", "setheaders":
		meant = "headers"
	case "remember", "learning", "learned", "learnlinks":
		meant = "learn"
	case "timeout", "firstbytetimeout", "esptimeoutms":
		meant = "esp_timeout"
	case "apple", "android", "applinksfile", "applelinks", "assetlinks", "appleappsiteassociation", "universallinks":
		meant = "app_links"
	case "secrets", "secret", "kids":
		meant = "keys"
	case "recall", "recalled", "redirects", "rewrites", "corrections", "withdrawn", "rules":
		meant = "recalls"
	case "hashes", "hash", "hashkey", "mailhash", "readerhash":
		meant = "log_hashes"
	case "verdicts", "judge", "bots", "botdetection", "network", "networks", "geo", "geolocation":
		meant = "verdict"
	case "homepage", "website":
		meant = "home"
	default:
		meant = spelling.Closest(name, names)
	}
	if meant == "" {
		return "the fields are " + quoteAll(names)
	}
	return didYouMean(meant, []string{meant})
}

// familyNames are the values of "links", in the order of the families.
func familyNames() (names []string) {
	for _, f := range esp.Families() {
		names = append(names, f.String())
	}
	return names
}
