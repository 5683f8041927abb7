package doctor

import (
	"time"

	"github.com/clickedge/clickedge/deploy/doctor/report"
)

// examineSpeed lists what a click's steps take, from what has been asked already.
func (x *exam) examineSpeed() (stop string) {
	a := x.click
	first := a.first
	share := func(of time.Duration) time.Duration {
		if x.atESP != "" {
			return of
		}
		return 0
	}
	esp := time.Duration(-1)
	if x.atESP != "" {
		esp = first
	} else if x.direct != nil && x.direct.asIs != nil && x.direct.asIs.err == nil {
		esp = min(first, x.direct.asIs.first)
	}
	x.report.Timings = []report.Timing{
		{Step: "dns", Took: x.trail.took, ESP: 0},
		{Step: "connect", Took: a.connect, ESP: share(a.connect)},
		{Step: "tls", Took: a.tls, ESP: share(a.tls)},
		{Step: "first byte", Took: first, ESP: esp},
	}
	if x.trail.err == nil && x.trail.took >= x.opt.Slow {
		x.find("speed-slow-dns", "%s", report.Round(x.trail.took))
	}
	if all := a.connect + a.tls + first; all >= x.opt.Slow {
		x.judgeSlow(all, esp)
	}
	x.good("speed-ok", "from here, the first byte of a made-up click after %s", report.Round(a.connect+a.tls+first))
	return ""
}

// judgeSlow names who is slow: the ESP where it takes more than half.
func (x *exam) judgeSlow(all, esp time.Duration) {
	switch {
	case esp < 0:
		f := x.find("speed-slow-cdn", "first byte after %s; not seen: whose time that is, because %s", report.Round(all), x.whyNoDirect())
		f.Title, f.Means = "Links are slow", "Readers wait before the page even starts. It may be the set-up or the ESP."
	case esp > all/2:
		x.find("speed-slow-esp", "first byte after %s, of which the ESP takes %s", report.Round(all), report.Round(esp))
	default:
		x.find("speed-slow-cdn", "first byte after %s, of which the ESP takes %s", report.Round(all), report.Round(esp))
	}
}
