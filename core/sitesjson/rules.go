package sitesjson

import (
	"slices"
	"strconv"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/destination"
	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/core/learned"
)

// relate checks the rules between the fields of a site, and completes the site.
// at is where the site begins: a missing field is reported there.
func (c *siteReader) relate(at int) {
	if c.r.Failed() {
		return // a missing field may be after the error
	}
	c.relateESP(at)
	for _, e := range c.also {
		e.inherit(c)
		e.relateESP(e.begin)
	}
	c.relateAlso()
	c.relateLearn()
	c.relateLinks(at)
	s := c.site
	s.Destinations = reuse(&c.lastDestinations, s.Destinations)
	s.Keys = reuse(&c.lastKeys, s.Keys)
	s.AllowHTTP = c.on[fieldAllowHTTP]
	s.SignedAnywhere = c.on[fieldSigned]
	c.relateRecalls()
	c.relateAppLinks()
	if c.given(fieldUnsubscribes) && !c.bad[fieldUnsubscribes] {
		s.Unsubscribes = c.shared(c.unsubscribesOrigin())
		c.leadsTo(s.Unsubscribes, fieldUnsubscribes)
	}
	site := *s
	c.complete(true)
	for _, e := range c.also {
		own := *e.site
		*e.site = site
		e.site.ESPTimeout, e.site.Retired = own.ESPTimeout, own.Retired
		if e.on[fieldRetired] {
			e.site.Retired = core.LongRetired
		}
		if e.complete(s.Count); e.site.Origin != nil {
			s.Also = append(s.Also, e.site)
		}
	}
}

// complete sets what the site, or an entry of also, has of its ESP. count is
// what becomes of clicks if it does not say.
func (c *siteReader) complete(count bool) {
	s := c.site
	s.ESP = c.esp.Preset
	s.ClickRedirect = c.on[fieldClicks]
	s.FailRedirect = c.on[fieldFails]
	s.Count = c.on[fieldCount] || !c.given(fieldCount) && count
	s.Learn = c.on[fieldLearn] && learned.Can(c.esp.Family)
	if s.ESPTimeout == 0 {
		s.ESPTimeout = core.DefaultTimeout
	}
	if c.proxied() && !c.bad[fieldOrigin] && !c.bad[fieldTenant] {
		s.Origin = c.shared(c.origin())
		c.relateSecond()
		by := fieldESP
		if c.given(fieldOrigin) {
			by = fieldOrigin
		}
		c.leadsTo(s.Origin, by)
		c.leadsTo(s.SecondOrigin, fieldSecond)
	}
}

// leadsTo notes an origin, for [sitesParser.round].
func (c *siteReader) leadsTo(o *core.Origin, by field) {
	if o != nil {
		c.leads = append(c.leads, lead{c.site.Host, c.in, o, by, c.at[by]})
	}
}

func (c *siteReader) given(f field) bool { return c.at[f] != 0 }

// chosen reports whether a flag is true, or a field has its second choice, and
// the field is valid.
func (c *siteReader) chosen(f field) bool { return c.on[f] && !c.bad[f] }

// proxied reports whether the site has a known ESP.
func (c *siteReader) proxied() bool { return c.esp.Preset != "" && c.esp.Preset != core.PresetNone }

// relateESP checks the fields that only some presets have.
func (c *siteReader) relateESP(at int) {
	preset := &c.esp
	if preset.Preset == "" {
		if !c.given(fieldESP) {
			c.missing(fieldESP, at, `name a preset, as in "esp": "sendgrid", or "none"`)
		}
		return
	}
	custom := preset.Preset == core.PresetCustom
	c.require(fieldOrigin, needsOrigin(preset) && !c.on[fieldRetired], at, `give the ESP's host, as in "origin": "https://track.example.net"`)
	c.require(fieldTenant, preset.Preset == core.PresetEnterprise && !c.on[fieldRetired], at, "give the first label of <tenant>.et.e.sparkpost.com")
	c.refuse(fieldOrigin, takesOrigin(preset), `the preset knows its origin; "custom" takes any`)
	c.refuse(fieldTenant, preset.Preset == core.PresetEnterprise, `only "sparkpost-enterprise" has tenants`)
	c.refuse(fieldHost, custom, `the preset knows which Host its ESP needs; "custom" takes either`)
	c.refuse(fieldHeaders, custom, `the preset knows what its ESP needs; "custom" takes any`)
	c.refuse(fieldLinks, custom, `the preset knows the form of its links; "custom" takes any`)
	if preset.Family == esp.FamilySES && c.proxied() && c.cookies == core.CookiesPass {
		c.mistake(fieldCookies, c.at[fieldCookies], `"pass" does not go with esp `+quote([]byte(preset.Preset)),
			`SES refuses more than 8192 bytes of fields, which the cookies of the parent domain reach; leave it out, or write "own"`)
	}
	for _, f := range []field{fieldSecond, fieldCookies, fieldForwarded} {
		c.refuse(f, c.proxied(), "")
	}
	if custom && c.given(fieldLinks) && !c.bad[fieldLinks] {
		preset.Family = c.links
	}
	for _, f := range []field{fieldClicks, fieldCount, fieldFails, fieldTimeout, fieldLearn} {
		c.refuse(f, c.proxied() || len(c.also) > 0, "")
	}
	if !c.proxied() && !c.given(fieldAlso) && c.in == "" {
		c.require(fieldKeys, true, at, `without an ESP there are only signed links: name their keys, as in "keys": ["k1"]`)
	}
}

// relateLearn refuses learn where there is nothing to be learned. A site says it
// for all of its ESPs, an entry of also for its own.
func (c *siteReader) relateLearn() {
	able := func(r *siteReader) bool { return r.on[fieldLearn] && learned.Can(r.esp.Family) }
	for _, r := range append([]*siteReader{c}, c.also...) {
		if !r.given(fieldLearn) || !r.chosen(fieldLearn) || r.esp.Preset == "" || able(r) || r == c && slices.ContainsFunc(c.also, able) {
			continue
		}
		r.mistake(fieldLearn, r.at[fieldLearn], "does nothing with esp "+quote([]byte(r.esp.Preset)), whyUnlearnable(r.esp.Family))
	}
}

// whyUnlearnable says why the links of a family cannot be learned.
func whyUnlearnable(f esp.Family) string {
	switch {
	case f == esp.FamilyIterable:
		return "Iterable's links have nothing in common that names the destination: _t names a template, _m a message, and the rest is encrypted; leave it out"
	case f.Readable():
		return "its links say themselves where they lead; leave it out"
	}
	return "only SendGrid's links, Braze's over SendGrid included, have a part in common that names the destination; leave it out"
}

func (c *siteReader) missing(f field, at int, hint string) {
	c.mistakes.add(at, c.path(fieldDocs[f].Name), "is missing", hint)
}

func (c *siteReader) require(f field, needed bool, at int, hint string) {
	if needed && !c.given(f) {
		c.bad[f] = true
		c.missing(f, at, hint)
	}
}

// refuse reports a field that the preset does not have.
func (c *siteReader) refuse(f field, taken bool, hint string) {
	if taken || !c.given(f) {
		return
	}
	if c.esp.Preset == core.PresetNone {
		hint = "nothing is proxied; leave it out"
	}
	c.mistake(f, c.at[f], "does not go with esp "+quote([]byte(c.esp.Preset)), hint)
}

// relateLinks checks the fields about redirects and keys.
func (c *siteReader) relateLinks(at int) {
	if c.given(fieldCount) && !c.some(fieldClicks) && !c.bad[fieldClicks] && !c.bad[fieldCount] {
		c.mistake(fieldCount, c.at[fieldCount], `does nothing without "clicks": "redirect"`, "a proxied click is counted anyway; leave it out")
	}
	if c.given(fieldSigned) && !c.given(fieldKeys) {
		c.mistake(fieldSigned, c.at[fieldSigned], "does nothing without keys", `name a key, as in "keys": ["k1"], or leave it out`)
	}
	if c.given(fieldKeys) && len(c.site.Keys) == 0 && !c.bad[fieldKeys] {
		c.mistake(fieldKeys, c.at[fieldKeys], "is empty", "name a key, or leave it out")
	}
	c.relateLogHashes()
	c.relateVerdict()
	c.site.Late = c.site.LogHashes != "" || c.site.Network
	c.relateWide()
	if hint := c.wantsDestinations(); hint != "" && len(c.site.Destinations) == 0 && !c.bad[fieldDestinations] {
		c.noDestinations(at, hint)
	}
}

// relateLogHashes refuses a key that signs links, and hashes that no line would
// have.
func (c *siteReader) relateLogHashes() {
	switch {
	case c.site.LogHashes == "":
	case slices.Contains(c.site.Keys, c.site.LogHashes):
		c.mistake(fieldLogHashes, c.at[fieldLogHashes], "is one of keys",
			"name a key of its own, which can be erased")
	case c.unjudged():
		c.mistake(fieldLogHashes, c.at[fieldLogHashes], doesNothing, hintDoesNothing)
	}
}

const (
	doesNothing     = "does nothing: no link here has a form that is known"
	hintDoesNothing = `say it with "links", or leave it out`
)

// unjudged reports whether no request of the site is known to be a click or an
// open, so that no line of the log has a verdict.
func (c *siteReader) unjudged() bool {
	return !c.given(fieldKeys) && c.esp.Preset != "" && c.esp.Family == esp.FamilyCustom && len(c.also) == 0
}

// relateVerdict refuses a verdict that no line would have.
func (c *siteReader) relateVerdict() {
	c.site.Network = c.chosen(fieldVerdict)
	if c.site.Network && c.unjudged() {
		c.mistake(fieldVerdict, c.at[fieldVerdict], `"network" `+doesNothing, hintDoesNothing)
	}
}

// relateWide refuses public suffixes, unless the site allows them. It runs
// last, as the field that allows them may follow the list.
func (c *siteReader) relateWide() {
	switch {
	case !c.given(fieldPublicSuffix):
	case !c.given(fieldDestinations):
		c.mistake(fieldPublicSuffix, c.at[fieldPublicSuffix], "does nothing without destinations", "leave it out")
	case c.chosen(fieldPublicSuffix) && len(c.wide) == 0 && !c.bad[fieldDestinations]:
		c.mistake(fieldPublicSuffix, c.at[fieldPublicSuffix], "does nothing here: no entry of destinations is a public suffix, or has some below it",
			"leave it out, so that one which is added later is seen")
	}
	if c.on[fieldPublicSuffix] || c.bad[fieldPublicSuffix] {
		return
	}
	for _, w := range c.wide {
		c.bad[fieldDestinations] = true
		c.mistakes.add(w.at, c.path(fieldDocs[fieldDestinations].Name, "[", strconv.Itoa(w.index), "]"),
			strconv.Quote(w.String())+w.why(),
			`list the host that is yours, as in "`+w.hint()+`", or say "public_suffix": true`)
	}
}

// why says why an entry is too wide.
func (w *wideEntry) why() string {
	if w.AboveSuffixes() {
		return " has public suffixes below it: anybody may have a name there, and make a link that leads there"
	}
	return " is a public suffix: anybody may have a name below it, and make a link that leads there"
}

// hint is an entry that is not a public suffix.
func (w *wideEntry) hint() string {
	if host := "brand." + w.Host; !(destination.Pattern{Host: host, Sub: w.Sub}).IsPublicSuffix() {
		return host
	}
	return "brand.any." + w.Host // the names below are public suffixes as well
}

// wantsDestinations says why the site needs a list of hosts, "" if it does not.
func (c *siteReader) wantsDestinations() string {
	if hint := c.retiredWantsDestinations(); hint != "" {
		return hint
	}
	switch {
	case c.some(fieldClicks):
		return `"clicks": "redirect" needs the hosts that links may lead to`
	case c.some(fieldFails):
		return `"when_esp_fails": "redirect" needs the hosts that links may lead to`
	case c.some(fieldLearn):
		return `"learn": true needs the hosts that links may lead to`
	case len(c.site.Keys) > 0 && !c.on[fieldSigned] && !c.bad[fieldSigned]:
		return `signed links need the hosts that they may lead to, or "signed_links": "anywhere"`
	}
	return ""
}

func (c *siteReader) noDestinations(at int, hint string) {
	if c.given(fieldDestinations) {
		c.mistake(fieldDestinations, c.at[fieldDestinations], "is empty", hint)
		return
	}
	c.missing(fieldDestinations, at, hint)
}

// origin is the preset with what the site changes in it.
func (c *siteReader) origin() core.Origin {
	o := c.esp
	switch {
	case o.Preset == core.PresetEnterprise && c.given(fieldTenant):
		o.Address, o.Backend = c.tenant+".et.e.sparkpost.com", core.PresetEnterprise+"-"+c.tenant
	case takesOrigin(&o) && c.given(fieldOrigin):
		o = originAt(o, c.endpoint)
	}
	if c.given(fieldForwarded) {
		o.ForwardedHost = c.on[fieldForwarded]
	}
	o.OriginHost = c.on[fieldHost]
	o.Headers = c.headers
	if c.given(fieldCookies) {
		o.Cookies = c.cookies
	}
	return o
}

// reuse returns the last list where the new one is equal to it.
func reuse[T comparable](last *[]T, list []T) []T {
	if !slices.Equal(*last, list) {
		*last = list
	}
	return *last
}

// shared returns the one copy of an origin: a hundred thousand sites have a
// handful of them.
func (p *sitesParser) shared(o core.Origin) *core.Origin {
	if p.origins == nil {
		p.origins = map[core.Origin]*core.Origin{}
	}
	if p.origins[o] == nil {
		p.origins[o] = &o
	}
	return p.origins[o]
}
