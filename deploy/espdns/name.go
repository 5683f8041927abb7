package espdns

import (
	"strings"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/esp"
)

// names are the ESPs' domains that link domains point to, each with its preset;
// "" where the domain does not show the region, or where there is no preset.
// The first domain that a name is under counts. They are from the ESPs' own
// set-up pages.
var names = []struct{ domain, preset string }{
	{"eu.sendgrid.net", "sendgrid-eu"},
	{"sendgrid.net", "sendgrid"}, // click.sendgrid.net with Auto SSL

	// Customer.io's CNAMEs lead to customeriomail.com, its proxies to
	// customer.io.
	{"e-eu.customeriomail.com", "customerio-eu"},
	{"e.customeriomail.com", "customerio-us"},
	{"track-eu.customer.io", "customerio-eu"},
	{"track.customer.io", "customerio-us"},
	{"customeriomail.com", ""},
	{"customer.io", ""},

	{"eu.v2.spgo.io", "sparkpost-v2-eu"},
	{"v2.spgo.io", "sparkpost-v2"},
	{"eu.spgo.io", "sparkpost-eu"},
	{"spgo.io", "sparkpost"},
	{"e.sparkpost.com", ""}, // <tenant>.et.e.sparkpost.com

	{"awstrack.me", ""}, // r.<region>.awstrack.me
	{"links.eu.iterable.com", "iterable-eu"},
	{"links.iterable.com", "iterable"},
	{"iterable.com", ""},
	{"eu.mailgun.org", "mailgun-eu"},
	{"mailgun.org", "mailgun"},
	{"pm.mtasv.net", "postmark"}, {"pstmrk.it", "postmark"}, // "Custom tracking domain"
	{"mandrillapp.com", "mandrill"},                   // "Custom tracking domains"
	{"mailjet.com", "mailjet"}, {"mjt.lu", "mailjet"}, // "Tracking domain"
	// Intercom, "Custom domains for email assets": <workspace>.intercom-mail.com,
	// .intercom-mail.eu, .au.intercom-mail.com.
	{"intercom-mail.com", ""}, {"intercom-mail.eu", ""},
}

// Preset returns the ESP's domain that a name is under, "" for none, and the
// preset that the name stands for, "" if it does not say.
func Preset(name string) (domain, preset string) {
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	for _, n := range names {
		if name != n.domain && !strings.HasSuffix(name, "."+n.domain) {
			continue
		}
		if n.domain == "awstrack.me" {
			return n.domain, sesPreset(name)
		}
		return n.domain, n.preset
	}
	return "", ""
}

func sesPreset(name string) string {
	preset := "ses-" + esp.SESRegion(name)
	if _, known := core.LookupPreset(preset); !known {
		return ""
	}
	return preset
}

// PresetOfOrigin is the preset of a proxy's origin, "" for none: a name of the
// table itself, or one below the domain of an ESP whose names differ by
// account. Other names below an ESP's domain may serve its mail, as SendGrid's
// u123.wl.sendgrid.net does.
func PresetOfOrigin(name string) string {
	domain, preset := Preset(name)
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	switch {
	case name == domain || name == "click.sendgrid.net" || domain == "awstrack.me":
		return preset
	case preset == "postmark" || preset == "mandrill" || preset == "mailjet":
		return preset
	}
	return ""
}

// Today lists the targets that the CNAME of a link domain has while it leads to
// the ESP, those of new domains first. The list is empty for a custom origin,
// whose CNAME is not known, and for SES where its name is a guess.
func Today(o *core.Origin) []string {
	preset, _ := core.Beneath(o.Preset)
	switch preset {
	// Customer.io, "Track links with your domain".
	case "customerio-us":
		return []string{"e.customeriomail.com"}
	case "customerio-eu":
		return []string{"e-eu.customeriomail.com"}
	// SendGrid, "Creating Auto SSL Link Branding Records".
	case "sendgrid":
		return []string{"sendgrid.net", "click.sendgrid.net"}
	}
	if region, isSES := strings.CutPrefix(preset, core.PresetSES); isSES && esp.SESGuessed(region) {
		return nil
	}
	origin, ok := core.LookupPreset(o.Preset)
	if !ok || origin.Address == "" {
		return known(o.Address)
	}
	return []string{origin.Address}
}

// known returns the address if it is certainly an ESP's, such as a tenant's.
func known(address string) []string {
	if domain, _ := Preset(address); domain == "" {
		return nil
	}
	return []string{address}
}
