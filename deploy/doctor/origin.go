package doctor

import (
	"cmp"
	"net"
	"slices"
	"strings"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/header"
)

// originClient is the ESP's origin, asked without the set-up in between.
type originClient struct {
	x      *exam
	to     place
	name   string // the origin's own name
	origin *core.Origin
	// further is set where it is not the origin of the first ESP.
	further *Sender
	// click is the made-up click's answer where all is forwarded as it should
	// be.
	click *answer
}

// openOrigin returns the origin to ask directly, nil where it may not be asked.
func (x *exam) openOrigin() *originClient {
	origin := &x.esp.preset
	switch {
	case x.opt.Origin == OriginNone, !x.esp.known && x.opt.Origin == OriginPreset, origin.Address == "" && x.opt.Origin == OriginPreset:
		return nil
	case x.opt.Origin == OriginPreset:
		return originOf(x, origin)
	}
	return x.originAt(x.opt.Origin, origin)
}

// originAt is originAs for the ESP of the host, which may not be known.
func (x *exam) originAt(address string, origin *core.Origin) *originClient {
	if !x.esp.known {
		secure := *origin
		secure.TLS = true
		d := x.originAs(address, &secure)
		d.origin = origin
		return d
	}
	return x.originAs(address, origin)
}

// originAs asks an origin at an address that was given: "host:port", or a URL.
func (x *exam) originAs(address string, origin *core.Origin) *originClient {
	secure := origin.TLS
	if rest, ok := strings.CutPrefix(address, "http://"); ok {
		address, secure = rest, false
	}
	address = strings.TrimSuffix(strings.TrimPrefix(address, "https://"), "/")
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		host = address
		address = join(address, map[bool]int{true: 443, false: 80}[secure])
	}
	name := cmp.Or(origin.Address, host)
	return &originClient{x: x, name: name, origin: origin, to: place{address: address, tls: secure, sni: name}}
}

// originOf asks an origin at its own address.
func originOf(x *exam, origin *core.Origin) *originClient {
	return &originClient{x: x, name: origin.Address, origin: origin, to: place{
		address: join(origin.Address, int(origin.Port)), tls: origin.TLS, sni: origin.Address,
	}}
}

// variant is one manner in which a proxy may ask.
type variant struct {
	target    string
	host      string
	forwarded string // X-Forwarded-Host, "" for none
	method    string
}

func (d *originClient) ask(w variant) *answer {
	q := question{to: d.to, target: w.target, host: w.host, method: w.method}
	if s := d.site(); s != nil {
		for rest := s.Headers; rest != ""; {
			var name, value string
			name, rest = header.Next(rest)
			value, rest = header.Next(rest)
			q.more.Add(name, value)
		}
	}
	if w.forwarded != "" {
		q.more.Add("X-Forwarded-Host", w.forwarded)
	}
	return d.x.ask(q)
}

// site is what sites.json says of the origin, nil where it is not of this ESP.
func (d *originClient) site() *core.Origin {
	if s := d.further; s != nil {
		return s.Site
	}
	if s := d.x.opt.Site; s != nil && s.Preset == d.x.esp.preset.Preset {
		return s
	}
	return nil
}

// correct is how the preset asks, or a site of it.
func (d *originClient) correct(target string) variant {
	w, o := variant{target: target, host: d.x.opt.Host}, &d.x.esp.preset
	if d.further != nil {
		o = d.origin
	}
	if s := d.site(); s != nil {
		o = s
	}
	if o.OriginHost {
		w.host = d.name
	}
	if o.ForwardedHost {
		w.forwarded = d.x.opt.Host
	}
	return w
}

// mistake is a mistake that proxies make with a request, by the finding that it
// is.
type mistake struct {
	id   string
	seen string
	variant
}

// mistakes are the mistakes that may explain an answer, most frequent first.
func (d *originClient) mistakes(target string) (list []mistake) {
	right := d.correct(target)
	add := func(id, seen string, change func(*variant)) {
		w := right
		change(&w)
		if w != right {
			list = append(list, mistake{id, seen, w})
		}
	}
	if right.forwarded != "" {
		add("esp-forwarded-host-wanted", "the answer is the one without X-Forwarded-Host", func(w *variant) { w.forwarded = "" })
	}
	add("esp-host-overridden", "the answer is the one to Host: "+d.name, func(w *variant) { w.host, w.forwarded = d.name, "" })
	if right.forwarded == "" {
		add("esp-forwarded-host-harmful", "the answer is the one with X-Forwarded-Host: "+right.host, func(w *variant) { w.forwarded = right.host })
	}
	add("target-query-lost", "the answer is the one without the query", func(w *variant) { w.target, _, _ = strings.Cut(target, "?") })
	add("target-path-lost", `the answer is the one to "/"`, func(w *variant) { w.target = "/" })
	add("target-path-lost", "the answer is the one to a path that the ESP does not know", func(w *variant) { w.target = "/" + testID + target })
	for _, changed := range changes(target) {
		add("target-changed", "the answer is the one to the path "+changed.how, func(w *variant) { w.target = changed.target })
	}
	return list
}

// change is one manner in which proxies rewrite a path.
type change struct{ how, target string }

// changes are what proxies make of a target, those left out that change
// nothing.
func changes(target string) []change {
	decoded := decodedOnce(target)
	list := []change{
		{"decoded once", decoded}, {"with its slashes merged", merged(target)}, {"escaped once more", escapedOnce(target)},
		{"decoded, with its slashes merged", merged(decoded)},
		{"decoded and escaped anew, with its slashes merged", escapedOnce(merged(decoded))},
	}
	return slices.DeleteFunc(list, func(c change) bool { return c.target == target })
}

// probe is the ESP's probe, under some Host.
func (d *originClient) probe(host string) variant {
	return variant{target: d.x.esp.preset.Health.Path, method: d.x.esp.preset.Health.Method, host: host}
}

// decodedOnce is what a proxy makes of a path that it normalises: escapes
// decoded, the query left.
func decodedOnce(target string) string {
	return onPath(target, strings.NewReplacer("%2F", "/", "%2f", "/", "%25", "%", "%3A", ":", "%3D", "=").Replace)
}

// merged is what a proxy makes of a path that merges slashes.
func merged(target string) string {
	return onPath(target, func(path string) string {
		for strings.Contains(path, "//") {
			path = strings.ReplaceAll(path, "//", "/")
		}
		return path
	})
}

// escapedOnce is what a proxy makes of a path whose percent signs it escapes
// again.
func escapedOnce(target string) string {
	return onPath(target, func(path string) string { return strings.ReplaceAll(path, "%", "%25") })
}

// onPath edits the path of a target and leaves the query.
func onPath(target string, edit func(path string) string) string {
	path, query, asked := strings.Cut(target, "?")
	if path = edit(path); asked {
		path += "?" + query
	}
	return path
}

// regions are the presets of one ESP that a made-up link can tell apart.
var regions = map[string]string{"customerio-us": "customerio-eu", "customerio-eu": "customerio-us"}

// otherRegion is the ESP's origin in its other region; nil where there is none
// that may be asked.
func (x *exam) otherRegion() *originClient {
	other, ok := core.LookupPreset(regions[x.report.ESP])
	switch {
	case !ok:
		return nil
	case x.opt.OtherOrigin != "":
		return x.originAt(x.opt.OtherOrigin, &other)
	case x.opt.Origin == OriginPreset:
		return originOf(x, &other)
	}
	return nil
}
