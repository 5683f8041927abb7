package main

// class is what a text in a user agent says of the client. If there are several
// texts, the highest class counts. agent.go has the same values.
type class uint8

const (
	declared  class = iota + 1 // calls itself a bot, without a name that the list knows
	office                     // a client of Microsoft Office
	known                      // on the list
	mailProxy                  // fetches a mail's images for its reader
)

// override is the pattern that replaces a pattern of the list, "" for none, and
// the reason.
type override struct{ pattern, why string }

// overrides are the patterns of the list that are replaced or left out. Each
// must still be in the list: once upstream has fixed a pattern, it is removed
// here.
var overrides = map[string]override{
	// Not plain texts.
	`AdsBot-Google([^-]|$)`:             {`AdsBot-Google`, "wider: with a dash it is a crawler of Google's too"},
	`BlogTraffic\/\d\.\d+ Feed-Fetcher`: {`BlogTraffic\/`, "wider: any version"},
	`ContextualBot[\s\S]*outcomes\.net`: {`ContextualBot`, "wider: the name is enough"},
	`Current[\s\S]*RSS Reader`:          {``, "two common words with anything between"},
	`Spider[\s\S]*spider\.com`:          {``, "declares itself a spider"},
	// Too short for the table.
	`BW\/`:  {`BW\/1`, "with its version"},
	`^BW\/`: {``, "the one above finds it"},
	`ds9`:   {`^ds9 `, "with the space before its version"},
	`Y!J`:   {`Y!J-`, "with the dash before its part"},

	// Claim people's browsers.
	`AP3A\.240617\.008`: {``, "the build number of Android 15 on phones that people use"},
	`MetaIAB Facebook`:  {``, "Facebook's in-app browser, in which people open links"},
	`Fluid`:             {``, "a browser for one site, in which people open links"},
	`Butterfly`:         {``, "HTC Butterfly is a phone"},
	`Blackboard`:        {`Blackboard Safeassign`, "Blackboard's app for students has the same name"},
	`008\/`:             {`^008\/`, "the end of a version of Opera Mini"},
	`Sogou`:             {``, "a browser has the same name; the crawlers declare themselves spiders"},
}

// mailProxies are the patterns of clients that fetch a mail's images when its
// reader opens it. The client is a program, but it may act for a person.
var mailProxies = map[string]bool{
	`GoogleImageProxy`:        true, // Gmail; the user agent says "via ggpht.com GoogleImageProxy"
	`YahooMailProxy`:          true, // https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html
	`FastmailUA`:              true, // Fastmail; so described in the list
	`Shortwave Image Fetcher`: true, // Shortwave; so described in the list
}

// ownTexts are texts that the list does not have: the words with which crawlers
// name themselves, with punctuation that no browser in the fixtures has next to
// them. "bot " is not one of them, since it is in the names of some phones.
func ownTexts() []text {
	var out []text
	for _, s := range []string{
		"+http", "bot/", "Bot/", "BOT/", "bot)", "Bot)", "BOT)", "bot;", "Bot;", "BOT;", "bot.", "Bot.",
		"bot-", "Bot-", "bot_", "Bot_", "robot", "Robot", "crawl", "Crawl", "spider", "Spider", "scanner", "Scanner",
	} {
		out = append(out, text{s: s, class: declared})
	}
	return append(out,
		// https://www.braze.com/docs lists it among the user agents whose
		// clicks are left out of account.
		text{s: "Barracuda Sentinel", class: known},
		// https://learn.microsoft.com/archive/blogs/vsofficedeveloper/description-of-the-microsoft-office-existence-discovery-protocol-2
		// names the first; Outlook's and Office's own fetches carry the others.
		text{s: "Microsoft Office", class: office},
		text{s: "ms-office", class: office},
		text{s: "MSOffice", class: office},
	)
}
