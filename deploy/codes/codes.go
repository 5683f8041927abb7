// Package codes says what the codes of the click log mean to an operator, where
// core's notices speak to the reader. It has one function: [Explain].
package codes

import (
	"cmp"

	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/core/outcome"
)

// Meaning is what a code says, and what to do about it.
type Meaning struct{ What, Advice string }

var meanings = map[outcome.Code]Meaning{
	outcome.OK:                  {"all is well", ""},
	outcome.Malformed:           {"this is not a signed link, or its parts are out of order", "it may have been cut on its way: compare it with the link in the message"},
	outcome.TooLong:             {"the link is longer than the platform takes", "shorten the destination"},
	outcome.BadKeyID:            {"the key id in it is not 1 to 8 of a-z 0-9", "the link was damaged, or not made by clickedge sign"},
	outcome.BadExpiry:           {"the expiry in it cannot be read", "the link was damaged, or not made by clickedge sign"},
	outcome.BadID:               {"the id in it cannot be read", "the link was damaged, or not made by clickedge sign"},
	outcome.BadEncoding:         {"the destination or the tag in it is not whole base64url", "the link was damaged or cut on its way"},
	outcome.UnknownKey:          {"the site does not list the key id in it", `the key was retired, or has to go into the site's "keys"`},
	outcome.KeyUnavailable:      {"the site lists the key, but its secret cannot be had", "put the secret into the secret store \"" + contract.SecretStore + "\" under the key id"},
	outcome.BadTag:              {"the link was altered, or signed for another host or with another secret", "compare the secret in the store with the one that signed"},
	outcome.Expired:             {"the link was signed, but has expired", "sign a new one with a later --expires"},
	outcome.BadDestination:      {"browsers may not agree on where the link leads", "https://, a plain host name, no user, no other port, no space and no backslash"},
	outcome.UnlistedDestination: {"the site does not list the host that the link leads to", `add the host to "destinations" in sites.json`},
	outcome.SelfDestination:     {"the link leads back to a link domain", "use the final address as the destination"},
	outcome.Recalled:            {"the site has recalled where the link leads", `"clickedge recall list" shows the rules, and who added them`},
	outcome.Retired:             {"the site has retired the ESP whose link this is, and nothing says where the link leads", `"clickedge check" says which of its links can be read`},
	outcome.UnsubscribeRetired:  {"the site has retired the ESP whose link this is, and names no origin for its unsubscribes: nothing was done", `name an origin of yours in "unsubscribes"`},
	outcome.WrongHost:           {"no site has this host", "add it to sites.json, build and deploy"},
	outcome.NotFound:            {"it is not a signed link, and this site has no ESP", `name the ESP in "esp" if there is one`},
	outcome.BadMethod:           {"signed links take GET and HEAD only; TRACE and CONNECT are never taken", ""},
	outcome.Loop:                {"the request has been through this site before", "the origin leads back to the link domain: correct the site's esp or origin"},
	outcome.NoSites:             {"the module was built without sites.json", "clickedge build --sites sites.json"},
	outcome.BadRequest:          {"the request has no usable method, host or target", ""},
	outcome.IncompleteRequest:   {"the reader's own request broke off before its body was whole", ""},
	outcome.ESPUnreachable:      {"no connection to the ESP, or it broke", "check the backend's address"},
	outcome.ESPTimeout:          {"the ESP did not answer in time", ""},
	outcome.ESPTLS:              {"no TLS with the ESP", "SNI and certificate name must be the ESP's own host, not the link domain"},
	outcome.ESPError:            {"the ESP answered with an error", ""},
	outcome.Internal:            {"a fault of clickedge", "please report it with the log line"},
}

// Explain returns what a code means. For a code of a newer module it says that
// the code is unknown.
func Explain(c outcome.Code) Meaning {
	return cmp.Or(meanings[c], Meaning{What: "a code that this version of the command does not know"})
}
