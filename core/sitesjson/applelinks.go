package sitesjson

import (
	"strings"

	"github.com/clickedge/clickedge/core/destination"
)

// apple checks an apple-app-site-association (Apple, "Supporting associated
// domains"):
//
//	{"applinks": {"details": [{"appIDs": ["ABCDE12345.com.example.app"], "components": [{"/": "/uni/*"}]}]}}
//
// The older form, "appID" and "paths", is accepted as well: iOS before 13 reads
// no other.
func (a *appLinksReader) apple() {
	detail := a.list('{', a.appleDetail)
	links := func() { a.members(map[string]func(){"details": detail}, "details") }
	a.members(map[string]func(){"applinks": func() { a.of('{', links) }}, "applinks")
}

func (a *appLinksReader) appleDetail() {
	at, claims := a.r.At(), len(a.claims)
	a.ids = 0
	a.members(map[string]func(){
		"appIDs":     a.list('"', a.appID),
		"appID":      func() { a.of('"', a.appID) },
		"components": a.list('{', a.component),
		"paths":      a.list('"', a.applePath),
	})
	switch {
	case a.r.Failed() || a.bad[fieldAppLinks]:
	case a.ids == 0:
		a.fault(at, "names no app", `give "appIDs"`)
	case len(a.claims) == claims:
		a.fault(at, "claims no path", `give "components"`)
	}
}

// appID checks <team id>.<bundle id>.
func (a *appLinksReader) appID() {
	at, s := a.text()
	a.ids++
	team, bundle, _ := strings.Cut(s, ".")
	switch {
	case a.r.Failed():
	case !isTeamID(team):
		a.fault(at, quote([]byte(s))+" does not begin with a team id", `write the ten letters and digits of the app id prefix, a dot, and the bundle id, as in "ABCDE12345.com.example.app"`)
	case !isBundleID(bundle):
		a.fault(at, quote([]byte(s))+" does not end in a bundle id", `a bundle id is of letters, digits, "-" and ".", as in "ABCDE12345.com.example.app"`)
	}
}

// isTeamID reports whether s is ten upper-case letters and digits.
func isTeamID(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; (c < 'A' || c > 'Z') && (c < '0' || c > '9') {
			return false
		}
	}
	return len(s) == 10
}

// isBundleID checks CFBundleIdentifier: letters, digits, hyphens and dots.
func isBundleID(s string) bool {
	for _, part := range strings.Split(s, ".") {
		if part == "" || destination.HostEnd(part) != len(part) {
			return false
		}
	}
	return len(s) <= 255
}

// applePath reads an entry of paths: a pattern, or "NOT " and a pattern that is
// excluded.
func (a *appLinksReader) applePath() {
	at, s := a.text()
	if !strings.HasPrefix(s, "NOT ") {
		a.claim(at, s)
	}
}

func (a *appLinksReader) claim(at int, pattern string) {
	if pattern != "" && pattern[0] != '/' && pattern[0] != '*' {
		a.fault(at, quote([]byte(pattern))+" is not a path", `begin with "/"`)
		return
	}
	a.claims = append(a.claims, appClaim{at, a.way, pattern})
}

// component reads an entry of components. Its path pattern is a claim, unless
// the entry excludes it. Other conditions only narrow the pattern.
func (a *appLinksReader) component() {
	at, pattern, exclude := a.r.At(), "", false
	a.members(map[string]func(){
		"/":       func() { a.of('"', func() { at, pattern = a.text() }) },
		"exclude": func() { a.of('t', func() { exclude = a.flag() }) },
	})
	if !exclude && !a.r.Failed() {
		a.claim(at, pattern)
	}
}
