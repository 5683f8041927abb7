package doctor

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"strings"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/deploy/doctor/catalogue"
)

// maxAppLinks is Apple's limit in bytes ("Supporting associated domains").
const maxAppLinks = 128 << 10

// appFile is one file by which apps open links, where the platforms look for it.
type appFile struct {
	path  string
	field string // in sites.json
}

var (
	applePath   = appFile{"/.well-known/apple-app-site-association", "apple"}
	appleOld    = appFile{"/apple-app-site-association", "apple"}
	androidPath = appFile{"/.well-known/assetlinks.json", "android"}
)

func (x *exam) examineAppLinks() (stop string) {
	apple, old, android := x.appLinks(applePath), x.appLinks(appleOld), x.appLinks(androidPath)
	if apple == nil && old == nil && android == nil {
		if !x.faulty(catalogue.AppLinks) {
			x.find("app-links-none", "%s and %s are answered with 404, or as any path is", applePath.path, androidPath.path)
		}
		return ""
	}
	switch {
	case x.faulty(catalogue.AppLinks):
	case (apple == nil) != (old == nil):
		x.find("app-links-one-path", "%s", onlyAt(apple, applePath.path, appleOld.path))
	case apple != nil && !bytes.Equal(apple.body, old.body):
		x.find("app-links-differ", "%s and %s hold different files", applePath.path, appleOld.path)
	}
	x.good("app-links-ok", "%s", strings.Join(present(apple, android), " and "))
	return ""
}

func onlyAt(first *answer, path, other string) string {
	if first == nil {
		path, other = other, path
	}
	return path + " is there, " + other + " is not"
}

func present(list ...*answer) (paths []string) {
	for _, a := range list {
		if a != nil {
			paths = append(paths, a.asked.target)
		}
	}
	return paths
}

func (x *exam) faulty(s catalogue.Section) bool {
	for i := range x.report.Findings {
		if x.report.Findings[i].Section == s {
			return true
		}
	}
	return false
}

// appLinks fetches one file and judges it; nil where it is not there or not good.
func (x *exam) appLinks(file appFile) *answer {
	a := x.front(question{target: file.path})
	switch {
	case a.err != nil:
		x.find("app-links-status", "%s: %s", file.path, plain(a.err))
	case a.status == 404 || a.status == 410 || a.like(x.click) || a.like(x.baseline):
		return nil // there is none, or all unknown paths get this
	case a.status >= 300 && a.status < 400:
		x.find("app-links-redirected", "%s: %s", file.path, a.brief())
	case a.status != 200:
		x.find("app-links-status", "%s: %s", file.path, a.brief())
	case a.kind() != "application/json":
		x.find("app-links-type", "%s has Content-Type %s", file.path, quoted(a.get("Content-Type")))
	case a.big || len(a.body) > maxAppLinks:
		x.find("app-links-too-large", "%s has more than %d bytes", file.path, maxAppLinks)
	case x.malformed(file, a):
	default:
		return a
	}
	return nil
}

// malformed holds a file against the rules of sites.json, which are the platforms'.
func (x *exam) malformed(file appFile, a *answer) bool {
	esp := `"esp":"custom","origin":"https://origin.example.net"`
	if x.known && x.origin.Address != "" && x.origin.Family != core.FamilyIterable {
		esp = `"esp":"` + x.origin.Preset + `"`
	}
	if !json.Valid(a.body) {
		x.find("app-links-malformed", "%s is not JSON", file.path)
		return true
	}
	text := `{"sites":{"` + x.opt.Host + `":{` + esp + `,"app_links":{"` + file.field + `":` + string(a.body) + `}}}}`
	_, err := core.ParseSites(file.path, []byte(text))
	var all *core.SitesError
	if !errors.As(err, &all) || len(all.Mistakes) == 0 {
		return false
	}
	first := all.Mistakes[0]
	field := strings.TrimPrefix(first.Field, "sites."+x.opt.Host+".app_links."+file.field)
	x.find("app-links-malformed", "%s: %s %s", file.path, cmp.Or(strings.TrimPrefix(field, "."), "the file"), first.Problem)
	return true
}
