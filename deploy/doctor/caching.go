package doctor

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// shortAge is, in seconds, what SparkPost advises and Customer.io can bear.
const shortAge = 10

func (x *exam) examineCaching() (stop string) {
	open, click := x.front(question{target: x.links.open}), x.front(question{target: x.links.click})
	for _, a := range []*answer{open, click} {
		x.judgeHit(a)
	}
	x.judgeLifetime(click)
	x.good("cache-ok", "asked twice, answered twice by the ESP")
	return ""
}

// judgeHit reads from a second answer whether it is the first one again.
func (x *exam) judgeHit(a *answer) {
	by := a.hit()
	if by == "" {
		return
	}
	if age, err := strconv.Atoi(a.get("Age")); err == nil && age <= shortAge && lifetime(a, x.now()) <= shortAge*time.Second {
		x.find("cache-short", "%s, asked twice: %s", a.asked.brief(), by)
		return
	}
	x.find("cache-hit", "%s, asked twice: %s", a.asked.brief(), by)
}

// hitFields are the fields by which caches tell a hit.
var hitFields = []string{"X-Cache", "CF-Cache-Status", "X-Cache-Status", "X-Proxy-Cache", "Cache-Status", "X-Varnish-Cache"}

// hit is the field that tells that an answer came from a cache; "" for none.
func (a *answer) hit() string {
	for _, name := range hitFields {
		for _, value := range a.header.Values(name) {
			switch upper := strings.ToUpper(value); {
			case strings.Contains(upper, "HIT") && !strings.Contains(upper, "; FWD"), upper == "STALE", upper == "REVALIDATED", upper == "UPDATING":
				return name + ": " + cut(value, 60)
			}
		}
	}
	if age := a.get("Age"); strings.Trim(age, "0") != "" {
		return "Age: " + cut(age, 20)
	}
	return ""
}

// judgeLifetime reads from a click what browsers and caches between may keep.
func (x *exam) judgeLifetime(a *answer) {
	if a.redirects() && (a.status == 301 || a.status == 308) {
		x.find("cache-permanent-redirect", "%s: %s", a.asked.brief(), a.brief())
	}
	if keep := lifetime(a, x.now()); keep > shortAge*time.Second {
		x.find("cache-lifetime", "%s may be kept for %s (Cache-Control: %s)", a.asked.brief(), keep, quoted(a.get("Cache-Control")))
	}
}

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
