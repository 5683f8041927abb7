package adopt

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/clean"
	"github.com/clickedge/clickedge/deploy/doctor/report"
	"github.com/clickedge/clickedge/deploy/espdns"
	"github.com/clickedge/clickedge/deploy/output"
	"github.com/clickedge/clickedge/deploy/setup"
)

// Take fills a draft with what was seen, where nobody has said otherwise, and
// returns what is to be known of that.
func Take(d *setup.Draft, r *report.Report) (notes []string) {
	notes = takeESP(&d.Site, r)
	return append(notes, takeFiles(d, r)...)
}

// enterprise is what follows the tenant in SparkPost's names.
const enterprise = ".et.e.sparkpost.com"

// takeESP takes the ESP that was seen, with its region.
func takeESP(s *setup.Site, r *report.Report) (notes []string) {
	at := strings.ToLower(strings.TrimSuffix(r.Stands.AtESP, "."))
	tenant, isTenant := strings.CutSuffix(at, enterprise)
	switch {
	case s.ESP != "":
	case isTenant && !strings.Contains(tenant, "."):
		s.ESP, s.Tenant = core.PresetEnterprise, tenant
	case r.ESP == "":
		return nil
	case r.Stands.RegionGuessed:
		return []string{"the ESP was seen to be that of " + r.ESP + ", and not which of its regions"}
	default:
		s.ESP = r.ESP
		notes = append(notes, resold(r.ESP)...)
	}
	if s.NeedsOrigin() && s.Origin == "" && at != "" {
		s.Origin = "https://" + at
		notes = append(notes, "the origin is taken to be where the CNAME leads, "+at)
	}
	return notes
}

// resold names the presets of those who send through an ESP: from outside they
// look as the ESP itself.
func resold(preset string) []string {
	var names []string
	for _, o := range core.Presets() {
		if beneath, name := core.Beneath(o.Preset); beneath == preset && name != "" {
			names = append(names, o.Preset)
		}
	}
	if len(names) == 0 {
		return nil
	}
	return []string{"who sends through " + preset + " looks the same from outside: if that is so, say --esp " + output.Or(names)}
}

// Foreign says that the host leads to an ESP today that the site does not have,
// "" where that was not seen: links in mail that is out are that one's.
func Foreign(site *core.Site, r *report.Report) string {
	_, today := espdns.Preset(r.Stands.AtESP)
	if today == "" {
		return ""
	}
	for _, e := range site.ESPs() {
		if beneath, _ := core.Beneath(e.ESP); beneath == today {
			return ""
		}
	}
	return "the CNAME of " + site.Host + " leads to " + r.Stands.AtESP + ", which is " + today + "'s, and the site has " + site.ESP +
		": links of " + today + " in mail that is out would end; with \"also\" in the site, or --also " + today + ", they work"
}

// Candidates are the presets that the ESP that was seen may be, where its region
// was not.
func Candidates(r *report.Report) (names []string) {
	seen, ok := core.LookupPreset(r.ESP)
	for _, o := range core.Presets() {
		if _, name := core.Beneath(o.Preset); ok && name == "" && o.Family == seen.Family {
			names = append(names, o.Preset)
		}
	}
	return names
}

// takeFiles keeps the files of app links that somebody has made for this host.
func takeFiles(d *setup.Draft, r *report.Report) (notes []string) {
	links := &setup.AppLinks{}
	kept := map[string][]byte{}
	for _, f := range r.Stands.Files {
		switch {
		case f.Body == nil:
			notes = append(notes, clean.Text(fmt.Sprintf("%s is not kept: %s", f.Path, f.Problem)))
			continue
		case f.Whose == report.ESPs:
			notes = append(notes, f.Path+" is the ESP's own file: it will be served from there, as today")
			continue
		case kept[f.Field] != nil:
			if !bytes.Equal(kept[f.Field], f.Body) {
				notes = append(notes, f.Path+" has another file; the other one is kept, and will be served at both")
			}
			continue
		}
		kept[f.Field] = f.Body
		name := d.Site.Host + map[string]string{"apple": ".apple-app-site-association.json", "android": ".assetlinks.json"}[f.Field]
		if why := unfit(d, f.Field, name, f.Body); why != "" {
			notes = append(notes, clean.Text(fmt.Sprintf("%s is not kept, as sites.json does not take it: %s", f.Path, why)))
			continue
		}
		if f.Whose == report.Unknown {
			notes = append(notes, "whether "+f.Path+" is the ESP's own file was not seen; it is kept as it is")
		}
		d.Beside[name] = f.Body
		if f.Field == "apple" {
			links.Apple = name
		} else {
			links.Android = name
		}
		d.Site.AppLinks = links
	}
	return notes
}

// unfit says why a file cannot be served for the site, "" where it can.
func unfit(d *setup.Draft, field, name string, body []byte) string {
	if d.Beside == nil {
		d.Beside = map[string][]byte{}
	}
	s := d.Site
	if s.ESP == "" || len(s.Problems("esp")) > 0 {
		s.ESP, s.Origin = "custom", "https://track.example.net"
	}
	s.AppLinks = &setup.AppLinks{Apple: name}
	if field == "android" {
		s.AppLinks = &setup.AppLinks{Android: name}
	}
	for _, p := range s.FileProblems(map[string][]byte{name: body}) {
		return p.String()
	}
	return ""
}
