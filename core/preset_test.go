package core

import (
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestPresets compares every preset with a table that was typed in on its own.
func TestPresets(t *testing.T) {
	text, err := os.ReadFile("testdata/presets.tsv")
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")[1:]
	var got []string
	for _, o := range Presets() {
		got = append(got, presetLine(&o))
		again, ok := LookupPreset(o.Preset)
		require.True(t, ok)
		require.Equal(t, o, again)
	}
	require.Equal(t, lines[1:], got)
}

func presetLine(o *Origin) string {
	health := "-"
	if o.Health != (Health{}) {
		health = o.Health.Method + " " + o.Health.Path + " " + strconv.Itoa(o.Health.Status)
	}
	pick := func(b bool, yes, no string) string {
		if b {
			return yes
		}
		return no
	}
	or := func(s string) string { return pick(s == "", "-", s) }
	return strings.Join([]string{o.Preset, o.Family.String(), or(o.Backend), or(o.Address), strconv.Itoa(int(o.Port)),
		pick(o.TLS, "https", "http"), pick(o.ForwardedHost, "on", "off"), o.Cookies.String(), health}, "\t")
}

// Presets that share a backend must agree on all that makes the backend.
func TestPresetsShareBackends(t *testing.T) {
	byName := map[string]Origin{}
	for _, o := range Presets() {
		if o.Backend == "" {
			continue
		}
		key := backendKey(&o)
		if first, ok := byName[o.Backend]; ok {
			require.Equal(t, first, key)
		}
		byName[o.Backend] = key
	}
	require.Contains(t, byName, "sendgrid")
}

func TestPresetsAreCopies(t *testing.T) {
	Presets()[0].Address = "evil.example"
	require.NotEqual(t, "evil.example", Presets()[0].Address)
}

func TestLookupPresetRegions(t *testing.T) {
	for _, region := range []string{"us-east-1", "us-west-1", "us-gov-west-1", "us-gov-east-1", "eusc-de-east-1", "af-south-1", "ap-northeast-3", "ap-southeast-5",
		"ap-east-1", "ca-west-1", "eu-central-2", "eu-south-1", "il-central-1", "me-central-1", "me-south-1", "mx-central-1", "cn-northwest-1"} {
		o, ok := LookupPreset("ses-" + region)
		require.True(t, ok, region)
		require.Equal(t, "r."+region+".awstrack.me", o.Address)
		require.Equal(t, "ses-"+region, o.Backend)
		require.Equal(t, CookiesStrip, o.Cookies)
	}
	for _, region := range []string{"", "us-esat-1", "us-eas-1", "eu-wset-1", "ap-norteast-1", "eu-cental-1", "us-east", "us-east-", "us-east-12",
		"us-east-x", "use-east-1", "us--east-1", "us-1", "US-EAST-1", "us-ea5t-1", "us-east-1.evil", "-east-1", "us-" + strings.Repeat("a", 80) + "-1"} {
		_, ok := LookupPreset("ses-" + region)
		require.False(t, ok, region)
	}
	for _, region := range []string{"us-gov-wset-1", "us-gov-est-1", "cn-nort-1", "cn-norhtwest-1", "eusc-de-eest-1"} {
		_, ok := LookupPreset("ses-" + region)
		require.False(t, ok, region)
	}
	_, ok := LookupPreset("none")
	require.False(t, ok, "none has no origin")
}

// What sends through another ESP has that ESP's origin and links, and its
// backend.
func TestBeneath(t *testing.T) {
	names := map[string]int{}
	for _, o := range Presets() {
		beneath, name := Beneath(o.Preset)
		names[name]++
		p, ok := LookupPreset(beneath)
		require.True(t, ok, beneath)
		require.Equal(t, name == "", beneath == o.Preset, o.Preset)
		require.Equal(t, backendKey(&p), backendKey(&o), o.Preset)
		require.Equal(t, p.Family, o.Family)
	}
	require.Equal(t, map[string]int{"": names[""], "Braze": 5, "CleverTap": 1, "Optimove": 1, "Leanplum": 1}, names)
	beneath, name := Beneath("none")
	require.Equal(t, []string{"none", ""}, []string{beneath, name})
}

func backendKey(o *Origin) Origin {
	return Origin{Backend: o.Backend, Address: o.Address, Port: o.Port, TLS: o.TLS, Health: o.Health}
}
