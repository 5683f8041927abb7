package manpage

import (
	"fmt"
	"strings"

	"github.com/spf13/pflag"

	"github.com/clickedge/clickedge/deploy/version"
)

// roff collects the lines of a page. Text from outside goes through escape, so
// that nothing in a help text acts as a request or an escape of roff.
type roff struct{ strings.Builder }

// macro writes a request or a macro and its arguments, each quoted where it
// must be.
func (r *roff) macro(name string, args ...string) {
	r.WriteString("." + name)
	for _, a := range args {
		if a == "" || strings.ContainsAny(a, "\" ") {
			r.WriteString(` "` + strings.ReplaceAll(escape(a), `"`, `\(dq`) + `"`)
		} else {
			r.WriteString(" " + escape(a))
		}
	}
	r.WriteByte('\n')
}

// title writes the heading of the page. The date is not escaped, as mandoc
// parses it.
func (r *roff) title(name string, about version.Release, root string) {
	fmt.Fprintf(r, ".TH %s 1 \"%s\" \"%s\" \"%s manual\"\n",
		escape(strings.ToUpper(name)), about.Date, escape(root+" "+about.Version), escape(root))
}

// text writes lines that roff fills. A line cannot begin a request.
func (r *roff) text(s string) {
	for line := range strings.Lines(s) {
		r.WriteString(guarded(strings.TrimSpace(line)) + "\n")
	}
	if s == "" {
		r.WriteString("\\&\n")
	}
}

// flag writes the line that names a flag, as "-o, --output file".
func (r *roff) flag(f *pflag.Flag, value string) {
	if f.Shorthand != "" {
		fmt.Fprintf(r, `\fB%s\fR, `, escape("-"+f.Shorthand))
	}
	fmt.Fprintf(r, `\fB%s\fR`, escape("--"+f.Name))
	if value != "" {
		fmt.Fprintf(r, ` \fI%s\fR`, escape(value))
	}
	r.WriteByte('\n')
}

// prose writes paragraphs. Lines that are indented keep their breaks and
// spaces.
func (r *roff) prose(s string) {
	for i, paragraph := range strings.Split(strings.Trim(s, "\n"), "\n\n") {
		if i > 0 {
			r.macro("PP")
		}
		for paragraph != "" {
			n := span(paragraph)
			if indented(paragraph) {
				r.literal(paragraph[:n])
			} else {
				r.text(paragraph[:n])
			}
			paragraph = paragraph[n:]
		}
	}
}

// span is the length of the lines at the start of s that are all indented, or
// all not.
func span(s string) (n int) {
	for line := range strings.Lines(s) {
		if indented(line) != indented(s) {
			break
		}
		n += len(line)
	}
	return n
}

func indented(s string) bool { return strings.HasPrefix(s, " ") || strings.HasPrefix(s, "\t") }

// literal writes lines as they are.
func (r *roff) literal(s string) {
	r.macro("nf")
	for line := range strings.Lines(s) {
		r.WriteString(guarded(strings.TrimRight(line, "\n")) + "\n")
	}
	r.macro("fi")
}

// guarded escapes a line so that its first character does not make it a
// request.
func guarded(line string) string {
	if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
		return `\&` + escape(line)
	}
	return escape(line)
}

// escape writes characters so that every roff prints them unchanged: a "-" can
// be pasted into a shell, and non-ASCII characters need no encoding.
func escape(s string) string {
	var b strings.Builder
	for _, c := range escapes.Replace(s) {
		if c > '~' {
			fmt.Fprintf(&b, `\[u%04X]`, c)
		} else {
			b.WriteRune(c)
		}
	}
	return b.String()
}

var escapes = strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`, "`", `\(ga`, "^", `\(ha`, "~", `\(ti`)
