package origins

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"
)

// SendGridAccount makes links as an account of SendGrid does, and its stand-in
// reads them. What names the destination is encrypted with a block cipher, with
// a fixed start as has been seen, or with a random one. Everything else is of
// the message, and a link with a byte changed is refused.
type SendGridAccount struct {
	// Secret is the account's. Two accounts have no link in common.
	Secret string
	// RandomStart makes links that have nothing in common from mail to mail.
	RandomStart bool
}

const cipherBlock = aes.BlockSize

func (a *SendGridAccount) key(purpose string) []byte {
	sum := sha256.Sum256([]byte(purpose + "\x00" + a.Secret))
	return sum[:]
}

func (a *SendGridAccount) block(purpose string) cipher.Block {
	b, err := aes.NewCipher(a.key(purpose))
	if err != nil {
		panic("internal error: " + err.Error())
	}
	return b
}

// seal encrypts text with a start, in whole blocks.
func (a *SendGridAccount) seal(purpose string, start, text []byte) []byte {
	n := cipherBlock - len(text)%cipherBlock
	text = append(bytes.Clone(text), bytes.Repeat([]byte{byte(n)}, n)...)
	cipher.NewCBCEncrypter(a.block(purpose), start).CryptBlocks(text, text)
	return text
}

// open is the inverse of seal; false if it is not of this account.
func (a *SendGridAccount) open(purpose string, start, text []byte) ([]byte, bool) {
	if len(text) == 0 || len(text)%cipherBlock != 0 {
		return nil, false
	}
	text = bytes.Clone(text)
	cipher.NewCBCDecrypter(a.block(purpose), start).CryptBlocks(text, text)
	n := int(text[len(text)-1])
	if n == 0 || n > cipherBlock || !bytes.Equal(text[len(text)-n:], bytes.Repeat([]byte{byte(n)}, n)) {
		return nil, false
	}
	return text[:len(text)-n], true
}

// constant is the part of a link that names the destination.
func (a *SendGridAccount) constant(destination string) []byte {
	if !a.RandomStart {
		return a.seal("destination", a.key("start")[:cipherBlock], []byte(destination))
	}
	start := random(cipherBlock)
	return append(start, a.seal("destination", start, []byte(destination))...)
}

func (a *SendGridAccount) destination(constant []byte) (string, bool) {
	start := a.key("start")[:cipherBlock]
	if a.RandomStart && len(constant) > cipherBlock {
		start, constant = constant[:cipherBlock], constant[cipherBlock:]
	}
	text, ok := a.open("destination", start, constant)
	return string(text), ok && strings.Contains(string(text), "://")
}

// mac is over all parts of a link.
func (a *SendGridAccount) mac(parts ...string) []byte {
	h := hmac.New(sha256.New, a.key("mac"))
	h.Write([]byte(strings.Join(parts, "\x00")))
	return h.Sum(nil)
}

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // it never fails
	return b
}

// SendGridMessage is a mail to one recipient.
type SendGridMessage struct {
	account *SendGridAccount
	id      []byte
	links   int
}

// Message makes a mail to one recipient.
func (a *SendGridAccount) Message() *SendGridMessage {
	return &SendGridMessage{account: a, id: random(16)}
}

var base64URL = base64.RawURLEncoding

// Short returns the target of the message's next link, in the form /ss/c/.
func (m *SendGridMessage) Short(destination string) string {
	x, id, n := base64URL.EncodeToString(m.account.constant(destination)), base64URL.EncodeToString(m.id), fmt.Sprint(m.links)
	m.links++
	mac := m.account.mac("short", x, sendGridDay, id, n)
	return "/ss/c/u001." + x + "/" + sendGridDay + "/" + id + "/h" + n + "/h001." + base64URL.EncodeToString(mac)
}

// sendGridDay is the day of all messages: whatever it says, a link lives on.
const sendGridDay = "4uj"

// Long returns the target of the message's next link, in the form /ls/click.
// What follows the destination says nothing to anybody but the account.
func (m *SendGridMessage) Long(destination string) string {
	x, mix := upnEncoding(m.account.constant(destination)), hex.EncodeToString(random(2))
	mac := m.account.mac("long", x, mix, string(m.id), fmt.Sprint(m.links))
	start, hidden := random(cipherBlock), make([]byte, longHidden)
	copy(hidden, m.id)
	copy(hidden[len(m.id):], mac)
	hidden[len(hidden)-1] = byte(m.links)
	m.links++
	return "/ls/click?upn=u001." + x + mix + "_" + upnEncoding(append(start, m.account.seal("hidden", start, hidden)...))
}

// longHidden makes the last part 224 bytes long, as it has been seen.
const longHidden = 224 - 2*cipherBlock

var upnEscapes = strings.NewReplacer("+", "-2B", "/", "-2F", "=", "-3D")
var upnPlain = strings.NewReplacer("-2B", "+", "-2F", "/", "-3D", "=")

func upnEncoding(b []byte) string { return upnEscapes.Replace(base64.StdEncoding.EncodeToString(b)) }

func upnDecoding(s string) []byte {
	b, _ := base64.StdEncoding.DecodeString(upnPlain.Replace(s)) // nothing opens what is damaged
	return b
}

var (
	shortLink = whole(`/(?:uni/)?ss/c/u001\.([^/?]+)/([^/?]+)/([^/?]+)/h(\d+)/h001\.([^/?]+)(?:\?.*)?`)
	longLink  = regexp.MustCompile(`^/(?:uni/)?ls/click\?upn=u001\.([^&_]+)([^&_]{4})_([^&_]+)(?:&.*)?$`)
)

// read returns where a link of the account leads.
func (a *SendGridAccount) read(target string) (destination string, ok bool) {
	if m := shortLink.FindStringSubmatch(target); m != nil {
		x, _ := base64URL.DecodeString(m[1])
		mac, _ := base64URL.DecodeString(m[5])
		destination, ok = a.destination(x)
		return destination, ok && hmac.Equal(mac, a.mac("short", m[1], m[2], m[3], m[4]))
	}
	m := longLink.FindStringSubmatch(target)
	if m == nil {
		return "", false
	}
	y := upnDecoding(m[3])
	if len(y) < cipherBlock {
		return "", false
	}
	hidden, ok := a.open("hidden", y[:cipherBlock], y[cipherBlock:])
	if !ok || len(hidden) != longHidden {
		return "", false
	}
	id, mac, n := hidden[:16], hidden[16:16+sha256.Size], fmt.Sprint(hidden[len(hidden)-1])
	destination, ok = a.destination(upnDecoding(m[1]))
	return destination, ok && hmac.Equal(mac, a.mac("long", m[1], m[2], string(id), n))
}

// readHidden returns where a link leads that only the ESP can read.
func readHidden(q *request) (destination string, ok bool) {
	switch opt := q.options(); {
	case opt.OpaqueTo != nil:
		return opt.OpaqueTo(q.Target), true
	case opt.SendGrid != nil:
		return opt.SendGrid.read(q.Target)
	default:
		return opt.Opaque, true
	}
}
