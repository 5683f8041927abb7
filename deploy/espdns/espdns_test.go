package espdns

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/esp"
)

// The region is read from the name, and not guessed where the name has none.
func TestPreset(t *testing.T) {
	for name, want := range map[string][2]string{
		"e-eu.customeriomail.com":        {"e-eu.customeriomail.com", "customerio-eu"},
		"E-EU.customeriomail.com.":       {"e-eu.customeriomail.com", "customerio-eu"},
		"e.customeriomail.com":           {"e.customeriomail.com", "customerio-us"},
		"track-eu.customer.io":           {"track-eu.customer.io", "customerio-eu"},
		"track.customer.io":              {"track.customer.io", "customerio-us"},
		"e-ap.customeriomail.com":        {"customeriomail.com", ""},
		"new.customer.io":                {"customer.io", ""},
		"not-e-eu.customeriomail.com":    {"customeriomail.com", ""},
		"sendgrid.net":                   {"sendgrid.net", "sendgrid"},
		"click.sendgrid.net":             {"sendgrid.net", "sendgrid"},
		"u123.wl045.sendgrid.net":        {"sendgrid.net", "sendgrid"},
		"click.eu.sendgrid.net":          {"eu.sendgrid.net", "sendgrid-eu"},
		"eu.v2.spgo.io":                  {"eu.v2.spgo.io", "sparkpost-v2-eu"},
		"eu.spgo.io":                     {"eu.spgo.io", "sparkpost-eu"},
		"acme.et.e.sparkpost.com":        {"e.sparkpost.com", ""},
		"r.eu-west-1.awstrack.me":        {"awstrack.me", "ses-eu-west-1"},
		"awstrack.me":                    {"awstrack.me", ""},
		"r.us-esat-1.awstrack.me":        {"awstrack.me", ""},
		"links.eu.iterable.com":          {"links.eu.iterable.com", "iterable-eu"},
		"other.eu.iterable.com":          {"iterable.com", ""},
		"eu.mailgun.org":                 {"eu.mailgun.org", "mailgun-eu"},
		"acme.eu.intercom-mail.com":      {"intercom-mail.com", ""},
		"acme.intercom-mail.eu":          {"intercom-mail.eu", ""},
		"xsendgrid.net":                  {"", ""},
		"sendgrid.net.example.com":       {"", ""},
		"customeriomail.com.example.com": {"", ""},
	} {
		domain, preset := Preset(name)
		require.Equal(t, want, [2]string{domain, preset}, name)
		if preset != "" {
			_, ok := core.LookupPreset(preset)
			require.True(t, ok, preset)
		}
	}
}

func TestPresetOfOrigin(t *testing.T) {
	for name, want := range map[string]string{
		"e-eu.customeriomail.com": "customerio-eu", "click.sendgrid.net": "sendgrid", "u123.wl.sendgrid.net": "", "eu.v2.spgo.io": "sparkpost-v2-eu",
		"x.pstmrk.it": "postmark", "acme.mjt.lu": "mailjet", "r.us-esat-1.awstrack.me": "", "r.eu-west-1.awstrack.me": "ses-eu-west-1",
		"links.iterable.com": "iterable", "other.iterable.com": "", "track.example.net": "",
	} {
		require.Equal(t, want, PresetOfOrigin(name), name)
	}
}

// The CNAME that [Today] gives for a preset is read as that preset: the two
// lists must agree.
func TestTodayTellsThePreset(t *testing.T) {
	for _, o := range core.Presets() {
		for _, name := range Today(&o) {
			domain, preset := Preset(name)
			require.NotEmpty(t, domain, name)
			beneath, _ := core.Beneath(o.Preset)
			require.Equal(t, beneath, preset, name)
		}
		if o.Address != "" {
			require.NotEmpty(t, Today(&o), o.Preset)
		}
	}
	require.Equal(t, []string{"e-eu.customeriomail.com"}, Today(origin(t, "customerio-eu")))
	require.Equal(t, []string{"e.customeriomail.com"}, Today(origin(t, "customerio-us")))
	require.Equal(t, []string{"acme.et.e.sparkpost.com"}, Today(&core.Origin{Preset: "sparkpost-enterprise", Address: "acme.et.e.sparkpost.com"}))
	require.Empty(t, Today(&core.Origin{Preset: "custom", Address: "track.example.net"}))
	require.Empty(t, Today(&core.Origin{Preset: "ses-us-gov-west-1", Address: "r.us-gov-west-1.awstrack.me"}))
	// A site's own origin does not change what its CNAME led to.
	require.Equal(t, []string{"e-eu.customeriomail.com"}, Today(&core.Origin{Preset: "customerio-eu", Address: "127.0.0.1"}))
}

func origin(t *testing.T, preset string) *core.Origin {
	o, ok := core.LookupPreset(preset)
	require.True(t, ok)
	return &o
}

// Every preset of every ESP that issues certificates is known, and no other.
func TestManagedBy(t *testing.T) {
	for _, o := range core.Presets() {
		m := ManagedBy(o.Preset)
		var esp string
		if m != nil {
			esp = m.ESP
			require.NotEmpty(t, m.First, o.Preset)
			require.Contains(t, m.Advice(), m.First)
			require.Contains(t, m.Advice(), m.Otherwise)
		}
		require.Equal(t, managedWant(&o), esp, o.Preset)
	}
	require.Nil(t, ManagedBy("none"))
	require.Nil(t, ManagedBy("ses-eu-south-2"))
	require.Contains(t, ManagedBy("sparkpost-v2-eu").Advice(), `choose "Certificate managed by CDN or reverse proxy (Advanced)"`)
	require.Contains(t, ManagedBy("customerio-eu").Advice(), "(domains added since 2025-10-07)")
	require.Contains(t, ManagedBy("clevertap").Advice(), "have CleverTap do this at SendGrid: ask SendGrid's support")
	require.Contains(t, ManagedBy("braze-sparkpost").Advice(), "have Braze do this at SparkPost: choose")
	seen := map[esp.Family]bool{}
	for _, f := range Families() {
		require.False(t, seen[f], "%s twice", f)
		seen[f] = true
	}
	require.Len(t, seen, 5)
}

func managedWant(o *core.Origin) string {
	switch o.Family {
	case esp.FamilyCustomerIO:
		return "Customer.io"
	case esp.FamilySendGrid:
		return "SendGrid"
	case esp.FamilySparkPost:
		return "SparkPost"
	case esp.FamilyMailgun:
		return "Mailgun"
	case esp.FamilyMailjet:
		return "Mailjet"
	case esp.FamilySES:
		if strings.HasPrefix(o.Preset, "braze-") {
			return "Braze"
		}
	}
	return ""
}

func TestRecordsOfSendGrid(t *testing.T) {
	records := ManagedBy("braze-sendgrid").Records
	require.Len(t, records, 2)
	require.Equal(t, "_acme-challenge.link.example.com", records[0].Name("link.example.com"))
	require.True(t, records[0].Taken)
	require.Equal(t, "_cf-custom-hostname.link.example.com", records[1].Name("link.example.com"))
	require.False(t, records[1].Taken)
}
