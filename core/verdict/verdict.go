// Package verdict says who made a request, as far as the request shows it: a
// person, a bot, or unknown. [Judge] is pure and allocates nothing. Its list of
// known bots, agent_table.go, is generated from the folder agents.
package verdict

import (
	"math/bits"
	"strings"
)

// Signals are what Judge reads of a request. For the zero value it says
// WhoUnknown.
type Signals struct {
	Method    string // as sent
	UserAgent string // value of the header; "" for none
	// Purpose is the value of Sec-Purpose, Purpose, X-Purpose or X-Moz, see
	// [PurposeHeader]; "" for none.
	Purpose string
	// Of the other fields only their presence is needed, not their values.
	Accept         bool
	AcceptLanguage bool
	From           bool // RFC 9110, 10.1.2: robots should send it, browsers do not
	SignatureAgent bool // Web Bot Auth: names the bot that signs the request
	// FetchMetadata: there is Sec-Fetch-Site, -Mode or -Dest.
	FetchMetadata bool
	// FetchUser: there is Sec-Fetch-User. Its only value is ?1, and it is sent
	// for navigations only (W3C Fetch Metadata, 2.4).
	FetchUser bool
	// Secure: the request came over TLS. Browsers send Sec-Fetch-* only then.
	Secure bool
	Bot    BotAnalysis
}

// BotAnalysis is what Fastly's Bot Management says of a request, through the
// host calls fastly_http_downstream downstream_bot_* of compute-at-edge.witx.
// The zero value is a request that was not analysed, as on every service
// without the product.
type BotAnalysis struct {
	Analysed bool
	Detected bool
	Verified bool        // Fastly has validated who the bot is
	Category BotCategory // asked for only where Detected
	Name     string      // Fastly's name for the bot, "" for none
}

// BotCategory is $bot_category_kind of the ABI.
type BotCategory uint32

// The categories with a meaning of their own.
const (
	// BotSuspected is a client that Fastly suspects to be a bot, but has not
	// identified as one.
	BotSuspected BotCategory = 1
	// BotAccessibility is a tool with which a person reads, such as a screen
	// reader.
	BotAccessibility BotCategory = 2
	// BotHeadless is a suspected headless browser.
	BotHeadless BotCategory = 14
)

// Who made a request.
type Who uint8

// The answers.
const (
	// WhoUnknown: nothing proves a person or a bot. Most clicks on iPhones are
	// unknown, since Safari does not send what WhoHuman needs.
	WhoUnknown Who = iota
	// WhoHuman: a browser says that a person opened this link, and nothing
	// contradicts it.
	//
	// It proves that the client sent what Chromium 76 and Firefox 90, or later,
	// send when a link is opened by hand, and does not call itself a bot. It
	// does not prove a person: any client can send the same, and a browser
	// driven by a program does.
	WhoHuman
	// WhoBot: a program made this request without a person opening the link, as
	// the request itself or Fastly says. A person may open the link later.
	WhoBot
)

var whoNames = [...]string{"unknown", "human", "bot"}

// String returns the name that the click log uses.
func (w Who) String() string { return whoNames[w] }

// Verdict says who made a request, as far as the request shows it. It is only
// for the log: no answer depends on it.
type Verdict struct {
	Who Who
	// Network is the row of the table of networks, see [Verdict.Locate].
	Network NetworkName
	Reasons ReasonSet
	// Agent is the agent's name in the list of known agents, or else Fastly's
	// name for it; "" for none. It is never the client's own text.
	Agent string
}

// ReasonSet is the set of all that was found, whether or not it changed the
// verdict.
type ReasonSet uint32

// The reasons. Their names in the log are never reused for another meaning.
const (
	ReasonFastlyBot           ReasonSet = 1 << iota // Fastly has detected a bot
	ReasonFastlySuspected                           // Fastly suspects a bot or a headless browser
	ReasonFastlyAccessibility                       // Fastly has detected a tool by which a person reads
	ReasonFastlyVerified                            // and has validated who it is
	ReasonFastlyNone                                // Fastly has looked and detected none
	ReasonNotAnalysed                               // Fastly has not looked
	ReasonKnownAgent                                // the user agent is on the list of crawlers
	ReasonDeclared                                  // the user agent calls itself bot, crawler, spider, …
	ReasonMailProxy                                 // fetches a mail's images for its reader
	ReasonOffice                                    // Microsoft Office or Outlook asks, not a browser
	ReasonHead                                      // HEAD: no browser opens a link with it
	ReasonMethod                                    // neither GET nor HEAD: not the opening of a link
	ReasonPrefetch                                  // fetched in case somebody opens it
	ReasonFrom                                      // the header From
	ReasonSignatureAgent                            // the header Signature-Agent
	ReasonNoUserAgent                               // no User-Agent
	ReasonBareUserAgent                             // "Mozilla/5.0" and no more, as Apple's Mail Privacy Protection sends
	ReasonOddUserAgent                              // not of the form that browsers send
	ReasonNoAccept                                  // no Accept, which every browser sends
	ReasonNoAcceptLanguage                          // no Accept-Language, which every browser sends
	ReasonNoFetchMetadata                           // no Sec-Fetch-*, which this browser sends
	ReasonFetchMetadata                             // Sec-Fetch-*, which few programs send
	ReasonUserActivation                            // Sec-Fetch-User: somebody acted
	ReasonTrap                                      // the link is one that nobody sees in the mail

	// Only from [Verdict.Locate].
	ReasonNotLocated     // the platform does not know where the request came from
	ReasonNetworkStale   // the row of its network is older than its date
	ReasonScannerNetwork // the network of a company that scans mail
	ReasonCloudNetwork   // a cloud or a hoster
	ReasonGatewayNetwork // a network through which people's traffic passes
	ReasonAnonymousProxy // a VPN, Tor, or a public proxy
	ReasonTLSMismatch    // the TLS handshake is not that of the browser claimed
	ReasonH2Mismatch     // the HTTP/2 connection is not that of the browser claimed
)

var reasonNames = [...]string{
	"fastly_bot", "fastly_suspected", "fastly_accessibility", "fastly_verified", "fastly_none", "not_analysed",
	"known_agent", "declared", "mail_proxy", "office", "head", "method", "prefetch", "from", "signature_agent",
	"no_user_agent", "bare_user_agent", "odd_user_agent", "no_accept", "no_accept_language", "no_fetch_metadata",
	"fetch_metadata", "user_activation", "trap", "not_located", "network_stale",
	"scanner_network", "cloud_network", "gateway_network", "anonymous_proxy", "tls_mismatch", "h2_mismatch",
}

const (
	// personBehind are programs that may be fetching for a person.
	personBehind = ReasonMailProxy | ReasonFastlyAccessibility
	// provesBot is what only a program that acts by itself sends.
	provesBot = ReasonFastlyBot | ReasonKnownAgent | ReasonDeclared | ReasonHead | ReasonPrefetch |
		ReasonFrom | ReasonSignatureAgent
	// contradictsHuman is what browsers that send Sec-Fetch-User never do.
	contradictsHuman = ReasonFastlySuspected | ReasonOffice | ReasonMethod | ReasonNoUserAgent |
		ReasonBareUserAgent | ReasonOddUserAgent | ReasonNoAccept | ReasonNoAcceptLanguage | ReasonNoFetchMetadata
)

// maxUserAgent is how much of a user agent is read, in bytes. The longest of
// 165,640 user agents of phones and browsers has 681.
const maxUserAgent = 1024

// maxAgent is how much of Fastly's name for a bot is logged, in bytes.
const maxAgent = 64

// Judge says who made a request, and why. It is pure, allocates nothing, and
// claims nothing that the request does not show: if in doubt it says
// WhoUnknown.
//
// It finds mail scanners only if they identify themselves. Microsoft Safe
// Links, Proofpoint, Mimecast and others send the headers of a browser and
// document no user agent. Fastly's own analysis may find them, and
// [Verdict.Locate] some; this function cannot.
func Judge(s *Signals) Verdict {
	ua := s.UserAgent[:min(len(s.UserAgent), maxUserAgent)]
	v := Verdict{Reasons: s.Bot.reasons() | s.headerReasons()}
	engine, major, from := readEngine(ua)
	if r := findAgent(ua, from); r != nil {
		v.Reasons |= agentReasons[r.class()]
		v.Agent = r.agent()
	}
	if v.Agent == "" && s.Bot.Analysed && s.Bot.Detected {
		v.Agent = s.Bot.Name[:min(len(s.Bot.Name), maxAgent)]
	}
	v.Reasons |= userAgentReasons(ua, engine)
	if (s.Secure || s.FetchUser) && !s.FetchMetadata && major >= fetchMetadataSince[engine] {
		v.Reasons |= ReasonNoFetchMetadata
	}
	v.Who = v.Reasons.who(engine)
	return v
}

// Trapped adds that the link is a trap, which nobody sees in the mail, so that
// whoever follows it is no person. The exceptions are people to whom it is
// read, by a tool that Fastly knows, and those who read the mail as text: if the
// browser says that somebody acted, the answer is WhoUnknown.
func (v *Verdict) Trapped() {
	v.Reasons |= ReasonTrap
	switch {
	case v.Reasons&personBehind != 0:
	case v.Who == WhoHuman, v.Who == WhoUnknown && v.Reasons&ReasonUserActivation != 0:
		v.Who = WhoUnknown
	default:
		v.Who = WhoBot
	}
}

func (r ReasonSet) who(engine browserEngine) Who {
	switch {
	case r&personBehind != 0:
		return WhoUnknown
	case r&provesBot != 0:
		return WhoBot
	case r&ReasonUserActivation != 0 && r&contradictsHuman == 0 && engine.sendsFetchUser():
		return WhoHuman
	}
	return WhoUnknown
}

func (b *BotAnalysis) reasons() ReasonSet {
	switch {
	case !b.Analysed:
		return ReasonNotAnalysed
	case !b.Detected:
		return ReasonFastlyNone
	}
	r := ReasonFastlyBot
	switch b.Category {
	case BotSuspected, BotHeadless:
		r = ReasonFastlySuspected
	case BotAccessibility:
		r = ReasonFastlyAccessibility
	}
	if b.Verified {
		r |= ReasonFastlyVerified
	}
	return r
}

func (s *Signals) headerReasons() ReasonSet {
	var r ReasonSet
	if s.Method == "HEAD" {
		r |= ReasonHead
	} else if s.Method != "GET" {
		r |= ReasonMethod
	}
	if isPrefetch(s.Purpose) {
		r |= ReasonPrefetch
	}
	return r | when(s.From, ReasonFrom) | when(s.SignatureAgent, ReasonSignatureAgent) |
		when(!s.Accept, ReasonNoAccept) | when(!s.AcceptLanguage, ReasonNoAcceptLanguage) |
		when(s.FetchMetadata, ReasonFetchMetadata) | when(s.FetchUser, ReasonUserActivation)
}

func when(is bool, r ReasonSet) ReasonSet {
	if is {
		return r
	}
	return 0
}

// isPrefetch reports whether the purpose of a request is to fetch a link before
// a person opens it. Sec-Purpose, Purpose and X-Moz have "prefetch", perhaps
// with parameters such as ";prerender". Safari and Chrome used "preview" and
// "instant" in X-Purpose.
func isPrefetch(purpose string) bool {
	if purpose == "" {
		return false
	}
	token, _, _ := strings.Cut(purpose, ";")
	token, _, _ = strings.Cut(token, ",")
	token = strings.TrimSpace(token)
	for _, known := range [...]string{"prefetch", "prerender", "preview", "instant"} {
		if strings.EqualFold(token, known) {
			return true
		}
	}
	return false
}

var agentReasons = [...]ReasonSet{
	agentDeclared: ReasonDeclared, agentOffice: ReasonOffice, agentKnown: ReasonKnownAgent, agentMailProxy: ReasonMailProxy,
}

func userAgentReasons(ua string, engine browserEngine) ReasonSet {
	switch {
	case ua == "":
		return ReasonNoUserAgent
	case ua == "Mozilla/5.0":
		// Apple's proxy sent this in 2021. It may change:
		// https://bird.com/en-nl/blog/4-insights-on-ios-15-mail-privacy-protection
		return ReasonBareUserAgent
	case engine == engineNone:
		return ReasonOddUserAgent
	}
	return 0
}

// usualReasons are the reasons of a click with Chrome, Edge or Firefox, on a
// service without Bot Management: half of all clicks by people. usualText is
// their names.
//
// Plain, name by name: +406 instructions a click of any kind.
const usualReasons = ReasonNotAnalysed | ReasonFetchMetadata | ReasonUserActivation

const usualText = "not_analysed,fetch_metadata,user_activation"

// AppendReasons appends the names of the reasons, separated by commas.
func (v Verdict) AppendReasons(dst []byte) []byte {
	if v.Reasons == usualReasons {
		return append(dst, usualText...)
	}
	for r := v.Reasons; r != 0; r &= r - 1 {
		if r != v.Reasons {
			dst = append(dst, ',')
		}
		dst = append(dst, reasonNames[bits.TrailingZeros32(uint32(r))]...)
	}
	return dst
}
