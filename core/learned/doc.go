// Package learned has what can be known of a link that only its ESP can read:
// where the ESP has sent those who clicked on the same link in other messages.
//
// A link of SendGrid has a constant part, which depends on the account and the
// destination, and on neither message nor recipient. [Read] makes a [Name] of
// it. An ESP's answer to a click is a [Sight]. [Next] says what is to be done
// after one: the first message's answer is noted, the second's makes the
// destination known, and a different destination makes the name contradictory
// for good. [Learn] does it in the [Places] that it is given, and [Find] returns
// what they know. [Archive] is one more place, inside the module.
//
// The package is pure: the guest brings the places. A destination
// must still be held to the site's list wherever it is used.
//
// # What it defends against
//
// A wrong redirect: nothing is known before the answers to links of two
// messages agree, an entry is bound to its name by a checksum, and one that
// contradicts another is never used. A store of personal data: a destination
// with something personal in it has a name that does not repeat in a mailing,
// and one in which [Personal] sees something is not learned from answers. See
// [Mark] for the links of which the first is not certain.
package learned
