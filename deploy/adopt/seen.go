package adopt

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/clickedge/clickedge/core/clean"
	"github.com/clickedge/clickedge/deploy/doctor/catalogue"
	"github.com/clickedge/clickedge/deploy/doctor/report"
	"github.com/clickedge/clickedge/deploy/output"
)

// Sight is what stands on a host, as seen from outside.
type Sight struct {
	Host    string    `json:"host"`
	At      time.Time `json:"at"`
	Facts   []Fact    `json:"facts"`
	Answers string    `json:"answers"` // who stands in front
	ESP     string    `json:"esp"`
	Files   []File    `json:"files"` // by which apps open links
	NotSeen []string  `json:"not_seen"`
	// Wrong are the codes of the doctor's findings.
	Wrong []string `json:"wrong_today"`
}

// Fact is one of the doctor's.
type Fact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// File is one by which apps open links.
type File struct {
	Path    string `json:"path"`
	Bytes   int    `json:"bytes"`
	Problem string `json:"problem,omitempty"` // why it is none
}

// See takes what stands on the host out of a report.
func See(r *report.Report) *Sight {
	s := &Sight{Host: r.Host, At: r.Started.UTC(), Facts: []Fact{}, Answers: answers(r), ESP: sender(r), Files: []File{}, Wrong: append([]string{}, r.Worrying()...)}
	for _, f := range r.Seen {
		if f.Section <= catalogue.ESP {
			s.Facts = append(s.Facts, Fact{f.Name, f.Value})
		}
	}
	for _, f := range r.Stands.Files {
		file := File{Path: f.Path, Bytes: len(f.Body)}
		if f.Body == nil {
			file.Problem = f.Problem
		}
		s.Files = append(s.Files, file)
	}
	if !r.Stands.HTTPS {
		s.NotSeen = append(s.NotSeen, "files for apps, as https is not answered there for "+r.Host)
	}
	s.NotSeen = append(s.NotSeen, "where links may lead, and what the configuration there says besides")
	return s
}

// Text prints what was seen.
func (s *Sight) Text(w io.Writer) {
	fmt.Fprintf(w, "%s, as seen at %s\n", s.Host, s.At.Format("2006-01-02 15:04 MST"))
	facts := output.Facts{W: w}
	for _, f := range s.Facts {
		facts.Row(f.Name, clean.Cut(f.Value, 200))
	}
	facts.Row("answers", s.Answers)
	facts.Row("ESP", s.ESP)
	for _, f := range s.Files {
		what := fmt.Sprintf("%d bytes", f.Bytes)
		if f.Problem != "" {
			what = f.Problem
		}
		facts.Row("for apps", f.Path+": "+clean.Cut(what, 160))
	}
	for _, text := range s.NotSeen {
		facts.Row("not seen", text)
	}
	if len(s.Wrong) > 0 {
		facts.Row("wrong today", strings.Join(s.Wrong, ", ")+": clickedge doctor "+s.Host+" says what that means")
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
