package sitesjson

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/core/jsontext"
	"github.com/clickedge/clickedge/core/word"
)

// alsoEntry reads an entry of also, which is an object as a site is.
func (c *siteReader) alsoEntry(i int) {
	e := &siteReader{sitesParser: c.sitesParser, site: &core.Site{Host: c.site.Host}, in: fieldDocs[fieldAlso].Name + "[" + strconv.Itoa(i) + "]"}
	if bad := c.want('{'); bad != nil {
		c.bad[fieldAlso] = true
		bad.Hint = cmp.Or(bad.Hint, `write {"esp": "…"}`)
		c.misfit(bad, e.path())
		return
	}
	e.begin = c.r.At()
	c.r.Object(e.member)
	c.also = append(c.also, e)
}

// inherited are the fields that an entry of also has from its site, if it does
// not say them itself.
var inherited = [...]field{fieldClicks, fieldFails, fieldLearn}

// inherit gives an entry what the site says for all its ESPs. A mistake in it
// is the site's, and is reported once.
func (c *siteReader) inherit(site *siteReader) {
	for _, f := range inherited {
		if !c.given(f) {
			c.on[f] = site.on[f]
		}
	}
	if !c.given(fieldTimeout) {
		c.site.ESPTimeout = site.site.ESPTimeout
	}
}

// some reports whether a field is chosen for the site or for an entry of also.
func (c *siteReader) some(f field) bool {
	return c.chosen(f) || slices.ContainsFunc(c.also, func(e *siteReader) bool { return e.chosen(f) })
}

// relateAlso checks the entries of also with one another and with the site.
func (c *siteReader) relateAlso() {
	switch {
	case c.given(fieldAlso) && len(c.also) == 0 && !c.bad[fieldAlso]:
		c.mistake(fieldAlso, c.at[fieldAlso], "is empty", "name another ESP, or leave it out")
	case len(c.also) > core.MaxAlso:
		c.mistake(fieldAlso, c.at[fieldAlso], "has "+strconv.Itoa(len(c.also))+" entries; at most "+strconv.Itoa(core.MaxAlso)+" are read", "leave out those whose links nobody opens any more")
	}
	for i, e := range c.also {
		if e.esp.Preset == core.PresetNone {
			e.mistake(fieldESP, e.at[fieldESP], "is no ESP", "leave the entry out")
		}
		if !e.proxied() {
			continue // also if its esp is missing or unknown, which is reported
		}
		if e.given(fieldCount) && !e.on[fieldClicks] && !e.bad[fieldCount] && !e.bad[fieldClicks] {
			e.mistake(fieldCount, e.at[fieldCount], `does nothing without "clicks": "redirect"`, "a proxied click is counted anyway; leave it out")
		}
		if len(e.esp.Family.Paths()) == 0 {
			e.mistake(fieldESP, e.at[fieldESP], "nothing is known of the links of "+quote([]byte(e.esp.Preset))+", so no request would go there",
				`say whose form they have, with "links", or make it the site's own esp, which gets what fits no other`)
			continue
		}
		for _, other := range append([]*siteReader{c}, c.also[:i]...) {
			e.tellApart(other)
		}
	}
	c.relateRetired()
}

// tellApart reports an entry whose links look like those of another ESP.
func (c *siteReader) tellApart(other *siteReader) {
	if !other.proxied() || c.bad[fieldESP] {
		return
	}
	var same []string
	for _, o := range esp.Overlaps(c.esp.Family, other.esp.Family) {
		if o.Same && !slices.Contains(same, o.Path) {
			same = append(same, o.Path)
		}
	}
	if len(same) > 0 {
		whom := quote([]byte(other.esp.Preset)) + ", the site's esp"
		if other.in != "" {
			whom = quote([]byte(other.esp.Preset)) + " of " + other.in
		}
		c.mistake(fieldESP, c.at[fieldESP], quote([]byte(c.esp.Preset))+" cannot be told apart from "+whom+
			": the links of both begin with "+strings.Join(same, ", "), hintApart(c, other))
	}
}

// hintApart says what to do with two ESPs that cannot share a host.
func hintApart(a, b *siteReader) string {
	if a.esp.Family == b.esp.Family && a.esp.Preset != core.PresetCustom && b.esp.Preset != core.PresetCustom {
		return "give each region or account a link domain of its own"
	}
	return "give each a link domain of its own"
}

// relateRetired checks what retired ESPs need.
func (c *siteReader) relateRetired() {
	some := slices.ContainsFunc(c.also, func(e *siteReader) bool { return e.retired() })
	if c.given(fieldUnsubscribes) && !some {
		c.mistake(fieldUnsubscribes, c.at[fieldUnsubscribes], "does nothing: no ESP in also is retired", "leave it out")
	}
}

// retiredWantsDestinations says why a retired ESP needs a list of hosts, "" if none
// does.
func (c *siteReader) retiredWantsDestinations() string {
	for _, e := range c.also {
		if e.retired() && e.proxied() && e.esp.Family.Readable() {
			return "clicks of the retired " + quote([]byte(e.esp.Preset)) + " are answered from the link: name the hosts that links may lead to"
		}
	}
	return ""
}

// retired reports whether an entry of also is retired, now or later.
func (c *siteReader) retired() bool { return c.on[fieldRetired] || c.site.Retired != 0 }

const hintRetired = `write true, or the first day without the ESP, as in "2026-09-30"`

// setRetired reads a date. Its day begins at midnight UTC.
func (c *siteReader) setRetired(t jsontext.Text) {
	day, ok := parseDate(string(t.Bytes))
	if !ok || day.Unix() <= core.LongRetired {
		c.mistake(fieldRetired, t.At, quote(t.Bytes)+" is not a date", hintRetired)
		return
	}
	c.site.Retired = day.Unix()
}

// parseDate reads a date such as 2026-09-30. The module reads overrides, and
// time.Parse would make it 100 KB larger.
func parseDate(s string) (time.Time, bool) {
	if len(s) != len(time.DateOnly) || s[4] != '-' || s[7] != '-' || !word.IsDigits(s[:4]+s[5:7]+s[8:]) {
		return time.Time{}, false
	}
	year, _ := strconv.Atoi(s[:4])
	month, _ := strconv.Atoi(s[5:7])
	day, _ := strconv.Atoi(s[8:])
	t := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
	return t, int(t.Month()) == month && t.Day() == day
}

func (c *siteReader) setUnsubscribes(t jsontext.Text) {
	c.unsubscribes = c.readEndpoint(fieldUnsubscribes, t)
}

// unsubscribesOrigin is a server of the site's owner. It gets its own name as
// Host, since it has nothing to do with the link domain otherwise.
func (c *siteReader) unsubscribesOrigin() core.Origin {
	o, _ := core.LookupPreset(core.PresetCustom)
	e := c.unsubscribes
	o.Address, o.Port, o.TLS, o.Backend = e.host, e.port, e.tls, e.backend()
	o.OriginHost, o.ForwardedHost = true, true
	return o
}

// OfESP reports whether an entry of also may have the field of this name, and
// whether one that does not say it has what the site says.
func OfESP(name string) (may, inherits bool) {
	f, ok := fieldNamed([]byte(name))
	return ok && f.ofESP(), ok && (slices.Contains(inherited[:], f) || f == fieldTimeout || f == fieldCount)
}
