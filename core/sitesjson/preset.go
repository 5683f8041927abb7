package sitesjson

import (
	"strconv"
	"strings"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/core/spelling"
)

// needsOrigin reports whether a site must give this preset's origin as a URL.
func needsOrigin(o *core.Origin) bool {
	return o.Address == "" && o.Preset != core.PresetEnterprise && o.Preset != core.PresetNone
}

// takesOrigin reports whether a site may give this preset's origin.
func takesOrigin(o *core.Origin) bool {
	region, isSES := strings.CutPrefix(o.Preset, core.PresetSES)
	return needsOrigin(o) || isSES && esp.SESGuessed(region)
}

// presetNames are the values of "esp".
func presetNames() (names []string) {
	for _, p := range core.Presets() {
		names = append(names, p.Preset)
	}
	return append(names, core.PresetNone)
}

// hintPreset guesses which preset was meant by a name.
func hintPreset(name string) string {
	if len(name) > spelling.MaxWord {
		return ""
	}
	word := strings.NewReplacer(".", "-", "_", "-", " ", "-").Replace(strings.ToLower(name))
	word = strings.Replace(word, "customer-io", "customerio", 1)
	word = strings.TrimPrefix(strings.TrimPrefix(word, "amazon-"), "aws-")
	if meant := otherNames(word); meant != "" {
		return "did you mean " + strconv.Quote(meant) + "?"
	}
	if _, ok := core.LookupPreset(word); ok {
		return "did you mean " + strconv.Quote(word) + "?"
	}
	if word == "ses" || word == "amazon" || word == "aws" || strings.HasPrefix(word, "amazonses") {
		return `name the region too, "ses-<region>", as in "ses-us-east-1"`
	}
	return hintFamily(word)
}

// otherNames returns the preset for another name of an ESP.
func otherNames(word string) string {
	switch word {
	case "twilio", "twilio-sendgrid", "sendgrid-us", "sendgrid-global":
		return "sendgrid"
	case "sparkpost-us", "messagebird", "bird":
		return "sparkpost"
	case "iterable-us", "mailgun-us":
		return strings.TrimSuffix(word, "-us")
	case "mailchimp", "mailchimp-transactional":
		return "mandrill"
	case "own", "self", "signed":
		return core.PresetNone
	case "other", "generic", "proxy":
		return core.PresetCustom
	}
	return ""
}

// hintFamily looks for presets that begin with the word, then for one with a
// similar spelling, then for any that begin with the word's first part.
func hintFamily(word string) string {
	if some := presetsWith(word + "-"); len(some) > 0 {
		return "did you mean " + quoteAll(some) + "?"
	}
	if c := spelling.Closest(word, presetNames()); c != "" {
		return "did you mean " + strconv.Quote(c) + "?"
	}
	first, _, _ := strings.Cut(word, "-")
	switch some := presetsWith(first + "-"); {
	case first+"-" == core.PresetSES:
		return `write "ses-<region>", as in "ses-us-east-1"`
	case len(some) > 0:
		return "did you mean " + quoteAll(some) + "?"
	}
	return `"custom" takes any ESP whose "origin" you give`
}

func presetsWith(prefix string) (names []string) {
	for _, name := range presetNames() {
		if strings.HasPrefix(name, prefix) {
			names = append(names, name)
		}
	}
	return names
}
