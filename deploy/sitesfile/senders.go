package sitesfile

import (
	"time"

	"github.com/clickedge/clickedge/core"
)

// Senders returns the ESPs of a site, its own first, each as [core.Site.For]
// returns it: those that are asked, one whose date of retirement lies ahead
// among them, and those that are retired.
func Senders(site *core.Site, now time.Time) (asked, retired []*core.Site) {
	for _, s := range site.ESPs() {
		switch {
		case s.Origin == nil:
		case s.IsRetired(now):
			retired = append(retired, s)
		default:
			asked = append(asked, s)
		}
	}
	return asked, retired
}
