package doctor

import "strings"

// judgeLocation tells a link that was changed on its way to the ESP from a redirect that was changed on
// its way back. It reports whether it found either.
func (x *exam) judgeLocation(d *direct) (told bool) {
	a, b := x.click, d.asIs
	if !a.redirects() || !b.redirects() {
		return false
	}
	scheme, host, target := location(a.get("Location"))
	scheme0, host0, target0 := location(b.get("Location"))
	switch {
	case target == target0 && (host != host0 || scheme != scheme0):
		x.find("location-rewritten", "the ESP redirects to %s, the set-up to %s", quoted(b.get("Location")), quoted(a.get("Location")))
		return true
	case a.believes() && b.believes():
		x.judgeBelieved(d)
		return true
	}
	return false
}

// judgeBelieved finds out why two redirects of one made-up link differ. d is nil where the ESP was not
// asked.
func (x *exam) judgeBelieved(d *direct) {
	got, want := x.click.get("Location"), madeUpURL
	if d != nil {
		want = d.asIs.get("Location")
		for _, changed := range changes(x.links.click) {
			if a := d.ask(d.right(changed.target)); a.err == nil && a.get("Location") == got {
				x.find("target-changed", "%s: redirected to %s; so the ESP answers the link %s, and as it was sent with %s",
					x.click.asked.brief(), quoted(got), changed.how, quoted(want))
				return
			}
		}
	}
	seen := x.click.asked.brief() + ": redirected to " + quoted(got) + " where the ESP's redirect is " + quoted(want)
	if strings.HasPrefix(got, want) {
		x.find("location-rewritten", "%s; what is added stands behind the link's whole destination", seen)
		return
	}
	bare := makeUpTo(&x.origin, plainURL).click
	if plain := x.front(question{target: bare}); !strings.Contains(bare, "%") && plain.redirects() && plain.get("Location") != plainURL && plain.believes() {
		x.find("location-rewritten", "%s; a link to %s, in which nothing could be decoded, is redirected to %s", seen, plainURL, quoted(plain.get("Location")))
		return
	}
	f := x.find("target-changed", "%s; whether the link was changed, or the redirect on its way back, was not seen", seen)
	f.Title += ", or: their redirects are"
	x.alternatives[f.ID] = []string{"location-rewritten"}
}
