package doctor

import (
	"time"

	"github.com/clickedge/clickedge/deploy/doctor/report"
)

// examineSpeed lists what a click's steps take, from what has been asked
// already.
func (b *behind) examineSpeed(name *resolution) []report.Timing {
	a := b.click
	first := a.first
	share := func(of time.Duration) time.Duration {
		if name.atESP != "" {
			return of
		}
		return 0
	}
	esp := time.Duration(-1)
	if name.atESP != "" {
		esp = first
	} else if b.origin != nil && b.origin.click != nil && b.origin.click.err == nil {
		esp = min(first, b.origin.click.first)
	}
	timings := []report.Timing{
		{Step: "dns", Took: name.took, ESP: 0},
		{Step: "connect", Took: a.connect, ESP: share(a.connect)},
		{Step: "tls", Took: a.tls, ESP: share(a.tls)},
		{Step: "first byte", Took: first, ESP: esp},
	}
	if name.err == nil && name.took >= b.opt.Slow {
		b.find("speed-slow-dns", "%s", report.Round(name.took))
	}
	if all := a.connect + a.tls + first; all >= b.opt.Slow {
		b.checkSlow(all, esp)
	}
	b.pass("speed-ok", "from here, the first byte of a made-up click after %s", report.Round(a.connect+a.tls+first))
	return timings
}

// checkSlow names who is slow: the ESP where it takes more than half.
func (b *behind) checkSlow(all, esp time.Duration) {
	switch {
	case esp < 0:
		f := b.find("speed-slow-cdn", "first byte after %s; not seen: whose time that is, because %s", report.Round(all), b.whyNoOrigin())
		f.Title, f.Means = "A made-up click was slow", "Readers wait before the page even starts. It may be the set-up or the ESP. This was one click, timed from here."
	case esp > all/2:
		b.find("speed-slow-esp", "first byte after %s, of which the ESP takes %s", report.Round(all), report.Round(esp))
	default:
		b.find("speed-slow-cdn", "first byte after %s, of which the ESP takes %s", report.Round(all), report.Round(esp))
	}
}
