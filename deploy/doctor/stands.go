package doctor

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/clickedge/clickedge/deploy/doctor/report"
)

// recordStands records what stands on the host, and fetches the files of app
// links where they are wanted. Behind is nil where the ESP was not examined.
func (x *exam) recordStands(name *resolution, s *secured, b *behind) {
	stands := &x.report.Stands
	stands.RegionGuessed, stands.HTTPS = x.esp.regionGuessed, s.shown
	if name.lookup != nil {
		stands.Chain, stands.AtESP = name.chain, name.atESP
		stands.Addresses = append(slices.Clone(name.v4), name.v6...)
	}
	if !x.opt.Files || !s.shown {
		return
	}
	for _, file := range []appFile{applePath, appleOld, androidPath} {
		if got := x.fetchFile(file, name, s, b); got != nil {
			stands.Files = append(stands.Files, *got)
		}
	}
}

// fetchFile fetches one file; nil where there is none.
func (x *exam) fetchFile(file appFile, name *resolution, s *secured, b *behind) *report.AppFile {
	a := s.front.ask(question{target: file.path})
	f := &report.AppFile{Path: file.path, Field: file.field}
	switch {
	case a.err != nil:
		f.Problem = briefError(a.err)
	case a.status == 404 || a.status == 410 || b.answersAll(a):
		return nil
	case a.status != 200:
		f.Problem = a.brief()
	case a.big || file.field == "apple" && len(a.body) > maxAppLinks:
		f.Problem = fmt.Sprintf("it has more than %d bytes", min(len(a.body), maxAppLinks))
	case !json.Valid(a.body):
		f.Problem = "it is not JSON: Content-Type " + quoted(a.get("Content-Type"))
	default:
		f.Body, f.Whose = a.body, x.whose(file, a, name, b)
	}
	return f
}

// whose asks the ESP for the file.
func (x *exam) whose(file appFile, a *answer, name *resolution, b *behind) report.Owner {
	if name.atESP != "" {
		return report.ESPs
	}
	if b == nil || b.origin == nil {
		return report.Unknown
	}
	direct := b.origin.ask(b.origin.correct(file.path))
	switch {
	case direct.err != nil:
		return report.Unknown
	case direct.status == 200 && bytes.Equal(direct.body, a.body):
		return report.ESPs
	}
	return report.Own
}

// answersAll reports whether any path gets this answer.
func (b *behind) answersAll(a *answer) bool {
	return b != nil && (b.click != nil && a.like(b.click) || b.baseline != nil && a.like(b.baseline))
}
