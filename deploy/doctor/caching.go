package doctor

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/clickedge/clickedge/deploy/doctor/catalogue"
)

// shortAge is, in seconds, what SparkPost advises and Customer.io can bear.
const shortAge = 10

func (b *behind) examineCaching() {
	open, click := b.front.ask(question{target: b.esp.links.open}), b.front.ask(question{target: b.esp.links.click})
	for _, a := range []*answer{open, click} {
		b.checkHit(a)
	}
	b.checkLifetime(click)
	field := b.freshField()
	switch {
	case field == "":
		b.pass("cache-ok", "two equal requests, and no sign of a cache in the answers; not seen: whether the ESP answered both")
	case click.get(field) == b.click.get(field):
		b.find("cache-hit", "%s, asked twice: the same %s, which the ESP writes anew into each answer", click.asked.brief(), field)
	default:
		b.pass("cache-ok", "two equal requests, and no sign of a cache: %s, which the ESP writes anew into each answer, differs", field)
	}
}

// freshField is a field into which the ESP writes something else each time, and
// which the set-up hands on; "" where none shows. The date is none: a proxy may
// write its own.
func (b *behind) freshField() string {
	if b.origin == nil || b.origin.click == nil {
		return ""
	}
	again, ok := b.same(b.esp.links.click, "")
	if !ok {
		return ""
	}
	for _, name := range b.origin.click.header.Names() {
		was, is, here := b.origin.click.get(name), again.get(name), b.click.get(name)
		if freshNames.MatchString(name) && was != is && is != "" && here != "" && here != was && here != is {
			return http.CanonicalHeaderKey(name)
		}
	}
	return ""
}

// freshNames are fields that differ from one answer of a server to the next. A
// CDN's own are not among them, nor is Date: the set-up may write them into an
// answer that it has kept.
var freshNames = regexp.MustCompile(`(?i)^(set-cookie|x-message-id|x-(amzn-|amz-)?(request|trace|correlation)-?id)$`)

// checkHit reports a second answer that is the first one again. Where
// the ESP's own answers say so as well, it is the ESP's cache.
func (b *behind) checkHit(a *answer) {
	by := a.hit()
	if by == "" {
		return
	}
	if direct, asked := b.same(a.asked.target, ""); asked && direct.hit() != "" {
		b.fact(catalogue.Caching, "the ESP's own cache", "%s: %s", a.asked.brief(), direct.hit())
		return
	}
	keep := lifetime(a, b.now())
	if age, err := strconv.Atoi(a.get("Age")); err == nil && age <= shortAge && keep > 0 && keep <= shortAge*time.Second {
		b.find("cache-short", "%s, asked twice: %s, to be kept for %s", a.asked.brief(), by, keep)
		return
	}
	b.find("cache-hit", "%s, asked twice: %s", a.asked.brief(), by)
}

// hitFields are the fields by which caches report a hit.
var hitFields = []string{"X-Cache", "CF-Cache-Status", "X-Cache-Status", "X-Proxy-Cache", "Cache-Status", "X-Varnish-Cache"}

// hit is the field that says that an answer came from a cache; "" for none.
func (a *answer) hit() string {
	for _, name := range hitFields {
		for _, value := range a.header.Values(name) {
			switch upper := strings.ToUpper(value); {
			case strings.Contains(upper, "HIT") && !strings.Contains(upper, "; FWD"), upper == "STALE", upper == "REVALIDATED", upper == "UPDATING":
				return name + ": " + cut(value, 60)
			}
		}
	}
	if ids := strings.Fields(a.get("X-Varnish")); len(ids) == 2 { // its own, and that of the request that it is kept from
		return "X-Varnish: " + cut(a.get("X-Varnish"), 40)
	}
	if age := a.get("Age"); strings.Trim(age, "0") != "" {
		return "Age: " + cut(age, 20)
	}
	return ""
}

// checkLifetime reads from a click what browsers and caches between may keep.
// What the ESP itself says is the ESP's matter.
func (b *behind) checkLifetime(a *answer) {
	var direct *answer
	who := "; not seen: whether the ESP says so, because " + b.whyNoOrigin()
	if b.origin != nil && b.origin.click != nil {
		direct, who = b.origin.click, "; the ESP answers "+strconv.Itoa(b.origin.click.status)
	}
	if a.permanent() && (direct == nil || !direct.permanent()) {
		b.find("cache-permanent-redirect", "%s: %s%s", a.asked.brief(), a.brief(), who)
	}
	if direct != nil {
		who = "; the ESP says " + lifetimeField(direct)
	}
	if keep := lifetime(a, b.now()); keep > shortAge*time.Second && (direct == nil || lifetime(direct, b.now()) < keep-time.Minute) {
		b.find("cache-lifetime", "%s may be kept for %s (%s)%s", a.asked.brief(), keep, lifetimeField(a), who)
	}
}

// lifetimeField is the field that lifetime reads.
func lifetimeField(a *answer) string {
	for _, name := range []string{"Cache-Control", "Expires"} {
		if value := strings.Join(a.header.Values(name), ", "); value != "" {
			return name + ": " + quoted(value)
		}
	}
	return "nothing of it"
}

// permanent reports whether browsers remember a redirect.
func (a *answer) permanent() bool { return a.redirects() && (a.status == 301 || a.status == 308) }

// lifetime is for how long an answer may be used again (RFC 9111, section
// 4.2.1).
func lifetime(a *answer, now time.Time) time.Duration {
	control := strings.ToLower(strings.Join(a.header.Values("Cache-Control"), ","))
	longest := time.Duration(0)
	for directive := range strings.SplitSeq(control, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(directive), "=")
		switch name {
		case "no-store", "no-cache":
			return 0
		case "max-age", "s-maxage":
			if n, err := strconv.Atoi(strings.Trim(value, `"`)); err == nil && n > 0 {
				longest = max(longest, time.Duration(min(n, 10*365*24*3600))*time.Second)
			}
		}
	}
	if until, err := http.ParseTime(a.get("Expires")); err == nil && control == "" && until.After(now) {
		longest = until.Sub(now).Round(time.Second)
	}
	return longest
}
