package doctor

import "strings"

// checkLocation separates a link that was changed on its way to the ESP from a
// redirect that was changed on its way back. It reports whether it found
// either.
func (b *behind) checkLocation(d *originClient) (found bool) {
	got, want := b.click.get("Location"), d.click.get("Location")
	if !b.click.redirects() || !d.click.redirects() {
		return false
	}
	scheme, host, target := location(got)
	wantScheme, wantHost, wantTarget := location(want)
	switch {
	case target == wantTarget && (host != wantHost || scheme != wantScheme):
		b.find("location-rewritten", "the ESP redirects to %s, the set-up to %s", quoted(want), quoted(got))
		return true
	case b.click.acceptsTestLink() && d.click.acceptsTestLink():
		b.checkAccepted(d)
		return true
	}
	return false
}

// checkAccepted finds out why two redirects of one made-up link differ. d is
// nil where the ESP was not asked.
func (b *behind) checkAccepted(d *originClient) {
	got, want := b.click.get("Location"), testURL
	if d != nil {
		want = d.click.get("Location")
		for _, changed := range changes(b.esp.links.click) {
			if a := d.ask(d.correct(changed.target)); a.err == nil && a.get("Location") == got {
				b.find("target-changed", "%s: redirected to %s; so the ESP answers the link %s, and as it was sent with %s",
					b.click.asked.brief(), quoted(got), changed.how, quoted(want))
				return
			}
		}
	}
	seen := b.click.asked.brief() + ": redirected to " + quoted(got) + " where the ESP's redirect is " + quoted(want)
	if strings.HasPrefix(got, want) {
		b.find("location-rewritten", "%s; what is added stands behind the link's whole destination", seen)
		return
	}
	bare := testLinksTo(&b.esp.preset, plainURL).click
	if plain := b.front.ask(question{target: bare}); !strings.Contains(bare, "%") && plain.redirects() && plain.get("Location") != plainURL && plain.acceptsTestLink() {
		b.find("location-rewritten", "%s; a link to %s, in which nothing could be decoded, is redirected to %s", seen, plainURL, quoted(plain.get("Location")))
		return
	}
	f := b.find("target-changed", "%s; whether the link was changed, or the redirect on its way back, was not seen", seen)
	f.Title += ", or: their redirects are"
	b.alternatives[f.ID] = []string{"location-rewritten"}
}
