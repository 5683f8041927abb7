package verdict

import "github.com/clickedge/clickedge/core/word"

// browserEngine is the engine that a user agent claims, by the form that
// today's browsers send.
type browserEngine uint8

const (
	engineNone     browserEngine = iota
	engineChromium               // Chrome, Edge, Opera, Samsung Internet, Android's WebView
	engineGecko                  // Firefox
	engineWebKit                 // Safari, and every browser on iOS
	engineOther                  // Internet Explorer 11 and Opera Mini
)

// fetchMetadataSince is the major version from which an engine sends all
// Sec-Fetch-* fields (MDN, browser-compat-data): in Chromium Sec-Fetch-Dest
// came last. WebKit has none here: its version is Safari's, which other
// browsers on iOS do not send.
var fetchMetadataSince = [...]int{
	engineNone: never, engineChromium: 80, engineGecko: 90, engineWebKit: never, engineOther: never,
}

const never = 1 << 30

// sendsFetchUser reports whether an engine sends Sec-Fetch-User at all. WebKit
// does not: https://webkit.org/b/247697.
func (e browserEngine) sendsFetchUser() bool { return e == engineChromium || e == engineGecko }

// platformStart is the start of every browser's user agent.
const platformStart = "Mozilla/5.0 ("

// readEngine returns the engine that a user agent claims, the major version of
// Chromium or Firefox, 0 for others, and the offset of the text chromium, 0 if
// it is not there.
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
			return engineNone, 0, 0 // other programs have Gecko's name too
		}
		return engine, n, 0
	}
	return engine, 0, 0
}

// majorOf returns the major version of a product in a list that is separated by
// spaces.
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

// chromium follows the platform in all user agents of Chromium since 2013.
const chromium = " AppleWebKit/537.36 (KHTML, like Gecko) Chrome/"

// cutPlatform returns the engine after the platform's parentheses, the products
// after the engine, without Chromium's own name, and the offset of the text
// chromium, 0 if it is not there. A platform may itself hold parentheses.
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

// majorVersion reads the number at the start of a version, at most four digits.
func majorVersion(version string) (n int) {
	for i := 0; i < len(version) && i < 4 && version[i]-'0' <= 9; i++ {
		n = n*10 + int(version[i]-'0')
	}
	return n
}
