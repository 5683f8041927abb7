// Package origins stands in for the tracking origins of e-mail service
// providers (ESPs), on loopback, for a laptop and for tests. No ESP's server is
// contacted.
//
// Start with [Start] (one listener per origin), [Fleet.Links] (links that these
// stand-ins accept) and [Fleet.Seen] (what arrived, byte for byte).
// [Fleet.SetFault] makes an origin fail.
//
// # What is imitated
//
// Each behaviour comes from the ESP's public documentation, or from the form of
// public links where it says so; "chosen" marks what the documentation leaves
// open and a stand-in has to decide.
//
//   - Every TLS origin has a certificate for the ESP's own name only, whatever
//     SNI and Host say, so that SNI and Host are two settings, as with the real
//     ones. With [Options].PlainToo each also listens for http, as tracking
//     domains that point straight at the ESP use it.
//   - Customer.io ("HTTPS link tracking"): links belong to the Host that they
//     were sent with. On one that is no tracking domain the answer is "Invalid
//     link security token", to a signature that is not of this Host "Invalid
//     link signature" (that the two differ is known, the second text and 403
//     are chosen), while /health is {} on any. The signature's real algorithm
//     is not public: here it is HMAC-SHA256 over Host and path with a key that
//     is no secret. [Fleet.Links] makes such links; links from elsewhere, with
//     real or dummy signatures, are refused unless [Options].AcceptAnySignature
//     is set, and then too the Host must be a branded one. Links of old mail
//     have no signature (form of links).
//   - Amazon SES ("Configuring custom domains to handle open and click
//     tracking"): over 8192 bytes of header fields are answered 400;
//     /favicon.ico shows region and protocol; a Host that is not a custom
//     domain of the account gets 403. X-Forwarded-Host counts as
//     [Options].ForwardedHost says (Braze, "SSL at Braze"). The byte count's
//     exact rule is chosen: name, value and 4 bytes for each field.
//   - SparkPost ("Enabling HTTPS engagement tracking", "Using a proxy"): no
//     handshake without the right SNI; the tracking domain may stand in Host or
//     in X-Forwarded-Host; /f/a/b/c/d is 302 with server: msys-http. That a
//     domain in neither is 404 is chosen.
//   - SendGrid ("SSL for click tracking"): opaque links, POST for its
//     unsubscribe pages.
//   - Iterable ("Configuring HTTPS for link tracking domains"): cookies at the
//     click, app-link files of its own. That its unsubscribe form needs the
//     cookie of the page is chosen, so that a lost cookie shows.
//   - SendGrid's page of groups (/asm/) has a form, a token and cookies, one of
//     them set for the parent domain and, over https, one with a "__Host-"
//     name. That it takes the form only with all of them, and none that is
//     there twice, is chosen, so that a lost or a foreign cookie shows.
//   - Mailgun: http only. Mandrill, Mailjet, Postmark: destinations as in the
//     form of links. Mailjet's mac is checked: HMAC-SHA256 over the fields
//     before it and the URL, with a key that is no secret. Its real algorithm
//     is not public, nor what a wrong one gets: 400 is chosen. With
//     [Options].AcceptAnySignature macs from elsewhere are taken, and those
//     made here must be right.
//   - One-click unsubscribe (RFC 8058): POST with the one field, as form or
//     multipart, is 200 and no redirect; another body is 400 (chosen), so that
//     a lost body shows.
//   - The sender's own server for the unsubscribes of retired ESPs
//     ([Options].Unsubscribes) knows itself by its own Host, and the link domain
//     by X-Forwarded-Host. It answers GET with a page, and takes a one-click
//     POST. What else it refuses, and with what, is chosen, so that a lost body
//     or Host shows. It counts what it takes, see [Fleet.Unsubscribed].
//   - Braze links are those of the ESP beneath.
//   - Customer.io, SES and Iterable send no Cache-Control on a redirect, the
//     others send no-store. Mailjet redirects with 307, Iterable with 303, the
//     others with 302. Customer.io, SparkPost and SES set a cookie without a
//     meaning, so that tests can see whether it passes. All of that is
//     chosen.
//
// # What is not
//
// No signature but Customer.io's and Mailjet's is checked: any text of the
// right form is accepted. SES accepts a message id of another region.
// SparkPost's limit of clicks per address, click counting, expiry, HTTP/2, IPv6
// and the ESPs' page designs are left out. Unsubscribing changes nothing. Whether an
// unsubscribe's token is one that the retired ESP made is not checked.
//
// Links are read here with regular expressions, encoding/json and net/url, in
// code that shares nothing with package core, so that core's readings can be
// tested against it.
package origins
