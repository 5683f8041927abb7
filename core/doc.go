// Package core decides what one request on a branded link domain gets.
//
// A mail sender's branded link domain (link.example.com) receives the clicks,
// opens and unsubscribes of mail that is already in millions of inboxes. For
// each request [Decide] says what is done: redirect at once, proxy to the
// e-mail service provider (ESP), reply from here, or refuse with an
// [outcome.Code].
//
// Start with these three:
//
//   - sitesjson.Parse reads sites.json, and reports all its mistakes at once;
//   - [Decide] is the whole product on one page;
//   - [signed.Mint] makes a signed link, in the format of spec/links.md.
//
// The package is pure: no I/O, no clock, no platform. The guest, the command
// and the tests call the same functions.
//
// # Rooms
//
// This package has the site, the presets, and the decision.
// These packages import it:
//
//   - sitesjson reads sites.json
//   - sitetable has the sites in the form that the guest looks them up in
//   - clicklog writes a line of the click log
//
// These do not:
//
//   - signed has the signed links
//   - outcome has the codes, and what each says to the reader
//   - esp reads the links of the ESPs
//   - destination has the grammar of where a redirect may lead
//   - learned has where links lead that only their ESP can read
//   - recall has the rules for links that are corrected or withdrawn
//   - verdict says who made a request
//   - contract has what guest and host share
//   - header, jsontext, base64url, target, clean, spelling and word are helpers
//     of these
//
// # What it defends against
//
// An open redirector on the brand's name: every destination is held to the
// grammar of [destination.Parse], and its host must be on the site's list. Only
// signed links may lead elsewhere, and only on a site that says so. A forged or
// altered link: its tag is compared in constant time. A link moved to another
// host: the host is signed. A site without keys, or a key without a secret: no
// signed link verifies.
//
// # What it promises for links already sent
//
// A link that verifies today verifies in every later version until it expires
// or its key is retired. The request target is never parsed and written anew on
// its way to the ESP: it leaves byte for byte as it came.
package core
