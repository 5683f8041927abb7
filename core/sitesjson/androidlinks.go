package sitesjson

import (
	"strings"

	"github.com/clickedge/clickedge/core/destination"
	"github.com/clickedge/clickedge/core/esp"
)

// android checks an assetlinks.json (Google, "Digital Asset Links", statement
// list syntax):
//
//	[{"relation": ["delegate_permission/common.handle_all_urls"],
//	  "target": {"namespace": "android_app", "package_name": "com.example.app", "sha256_cert_fingerprints": ["14:6D:…"]}}]
//
// It has no paths: the app itself declares which paths it opens.
func (a *appLinksReader) android() {
	a.items('{', func() {
		a.members(map[string]func(){
			"relation": a.list('"', a.relation),
			"target":   func() { a.of('{', a.androidTarget) },
		}, "relation", "target")
	})
}

func (a *appLinksReader) relation() {
	at, s := a.text()
	if !strings.HasPrefix(s, "delegate_permission/") && !a.r.Failed() {
		a.fault(at, quote([]byte(s))+" is not a relation", `for links it is "delegate_permission/common.handle_all_urls"`)
	}
}

// androidTarget checks a target: an app, by package name and fingerprints, or a
// site, by its URL.
func (a *appLinksReader) androidTarget() {
	at, namespace := a.r.At(), ""
	given := map[string]bool{}
	mark := func(name string, kind byte, read func()) func() {
		return func() {
			given[name] = true
			a.of(kind, read)
		}
	}
	a.members(map[string]func(){
		"namespace":                mark("namespace", '"', func() { _, namespace = a.text() }),
		"site":                     mark("site", '"', func() { a.text() }),
		"package_name":             mark("package_name", '"', a.packageName),
		"sha256_cert_fingerprints": mark("sha256_cert_fingerprints", '[', func() { a.items('"', a.fingerprint) }),
	}, "namespace")
	var required []string
	switch namespace {
	case "android_app":
		required = []string{"package_name", "sha256_cert_fingerprints"}
	case "web":
		required = []string{"site"}
	case "":
	default:
		a.fault(at, "unknown namespace "+quote([]byte(namespace)), `write "android_app"`)
	}
	for _, name := range required {
		if !given[name] && !a.r.Failed() {
			a.below("."+name, func() { a.fault(at, "is missing", "") })
		}
	}
}

func (a *appLinksReader) packageName() {
	at, s := a.text()
	if !isPackageName(s) && !a.r.Failed() {
		a.fault(at, quote([]byte(s))+" is not the name of a package", `as in "com.example.app"`)
	}
}

// isPackageName checks Android's application id: two segments at least, each of
// letters, digits and underscores, the first a letter.
func isPackageName(s string) bool {
	parts := strings.Split(s, ".")
	for _, part := range parts {
		if part == "" || !destination.IsLetter(part[0]) {
			return false
		}
		for i := 0; i < len(part); i++ {
			if c := part[i]; c == '-' || c != '_' && !destination.IsLabelByte(c) {
				return false
			}
		}
	}
	return len(parts) >= 2
}

func (a *appLinksReader) fingerprint() {
	at, s := a.text()
	if !isFingerprint(s) && !a.r.Failed() {
		a.fault(at, quote([]byte(s))+" is not a SHA-256 fingerprint", `write 32 pairs of hexadecimal digits in upper case, joined by colons, as keytool prints them`)
	}
}

// isFingerprint reports whether s is 32 bytes as "14:6D:…".
func isFingerprint(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if i%3 == 2 && c != ':' || i%3 != 2 && (esp.HexDigit(c) > 15 || c >= 'a') {
			return false
		}
	}
	return len(s) == 32*3-1
}
