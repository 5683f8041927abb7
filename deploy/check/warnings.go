package check

import (
	"fmt"
	"iter"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/core/header"
)

// Warnings lists settings that are valid but have no effect, or a surprising
// one, at this time.
func Warnings(s *core.Site, now time.Time) (list []string) {
	for _, e := range s.ESPs() {
		list = append(list, ESPWarnings(s, e, now)...)
	}
	return append(append(list, SiteWarnings(s)...), networkWarnings(s, now)...)
}

// SiteWarnings are those of [Warnings] that are about no ESP.
func SiteWarnings(s *core.Site) []string {
	return append(unsubscribesWarnings(s), recallWarnings(s)...)
}

// ESPWarnings are those of [Warnings] about one of the site's ESPs, as
// [core.Site.ESPs] has it. A retired ESP is asked for nothing: what it would be
// sent does not matter.
func ESPWarnings(s, e *core.Site, now time.Time) (list []string) {
	where := s.Host + ": "
	if i := slices.Index(s.Also, e); i >= 0 {
		where += fmt.Sprintf("also[%d]: ", i)
	}
	if !e.IsRetired(now) {
		list = append(cookieWarnings(e), readWarnings(s, e)...)
		list = append(append(list, headerWarnings(e)...), guessWarnings(e)...)
	}
	list = append(list, retiredWarnings(e, now)...)
	for i := range list {
		list[i] = where + list[i]
	}
	return list
}

// longSecret matches a run of letters and digits that may be a generated token.
var longSecret = regexp.MustCompile(`[A-Za-z0-9+/=_-]{16,}`)

// headerWarnings warns of values that may be secrets, without repeating them.
func headerWarnings(s *core.Site) (list []string) {
	for name, value := range headersOf(s) {
		for _, run := range longSecret.FindAllString(value, -1) {
			if strings.ContainsAny(run, "0123456789") && strings.ContainsFunc(run, unicode.IsLetter) {
				list = append(list, fmt.Sprintf("\"headers\": the value of %q looks like a token; whoever reads the module or the config store reads it: if it is a secret, take it out and change it at the origin", name))
				break
			}
		}
	}
	return list
}

// headersOf iterates over the site's own request fields.
func headersOf(s *core.Site) iter.Seq2[string, string] {
	return func(yield func(name, value string) bool) {
		if s.Origin == nil {
			return
		}
		for rest := s.Origin.Headers; rest != ""; {
			var name, value string
			name, rest = header.Next(rest)
			value, rest = header.Next(rest)
			if !yield(name, value) {
				return
			}
		}
	}
}

// guessWarnings warns of an origin of SES that is not documented.
func guessWarnings(s *core.Site) []string {
	region, isSES := strings.CutPrefix(s.ESP, core.PresetSES)
	if !isSES || !esp.SESGuessed(region) || s.Origin == nil || s.Origin.Address != esp.SESOrigin(region) {
		return nil
	}
	return []string{fmt.Sprintf("esp %q is asked at %s, as SES is in AWS's standard partition; no such name is documented for this one: compare it with a link of yours or with AWS's support, and give \"origin\" where it differs",
		s.ESP, s.Origin.Address)}
}

// cookieWarnings warns of a site that passes all cookies to its ESP. Iterable
// is left out: it documents that it needs them.
func cookieWarnings(s *core.Site) []string {
	if s.Origin == nil || s.Origin.Cookies != core.CookiesPass || s.Origin.Sender() == esp.FamilyIterable {
		return nil
	}
	clear := ""
	for _, o := range []*core.Origin{s.Origin, s.SecondOrigin} {
		if o != nil && !o.TLS {
			clear = ", and in clear text, since " + OriginURL(o) + " is asked without TLS"
		}
	}
	return []string{fmt.Sprintf("\"cookies\": \"pass\" gives %s every cookie that browsers send here, sessions of the parent domain included%s; \"own\" gives it those that it sets itself",
		s.Origin.Address, clear)}
}

// readWarnings warns of settings that change nothing for an ESP of the site. It
// has some from the site, and is left out where they help another that has the
// same.
func readWarnings(s, e *core.Site) []string {
	text := readWarning(e)
	helped := func(other *core.Site) bool {
		return other.Origin != nil && other.ClickRedirect == e.ClickRedirect && other.FailRedirect == e.FailRedirect && readWarning(other) == ""
	}
	if text == "" || slices.ContainsFunc(s.ESPs(), helped) {
		return nil
	}
	return []string{text}
}

// readWarning warns of settings that change nothing, since no link of the ESP
// can be read, or less than expected, since no reading is certain.
func readWarning(s *core.Site) string {
	if s.Learns() && !s.ClickRedirect && !s.FailRedirect && s.Retired == 0 {
		return fmt.Sprintf("\"learn\": true is not used by esp %q: say \"when_esp_fails\": \"redirect\", and what was learned is followed when it fails", s.ESP)
	}
	if s.Origin == nil || !s.ClickRedirect && !s.FailRedirect || s.Learns() {
		return ""
	}
	field := "when_esp_fails"
	if s.ClickRedirect {
		field = "clicks"
	}
	switch g := s.Origin.Family.Gradings(); {
	case g.Certain != "" || g.Likely != "" && !s.ClickRedirect:
		return ""
	case g.Likely == "":
		return fmt.Sprintf("%q: \"redirect\" changes nothing with esp %q: only the ESP can read its links", field, s.ESP)
	}
	what := `they are followed when the ESP fails`
	if !s.FailRedirect {
		what = `say "when_esp_fails": "redirect", and they are followed when the ESP fails`
	}
	return fmt.Sprintf("\"clicks\": \"redirect\" changes nothing with esp %q: where its links lead is likely at most, so none is answered first; %s", s.ESP, what)
}

// domainWarnings lists the other link domains of the file among a site's
// destinations. A wildcard that covers one is common and is left out.
func domainWarnings(sites *core.Sites, s *core.Site) (list []string) {
	for _, p := range s.Destinations {
		if !p.Sub && sites.Has(p.Host) {
			list = append(list, fmt.Sprintf("%s: \"destinations\" lists %s, which is a link domain of this file: a link that leads there is answered a second time, by that site", s.Host, p.Host))
		}
	}
	return list
}
