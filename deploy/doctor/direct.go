package doctor

import (
	"cmp"
	"net"
	"slices"
	"strings"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/hostsim/wire"
)

// direct is the ESP's origin, asked without the set-up in between.
type direct struct {
	x      *exam
	to     place
	name   string // the origin's own name
	origin *core.Origin
	// asIs is the made-up click's answer where all is forwarded as it should be.
	asIs *answer
}

// openDirect says whether and where the origin may be asked.
func (x *exam) openDirect() *direct {
	origin := &x.origin
	switch {
	case x.opt.Origin == OriginNone, !x.known && x.opt.Origin == OriginPreset, origin.Address == "" && x.opt.Origin == OriginPreset:
		return nil
	case x.opt.Origin == OriginPreset:
		return directTo(x, origin)
	}
	return x.directAt(x.opt.Origin, origin)
}

// directAt asks an origin at an address that was given: "host:port", or a URL.
func (x *exam) directAt(address string, origin *core.Origin) *direct {
	secure := !x.known || origin.TLS
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
	return &direct{x: x, name: name, origin: origin, to: place{address: address, tls: secure, sni: name}}
}

// directTo asks an origin at its own address.
func directTo(x *exam, origin *core.Origin) *direct {
	return &direct{x: x, name: origin.Address, origin: origin, to: place{
		address: join(origin.Address, int(origin.Port)), tls: origin.TLS, sni: origin.Address,
	}}
}

// way is one manner in which a proxy may ask.
type way struct {
	target    string
	host      string
	forwarded string // X-Forwarded-Host, "" for none
	method    string
}

func (d *direct) ask(w way) *answer {
	q := question{to: d.to, target: w.target, host: w.host, method: w.method}
	if w.forwarded != "" {
		q.more = wire.NewHeader("X-Forwarded-Host", w.forwarded)
	}
	return d.x.ask(q)
}

// right is how the preset asks.
func (d *direct) right(target string) way {
	w := way{target: target, host: d.x.opt.Host}
	if d.x.origin.ForwardedHost {
		w.forwarded = d.x.opt.Host
	}
	return w
}

// wrongWay is a mistake that proxies make with a request, by the finding that it is.
type wrongWay struct {
	id   string
	seen string
	way
}

// wrongWays are the mistakes that may explain an answer, most frequent first.
func (d *direct) wrongWays(target string) (list []wrongWay) {
	right := d.right(target)
	add := func(id, seen string, change func(*way)) {
		w := right
		change(&w)
		if w != right {
			list = append(list, wrongWay{id, seen, w})
		}
	}
	if right.forwarded != "" {
		add("esp-forwarded-host-wanted", "the answer is the one without X-Forwarded-Host", func(w *way) { w.forwarded = "" })
	}
	add("esp-host-overridden", "the answer is the one to Host: "+d.name, func(w *way) { w.host, w.forwarded = d.name, "" })
	if right.forwarded == "" {
		add("esp-forwarded-host-harmful", "the answer is the one with X-Forwarded-Host: "+right.host, func(w *way) { w.forwarded = right.host })
	}
	add("target-query-lost", "the answer is the one without the query", func(w *way) { w.target, _, _ = strings.Cut(target, "?") })
	add("target-path-lost", `the answer is the one to "/"`, func(w *way) { w.target = "/" })
	add("target-path-lost", "the answer is the one to a path that the ESP does not know", func(w *way) { w.target = "/" + madeUpID + target })
	for _, changed := range changes(target) {
		add("target-changed", "the answer is the one to the path "+changed.how, func(w *way) { w.target = changed.target })
	}
	return list
}

// change is one manner in which proxies rewrite a path.
type change struct{ how, target string }

// changes are what proxies make of a target, those left out that change nothing.
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
func (d *direct) probe(host string) way {
	return way{target: d.x.origin.Health.Path, method: d.x.origin.Health.Method, host: host}
}

// decodedOnce is what a proxy makes of a path that it normalises: escapes decoded, the query left.
func decodedOnce(target string) string {
	path, query, asked := strings.Cut(target, "?")
	path = strings.NewReplacer("%2F", "/", "%2f", "/", "%25", "%", "%3A", ":", "%3D", "=").Replace(path)
	if asked {
		return path + "?" + query
	}
	return path
}

// merged is what a proxy makes of a path that merges slashes.
func merged(target string) string {
	path, query, asked := strings.Cut(target, "?")
	for strings.Contains(path, "//") {
		path = strings.ReplaceAll(path, "//", "/")
	}
	if asked {
		return path + "?" + query
	}
	return path
}

// escapedOnce is what a proxy makes of a path whose percent signs it escapes again.
func escapedOnce(target string) string {
	path, query, asked := strings.Cut(target, "?")
	path = strings.ReplaceAll(path, "%", "%25")
	if asked {
		return path + "?" + query
	}
	return path
}

// otherPreset is the preset of the same ESP elsewhere, where a made-up link can tell the two apart.
func otherPreset(preset string) (core.Origin, bool) {
	other := map[string]string{"customerio-us": "customerio-eu", "customerio-eu": "customerio-us"}[preset]
	return core.LookupPreset(other)
}

// otherRegion is the ESP's origin in its other region; nil where there is none that may be asked.
func (x *exam) otherRegion() *direct {
	other, ok := otherPreset(x.report.ESP)
	switch {
	case !ok:
		return nil
	case x.opt.OtherOrigin != "":
		return x.directAt(x.opt.OtherOrigin, &other)
	case x.opt.Origin == OriginPreset:
		return directTo(x, &other)
	}
	return nil
}
