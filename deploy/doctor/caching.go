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

func (x *exam) examineCaching() (stop string) {
	open, click := x.front(question{target: x.links.open}), x.front(question{target: x.links.click})
	for _, a := range []*answer{open, click} {
		x.judgeHit(a)
	}
	x.judgeLifetime(click)
	field := x.freshField()
	switch {
	case field == "":
		x.good("cache-ok", "two equal requests, and no sign of a cache in the answers; not seen: whether the ESP answered both")
	case click.get(field) == x.click.get(field):
		x.find("cache-hit", "%s, asked twice: the same %s, which the ESP writes anew into each answer", click.asked.brief(), field)
	default:
		x.good("cache-ok", "two equal requests, and no sign of a cache: %s, which the ESP writes anew into each answer, differs", field)
	}
	return ""
}

// freshField is a field into which the ESP writes something else each time, and which the set-up hands
// on; "" where none shows. The date is none: a proxy may write its own.
func (x *exam) freshField() string {
	if x.direct == nil || x.direct.asIs == nil {
		return ""
	}
	again, ok := x.same(x.links.click, "")
	if !ok {
		return ""
	}
	for _, name := range x.direct.asIs.header.Names() {
		was, is, here := x.direct.asIs.get(name), again.get(name), x.click.get(name)
		if freshNames.MatchString(name) && was != is && is != "" && here != "" && here != was && here != is {
			return http.CanonicalHeaderKey(name)
		}
	}
	return ""
}

// freshNames are fields by which servers tell one answer from the next. A CDN's own are not among them,
// nor is Date: the set-up may write them into an answer that it has kept.
var freshNames = regexp.MustCompile(`(?i)^(set-cookie|x-message-id|x-(amzn-|amz-)?(request|trace|correlation)-?id)$`)

// judgeHit reads from a second answer whether it is the first one again. Where the ESP's own answers say
// so as well, it is the ESP's cache.
func (x *exam) judgeHit(a *answer) {
	by := a.hit()
	if by == "" {
		return
	}
	if straight, asked := x.same(a.asked.target, ""); asked && straight.hit() != "" {
		x.fact(catalogue.Caching, "the ESP's own cache", "%s: %s", a.asked.brief(), straight.hit())
		return
	}
	keep := lifetime(a, x.now())
	if age, err := strconv.Atoi(a.get("Age")); err == nil && age <= shortAge && keep > 0 && keep <= shortAge*time.Second {
		x.find("cache-short", "%s, asked twice: %s, to be kept for %s", a.asked.brief(), by, keep)
		return
	}
	x.find("cache-hit", "%s, asked twice: %s", a.asked.brief(), by)
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

// judgeLifetime reads from a click what browsers and caches between may keep. What the ESP itself says
// is the ESP's matter.
func (x *exam) judgeLifetime(a *answer) {
	var straight *answer
	who := "; not seen: whether the ESP says so, because " + x.whyNoDirect()
	if x.direct != nil && x.direct.asIs != nil {
		straight, who = x.direct.asIs, "; the ESP answers "+strconv.Itoa(x.direct.asIs.status)
	}
	if a.permanent() && (straight == nil || !straight.permanent()) {
		x.find("cache-permanent-redirect", "%s: %s%s", a.asked.brief(), a.brief(), who)
	}
	if straight != nil {
		who = "; the ESP says " + quoted(straight.get("Cache-Control"))
	}
	if keep := lifetime(a, x.now()); keep > shortAge*time.Second && (straight == nil || lifetime(straight, x.now()) < keep-time.Minute) {
		x.find("cache-lifetime", "%s may be kept for %s (Cache-Control: %s)%s", a.asked.brief(), keep, quoted(a.get("Cache-Control")), who)
	}
}

// permanent reports whether browsers remember a redirect.
func (a *answer) permanent() bool { return a.redirects() && (a.status == 301 || a.status == 308) }

// lifetime is for how long an answer may be used again (RFC 9111, section 4.2.1).
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
