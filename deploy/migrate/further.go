package migrate

import (
	"regexp"
	"slices"
	"strings"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/esp"
)

// further is what a configuration does with some paths of a link domain that go
// to another origin than the rest.
type further struct {
	*service
	paths paths
	at    string
	// where and to are the paths and the origin, in words.
	where, to string
}

// paths are those that a condition of a configuration fits. The zero value fits
// none.
type paths struct {
	prefix string // "" for none
	fits   func(path string) bool
}

// underPrefix are the paths that begin so.
func underPrefix(prefix string) paths {
	return paths{prefix, func(path string) bool { return strings.HasPrefix(path, prefix) }}
}

// matching are the paths that a regular expression matches; none if Go does not
// know its form.
func matching(pattern string) paths {
	re, err := regexp.Compile(pattern)
	if err != nil {
		return paths{}
	}
	return paths{"", re.MatchString}
}

// wildcard are the paths that a pattern fits in which * stands for any text and
// ? for one character.
func wildcard(pattern string) paths {
	pattern = "/" + strings.TrimPrefix(pattern, "/")
	return matching("^" + strings.NewReplacer(`\*`, ".*", `\?`, ".").Replace(regexp.QuoteMeta(pattern)) + "$")
}

// linksOf reports whether links of an ESP are among the paths.
func (p paths) linksOf(f esp.Family) bool {
	if p.fits == nil {
		return false
	}
	// A text in which the prefix ends within a link's own part.
	if p.prefix != "" && p.prefix != "/" && f.Owns(p.prefix) > 0 {
		return true
	}
	return slices.ContainsFunc(f.Paths(), p.has)
}

// has reports whether links that begin with a text are among the paths.
func (p paths) has(begin string) bool {
	return p.fits(begin) || p.fits(begin+"x") || p.fits(begin+"/x") || p.prefix != "" && strings.HasPrefix(p.prefix, begin)
}

// isFurther reports whether paths that go to an origin are those of its ESP's
// links: then it belongs in also.
func (p paths) isFurther(origin address) bool {
	name, _, _ := origin.preset()
	o, ok := core.LookupPreset(name)
	return ok && name != core.PresetCustom && p.linksOf(o.Family)
}

// lostFurther says that an origin of some paths is not carried over.
func (r *reading) lostFurther(at, where, to string) {
	r.lost(at, "another-origin", "%s goes to %s", where, to)
}

// further carries the ESPs of some paths over, in also. Those that cannot be
// told apart from one that is there are not.
func (r *reading) further(s *service, site *Site, preset *core.Origin) {
	there := []esp.Family{preset.Family}
	for _, f := range s.further {
		name, tenant, needsOrigin := f.origin.preset()
		o, _ := core.LookupPreset(name)
		entry := Site{Host: s.host, Fields: Fields{ESP: name, Tenant: tenant}}
		if needsOrigin {
			entry.Fields.Origin = f.origin.url()
		}
		same := func(a Fields) bool { return a.ESP == name && a.Tenant == tenant && a.Origin == entry.Fields.Origin }
		again := slices.ContainsFunc(site.Fields.Also, same) || same(site.Fields)
		if !again && (len(site.Fields.Also) == core.MaxAlso || slices.ContainsFunc(there, func(t esp.Family) bool { return alike(t, o.Family) })) {
			r.lostFurther(f.at, f.where, f.to)
			continue
		}
		r.checkESP(f.service, &o)
		for _, field := range f.fields {
			r.lostField(field.name, field.at)
		}
		if again {
			r.known(f.at, "same-origin", "%s goes to %s, as other links do", f.where, name)
			continue
		}
		r.forwarded(f.service, &entry, &o)
		r.second(f.service, &entry, &o)
		r.timeout(f.service, &entry)
		site.Fields.Also, there = append(site.Fields.Also, entry.Fields), append(there, o.Family)
		r.known(f.at, "also", "%s went to %s: it is in \"also\", and gets every link that begins with %s", f.where, name, strings.Join(o.Family.Paths(), ", "))
	}
}

// alike reports whether links of two families cannot be told apart.
func alike(a, b esp.Family) bool {
	return slices.ContainsFunc(esp.Overlaps(a, b), func(o esp.Overlap) bool { return o.Same })
}
