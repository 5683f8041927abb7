// Package esp reads the links of e-mail service providers: what kind of link a
// request is to a [Family], where it leads and how sure that is ([Grade]). Each
// ESP has a file of its own. Damage refuses: a reading that other bytes can give
// too is not [Certain].
package esp

// Kind says what a request is to the mail's sender.
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

// Family is a way to form links: every preset of one ESP, and Braze on top of
// it, shares its family.
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
)

// Leads reports whether what is asked for is a link that leads somewhere.
func (k Kind) Leads() bool { return k == KindClick || k == KindApp }
