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

// platformStart is how every browser's user agent begins.
const platformStart = "Mozilla/5.0 ("

// readEngine returns the engine that a user agent claims, and the major version
// of Chromium or Firefox, 0 for others.
func readEngine(ua string) (browserEngine, int) {
	if !strings.HasPrefix(ua, platformStart) {
		if strings.HasPrefix(ua, "Opera/9.80 (") {
			return engineOther, 0
		}
		return engineNone, 0
	}
	engine, products := cutPlatform(ua)
	switch engine {
	case engineWebKit:
		if n, ok := majorOf(products, "Chrome/"); ok {
			return engineChromium, n
		}
	case engineGecko:
		n, ok := majorOf(products, "Firefox/")
		if !ok {
			return engineNone, 0 // any program may bear Gecko's name
		}
		return engine, n
	}
	return engine, 0
}

// majorOf returns the major version of a product among those that spaces separate.
func majorOf(products, name string) (int, bool) {
	for {
		if strings.HasPrefix(products, name) {
			return major(products[len(name):]), true
		}
		i := strings.IndexByte(products, ' ')
		if i < 0 {
			return 0, false
		}
		products = products[i+1:]
	}
}

// cutPlatform returns the engine that stands behind the platform's parenthesis,
// and the products behind that. A platform may hold parentheses itself.
//
//	Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Mobile Safari/537.36
//	             platform              engine                                 products
func cutPlatform(ua string) (engine browserEngine, products string) {
	for ua = ua[len(platformStart):]; ; {
		i := strings.IndexByte(ua, ')')
		if i < 0 {
			return engineNone, ""
		}
		ua = ua[i+1:]
		switch {
		case strings.HasPrefix(ua, " AppleWebKit/"):
			return engineWebKit, ua[strings.IndexByte(ua, ')')+1:]
		case strings.HasPrefix(ua, " Gecko/"):
			return engineGecko, ua[len(" Gecko/"):]
		case ua == " like Gecko":
			return engineOther, ""
		}
	}
}

// major reads the number with which a version begins, four digits of it at most.
func major(version string) (n int) {
	for i := 0; i < len(version) && i < 4 && version[i]-'0' <= 9; i++ {
		n = n*10 + int(version[i]-'0')
	}
	return n
}
