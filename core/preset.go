package core

import (
	"slices"
	"strings"

	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/core/spelling"
	"github.com/clickedge/clickedge/core/word"
)

// The presets that need more than their name.
const (
	PresetNone       = "none"   // signed links only, no ESP
	PresetCustom     = "custom" // "origin" is set, nothing is known of the links
	PresetEnterprise = "sparkpost-enterprise"
	PresetSES        = "ses-" // before the region
)

// Health probes, which follow nobody's link.
var (
	// Customer.io answers {} on any Host.
	healthCustomerIO = Health{Method: "GET", Path: "/health", Status: 200}
	// SparkPost redirects a link that it cannot read to its home page.
	healthSparkPost = Health{Method: "GET", Path: "/f/a/b/c/d", Status: 302}
	// SES answers with x-amz-ses-region.
	healthSES = Health{Method: "HEAD", Path: "/favicon.ico", Status: 200}
)

var presets = presetTable()

// presetTable lists what each ESP needs from the proxy of a link domain. Two
// presets with the same backend differ in headers only.
func presetTable() []Origin {
	rows := []Origin{
		// Customer.io, "HTTPS link tracking": the origin is the account's
		// region, and Host must be the link domain.
		preset("customerio-us", esp.FamilyCustomerIO, "track.customer.io", healthCustomerIO),
		preset("customerio-eu", esp.FamilyCustomerIO, "track-eu.customer.io", healthCustomerIO),

		// SendGrid, "SSL for click and open tracking": a CDN forwards to
		// sendgrid.net with the link domain as Host. The EU host is inferred
		// from SendGrid's EU sending hosts.
		preset("sendgrid", esp.FamilySendGrid, "sendgrid.net", Health{}),
		preset("sendgrid-eu", esp.FamilySendGrid, "eu.sendgrid.net", Health{}),
	}
	rows = append(rows, sparkPostRows()...)
	for _, region := range esp.SESRegions() {
		rows = append(rows, ses(region))
	}
	rows = append(rows, brazeRows()...)
	rows = append(rows, resellerRows()...)
	return append(rows,
		// Iterable, "Setting up HTTPS link tracking": all headers and cookies
		// pass both ways; the EU data centre has a host of its own.
		preset("iterable", esp.FamilyIterable, "links.iterable.com", Health{}),
		preset("iterable-eu", esp.FamilyIterable, "links.eu.iterable.com", Health{}),

		// Mailgun, "Enabling HTTPS tracking links": the tracking servers speak
		// plain http to a proxy, on port 80.
		plain(preset("mailgun", esp.FamilyMailgun, "mailgun.org", Health{})),
		plain(preset("mailgun-eu", esp.FamilyMailgun, "eu.mailgun.org", Health{})),

		// These have an origin per account or domain, which their DNS set-up
		// pages name. The site gives it.
		preset("postmark", esp.FamilyPostmark, "", Health{}),
		preset("mandrill", esp.FamilyMandrill, "", Health{}),
		preset("mailjet", esp.FamilyMailjet, "", Health{}),
		preset(PresetCustom, esp.FamilyCustom, "", Health{}),
	)
}

// sparkPostRows follow SparkPost, "Enabling HTTPS engagement tracking": spgo.io
// and eu.spgo.io, with v2 for new accounts; SNI is required. The enterprise
// host carries the tenant's name.
func sparkPostRows() []Origin {
	rows := []Origin{
		preset("sparkpost", esp.FamilySparkPost, "spgo.io", healthSparkPost),
		preset("sparkpost-eu", esp.FamilySparkPost, "eu.spgo.io", healthSparkPost),
		preset("sparkpost-v2", esp.FamilySparkPost, "v2.spgo.io", healthSparkPost),
		preset("sparkpost-v2-eu", esp.FamilySparkPost, "eu.v2.spgo.io", healthSparkPost),
		preset(PresetEnterprise, esp.FamilySparkPost, "", healthSparkPost),
	}
	return rows
}

// brazeRows follow Braze, "SSL at Braze": Braze sends through another ESP, and
// the origin is that ESP's. For SES it asks for X-Forwarded-Host. Some set-ups
// work only without it, so a site can switch it off.
func brazeRows() []Origin {
	rows := []Origin{
		preset("sendgrid", esp.FamilySendGrid, "sendgrid.net", Health{}),
		preset("sparkpost", esp.FamilySparkPost, "spgo.io", healthSparkPost),
		preset("sparkpost-eu", esp.FamilySparkPost, "eu.spgo.io", healthSparkPost),
		ses("us-east-1"),
		ses("eu-central-1"),
	}
	for i := range rows {
		o := &rows[i]
		o.Preset = "braze-" + o.Preset
		o.ForwardedHost = o.Family == esp.FamilySES
	}
	return rows
}

// resellers send through SendGrid, each under accounts of its own. Their pages
// ask for a CDN that forwards the link domain to sendgrid.net, as SendGrid's do:
// CleverTap, "SSL click tracking"; Optimove, "Guide to SSL click tracking for
// Optimove and SendGrid"; Leanplum, "Set up SSL for click tracking".
var resellers = [...]struct{ preset, name string }{
	{"clevertap", "CleverTap"},
	{"optimove", "Optimove"},
	{"leanplum", "Leanplum"},
}

func resellerRows() (rows []Origin) {
	for _, r := range resellers {
		o := preset("sendgrid", esp.FamilySendGrid, "sendgrid.net", Health{})
		o.Preset = r.preset
		rows = append(rows, o)
	}
	return rows
}

// Beneath returns the preset of the ESP beneath one that sends through another
// ESP, and that one's name as people write it. For all others it returns the
// preset itself, and no name.
func Beneath(preset string) (beneath, name string) {
	if beneath, ok := strings.CutPrefix(preset, "braze-"); ok {
		return beneath, "Braze"
	}
	for _, r := range resellers {
		if r.preset == preset {
			return "sendgrid", r.name
		}
	}
	return preset, ""
}

func preset(name string, family esp.Family, address string, health Health) Origin {
	o := Origin{Preset: name, Family: family, Address: address, Port: 443, TLS: true, Cookies: usualCookies(family), Health: health}
	if address != "" {
		o.Backend = name
	}
	return o
}

func plain(o Origin) Origin {
	o.TLS, o.Port = false, 80
	return o
}

// ses follows Amazon SES, "Configuring custom domains to handle open and click
// tracking": the region's tracking host, Host forwarded; headers over 8192
// bytes, cookies included, are answered 400.
func ses(region string) Origin {
	return preset(PresetSES+region, esp.FamilySES, esp.SESOrigin(region), healthSES)
}

// Presets returns every preset. Address and Backend are empty if the site gives
// the origin: "custom", "postmark", "mandrill", "mailjet" (by "origin") and
// "sparkpost-enterprise" (by "tenant"). "none" is not among them: it has no
// origin.
func Presets() []Origin { return slices.Clone(presets) }

// LookupPreset finds a preset by its name in sites.json. Beyond [Presets] it
// accepts "ses-<region>" for any region of AWS's form, except those that look
// like a typo.
func LookupPreset(name string) (Origin, bool) {
	for i := range presets {
		if presets[i].Preset == name {
			return presets[i], true
		}
	}
	return lookupSES(name)
}

// lookupSES accepts regions that are not listed, since AWS opens new ones and
// the origin follows from the name. A name one edit away from a listed one
// ("us-esat") is taken for a typo. The number at the end is not compared, as
// us-west-1 exists beside us-west-2.
func lookupSES(name string) (Origin, bool) {
	region, ok := strings.CutPrefix(name, PresetSES)
	if !ok || !isRegion(region) || isRegionTypo(area(region)) {
		return Origin{}, false
	}
	return ses(region), true
}

// isRegion checks AWS's form of a region, ^[a-z]{2}(-[a-z]+)+-[0-9]$. The
// sovereign cloud has four letters before the first hyphen: eusc-de-east-1.
func isRegion(s string) bool {
	labels := strings.Split(s, "-")
	last := len(labels) - 1
	if last < 2 || len(s) > spelling.MaxWord || len(labels[0]) != 2 && len(labels[0]) != 4 || len(labels[last]) != 1 || !word.IsDigits(labels[last]) {
		return false
	}
	for _, l := range labels[:last] {
		if !isLower(l) {
			return false
		}
	}
	return true
}

func isLower(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < 'a' || s[i] > 'z' {
			return false
		}
	}
	return s != ""
}

// area is a region without its number: "us-east" of "us-east-1".
func area(region string) string { return region[:strings.LastIndexByte(region, '-')] }

// otherPartitions are regions of AWS GovCloud, China and the European Sovereign
// Cloud, against which a name is compared as well.
var otherPartitions = [...]string{"us-gov-west-1", "us-gov-east-1", "cn-north-1", "cn-northwest-1", "eusc-de-east-1"}

func isRegionTypo(a string) bool {
	near := false
	for _, r := range append(esp.SESRegions(), otherPartitions[:]...) {
		switch spelling.Distance(a, area(r)) {
		case 0:
			return false
		case 1:
			near = true
		}
	}
	// Cape Town, a region of SES too, is one letter away from Mumbai.
	return near && a != "af-south"
}
