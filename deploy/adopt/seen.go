package adopt

import (
	"fmt"
	"io"
	"strings"

	"github.com/clickedge/clickedge/core/clean"
	"github.com/clickedge/clickedge/deploy/doctor/catalogue"
	"github.com/clickedge/clickedge/deploy/doctor/report"
	"github.com/clickedge/clickedge/deploy/output"
)

// Seen prints what stands on the host.
func Seen(w io.Writer, r *report.Report) {
	fmt.Fprintf(w, "%s, as seen at %s\n", r.Host, r.Started.UTC().Format("2006-01-02 15:04 MST"))
	facts := output.Facts{W: w}
	for _, f := range r.Seen {
		if f.Section <= catalogue.ESP {
			facts.Row(f.Name, clean.Cut(f.Value, 200))
		}
	}
	facts.Row("answers", answers(r))
	facts.Row("ESP", sender(r))
	for _, f := range r.Stands.Files {
		what := fmt.Sprintf("%d bytes", len(f.Body))
		if f.Body == nil {
			what = f.Problem
		}
		facts.Row("for apps", f.Path+": "+clean.Cut(what, 160))
	}
	if !r.Stands.HTTPS {
		facts.Row("not seen", "files for apps, as https is not answered there for "+r.Host)
	}
	facts.Row("not seen", "where links may lead, and what the configuration there says besides")
	if n := len(r.Worrying()); n > 0 {
		facts.Row("wrong today", strings.Join(r.Worrying(), ", ")+": clickedge doctor "+r.Host+" says what that means")
	}
}

// answers says what stands in front.
func answers(r *report.Report) string {
	switch {
	case r.Stands.AtESP != "":
		return "the ESP itself, by the CNAME"
	case r.Has("dns-no-answer"):
		return "not seen: no resolver gave an answer"
	case len(r.Stands.Addresses) == 0:
		return "nobody: there is no address"
	case r.CDN == "" || r.CDN == catalogue.Other:
		return "something that does not say what it is"
	}
	return r.CDN
}

func sender(r *report.Report) string {
	switch {
	case r.ESP == "":
		return "not seen"
	case r.Stands.RegionGuessed:
		return "one of " + output.Or(Candidates(r)) + "; which was not seen"
	case r.ESPGuessed:
		return r.ESP
	}
	return r.ESP + ", as given"
}
