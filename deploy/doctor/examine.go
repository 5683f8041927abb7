package doctor

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"github.com/clickedge/clickedge/core"
)

// exam is one examination under way.
type exam struct {
	ctx    context.Context
	opt    Options
	report *Report
	link   *given
	bounds bounds

	resolvers []string
	trail     *trail // what the first resolver says
	atESP     string // the ESP's name in the chain, "" if not there

	https, http place        // where the host is asked
	others      []netip.Addr // the host's further addresses
	v6          *place
	tls         *handshake

	origin core.Origin // of the preset, once known
	known  bool
	links  made
	direct *direct // the ESP's origin, nil if not to be asked

	baseline *answer // the made-up open
	click    *answer // the made-up click
}

// step examines one section. It returns why nothing after it can be told, "" to go on.
type step struct {
	section Section
	run     func(*exam) (stop string)
}

var steps = []step{
	{DNS, (*exam).examineDNS},
	{TLS, (*exam).examineTLS},
	{HTTP, (*exam).examineHTTP},
	{ESP, (*exam).examineESP},
	{Fidelity, (*exam).examineFidelity},
	{Filters, (*exam).examineFilters},
	{Caching, (*exam).examineCaching},
	{AppLinks, (*exam).examineAppLinks},
	{Speed, (*exam).examineSpeed},
}

// Examine examines a set-up from outside, in the order in which things break, and stops where what
// follows would only be guessed. It returns an error when opt makes no sense (it wraps [ErrOptions]
// or [ErrUnsubscribe]) or when ctx ends; everything else is a finding.
func Examine(ctx context.Context, opt Options) (*Report, error) {
	x, err := newExam(ctx, opt)
	if err != nil {
		return nil, err
	}
	return x.run()
}

func (x *exam) run() (*Report, error) {
	stop := ""
	for _, s := range steps {
		if stop == "" {
			stop = s.run(x)
		}
		if x.bounds.spent && stop == "" {
			stop = x.bounds.why
		}
		if stop != "" {
			x.report.Skipped = append(x.report.Skipped, Skipped{s.section, stop})
		}
		if err := x.ctx.Err(); err != nil {
			return nil, fmt.Errorf("examination of %s interrupted: %w", x.opt.Host, err)
		}
	}
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
	x := &exam{ctx: ctx, opt: opt, link: link, resolvers: opt.Resolvers}
	x.bounds.until = time.Now().Add(patience * opt.Timeout)
	if len(x.resolvers) == 0 {
		if x.resolvers, err = systemResolvers(); err != nil {
			return nil, err
		}
	}
	x.report = &Report{Host: opt.Host, Via: opt.Via, CDN: opt.CDN, Started: opt.Now().UTC()}
	if opt.ESP != "" {
		x.settle(opt.ESP, false)
	}
	return x, nil
}

// settle takes a preset for the ESP behind the host.
func (x *exam) settle(preset string, guessed bool) {
	origin, ok := core.LookupPreset(preset)
	if !ok || x.known {
		return
	}
	x.origin, x.known, x.links = origin, true, makeUp(&origin)
	x.report.ESP, x.report.ESPGuessed = preset, guessed
}

// finish counts, gives each section without a fault its good finding, and sorts.
func (x *exam) finish() *Report {
	r := x.report
	if r.CDN == "" {
		r.CDN = cdnOther
	}
	r.Queries, r.Connections, r.Requests = x.bounds.queries, x.bounds.connections, x.bounds.requests
	x.word()
	r.sort()
	return r
}

// fact notes what was seen.
func (x *exam) fact(section Section, name, format string, args ...any) {
	x.report.Seen = append(x.report.Seen, Fact{section, name, fmt.Sprintf(format, args...)})
}

// find notes a finding of the catalogue. What it means and how to mend it is written at the end, when
// CDN and ESP are known.
func (x *exam) find(id, format string, args ...any) {
	entry := mustEntry(id)
	if x.bounds.spent || x.report.Has(id) {
		return // what could no longer be asked is no fault of the host
	}
	x.report.Findings = append(x.report.Findings, Finding{
		ID: id, Section: entry.Section, Severity: entry.Severity, Title: entry.Title, Seen: fmt.Sprintf(format, args...),
	})
}

// good notes that a section has nothing to mend, unless something was found in it.
func (x *exam) good(id, format string, args ...any) {
	entry := mustEntry(id)
	for i := range x.report.Findings {
		if f := &x.report.Findings[i]; f.Section == entry.Section && f.Severity >= Warning {
			return
		}
	}
	x.find(id, format, args...)
}

// word writes what each finding means and how to mend it.
func (x *exam) word() {
	for i := range x.report.Findings {
		f := &x.report.Findings[i]
		entry := mustEntry(f.ID)
		f.Means, f.Mend, f.Source = entry.advice(x.report.CDN, x.origin.Family, x.known)
		fill := x.filler()
		f.Means, f.Mend = fill.Replace(f.Means), fill.Replace(f.Mend)
	}
}

func (x *exam) now() time.Time { return x.opt.Now() }

// public tells whether an address may be one of the internet's. The private ranges are RFC 1918,
// 6598, 4193 and link-local; loopback is a laptop's own, and asked for on purpose.
func public(a netip.Addr) bool {
	return !a.IsPrivate() && !a.IsLinkLocalUnicast() && !a.IsUnspecified() && !a.IsMulticast() && !shared.Contains(a)
}

var shared = netip.MustParsePrefix("100.64.0.0/10")
