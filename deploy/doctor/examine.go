package doctor

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/deploy/doctor/catalogue"
	"github.com/clickedge/clickedge/deploy/doctor/report"
)

// exam is one examination under way: what asks, what counts, and the report.
// What a section found for those after it, it returns.
type exam struct {
	ctx       context.Context
	opt       Options
	link      *mailLink // nil if none was given
	resolvers []string
	bounds    bounds
	section   catalogue.Section // under way

	report *report.Report
	passes []passed
	// alternatives are, by finding, further ones that would look the same from
	// outside.
	alternatives map[string][]string

	esp    identity
	server serverField
}

// identity is which ESP it is, as far as is known.
type identity struct {
	known  bool
	preset core.Origin
	links  testLinks
	// regionGuessed is set where a link's form or a probe shows the ESP, and
	// not which of its regions.
	regionGuessed bool
}

// serverField is the Server field of the set-up's answers, "" where it is the
// ESP's own.
type serverField struct {
	value string
	// namesCDN is set where the CDN is known by it alone.
	namesCDN bool
}

// passed is a good finding that waits for the end of the examination: a later
// section may still find something wrong in its own.
type passed struct{ id, seen string }

// Examine examines a set-up from outside, in the order in which things break,
// and stops where what follows would only be guessed. It returns an error when
// opt makes no sense (it wraps [ErrOptions] or [ErrUnsubscribe]) or when ctx
// ends; everything else is a finding.
func Examine(ctx context.Context, opt Options) (*report.Report, error) {
	x, err := newExam(ctx, opt)
	if err != nil {
		return nil, err
	}
	return x.run()
}

// run examines section by section. Each is given what those before it found,
// and says why nothing after it can be seen, "" to go on.
func (x *exam) run() (*report.Report, error) {
	var (
		name     resolution
		secured  secured
		served   served
		behind   *behind
		repeated []*answer
	)
	stop := ""
	for _, s := range []struct {
		section catalogue.Section
		examine func()
	}{
		{catalogue.DNS, func() { name, stop = x.examineDNS() }},
		{catalogue.TLS, func() { secured, stop = x.examineTLS(&name) }},
		{catalogue.HTTP, func() { served, stop = x.examineHTTP(&name, &secured) }},
		{catalogue.ESP, func() {
			behind, stop = x.examineESP(&name, &secured.front, served.baseline)
			x.examineSeveral(&secured.front, behind.click)
		}},
		{catalogue.Fidelity, func() { repeated = behind.examineFidelity() }},
		{catalogue.Filters, func() { behind.examineFilters(repeated, served.http2) }},
		{catalogue.Caching, func() { behind.examineCaching() }},
		{catalogue.AppLinks, func() { behind.examineAppLinks() }},
		{catalogue.Speed, func() { x.report.Timings = behind.examineSpeed(&name) }},
	} {
		x.section = s.section
		if stop == "" {
			s.examine()
		}
		if x.bounds.exhausted && stop == "" {
			stop = x.bounds.why
		}
		if stop != "" {
			x.report.Skipped = append(x.report.Skipped, report.Skipped{Section: s.section, Why: stop})
		}
		if err := x.ctx.Err(); err != nil {
			return nil, fmt.Errorf("examination of %s interrupted: %w", x.opt.Host, err)
		}
	}
	x.recordStands(&name, &secured, behind)
	return x.finish(), nil
}

func newExam(ctx context.Context, opt Options) (*exam, error) {
	opt, err := opt.completed()
	if err != nil {
		return nil, err
	}
	link, err := readLink(&opt)
	if err != nil {
		return nil, err
	}
	x := &exam{alternatives: map[string][]string{}, ctx: ctx, opt: opt, link: link, resolvers: opt.Resolvers}
	x.bounds.further = RequestsPerESP * len(opt.Also)
	x.bounds.until = time.Now().Add(patience * opt.Timeout)
	if len(x.resolvers) == 0 {
		if x.resolvers, err = systemResolvers(); err != nil {
			return nil, err
		}
	}
	x.report = &report.Report{Host: opt.Host, Via: opt.Via, CDN: opt.CDN, Started: opt.Now().UTC()}
	if opt.ESP != "" {
		x.assumeESP(opt.ESP, false)
	}
	return x, nil
}

// assumeESP takes a preset for the ESP behind the host.
func (x *exam) assumeESP(preset string, guessed bool) {
	origin, ok := core.LookupPreset(preset)
	if !ok || x.esp.known {
		return
	}
	x.esp.preset, x.esp.known, x.esp.links = origin, true, testLinksOf(&origin)
	x.report.ESP, x.report.ESPGuessed = preset, guessed
}

// finish counts, gives each section without a fault its good finding, and
// sorts.
func (x *exam) finish() *report.Report {
	r := x.report
	for _, g := range x.passes {
		if !x.hasFinding(catalogue.Must(g.id).Section, catalogue.Warning) {
			x.add(g.id, g.seen)
		}
	}
	r.CDN = cmp.Or(r.CDN, catalogue.Other)
	r.Queries, r.Connections, r.Requests = x.bounds.queries, x.bounds.connections, x.bounds.requests
	x.writeAdvice()
	r.Sort()
	return r
}

// fact records what was seen.
func (x *exam) fact(section catalogue.Section, name, format string, args ...any) {
	x.report.Seen = append(x.report.Seen, report.Fact{Section: section, Name: name, Value: fmt.Sprintf(format, args...)})
}

// find records a finding of the catalogue. What it means and the fix are
// written at the end, when CDN and ESP are known; a title, a meaning or a fix
// that is set on the result before that stays.
func (x *exam) find(id, format string, args ...any) *report.Finding {
	if x.bounds.exhausted || x.report.Has(id) {
		return &report.Finding{} // what could no longer be asked is no fault of the host
	}
	return x.add(id, fmt.Sprintf(format, args...))
}

func (x *exam) add(id, seen string) *report.Finding {
	entry := catalogue.Must(id)
	x.report.Findings = append(x.report.Findings, report.Finding{ID: id, Section: entry.Section, Severity: entry.Severity, Title: entry.Title, Seen: seen})
	return &x.report.Findings[len(x.report.Findings)-1]
}

// pass records what was seen of a section in which there is nothing to fix. It
// is said at the end, unless something was found in the section until then.
func (x *exam) pass(id, format string, args ...any) {
	if !x.bounds.exhausted {
		x.passes = append(x.passes, passed{id, fmt.Sprintf(format, args...)})
	}
}

// hasFinding reports whether something of a severity, or a worse one, was found
// in a section.
func (x *exam) hasFinding(s catalogue.Section, least catalogue.Severity) bool {
	return slices.ContainsFunc(x.report.Findings, func(f report.Finding) bool { return f.Section == s && f.Severity >= least })
}

// unseen records what could not be seen, why, and what would show it.
func (x *exam) unseen(section catalogue.Section, what, because, ask string) {
	if !x.bounds.exhausted {
		x.report.NotSeen = append(x.report.NotSeen, report.Unseen{Section: section, What: what, Because: because, Ask: ask})
	}
}

// writeAdvice writes what each finding means and the fix.
func (x *exam) writeAdvice() {
	fill := x.names().Replacer()
	for i := range x.report.Findings {
		f := &x.report.Findings[i]
		entry := catalogue.Must(f.ID)
		means, fix, source := entry.Advice(x.report.CDN, x.esp.preset.Family, x.esp.known)
		f.Means, f.Fix, f.Source = cmp.Or(f.Means, means), cmp.Or(f.Fix, fix), cmp.Or(f.Source, source)
		for _, id := range x.alternatives[f.ID] {
			or := catalogue.Must(id)
			_, fix, _ := or.Advice(x.report.CDN, x.esp.preset.Family, x.esp.known)
			f.Fix += " Or: " + fix
		}
		f.Title, f.Means, f.Fix = fill.Replace(f.Title), fill.Replace(f.Means), fill.Replace(f.Fix)
	}
}

func (x *exam) now() time.Time { return x.opt.Now() }

// public reports whether an address may be one of the internet's. The private
// ranges are RFC 1918, 6598, 4193 and link-local; loopback is a laptop's own,
// and asked for on purpose.
func public(a netip.Addr) bool {
	return !a.IsPrivate() && !a.IsLinkLocalUnicast() && !a.IsUnspecified() && !a.IsMulticast() && !shared.Contains(a)
}

var shared = netip.MustParsePrefix("100.64.0.0/10")

// names fill the marks of the catalogue's texts.
func (x *exam) names() catalogue.Names {
	parent := x.opt.Host
	if up := parents(x.opt.Host); len(up) > 0 {
		parent = up[0]
	}
	return catalogue.Names{
		Host: x.opt.Host, Parent: parent, Origin: x.esp.preset.Address, Server: x.server.value,
		HTTPPort: x.opt.HTTPPort, HTTPSPort: x.opt.HTTPSPort, Via: x.opt.Via,
	}
}

// progress says what is asked next, to whoever waits.
func (x *exam) progress(format string, args ...any) {
	if x.opt.Progress != nil {
		x.opt.Progress(x.section, fmt.Sprintf(format, args...))
	}
}

// progressOf is progress for a request. The given link names a recipient, and
// is not written anywhere.
func (x *exam) progressOf(q question, how string) {
	what := q.brief()
	if x.link != nil && q.target == x.link.target {
		what = "the given link"
	}
	if !q.to.front {
		how += " at " + q.to.address
	}
	x.progress("%s%s", what, how)
}
