package doctor

import (
	"fmt"
	"net"
	"strconv"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/deploy/check"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/pasted"
)

// TakeTarget reads the link domain, which may stand in a URL or a line for
// curl, and returns what is to be known of it. The link itself is not opened:
// that counts a click, and is asked for with Link.
func (o *Options) TakeTarget(args []string) (notes []string, err error) {
	l, err := pasted.Parse(args, pasted.Options{AnyHost: true})
	if err != nil {
		return nil, failure.Usage(err, `name the link domain, as in "link.example.com"`)
	}
	o.Host, notes = l.Host, l.Notes
	switch {
	case l.Addr != "" && o.Via == "":
		host, port, err := net.SplitHostPort(l.Addr)
		if err != nil {
			host, port = l.Addr, l.Port
		}
		o.Via = host
		o.takePort(l.TLS, port)
		notes = append(notes, "it is asked at "+l.Addr+", as the URL says")
	case l.Port != "" && l.Addr == "":
		o.takePort(l.TLS, l.Port)
	}
	if l.Target != "/" {
		notes = append(notes, l.Host+" is examined; the link is not opened, as that counts a click: --link opens it, once")
	}
	return notes, nil
}

// takePort puts the URL's port in the place of its scheme's, unless an option
// has one.
func (o *Options) takePort(tls bool, port string) {
	n, err := strconv.Atoi(port)
	switch {
	case err != nil:
	case tls && o.HTTPSPort == 0:
		o.HTTPSPort = n
	case !tls && o.HTTPPort == 0:
		o.HTTPPort = n
	}
}

// TakeSite takes the ESP of a site, how its origin is asked, and where, if that
// is not the preset's address.
func (o *Options) TakeSite(site *core.Site) {
	if site.Origin == nil {
		return
	}
	o.ESP, o.Site = site.Origin.Preset, site.Origin
	if preset, ok := core.LookupPreset(o.ESP); ok && preset.Address != site.Origin.Address && o.Origin == OriginPreset {
		o.Origin = check.OriginURL(site.Origin)
	}
}

// CheckTimes refuses a time-out or a limit that is no time to wait. Nothing
// stands for the default here: who gives 0 means 0.
func (o *Options) CheckTimes() error {
	if o.Timeout <= 0 {
		return failure.Usage(fmt.Errorf("--timeout %s is no time to wait", o.Timeout), "give a duration, as 10s")
	}
	if o.Slow <= 0 {
		return failure.Usage(fmt.Errorf("--slow %s is no time to wait", o.Slow), "give a duration, as 1s")
	}
	return nil
}
