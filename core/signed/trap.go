package signed

import "github.com/clickedge/clickedge/core/word"

// TrapID is how the id of a trap begins, as it stands in the link: base64url of
// the six bytes NUL, "trap", NUL. A trap is a link that nobody sees in the mail,
// so that who follows it reads the mail as no person does. The rest of the id is
// that of the mail. It is signed as all of the link is: nobody without the key
// can make a link that counts as a trap.
//
// A version that knows no traps redirects such a link as any other.
const TrapID = "AHRyYXAA"

// IsTrap reports whether an id, of a signed link whose tag is right, is that of
// a trap. A pixel is never one.
func IsTrap(id string) bool { return word.HasPrefix(id, TrapID) }
