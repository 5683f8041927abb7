// Package esp reads the links of e-mail service providers: what kind of link a
// request is to a [Family], where it leads and how sure that is ([Grade]). Each
// ESP has a file of its own. A link that may be damaged is not [Certain]: its
// reading must be one that only an undamaged link gives.
package esp

// Kind says what a request is: a click, an open, …
type Kind uint8

// The kinds of request.
const (
	KindOther Kind = iota
	KindClick
	KindOpen
	KindUnsubscribe
	KindApp    // a link that an installed app opens (universal link, app link)
	KindHealth // the origin's probe
)

var kindNames = [...]string{"other", "click", "open", "unsubscribe", "app", "health"}

// String returns the name that the click log uses.
func (k Kind) String() string { return kindNames[k] }

// Family is an ESP's form of links. All presets of one ESP share it, and so
// does Braze, which sends through another ESP.
type Family uint8

// The families.
const (
	FamilyCustom Family = iota // unknown links: every request is of kind other
	FamilyCustomerIO
	FamilySendGrid
	FamilySparkPost
	FamilySES
	FamilyMailgun
	FamilyMandrill
	FamilyMailjet
	FamilyPostmark
	FamilyIterable
	FamilyMautic
	FamilyListmonk
	FamilyPostal
)

// Leads reports whether a request of this kind has a destination.
func (k Kind) Leads() bool { return k == KindClick || k == KindApp }
