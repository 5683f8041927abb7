package retire

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/diff"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/clean"
	"github.com/clickedge/clickedge/deploy/check"
	"github.com/clickedge/clickedge/deploy/output"
)

// Says are the sentences about a change: what happens, and when.
func (c *Change) Says() (list []string) {
	e := c.Entry
	if e.Retired == 0 {
		list = append(list, fmt.Sprintf("%s gets the requests for its links on %s again, once this is published", e.ESP, e.Host))
		if c.Cleared != "" {
			list = append(list, "unsubscribes, "+c.Cleared+", goes too: no ESP of the site is retired any more")
		}
		return list
	}
	list = append(list, fmt.Sprintf("%s is asked for nothing on %s %s", e.ESP, e.Host, when(e)))
	soon := "once this is published"
	if e.Retired != core.LongRetired {
		soon += ", and not on that day"
	}
	if c.Successor == core.PresetNone {
		list = append(list, soon+", the site has no ESP of its own: what is no link of one gets a page")
	} else if c.Successor != "" {
		list = append(list, fmt.Sprintf("%s, %s is the site's own esp: it gets what is no link of one, such as the check of the domain%s", soon, c.Successor, appFiles(c.New)))
	}
	if u := c.New.Unsubscribes; u != nil {
		list = append(list, fmt.Sprintf("from then on %s gets the unsubscribes, with target and body as they come; try one there before: nothing here shows that it understands them", u.Address))
	}
	return list
}

// appFiles names the files of app links where the site has none itself.
func appFiles(s *core.Site) string {
	if s.AppLinks != nil {
		return ""
	}
	return ", and the files of app links, which the site does not have itself"
}

// when says since when an ESP is retired.
func when(e *core.Site) string {
	if e.Retired == core.LongRetired {
		return "once this is published"
	}
	return "from " + time.Unix(e.Retired, 0).UTC().Format("2006-01-02 15:04 UTC") + " on"
}

// Blind says what is known of the ESP's links without a log, and what is not.
func (c *Change) Blind(w io.Writer) {
	family := c.Entry.Origin.Family
	fmt.Fprintf(w, "without the click log it is not known how many clicks of %s on %s would land, which destinations are missing in the list, or when the last click and the last unsubscribe came\n",
		c.Entry.ESP, c.Entry.Host)
	if family.Readable() {
		fmt.Fprintf(w, "of its links these can be read: %s; those to hosts in destinations land\n", readable(family.Gradings()))
		return
	}
	fmt.Fprintln(w, "none of its links can be read: only those land of which something was learned")
}

// Warnings are what an operator should know before the file is written: what
// check will warn of in the new site and not in the old one, and what only the
// file and the order show.
func (c *Change) Warnings(now time.Time) (list []string) {
	e := c.Entry
	if e.Retired == 0 {
		return nil
	}
	if e.Retired != core.LongRetired && e.Retired <= now.Unix() {
		list = append(list, fmt.Sprintf("%s is not ahead: %s is asked for nothing as soon as this is published",
			time.Unix(e.Retired, 0).UTC().Format(time.DateOnly), e.ESP))
	}
	known := check.Warnings(c.Site, now)
	for _, w := range check.Warnings(c.New, now) {
		if !slices.Contains(known, w) {
			list = append(list, w)
		}
	}
	if len(c.Sharing) > 0 {
		list = append(list, fmt.Sprintf("%s too: %s; they are left as they are, and their links die with the account", has(c.Sharing, e.ESP), output.Some(c.Sharing, 6)))
	}
	return list
}

func has(hosts []string, esp string) string {
	if len(hosts) == 1 {
		return "1 other site of the file has " + esp
	}
	return fmt.Sprintf("%d other sites of the file have %s", len(hosts), esp)
}

// Back says how the change is taken back.
func (c *Change) Back(file string) string {
	e := c.Entry
	if e.Retired == 0 {
		return ""
	}
	back := fmt.Sprintf("to take it back: clickedge retire %s %s --undo --sites %s, and publish", e.Host, e.ESP, output.ShellWord(file))
	if c.Successor != "" {
		back += fmt.Sprintf("; %s stays in also then, and %s the site's own esp", e.ESP, c.Successor)
	}
	return back
}

// Steps say what is to be done next.
func (c *Change) Steps(file string) []string {
	return []string{
		"clickedge check " + output.ShellWord(file),
		"clickedge build --sites " + output.ShellWord(file),
		"clickedge publish",
		fmt.Sprintf("an object for %s in the config store counts before the file: change it too, if there is one", c.Site.Host),
	}
}

// longLine is more than a line of a file has that people edit.
const longLine = 400

// Diff shows the change as diff does. Of long lines only the places are shown
// that change.
func (c *Change) Diff(file string) string {
	text := string(diff.Diff(file, c.Before, file+" (new)", c.After))
	_, text, _ = strings.Cut(text, "\n") // its first line is the command
	if slices.ContainsFunc(strings.Split(text, "\n"), func(line string) bool { return len(line) > longLine }) {
		text = c.window(file)
	}
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	for i := range lines {
		lines[i] = clean.Text(strings.ReplaceAll(strings.TrimSuffix(lines[i], "\r"), "\t", "    "))
	}
	return strings.Join(lines, "\n") + "\n"
}

// window shows the first and the last byte that change, and what is between.
func (c *Change) window(file string) string {
	a, b := c.Before, c.After
	from := 0
	for from < min(len(a), len(b)) && a[from] == b[from] {
		from++
	}
	tail := 0
	for tail < min(len(a), len(b))-from && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	const around = 40
	show := func(sign string, text []byte) string {
		part := text[max(0, from-around):min(len(text), len(text)-tail+around)]
		return sign + " " + string(bytes.ReplaceAll(part, []byte("\n"), []byte(" "))) + "\n"
	}
	return fmt.Sprintf("%s, from byte %d on:\n", file, from+1) + show("-", a) + show("+", b)
}
