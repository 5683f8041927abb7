package esp

// Grade says how sure it is where a link of an ESP leads.
type Grade uint8

// The grades, the least first.
const (
	// Unread: the link does not say where it leads, or can be read in two ways.
	// The ESP answers it.
	Unread Grade = iota
	// Likely: the reading is right unless the link was damaged in a way that
	// does not show, for example cut at its end. It is used only when the ESP
	// has failed.
	Likely
	// Certain: the link has the form that the ESP writes for this URL, and no
	// known damage to another link gives the same text. It may be redirected
	// without asking the ESP.
	Certain
	// Learned: the link was not read, but the ESP has sent others there from the
	// same link in other messages. No reading has this grade.
	Learned
)

var gradeNames = [...]string{"unread", "likely", "certain", "learned"}

// String returns the name that the click log uses.
func (g Grade) String() string { return gradeNames[g] }

// Gradings says in words which click links of a family have which grade; "" for
// none. A test makes such links and checks these sentences.
type Gradings struct{ Certain, Likely, Unread string }

// Gradings returns which click links of this family can be read, and how
// surely.
func (f Family) Gradings() Gradings {
	if int(f) >= len(gradings) {
		return Gradings{}
	}
	return gradings[f]
}

var gradings = [...]Gradings{
	FamilyCustom:     {Unread: "all"},
	FamilyCustomerIO: {Certain: "whole ones"},
	FamilySendGrid:   {Unread: "all: SendGrid encrypts them"},
	FamilySparkPost: {
		Certain: "those whose payload holds the destination, and goes on behind it",
		Likely:  "those whose payload ends with it, and those that have it in target=, whose end may be cut",
		Unread:  "encrypted ones without target=",
	},
	FamilySES: {
		Certain: "whole ones to a URL with plain parameters",
		Likely:  "those whose signature is cut, those percent-encoded twice or as quoted-printable, and those to a URL whose path has \"=\" or an escaped delimiter, or of whose parameters one has not exactly one \"=\"",
		Unread:  "those that were percent-decoded on the way",
	},
	FamilyMailgun: {
		Certain: "those whose checksum is there and right",
		Likely:  "those that were made without one and end where such a stream ends",
		Unread:  "those that lost part of it",
	},
	FamilyMandrill: {Certain: "whole ones"},
	FamilyMailjet:  {Likely: "all: the URL stands last, and may be cut"},
	FamilyPostmark: {
		Certain: "whole ones to https, with a path or a query and plain parameters",
		Likely:  "those to a bare host, those to http, those cut in their signature, those percent-encoded twice, and those to a URL whose path has \"=\" or an escaped delimiter, or of whose parameters one has not exactly one \"=\"",
		Unread:  "those that were percent-decoded on the way, those cut before their signature, and those with a space in the URL",
	},
	FamilyIterable: {Unread: "all: Iterable encrypts them"},
	FamilyMautic:   {Unread: "all: they name a row of Mautic's database"},
	FamilyListmonk: {Unread: "all: they name rows of listmonk's database"},
	FamilyPostal:   {Unread: "all: they name a row of Postal's database"},
}
