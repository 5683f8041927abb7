package esp

import (
	"bytes"
	"strings"

	"github.com/clickedge/clickedge/core/base64url"
	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/core/jsontext"
	"github.com/clickedge/clickedge/core/target"
)

// Mail returns what names the message that a link or a pixel was sent in: the
// same text in all links of one message to one recipient, and another in every
// other message, as far as the ESP's links are known. It is "" for a link that
// names none. It is personal: it must not be logged as it is.
//
// No click is answered by it, so it may allocate.
func (f Family) Mail(link string) string {
	found := f.Find(link)
	if len(link) > contract.MaxTarget || !found.kind.Leads() && found.kind != KindOpen {
		return ""
	}
	path, query, _ := strings.Cut(found.rest, "?")
	switch f {
	case FamilyCustomerIO:
		return customerIOMail(path)
	case FamilySendGrid:
		return sendGridMail(link)
	case FamilySparkPost:
		return sparkPostMail(found.read, path)
	case FamilySES:
		return sesMail(path)
	case FamilyMailgun:
		return mailgunMail(path)
	case FamilyMandrill:
		return mandrillMail(found.kind, query)
	case FamilyMailjet:
		return segment(path, 0)
	case FamilyPostmark:
		return postmarkMail(path)
	case FamilyIterable:
		return param(query, "_m")
	case FamilyMautic:
		return mauticMail(found.kind, path, query)
	case FamilyListmonk:
		return listmonkMail(found.kind, path)
	}
	return "" // Postal's clicks name a link alone
}

// segment returns the n-th part of a path, "" if it has fewer.
//
//go:noinline
func segment(path string, n int) string {
	for ; n > 0; n-- {
		_, path, _ = strings.Cut(path, "/")
	}
	one, _, _ := strings.Cut(path, "/")
	return one
}

// param returns the value of a parameter that a query has once. Inlined where it
// is called, it would make the module larger by kilobytes.
//
//go:noinline
func param(query, name string) string {
	value, _ := target.Query(query).Only(name)
	return value
}

// customerIOMail reads email_id. Copies of a link may have lost its padding.
func customerIOMail(path string) string {
	var buf [maxPayload]byte
	text, _, _, ok := unbase64(buf[:], path)
	if !ok {
		return ""
	}
	id, _ := jsontext.StringMember(text, "email_id")
	for len(id) > 0 && id[len(id)-1] == '=' {
		id = id[:len(id)-1]
	}
	return string(id)
}

// sendGridMail reads the message of /ss/c/u001.<X>/<day>/<message>/… and of
// /ss/o/u001.<X>/<day>/<message>/…, 16 bytes. In /ls/click and /wf/open nothing
// is the same in two links of one message.
func sendGridMail(link string) string {
	link = strings.TrimPrefix(link, "/uni")
	for _, form := range [...]string{"/ss/c/u001.", "/ss/o/u001."} {
		rest, ok := strings.CutPrefix(link, form)
		if message := segment(rest, 2); ok && len(message) == 22 && base64url.Is(message) {
			return message
		}
	}
	return ""
}

// sparkPostMail reads the message id in the stream of <mac>/<ti1>/<ti2>.
func sparkPostMail(how reader, path string) (mail string) {
	if how == asSparkPostSublink {
		_, path, _ = strings.Cut(path, "/")
	}
	var buf [maxPayload]byte
	data, _, wrapped, ok := unbase64(buf[:], segment(path, 2))
	if !ok || wrapped {
		return ""
	}
	for len(data) > 0 {
		kind, value, rest, ok := nextTag(data)
		if !ok {
			return "" // encrypted or damaged
		}
		if data = rest; kind == tagMessageID {
			mail = string(value)
		}
	}
	return mail
}

// sesMail reads the message id: the last segment but one.
func sesMail(path string) string {
	before, last := cutLast(path)
	if _, id := cutLast(before); isMessageID(id) {
		return id
	}
	if isMessageID(last) { // the signature is cut off
		return last
	}
	return ""
}

// mailgunMail reads the message id, i, and the recipient, r: a message to
// several recipients has one id.
func mailgunMail(path string) string {
	var zipped [maxPayload]byte
	data, _, _, ok := unbase64(zipped[:], path)
	if !ok {
		return ""
	}
	var plain [maxInflated]byte
	text, end, _ := unzip(plain[:], data)
	query := string(text)
	id := param(query, "i")
	if end == streamBad || id == "" {
		return ""
	}
	return id + " " + param(query, "r")
}

// mandrillMail reads id: of a click inside p, of an open beside it.
func mandrillMail(kind Kind, query string) string {
	if kind == KindOpen {
		return param(query, "id")
	}
	value, ok := mandrillP(query, nil)
	var buf [maxPayload]byte
	text, _, _, whole := unbase64(buf[:], value)
	if !ok || !whole {
		return ""
	}
	inner, _ := jsontext.StringMember(text, "p")
	id, _ := jsontext.StringMember(inner, "id")
	return string(id)
}

// postmarkMail reads the UUID of <flags>/<URL>/<server>/<link>/AQ/<UUID>/…; the
// shorter form has none, and of an open the form is not known.
func postmarkMail(path string) string {
	if id := segment(path, 5); segment(path, 4) == "AQ" && isUUID(id) {
		return id
	}
	return ""
}

// mauticMail reads the hash of the sent mail: it is the name of the pixel, and
// in a click the member stat of ct, base64 of an array as PHP serializes it.
func mauticMail(kind Kind, path, query string) string {
	if kind == KindOpen {
		name, _, _ := strings.Cut(segment(path, 0), ".")
		return name
	}
	ct := param(query, "ct")
	for _, code := range [...]string{"%2B-", "%2b-", "%2F_", "%2f_", "+-", "/_"} {
		last := len(code) - 1
		ct = strings.ReplaceAll(ct, code[:last], code[last:])
	}
	var buf [maxPayload]byte
	text, _, _, ok := unbase64(buf[:], ct)
	_, stat, found := bytes.Cut(text, []byte(`"stat";s:`))
	_, stat, quoted := bytes.Cut(stat, []byte(`:"`))
	stat, _, ended := bytes.Cut(stat, []byte(`"`))
	if !ok || !found || !quoted || !ended {
		return ""
	}
	return string(stat)
}

// noSubscriber is the subscriber where listmonk does not track people.
const noSubscriber = "00000000-0000-0000-0000-000000000000"

// listmonkMail reads the campaign and the subscriber: <link>/<campaign>/
// <subscriber> of a click, <campaign>/<subscriber>/… of an open.
func listmonkMail(kind Kind, path string) string {
	if kind == KindClick {
		_, path, _ = strings.Cut(path, "/")
	}
	campaign, subscriber := segment(path, 0), segment(path, 1)
	if !isUUID(campaign) || !isUUID(subscriber) || subscriber == noSubscriber {
		return ""
	}
	return campaign + "/" + subscriber
}
