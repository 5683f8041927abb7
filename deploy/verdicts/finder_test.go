package verdicts

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/clicklog"
	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/core/loghash"
	"github.com/clickedge/clickedge/core/outcome"
	"github.com/clickedge/clickedge/core/verdict"
)

// event is a line of a log in short.
type event struct {
	ms                 int // after the beginning
	mail, reader, link uint64
	open, trap, acted  bool
}

var begin = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// text writes the lines as the module does.
func text(events ...event) string {
	var log []byte
	for i, e := range events {
		r := clicklog.Record{
			Time: begin.Add(time.Duration(e.ms) * time.Millisecond), RequestID: fmt.Sprintf("r%d", i), Host: "link.example.com", ESP: "ses-us-east-1",
			Kind: esp.KindClick, Method: "GET", Action: core.Redirect, Code: outcome.OK, Status: 302, Judged: true,
			Late: true, Hashes: &loghash.Hashes{Mail: loghash.Sum(e.mail), Reader: loghash.Sum(e.reader), Link: loghash.Sum(e.link)},
		}
		if e.open {
			r.Kind, r.Action = esp.KindOpen, core.Proxy
		}
		if e.acted {
			r.Verdict = verdict.Verdict{Who: verdict.WhoHuman, Reasons: verdict.ReasonUserActivation}
		}
		if e.trap {
			r.Verdict.Trapped()
		}
		log = r.AppendJSON(log)
	}
	return string(log)
}

// found reads a log and returns the rules of each request.
func found(t testing.TB, log string) (rules map[string]string, r *Report) {
	t.Helper()
	rules = map[string]string{}
	f := &Finder{Each: func(c *Click) {
		require.NotContains(t, rules, c.Request, "told twice")
		rules[c.Request] = strings.Join(c.Rules, ",")
	}}
	require.NoError(t, f.Lines(strings.NewReader(log), f.Line))
	return rules, f.Report()
}

// run is links 1 to n of a mail, one each so many milliseconds.
func run(mail, reader uint64, start, step int, links ...uint64) (list []event) {
	for i, link := range links {
		list = append(list, event{ms: start + i*step, mail: mail, reader: reader, link: link})
	}
	return list
}

// Each rule finds what it is for, and leaves alone the people who look alike.
func TestRules(t *testing.T) {
	all := func(rule string, n int) map[string]string {
		m := map[string]string{}
		for i := range n {
			m[fmt.Sprintf("r%d", i)] = rule
		}
		return m
	}
	none := map[string]string{}
	for name, c := range map[string]struct {
		log  []event
		want map[string]string
	}{
		"a scanner follows every link at once": {run(1, 7, 0, 100, 1, 2, 3, 4), all("burst", 4)},
		"in two bursts":                        {append(run(1, 7, 0, 500, 1, 2, 3), run(1, 7, 60_000, 500, 1, 2, 3)...), all("burst", 6)},
		"lines out of order":                   {[]event{{ms: 900, mail: 1, reader: 7, link: 3}, {ms: 0, mail: 1, reader: 7, link: 1}, {ms: 400, mail: 1, reader: 7, link: 2}}, all("burst", 3)},

		"a person opens two links in two tabs within two seconds": {run(1, 7, 0, 1000, 1, 2), none},
		"a person opens three, one after another":                 {run(1, 7, 0, 1500, 1, 2, 3), none},
		"a person clicks one link again and again":                {run(1, 7, 0, 100, 1, 1, 1, 1, 1), none},
		"a mail that is forwarded to a list":                      {append(append(run(1, 7, 0, 0, 1), run(1, 8, 100, 0, 2)...), run(1, 9, 200, 0, 3)...), none},
		"one office behind one address reads three mails":         {append(append(run(1, 7, 0, 0, 1), run(2, 7, 100, 0, 2)...), run(3, 7, 200, 0, 3)...), none},
		"readers who are not known are not one":                   {run(1, 0, 0, 100, 1, 2, 3, 4), none},
		"links whose mail is not known":                           {run(0, 7, 0, 100, 1, 2, 3, 4), none},

		"a click before the mail is opened": {[]event{{ms: 0, mail: 1, reader: 7, link: 1}, {ms: 600_000, mail: 1, reader: 8, open: true}}, all("before_open", 1)},

		"Outlook opens the mail with the click":       {[]event{{ms: 0, mail: 1, reader: 7, link: 1}, {ms: 800, mail: 1, reader: 7, open: true}}, none},
		"images are blocked, so there is no open":     {run(1, 7, 0, 0, 1), none},
		"Apple loads the images before anybody looks": {[]event{{ms: 0, mail: 1, reader: 9, open: true}, {ms: 900_000, mail: 1, reader: 7, link: 1}, {ms: 990_000, mail: 1, reader: 7, open: true}}, none},
		"a mail that was opened in the morning is opened again after the click": {[]event{{ms: 0, mail: 1, reader: 7, open: true},
			{ms: 3 * 3_600_000, mail: 1, reader: 7, link: 1}, {ms: 3*3_600_000 + 600_000, mail: 1, reader: 7, open: true}}, none},
		"the open of another mail": {[]event{{ms: 0, mail: 1, reader: 7, link: 1}, {ms: 600_000, mail: 2, reader: 7, open: true}}, none},

		"a trap":                     {[]event{{mail: 1, reader: 7, link: 9, trap: true}}, all("trap", 1)},
		"a trap of an unknown mail":  {[]event{{mail: 0, reader: 7, link: 9, trap: true}}, all("trap", 1)},
		"a trap among the links":     {[]event{{ms: 0, mail: 1, reader: 7, link: 1}, {ms: 3000, mail: 1, reader: 7, link: 9, trap: true, acted: true}}, all("trap", 2)},
		"a trap of a reader unknown": {[]event{{mail: 1, link: 9, trap: true}, {ms: 100, mail: 1, link: 1}}, all("trap", 1)},

		"somebody reads the mail as text, and follows the trap":  {[]event{{mail: 1, reader: 7, link: 9, trap: true, acted: true}}, none},
		"and another link a minute later":                        {[]event{{mail: 1, reader: 7, link: 9, trap: true, acted: true}, {ms: 60_000, mail: 1, reader: 7, link: 1}}, none},
		"the mail's own reader clicks when a scanner was before": {[]event{{mail: 1, reader: 7, link: 9, trap: true}, {ms: 3000, mail: 1, reader: 8, link: 1}}, all("trap", 1)},
	} {
		t.Run(name, func(t *testing.T) {
			got, r := found(t, text(c.log...))
			require.Equal(t, c.want, got)
			require.Equal(t, strings.Contains(fmt.Sprint(c.want), "burst") || strings.Contains(fmt.Sprint(c.want), "trap"), r.Suspect.Clicks > 0)
		})
	}
}

// An order is one if enough mails were followed in it. The first of them are
// found late, and once.
func TestOrder(t *testing.T) {
	six := []uint64{1, 2, 3, 4, 5, 6}
	other := []uint64{2, 1, 3, 4, 5, 6}
	scan := func(mail, reader uint64, start int, links ...uint64) []event {
		return run(mail, reader, start, 3000, links...)
	}
	var log []event
	for i := range uint64(4) {
		log = append(log, scan(i+1, 100+i, int(i)*100_000, six...)...)
	}
	got, r := found(t, text(log...))
	require.Len(t, got, 24)
	for _, rule := range got {
		require.Equal(t, "order", rule)
	}
	require.Equal(t, RuleCounts{Clicks: 24, Unknown: 24}, r.Suspect)

	for name, log := range map[string][]event{
		"people who open the first links of a newsletter in tabs": append(append(scan(1, 7, 0, 1, 2, 3, 4), scan(2, 8, 0, 1, 2, 3, 4)...), scan(3, 9, 0, 1, 2, 3, 4)...),
		"people each have an order of their own":                  append(append(scan(1, 7, 0, six...), scan(2, 8, 0, other...)...), scan(3, 9, 0, 3, 1, 2, 4, 5, 6)...),
		"two mails are a coincidence":                             append(scan(1, 7, 0, six...), scan(2, 8, 0, six...)...),
		"people read while they click":                            append(append(run(1, 7, 0, 30_000, six...), run(2, 8, 0, 30_000, six...)...), run(3, 9, 0, 30_000, six...)...),
		"several people on one forwarded mail":                    append(append(scan(1, 7, 0, 1, 2), scan(1, 8, 6000, 3, 4)...), scan(1, 9, 12_000, 5, 6)...),
	} {
		got, _ := found(t, text(log...))
		require.Empty(t, got, name)
	}

	// What waits for an order keeps what else was found of it.
	got, _ = found(t, text(run(1, 7, 0, 100, six...)...))
	require.Len(t, got, 6)
	require.Equal(t, "burst", got["r0"])
}

func TestOptions(t *testing.T) {
	f := &Finder{Options: Options{Links: 2, Within: time.Minute}}
	require.NoError(t, f.Lines(strings.NewReader(text(run(1, 7, 0, 50_000, 1, 2)...)), f.Line))
	r := f.Report()
	require.Equal(t, 2, r.Rules[Burst].Clicks)
	require.Equal(t, []any{2, "1m0s"}, []any{r.Links, r.Within})
}

// A line that comes twice counts once, and what cannot be judged is said.
func TestReport(t *testing.T) {
	burst := text(append(run(1, 7, 0, 100, 1, 2, 3), event{ms: 1, mail: 2, link: 1}, event{ms: 2, reader: 5, link: 1}, event{ms: 3, mail: 3, reader: 5, open: true})...)
	_, r := found(t, burst+burst+"x\n")
	require.Equal(t, []int{5, 1, 1, 1}, []int{r.Clicks, r.Opens, r.NoMail, r.NoReader})
	require.Equal(t, RuleRow{"burst", true, 0.75, RuleCounts{Clicks: 3, Unknown: 3}}, r.Rules[Burst])
	require.Contains(t, strings.Join(r.Notes, "\n"), "1 click has no mail_hash, and cannot be judged")
	require.Contains(t, strings.Join(r.Notes, "\n"), "1 line passed over")
	var out strings.Builder
	require.NoError(t, r.Text(&out))
	require.Contains(t, out.String(), "5 clicks and 1 open\n")
	require.Regexp(t, `(?m)^burst +3 +75\.00 % +0 +0 +3 +3 links of a mail within 2s, one reader$`, out.String())
	out.Reset()
	require.NoError(t, r.CSV(&out))
	require.Equal(t, "rule,suspects,clicks,share,human,bot,unknown\nburst,true,3,0.750000,0,0,3\norder,true,0,0.000000,0,0,0\ntrap,true,0,0.000000,0,0,0\n"+
		"before_open,false,0,0.000000,0,0,0\nsuspect,true,3,0.750000,0,0,3\n", out.String())

	_, r = found(t, strings.ReplaceAll(text(run(1, 7, 0, 100, 1, 2, 3)...), "mail_hash", "other"))
	require.Contains(t, r.Notes[0], "no line of a click has mail_hash: name a key with log_hashes")
	_, r = found(t, "")
	require.NoError(t, r.Text(io.Discard))
}

// A hash that is none joins nothing.
func TestForeignHashes(t *testing.T) {
	log := text(run(1, 7, 0, 100, 1, 2, 3)...)
	for _, hash := range []string{"", "1", "zzzzzzzzzzzzzzzz", "00000000000000011", "-000000000000001"} {
		got, r := found(t, strings.ReplaceAll(log, `"mail_hash":"0000000000000001"`, `"mail_hash":"`+hash+`"`))
		require.Empty(t, got, hash)
		require.Equal(t, 3, r.NoMail, hash)
	}
}

// Two files of one hour, one behind the other, are two parts, and that is said.
func TestLogGoesBack(t *testing.T) {
	late := text(event{ms: 3 * 3_600_000, mail: 9, reader: 9, link: 9})
	log := text(run(1, 7, 0, 100, 1, 2)...)
	got, r := found(t, strings.ReplaceAll(log, `"r`, `"a`)+strings.ReplaceAll(late, `"r0"`, `"b0"`)+strings.ReplaceAll(text(event{ms: 300, mail: 1, reader: 7, link: 3}), `"r0"`, `"c0"`))
	require.Empty(t, got)
	require.Contains(t, strings.Join(r.Notes, "\n"), "1 time the log goes back by more than an hour")
}

// What is kept has a bound, however many mails and clicks come at once.
func TestMemoryIsBounded(t *testing.T) {
	f := &Finder{}
	feed := func(e event, n int) {
		f.Line([]byte(strings.Replace(text(e), `"r0"`, fmt.Sprintf(`"q%d"`, n), 1)))
	}
	for i := range MostClicks + 5 {
		feed(event{mail: 1, reader: 7, link: uint64(i + 1)}, i)
	}
	require.Equal(t, 5, f.counts.Beyond)
	for i := range MostMails + 50 {
		feed(event{mail: uint64(i + 10), reader: 7, link: 1}, 1000+i)
	}
	require.LessOrEqual(t, len(f.mails), MostMails)
	require.Equal(t, len(f.mails), f.oldest.Len())
	r := f.Report()
	require.Equal(t, 5, r.Beyond)
	require.InEpsilon(t, float64(MostClicks)/float64(MostClicks+MostMails+50), r.Rules[Burst].Share, 1e-9, "the share is of what was judged")
	require.Equal(t, 51, f.counts.Early)
	require.Equal(t, MostClicks, r.Rules[Burst].Clicks)
	require.Contains(t, strings.Join(r.Notes, "\n"), "51 mails were judged before the hour was over")
	require.Empty(t, f.mails)
	require.Zero(t, f.held)
}

// Clicks that wait for other mails with their order are bounded too, and go when
// these have come.
func TestWaitingIsBounded(t *testing.T) {
	var o orders
	mails := func(first uint64) (late int) {
		for range orderMails {
			list := make([]click, MostClicks)
			for i := range list {
				list[i] = click{time: begin, reader: 1, link: first + uint64(i)}
			}
			more, _ := o.reader(list)
			late += len(more)
		}
		return late
	}
	require.Equal(t, (orderMails-1)*MostClicks, mails(1))
	require.Zero(t, o.held)
	for i := range uint64(mostWaiting/MostClicks + 7) {
		list := make([]click, MostClicks)
		for j := range list {
			list[j] = click{time: begin, reader: 1, link: 1000*(i+1) + uint64(j)}
		}
		o.reader(list)
	}
	require.Equal(t, mostWaiting, o.held)
	require.Equal(t, 7, o.full)
	f := &Finder{orders: o}
	require.Contains(t, strings.Join(f.Report().Notes, "\n"), "7 orders of links were not kept")
}

// Which mails were opened is remembered for many, and what is forgotten is said.
func TestOpenedIsBounded(t *testing.T) {
	var o opened
	for i := range uint64(2 * mostOpened) {
		o.add(i + 1)
	}
	require.True(t, o.has(1))
	require.Zero(t, o.forgot)
	for i := range uint64(mostOpened) {
		o.add(3*mostOpened + i)
	}
	require.False(t, o.has(1))
	require.Equal(t, mostOpened, o.forgot)
	require.LessOrEqual(t, len(o.young)+len(o.old), 2*mostOpened)
	f := &Finder{opened: o}
	require.Contains(t, strings.Join(f.Report().Notes, "\n"), "mails are no longer remembered as opened")
}

func FuzzFinder(f *testing.F) {
	f.Add([]byte{1, 7, 1, 0, 1, 7, 2, 10, 1, 7, 3, 20})
	f.Add([]byte{1, 7, 9, 0x81, 1, 7, 1, 0x42, 1, 0, 0, 0xc3})
	f.Fuzz(func(t *testing.T, data []byte) {
		var events []event
		for ; len(data) >= 4 && len(events) < 500; data = data[4:] {
			flags := data[3]
			events = append(events, event{ms: len(events) * int(flags&0x1f) * 500, mail: uint64(data[0] % 5), reader: uint64(data[1] % 4), link: uint64(data[2] % 9),
				open: flags&0x20 != 0, trap: flags&0x80 != 0, acted: flags&0x40 != 0})
		}
		got, r := found(t, text(events...))
		require.LessOrEqual(t, len(got), r.Clicks)
		for _, row := range r.Rules {
			require.LessOrEqual(t, row.Clicks, r.Clicks-r.NoMail)
			require.Equal(t, row.Clicks, row.Human+row.Bot+row.Unknown)
		}
		require.LessOrEqual(t, r.Suspect.Clicks, len(got))
		again, _ := found(t, text(events...))
		require.Equal(t, got, again)
	})
}
