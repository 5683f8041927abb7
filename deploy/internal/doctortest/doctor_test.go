package doctortest_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/deploy/doctor"
	"github.com/clickedge/clickedge/deploy/doctor/catalogue"
	"github.com/clickedge/clickedge/deploy/doctor/report"
	"github.com/clickedge/clickedge/deploy/internal/doctortest"
)

// options are what the doctor is told of a set-up, and nothing beyond the lab.
func options(s *doctortest.Setup, r *doctortest.Running) doctor.Options {
	opt := doctor.Options{
		Host: r.Host, ESP: s.Tell.ESP, CDN: s.Tell.CDN, Via: s.Tell.Via, SecondRecord: s.Tell.SecondRecord,
		Resolvers: r.Resolvers, Roots: r.Roots, Dial: r.Dial, CT: s.Tell.CT,
		Origin: doctor.OriginPreset, Timeout: 20 * time.Second, Slow: time.Hour,
	}
	if opt.ESP == "" && !s.Tell.NoESP {
		opt.ESP = r.Origin.Preset
	}
	if s.Tell.Link != nil {
		opt.Link = s.Tell.Link(r)
	}
	if s.Tell.NoOrigin {
		opt.Origin = doctor.OriginNone
	}
	if s.Tell.Origin != "" {
		opt.Origin = s.Tell.Origin
	}
	for _, preset := range s.Tell.ESPs {
		opt.Also = append(opt.Also, doctor.Sender{ESP: preset})
	}
	for _, preset := range s.Tell.Retired {
		opt.Also = append(opt.Also, doctor.Sender{ESP: preset, Retired: true})
	}
	opt.Unsubscribes, opt.LinksOnly = s.Tell.Unsubscribes, s.Tell.LinksOnly
	opt.OtherOrigin = s.Tell.OtherOrigin
	if s.Tell.Timeout != 0 {
		opt.Timeout = s.Tell.Timeout
	}
	if s.Tell.Slow != 0 {
		opt.Slow = s.Tell.Slow
	}
	return opt
}

func TestEveryFindingIsProvoked(t *testing.T) {
	for _, s := range doctortest.Setups() {
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			r := s.Start(t)
			opt := options(&s, r)
			report, err := doctor.Examine(context.Background(), opt)
			require.NoError(t, err)
			require.Equal(t, s.Want, report.Worrying(), "%s\n%s", s.Wrong, told(report))
			for _, id := range s.Also {
				require.True(t, report.Has(id), "%s is missing\n%s", id, told(report))
			}
			for _, id := range s.Not {
				require.False(t, report.Has(id), "%s is not so\n%s", id, told(report))
			}
			text := whole(t, report)
			for _, says := range s.Says {
				require.Contains(t, text, says)
			}
			for _, unsaid := range s.Unsaid {
				require.NotContains(t, text, unsaid)
			}
			harmless(t, r, hosting(&s, r), opt.Link)
		})
	}
}

// whole is all that a report says, in one line.
func whole(t *testing.T, r *report.Report) string {
	t.Helper()
	var b strings.Builder
	require.NoError(t, r.WriteText(&b, report.TextOptions{Width: 100, Facts: true}))
	return strings.Join(strings.Fields(b.String()), " ")
}

// told is a report in lines, for a failure.
func told(r *report.Report) string {
	var b strings.Builder
	for _, f := range r.Findings {
		b.WriteString("  " + f.Severity.String() + " " + f.ID + ": " + f.Seen + "\n")
	}
	for _, s := range r.Skipped {
		b.WriteString("  skipped " + s.Section.String() + ": " + s.Why + "\n")
	}
	return b.String()
}

// harmless compares what the doctor sent with what it may send: to nobody
// outside the lab, no unsubscribe link, and no link but made-up ones and the
// one it was given.
func harmless(t *testing.T, r *doctortest.Running, site *core.Site, given string) {
	t.Helper()
	require.Empty(t, r.Strange(), "dialled outside the lab")
	_, target, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(given, "https://"), "http://"), "/")
	opened := 0
	for _, at := range r.Targets() {
		kind := site.For(at).Origin.Family.Kind(at)
		require.NotEqual(t, esp.KindUnsubscribe, kind, at)
		switch {
		case given != "" && at == "/"+target:
			opened++
		case kind == esp.KindClick || kind == esp.KindOpen || kind == esp.KindApp:
			require.True(t, madeUp(at), "a link of somebody: %s", at)
		}
	}
	// Once at the front, from there once at the ESP, and once at the ESP of
	// another region.
	require.LessOrEqual(t, opened, 3, "the given link was opened again")
}

// hosting is the site of a set-up, as far as it decides whose a link is.
func hosting(s *doctortest.Setup, r *doctortest.Running) *core.Site {
	site := &core.Site{Origin: r.Origin}
	for _, preset := range append(slices.Clone(s.Tell.ESPs), s.Tell.Retired...) {
		o, _ := core.LookupPreset(preset)
		site.Also = append(site.Also, &core.Site{Origin: &o})
	}
	return site
}

// madeUp reports whether it is a link whose ids are nobody's, or that has lost
// them on the way.
func madeUp(target string) bool {
	return target == "/ls/click" || target == "/wf/open" || strings.Contains(target, "clickedge-doctor") || strings.Contains(decoded(target), "clickedge-doctor") || sesZero.MatchString(target)
}

func TestNamesAreUnique(t *testing.T) {
	var names []string
	for _, s := range doctortest.Setups() {
		require.NotContains(t, names, s.Name)
		require.Equal(t, s.Wrong == "", len(s.Want) == 0, "%s: what is wrong is said where something is", s.Name)
		require.True(t, slices.IsSorted(s.Want), s.Name)
		names = append(names, s.Name)
	}
}

// Each finding that there is is expected of some set-up, the good ones
// included.
func TestEveryFindingHasASetup(t *testing.T) {
	expected := map[string]bool{}
	for _, s := range doctortest.Setups() {
		for _, id := range slices.Concat(s.Want, s.Also) {
			_, known := catalogue.Lookup(id)
			require.True(t, known, "%s expects %q, which the doctor does not know", s.Name, id)
			expected[id] = true
		}
	}
	for _, entry := range catalogue.All() {
		require.True(t, expected[entry.ID], "no set-up provokes %q", entry.ID)
	}
}
