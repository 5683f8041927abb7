package verdict

import "github.com/clickedge/clickedge/core/word"

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

// platformStart is how every browser's user agent begins.
const platformStart = "Mozilla/5.0 ("

// readEngine returns the engine that a user agent claims, the major version of
// Chromium or Firefox, 0 for others, and where the text chromium stands, 0 for
// nowhere.
func readEngine(ua string) (engine browserEngine, major, from int) {
	if !word.HasPrefix(ua, platformStart) {
		if word.HasPrefix(ua, "Opera/9.80 (") {
			return engineOther, 0, 0
		}
		return engineNone, 0, 0
	}
	engine, products, from := cutPlatform(ua)
	if from > 0 {
		return engineChromium, majorVersion(products), from
	}
	switch engine {
	case engineWebKit:
		if n, ok := majorOf(products, "Chrome/"); ok {
			return engineChromium, n, from
		}
	case engineGecko:
		n, ok := majorOf(products, "Firefox/")
		if !ok {
			return engineNone, 0, 0 // any program may bear Gecko's name
		}
		return engine, n, 0
	}
	return engine, 0, 0
}

// majorOf returns the major version of a product among those that spaces separate.
func majorOf(products, name string) (int, bool) {
	for {
		if word.HasPrefix(products, name) {
			return majorVersion(products[len(name):]), true
		}
		i := word.Index(products, ' ')
		if i < 0 {
			return 0, false
		}
		products = products[i+1:]
	}
}

// chromium is what all of Chromium's have behind the platform since 2013.
const chromium = " AppleWebKit/537.36 (KHTML, like Gecko) Chrome/"

// cutPlatform returns the engine that stands behind the platform's parenthesis,
// the products behind that, without Chromium's own name, and where the text chromium stands, 0 for nowhere. A
// platform may hold parentheses itself.
//
//	Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Mobile Safari/537.36
//	             platform              engine                                 products
func cutPlatform(ua string) (engine browserEngine, products string, from int) {
	for at := len(platformStart); ; {
		i := word.Index(ua[at:], ')')
		if i < 0 {
			return engineNone, "", 0
		}
		at += i + 1
		switch rest := ua[at:]; {
		case word.HasPrefix(rest, chromium):
			return engineWebKit, rest[len(chromium):], at
		case word.HasPrefix(rest, " AppleWebKit/"):
			return engineWebKit, rest[word.Index(rest, ')')+1:], 0
		case word.HasPrefix(rest, " Gecko/"):
			return engineGecko, rest[len(" Gecko/"):], 0
		case rest == " like Gecko":
			return engineOther, "", 0
		}
	}
}

// majorVersion reads the number with which a version begins, four digits of it at most.
func majorVersion(version string) (n int) {
	for i := 0; i < len(version) && i < 4 && version[i]-'0' <= 9; i++ {
		n = n*10 + int(version[i]-'0')
	}
	return n
}
