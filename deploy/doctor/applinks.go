package doctor

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/core/sitesjson"
	"github.com/clickedge/clickedge/deploy/doctor/catalogue"
)

// maxAppLinks is Apple's limit in bytes ("Supporting associated domains").
const maxAppLinks = 128 << 10

// appFile is one file by which apps open links, where the platforms look for
// it.
type appFile struct {
	path  string
	field string // in sites.json
}

var (
	applePath   = appFile{"/.well-known/apple-app-site-association", "apple"}
	appleOld    = appFile{"/apple-app-site-association", "apple"}
	androidPath = appFile{"/.well-known/assetlinks.json", "android"}
)

func (b *behind) examineAppLinks() {
	apple, old, android := b.appLinks(applePath), b.appLinks(appleOld), b.appLinks(androidPath)
	if apple == nil && old == nil && android == nil {
		if !b.hasFinding(catalogue.AppLinks, catalogue.OK) {
			b.find("app-links-none", "%s and %s are answered with 404, or as any path is", applePath.path, androidPath.path)
		}
		return
	}
	switch {
	case b.hasFinding(catalogue.AppLinks, catalogue.OK):
	case (apple == nil) != (old == nil):
		b.find("app-links-one-path", "%s", onlyAt(apple, applePath.path, appleOld.path))
	case apple != nil && !bytes.Equal(apple.body, old.body):
		b.find("app-links-differ", "%s and %s hold different files", applePath.path, appleOld.path)
	}
	b.pass("app-links-ok", "%s", strings.Join(present(apple, android), " and "))
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

// appLinks fetches one file and checks it; nil where it is not there or not
// good.
func (b *behind) appLinks(file appFile) *answer {
	a := b.front.ask(question{target: file.path})
	switch {
	case a.err != nil:
		b.find("app-links-status", "%s: %s", file.path, briefError(a.err))
	case a.status == 404 || a.status == 410 || a.like(b.click) || a.like(b.baseline):
		return nil // there is none, or all unknown paths get this
	case a.status >= 300 && a.status < 400:
		b.find("app-links-redirected", "%s: %s", file.path, a.brief())
	case a.status != 200:
		b.find("app-links-status", "%s: %s", file.path, a.brief())
	case a.kind() != "application/json":
		b.find("app-links-type", "%s has Content-Type %s", file.path, quoted(a.get("Content-Type")))
	case file.field == "apple" && (a.big || len(a.body) > maxAppLinks):
		b.find("app-links-too-large", "%s has more than %d bytes", file.path, maxAppLinks)
	case a.big:
		b.unseen(catalogue.AppLinks, "whether "+file.path+" is well formed", fmt.Sprintf("it has more than %d bytes", MaxBody), "")
	case b.malformed(file, a):
	default:
		return a
	}
	return nil
}

// malformed checks a file by the rules of sites.json, which are the
// platforms'.
func (b *behind) malformed(file appFile, a *answer) bool {
	preset := `"esp":"custom","origin":"https://origin.example.net"`
	if b.esp.known && b.esp.preset.Address != "" && b.esp.preset.Family != esp.FamilyIterable {
		preset = `"esp":"` + b.esp.preset.Preset + `"`
	}
	if !json.Valid(a.body) {
		b.find("app-links-malformed", "%s is not JSON", file.path)
		return true
	}
	text := `{"sites":{"` + b.opt.Host + `":{` + preset + `,"app_links":{"` + file.field + `":` + string(a.body) + `}}}}`
	_, err := sitesjson.Parse(file.path, []byte(text))
	var all *sitesjson.Error
	if !errors.As(err, &all) || len(all.Mistakes) == 0 {
		return false
	}
	first := all.Mistakes[0]
	field := strings.TrimPrefix(first.Field, "sites."+b.opt.Host+".app_links."+file.field)
	b.find("app-links-malformed", "%s: %s %s", file.path, cmp.Or(strings.TrimPrefix(field, "."), "the file"), first.Problem)
	return true
}
