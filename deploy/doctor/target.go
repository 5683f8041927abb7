package doctor

import (
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/deploy/check"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/pasted"
	"github.com/clickedge/clickedge/deploy/sitesfile"
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

// TakeSite takes the ESPs of a site at a time, how their origins are asked, and
// where, if that is not the preset's address.
func (o *Options) TakeSite(site *core.Site, now time.Time) {
	asked, retired := sitesfile.Senders(site, now)
	for i, s := range asked {
		if i > 0 {
			o.Also = append(o.Also, senderOf(s, false))
			continue
		}
		o.ESP, o.Site, o.LinksOnly = s.Origin.Preset, s.Origin, s != site
		if preset, ok := core.LookupPreset(o.ESP); ok && preset.Address != s.Origin.Address && o.Origin == OriginPreset {
			o.Origin = check.OriginURL(s.Origin)
		}
	}
	for _, s := range retired {
		o.Also = append(o.Also, senderOf(s, true))
	}
	if site.Unsubscribes != nil && len(retired) > 0 {
		o.Unsubscribes = check.OriginURL(site.Unsubscribes)
	}
}

// TakeESPs takes what --esp says, given once or more: the first ESP gets what is
// no link of the others.
func (o *Options) TakeESPs(presets []string) {
	for i, name := range presets {
		if i == 0 {
			o.ESP = name
		} else {
			o.Also = append(o.Also, Sender{ESP: name})
		}
	}
}

// TakeOrigins takes what --origin says, given once or more: an address for the
// first ESP, or PRESET=ADDRESS for any. The ESPs must be known before.
func (o *Options) TakeOrigins(origins []string) error {
	given := ""
	for _, text := range origins {
		preset, address, named := strings.Cut(text, "=")
		i := slices.IndexFunc(o.Also, func(s Sender) bool { return s.ESP == preset })
		switch {
		case named && i >= 0:
			o.Also[i].Origin = address
		case named && preset != o.ESP:
			return failure.Usage(fmt.Errorf("--origin names %q, which is no ESP of this host", cut(preset, 80)), "give the address alone, or with a preset of --esp or of sites.json, as in --origin sendgrid=192.0.2.1:443")
		case given != "":
			return failure.Usage(fmt.Errorf("--origin is given twice for the same ESP: %q and %q", cut(given, 80), cut(text, 80)), "each ESP is asked at one address")
		default:
			if given = text; named {
				text = address
			}
			o.takeOrigin(text)
		}
	}
	return nil
}

// takeOrigin takes an address or a word. A site may have set another address
// than the preset's.
func (o *Options) takeOrigin(text string) {
	switch text {
	case OriginPreset:
	case "none":
		o.Origin = OriginNone
	default:
		o.Origin = text
	}
}

func senderOf(site *core.Site, retired bool) Sender {
	s := Sender{ESP: site.Origin.Preset, Site: site.Origin, Retired: retired}
	if preset, ok := core.LookupPreset(s.ESP); ok && preset.Address != site.Origin.Address {
		s.Origin = check.OriginURL(site.Origin)
	}
	return s
}

// Names are the ESPs that are examined, retired ones marked.
func (o *Options) Names() (names []string) {
	if o.ESP != "" {
		names = append(names, o.ESP)
	}
	for _, s := range o.Also {
		if s.Retired {
			s.ESP += " (retired)"
		}
		names = append(names, s.ESP)
	}
	return names
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
