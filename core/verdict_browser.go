package core

import "strings"

// browserEngine is what a user agent claims to be, by the form that browsers of
// today send.
type browserEngine uint8

const (
	engineNone     browserEngine = iota
	engineChromium               // Chrome, Edge, Opera, Samsung Internet, Android's WebView
	engineGecko                  // Firefox
	engineWebKit                 // Safari, and every browser on iOS
	engineOther                  // Internet Explorer 11 and Opera Mini
)

// fetchMetadataSince is the major version from which an engine sends Sec-Fetch-*
// (MDN, browser-compat-data): Sec-Fetch-Dest is the latest of them in Chromium.
// WebKit's version is Safari's, which other browsers on iOS do not send.
var fetchMetadataSince = [...]int{
	engineNone: never, engineChromium: 80, engineGecko: 90, engineWebKit: never, engineOther: never,
}

const never = 1 << 30

// sendsFetchUser tells whether an engine sends Sec-Fetch-User at all. WebKit does
// not: https://webkit.org/b/247697.
func (e browserEngine) sendsFetchUser() bool { return e == engineChromium || e == engineGecko }

// readEngine returns the engine that a user agent claims, and the major version
// of Chromium or Firefox, 0 for others.
func readEngine(ua string) (browserEngine, int) {
	if !strings.HasPrefix(ua, "Mozilla/5.0 (") {
		if strings.HasPrefix(ua, "Opera/9.80 (") {
			return engineOther, 0
		}
		return engineNone, 0
	}
	if _, rest, ok := strings.Cut(ua, " AppleWebKit/"); ok {
		if _, version, ok := strings.Cut(rest, " Chrome/"); ok {
			return engineChromium, major(version)
		}
		return engineWebKit, 0
	}
	if _, rest, ok := strings.Cut(ua, " Gecko/"); ok {
		if _, version, ok := strings.Cut(rest, " Firefox/"); ok {
			return engineGecko, major(version)
		}
	}
	if strings.HasSuffix(ua, ") like Gecko") {
		return engineOther, 0
	}
	return engineNone, 0
}

// major reads the number with which a version begins, four digits of it at most.
func major(version string) (n int) {
	for i := 0; i < len(version) && i < 4 && version[i]-'0' <= 9; i++ {
		n = n*10 + int(version[i]-'0')
	}
	return n
}
