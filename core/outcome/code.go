// Package outcome says in one word why a request got what it got, and what its
// reader is told.
package outcome

// Code is the reason for a decision, in one word. Codes go to the click log and
// to metrics and are never renamed. The reader sees the title of the code's
// [Notice].
type Code string

// The codes. OK is the only one that is not a refusal, except that a recalled
// link may lead to another page.
const (
	OK                  Code = "ok"
	Malformed           Code = "malformed"            // not a link at all, or its fields are out of order
	TooLong             Code = "too_long"             // over contract.MaxTarget bytes
	BadKeyID            Code = "bad_key_id"           // kid is not 1 to 8 of a-z 0-9
	BadExpiry           Code = "bad_expiry"           // not base 36, a leading zero, or out of range
	BadID               Code = "bad_id"               // empty, over 64 bytes, or not base64url
	BadEncoding         Code = "bad_encoding"         // destination or tag is not canonical base64url
	UnknownKey          Code = "unknown_key"          // the site does not list this kid
	KeyUnavailable      Code = "key_unavailable"      // listed, but its secret cannot be had
	BadTag              Code = "bad_tag"              // altered, or signed for another host or with another secret
	Expired             Code = "expired"              // signed, but its time is over
	BadDestination      Code = "bad_destination"      // signed, but browsers may not agree on where it leads
	UnlistedDestination Code = "unlisted_destination" // signed, but the site does not list its host
	SelfDestination     Code = "self_destination"     // leads back to a link domain
	Recalled            Code = "recalled"             // the site has corrected where the link leads, or withdrawn it
	WrongHost           Code = "wrong_host"           // no site has this host
	NotFound            Code = "not_found"            // no signed link, and no ESP behind this site
	BadMethod           Code = "bad_method"           // a signed link takes GET and HEAD; TRACE and CONNECT are never taken
	Loop                Code = "loop"                 // has been through this site before
	NoSites             Code = "no_sites"             // the module was built without sites.json
	BadRequest          Code = "bad_request"          // the platform gave no usable method, host or target
	IncompleteRequest   Code = "incomplete_request"   // the reader's own request broke off before its body was whole
	ESPUnreachable      Code = "esp_unreachable"      // the connection was never made, or broke
	ESPTimeout          Code = "esp_timeout"          // no answer in time
	ESPTLS              Code = "esp_tls"              // no TLS with the origin
	ESPError            Code = "esp_error"            // the ESP answered a click with 5xx or 429, or any request with no final status
	Internal            Code = "internal_error"       // a fault of ours
	Retired             Code = "retired"              // a click of an ESP that the sender has left, and nothing says where it leads
	UnsubscribeRetired  Code = "unsubscribe_retired"  // the same of an unsubscribe, and nobody is named to take it
)

// Notice is what a code says to the reader: status, title and one sentence.
type Notice struct {
	Status int
	Title  string
	Text   string
}

const (
	damaged = "This link is damaged"
	copyIt  = "Part of it may have been lost on the way. Try the link in the original message."
	sorry   = "We are having trouble"
	again   = "Nothing is wrong with your link. Please try again in a minute."
	// A failing ESP may or may not have done what was asked.
	noAnswer = "The service that this link goes through does not answer. What you asked for may not have been done. Please try again in a minute."
	anError  = "The service that this link goes through reports an error. What you asked for may not have been done. Please try again in a minute."
)

// Notice returns what the code says to the reader. An unknown code gets the
// notice of [Internal]. It is a switch, since a map would be made at
// initialisation, and cost a refused click some windows of memory.
func (c Code) Notice() Notice {
	switch c {
	case Malformed:
		return Notice{400, damaged, copyIt}
	case TooLong:
		return Notice{414, damaged, "It is longer than any link we send."}
	case BadKeyID:
		return Notice{400, damaged, copyIt}
	case BadExpiry:
		return Notice{400, damaged, copyIt}
	case BadID:
		return Notice{400, damaged, copyIt}
	case BadEncoding:
		return Notice{400, damaged, copyIt}
	case BadDestination:
		return Notice{400, damaged, "It does not lead to an address that can be opened safely."}
	case SelfDestination:
		return Notice{400, damaged, "It leads back to where it came from."}
	case BadTag:
		return Notice{403, "This link cannot be trusted", "It was changed after it was sent, so it was not opened."}
	case UnknownKey:
		return Notice{403, "This link cannot be trusted", "It was not made by us, or it is older than we can check."}
	case UnlistedDestination:
		return Notice{403, "This link cannot be opened", "It leads to a site that is not on our list."}
	case Retired:
		return Notice{410, "This link has ended", "It belongs to an older message, and the service behind it is no longer used."}
	case UnsubscribeRetired:
		return Notice{410, "You are not unsubscribed yet", "This address can no longer do it: the service behind it is no longer used. Please use the link in a newer message, or reply to the sender and ask."}
	case Expired:
		return Notice{410, "This link has expired", "It was valid for a limited time only."}
	case Recalled:
		return Notice{410, "This link has been withdrawn", "The people who sent it have taken it back. It does not lead anywhere any more."}
	case WrongHost:
		return Notice{421, "Nothing lives here", "This address is not set up on this server."}
	case NotFound:
		return Notice{404, "There is nothing here", "The address may be incomplete. Try the link in the original message."}
	case BadMethod:
		return Notice{405, "This cannot be done here", "The address takes no request of this kind."}
	case BadRequest:
		return Notice{400, "This request cannot be read", copyIt}
	case IncompleteRequest:
		return Notice{400, "This did not arrive whole", "What you sent broke off on its way. Please try again."}
	case Loop:
		return Notice{508, sorry, "This address leads back to itself. The people who run it have to fix that."}
	case NoSites:
		return Notice{503, sorry, again}
	case KeyUnavailable:
		return Notice{503, sorry, again}
	case ESPUnreachable:
		return Notice{502, sorry, noAnswer}
	case ESPTLS:
		return Notice{502, sorry, noAnswer}
	case ESPError:
		return Notice{502, sorry, anError}
	case ESPTimeout:
		return Notice{504, sorry, noAnswer}
	}
	return Notice{500, sorry, again}
}

// Temporary reports whether trying again later may help. The page then has
// Retry-After.
func (c Code) Temporary() bool {
	switch c {
	case NoSites, KeyUnavailable, ESPUnreachable, ESPTLS, ESPTimeout, ESPError, Internal:
		return true
	}
	return false
}
