package sitesjson

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestHintPreset(t *testing.T) {
	for name, want := range map[string]string{
		"sengrid":                  `did you mean "sendgrid"?`,
		"sendgird":                 `did you mean "sendgrid"?`,
		"SendGrid":                 `did you mean "sendgrid"?`,
		"sendgrid-us":              `did you mean "sendgrid"?`,
		"twilio":                   `did you mean "sendgrid"?`,
		"CleverTap":                `did you mean "clevertap"?`,
		"optimov":                  `did you mean "optimove"?`,
		"Postal":                   `"custom" takes any ESP whose "origin" you give`,
		"klaviyo":                  `"custom" takes any ESP whose "origin" you give`,
		"customer.io":              `did you mean "customerio-us" or "customerio-eu"?`,
		"customer_io_eu":           `did you mean "customerio-eu"?`,
		"customerio":               `did you mean "customerio-us" or "customerio-eu"?`,
		"amazon-ses":               `name the region too, "ses-<region>", as in "ses-us-east-1"`,
		"ses":                      `name the region too, "ses-<region>", as in "ses-us-east-1"`,
		"Amazon SES":               `name the region too, "ses-<region>", as in "ses-us-east-1"`,
		"amazon-ses-eu-west-1":     `did you mean "ses-eu-west-1"?`,
		"ses_eu_west_1":            `did you mean "ses-eu-west-1"?`,
		"ses-us-esat-1":            `did you mean "ses-us-east-1"?`,
		"ses-frankfurt":            `write "ses-<region>", as in "ses-us-east-1"`,
		"braze":                    `did you mean "braze-sendgrid", "braze-sparkpost", "braze-sparkpost-eu", "braze-ses-us-east-1" or "braze-ses-eu-central-1"?`,
		"braze-ses-eu-west-1":      `did you mean "braze-sendgrid", "braze-sparkpost", "braze-sparkpost-eu", "braze-ses-us-east-1" or "braze-ses-eu-central-1"?`,
		"braze-mailgun":            `did you mean "braze-sendgrid", "braze-sparkpost", "braze-sparkpost-eu", "braze-ses-us-east-1" or "braze-ses-eu-central-1"?`,
		"bird":                     `did you mean "sparkpost"?`,
		"mailchimp":                `did you mean "mandrill"?`,
		"mailgun-us":               `did you mean "mailgun"?`,
		"sparkpost-enterprice":     `did you mean "sparkpost-enterprise"?`,
		"own":                      `did you mean "none"?`,
		"other":                    `did you mean "custom"?`,
		"":                         `"custom" takes any ESP whose "origin" you give`,
		strings.Repeat("long", 20): "",
	} {
		require.Equal(t, want, hintPreset(name), name)
	}
}
