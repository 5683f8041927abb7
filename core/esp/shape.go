package esp

import (
	"strings"

	"github.com/clickedge/clickedge/core/target"
	"github.com/clickedge/clickedge/core/word"
)

// reader says how to read what follows a shape's text. It is no function, since
// a click would pay for the page of memory in which the linker puts these.
type reader uint8

// The readers.
const (
	asNothing reader = iota // there is nothing to read
	asOpaque
	asCustomerIO
	asMailgun
	asMailjet
	asMandrill
	asPostmark
	asSES
	asSESOpen
	asSparkPost
	asSparkPostSublink
)

// from reads what follows a shape's text, query included. It returns the
// destination, "" if it is unread. For a click the notes are silent, and only
// the result may be allocated.
func (r reader) from(rest string, n *Notes) (dest string, g Grade) {
	switch r {
	case asOpaque:
		return readOpaque(rest, n)
	case asCustomerIO:
		return readCustomerIO(rest, n)
	case asMailgun:
		return readMailgun(rest, n)
	case asMailjet:
		return readMailjet(rest, n)
	case asMandrill:
		return readMandrill(rest, n)
	case asPostmark:
		return readPostmark(rest, n)
	case asSES:
		return readSES(rest, n)
	case asSESOpen:
		return readSESOpen(rest, n)
	case asSparkPost:
		return readSparkPost(rest, n)
	case asSparkPostSublink:
		return readSparkPostSublink(rest, n)
	}
	return "", Unread
}

// shape is one form of path. It is compared with the raw target, letter case
// included: ESPs' paths are case-sensitive.
type shape struct {
	text string
	how  match
	kind Kind
	read reader
}

// match says what may follow a shape's text.
type match uint8

const (
	whole  match = iota // the end of the path
	under               // anything
	marked              // any of m, s and t, then a slash (Postmark)
	image               // a path that ends in .gif or .png
	pair                // two words, which have a slash between them (Postal)
)

// shape returns the form of a family with a number, from 0 on; one without a
// text when there are no more. The first that fits is used. The ESPs document
// few of them: most are taken from public links.
//
// They are code, not a table: a click would pay for the window of memory in
// which the linker puts variables with strings. And they are not yielded to a
// function: the first call of a function value costs a click two page faults.
func (f Family) shape(i int) shape {
	switch f {
	case FamilyCustomerIO:
		return customerIOShape(i)
	case FamilySendGrid:
		return sendGridShape(i)
	case FamilySparkPost:
		return sparkPostShape(i)
	case FamilySES:
		return sesShape(i)
	case FamilyMailgun:
		return mailgunShape(i)
	case FamilyMandrill:
		return mandrillShape(i)
	case FamilyMailjet:
		return mailjetShape(i)
	case FamilyPostmark:
		return postmarkShape(i)
	case FamilyIterable:
		return iterableShape(i)
	case FamilyMautic:
		return mauticShape(i)
	case FamilyListmonk:
		return listmonkShape(i)
	case FamilyPostal:
		return postalShape(i)
	}
	return shape{}
}

// shapes yields every form of a family, where no click is at stake.
func (f Family) shapes(yield func(shape) bool) {
	for i := 0; ; i++ {
		if s := f.shape(i); s.text == "" || !yield(s) {
			return
		}
	}
}

// fits compares the target with the shape and returns what follows its text.
func (s *shape) fits(target string) (rest string, ok bool) {
	if !word.HasPrefix(target, s.text) {
		return "", false
	}
	rest = target[len(s.text):]
	switch s.how {
	case whole:
		return rest, rest == "" || rest[0] == '?'
	case image:
		return rest, isImage(rest)
	case pair:
		return rest, isPair(rest)
	case marked:
		i := 0
		for i < len(rest) && (rest[i] == 'm' || rest[i] == 's' || rest[i] == 't') {
			i++
		}
		return rest, i < len(rest) && rest[i] == '/'
	}
	return rest, true
}

// readOpaque records the parameters of a link that only the ESP can read.
func readOpaque(rest string, n *Notes) (string, Grade) {
	p, query, _ := strings.Cut(rest, "?")
	if p != "" {
		n.field("path", p, true)
	}
	for param := range target.Query(query).All {
		n.field(param.Name, param.Value, true)
	}
	return n.doubt("only the ESP can read this link")
}
