// Package loghash has the keyed hashes of the click log, by which lines can be
// joined that are about one mail, one reader or one link. A site has them if it
// asks for them with log_hashes, which names their key.
//
// Start with [Of]. What is hashed is personal and never leaves this package as
// it is. The key of a day is made of the site's secret and the date, so hashes
// of two days cannot be joined, and those of a day whose key is not known can
// neither be made nor tried. Nobody who has the log has the secret; once the
// secret is erased, nobody can ever find out what a hash was made of.
package loghash

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"time"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/esp"
	"github.com/clickedge/clickedge/core/learned"
	"github.com/clickedge/clickedge/core/signed"
	"github.com/clickedge/clickedge/core/target"
)

// Sum is a hash, 64 bits of HMAC-SHA256: a day of a billion mails has some
// thirty pairs that share one by chance. 0 is none.
type Sum uint64

// Length is that of a hash as text.
const Length = 16

// Append appends the hash as 16 hexadecimal digits.
func (s Sum) Append(dst []byte) []byte {
	const digits = "0123456789abcdef"
	for shift := 60; shift >= 0; shift -= 4 {
		dst = append(dst, digits[s>>shift&15])
	}
	return dst
}

// Hashes are those of one line. Each is 0 where there is nothing to hash.
type Hashes struct {
	Mail   Sum // the message that the link was sent in
	Reader Sum // address and user agent
	Link   Sum // where a click leads, else its link
}

// Subject is what the hashes of a line are made of.
type Subject struct {
	Site   *core.Site // as the ESP of the link sees it
	Target string     // raw
	Kind   esp.Kind
	// Signed: the target is a signed link whose tag is right.
	Signed  bool
	Address string // the reader's; "" where it is not known
	Agent   string // the reader's User-Agent
}

// Of returns the hashes of a line of this time. ok is false if the secret is
// shorter than [signed.MinSecret] bytes, as one that is missing is.
func Of(secret []byte, at time.Time, s *Subject) (h Hashes, ok bool) {
	if len(secret) < signed.MinSecret {
		return h, false
	}
	key := dayKey(secret, at)
	family, mail, link := s.names()
	if mail != "" {
		h.Mail = sum(key, "mail", s.Site.Host, family, mail)
	}
	if s.Address != "" {
		h.Reader = sum(key, "reader", s.Site.Host, s.Address, s.Agent)
	}
	if s.Kind.Leads() {
		h.Link = sum(key, "link", s.Site.Host, link)
	}
	return h, true
}

// dayKey is the key of the day of a time, in UTC: HMAC-SHA256 of a label and
// the number of days since 1970.
func dayKey(secret []byte, at time.Time) []byte {
	const daySeconds = 24 * 60 * 60
	mac := hmac.New(sha256.New, secret)
	mac.Write(binary.BigEndian.AppendUint64([]byte("clickedge log hashes 1\n"), uint64(at.Unix()/daySeconds)))
	return mac.Sum(nil)
}

// sum hashes texts, a NUL between two. Only the last may have one itself.
func sum(key []byte, texts ...string) Sum {
	mac := hmac.New(sha256.New, key)
	for i, text := range texts {
		if i > 0 {
			mac.Write([]byte{0})
		}
		mac.Write([]byte(text))
	}
	return Sum(max(1, binary.BigEndian.Uint64(mac.Sum(nil)))) // 0 is none
}

// names returns what names the mail, and whose name it is, and what names the
// link. A link that nobody has signed names no mail.
func (s *Subject) names() (family, mail, link string) {
	if !s.Site.IsSigned(s.Target) {
		return s.ofESP()
	}
	if !s.Signed {
		return "", "", s.Target
	}
	l, _ := signed.Inspect(s.Site.Host, target.Path(s.Target))
	if signed.IsTrap(l.ID) { // of the mail of the links beside it, and another link
		return "signed", l.ID[len(signed.TrapID):], signed.TrapID + " " + l.Destination
	}
	return "signed", l.ID, l.Destination
}

// ofESP is names for an ESP's link. Where it leads is the same in the mails to
// all readers, and so is what is learned of one that its ESP alone can read.
func (s *Subject) ofESP() (family, mail, link string) {
	f := esp.FamilyCustom
	if s.Site.Origin != nil {
		f = s.Site.Origin.Family
	}
	found := f.Find(s.Target)
	link, g := found.Destination(nil)
	if g == esp.Unread {
		link = s.Target
		if l, ok := learned.Read(s.Site.Host, f, s.Target); ok {
			link = l.Name.String()
		}
	}
	return f.String(), f.Mail(s.Target), link
}
