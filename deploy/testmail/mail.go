package testmail

import (
	"cmp"
	"errors"
	"fmt"
	"net/mail"
	"regexp"
	"strings"
	"time"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/clean"
	"github.com/clickedge/clickedge/core/destination"
)

// maxClip is where Gmail cuts a message, in bytes of HTML.
const maxClip = 102 << 10

// maxTo bounds the recipients: this is a test, not a mailing.
const maxTo = 10

// Options describe a mail. Site and Target are required; From and To only to
// send or write a message.
type Options struct {
	Site *core.Site
	// Target is where the buttons lead, an absolute http(s) URL.
	Target string
	// Signed and Pixel are a signed link and a signed open pixel; "" for none.
	Signed, Pixel string
	// From and To are addresses, "a@example.com" or "Ann <a@example.com>".
	From string
	To   []string
	// Subject is "Click test of HOST" if it is "".
	Subject string
	// Fields go into the head of the message, such as "X-SES-CONFIGURATION-SET:
	// clicks", without which SES tracks nothing.
	Fields []string
	// Untracked asks the ESP to leave all links untracked: by a field of the
	// message, or else by an attribute on each link. If it has neither, that is
	// an error.
	Untracked bool
	// HTMLOnly: only the HTML part is used, so fields of the message have no
	// effect.
	HTMLOnly bool
	// Unsubscribe is an https URL for List-Unsubscribe, with
	// List-Unsubscribe-Post beside it (RFC 8058); "" for neither.
	Unsubscribe string
	// Now is the time in the mail.
	Now time.Time
}

// Mail is a finished mail.
type Mail struct {
	opt  Options
	from *mail.Address
	to   []*mail.Address
	text string
	html string

	fields [][2]string // names and values
	asked  asked
}

// Errors of [New].
var (
	ErrAddress  = errors.New("not a mail address")
	ErrField    = errors.New("not a field that can be added: write \"X-Name: value\"")
	ErrSubject  = errors.New("a subject is one line without controls")
	ErrOneClick = errors.New("one-click unsubscribing needs one https:// URL")
	ErrTarget   = errors.New("not a URL that every browser reads the same way")
)

// New makes the mail. The error wraps one of the errors above.
func New(opt Options) (*Mail, error) {
	opt.Subject = cmp.Or(opt.Subject, "Click test of "+opt.Site.Host)
	if !oneLine(opt.Subject) || len(opt.Subject) > 200 {
		return nil, fmt.Errorf("%w: %q", ErrSubject, clip(opt.Subject))
	}
	if _, ok := destination.Parse(opt.Target); !ok {
		return nil, fmt.Errorf("%w: %q", ErrTarget, clip(opt.Target))
	}
	m := &Mail{opt: opt}
	var err error
	if m.asked, err = SwitchOf(opt.Site).ask(&opt); err != nil {
		return nil, err
	}
	if err := m.oneClick(); err != nil {
		return nil, err
	}
	if opt.From != "" {
		if m.from, err = parseAddress(opt.From); err != nil {
			return nil, err
		}
	}
	for _, field := range opt.Fields {
		name, value, err := parseField(field)
		if err != nil {
			return nil, err
		}
		m.fields = append(m.fields, [2]string{name, value})
	}
	if len(opt.To) > maxTo {
		return nil, fmt.Errorf("%d recipients; a test has at most %d", len(opt.To), maxTo)
	}
	for _, to := range opt.To {
		a, err := parseAddress(to)
		if err != nil {
			return nil, err
		}
		m.to = append(m.to, a)
	}
	m.text, m.html = render(&opt, m.asked)
	if len(m.html) > maxClip {
		return nil, fmt.Errorf("the HTML has %d bytes; Gmail cuts at %d: use a shorter target", len(m.html), maxClip)
	}
	return m, nil
}

// oneClick adds both fields of RFC 8058, which work only together.
func (m *Mail) oneClick() error {
	url := m.opt.Unsubscribe
	if url == "" {
		return nil
	}
	d, ok := destination.Parse(url)
	if !ok || !d.TLS || strings.ContainsAny(url, "<>,") || len(url) > 800 {
		return fmt.Errorf("%w: %q", ErrOneClick, clip(url))
	}
	for _, field := range m.opt.Fields {
		if strings.HasPrefix(strings.ToLower(field), "list-unsubscribe") {
			return fmt.Errorf("%w, and List-Unsubscribe is given among the fields as well", ErrOneClick)
		}
	}
	if m.opt.HTMLOnly {
		return fmt.Errorf("%w in a message: HTML alone has no fields", ErrOneClick)
	}
	m.fields = append(m.fields, [2]string{"List-Unsubscribe", "<" + url + ">"}, [2]string{"List-Unsubscribe-Post", "List-Unsubscribe=One-Click"})
	return nil
}

// HTML is the HTML part.
func (m *Mail) HTML() string { return m.html }

// parseAddress reads exactly one address.
func parseAddress(s string) (*mail.Address, error) {
	a, err := mail.ParseAddress(s)
	if err != nil || !oneLine(s) || !oneLine(a.Name) || !oneLine(a.Address) || strings.ContainsAny(a.Address, "<>, ") {
		return nil, fmt.Errorf("%w: %q", ErrAddress, clip(s))
	}
	return a, nil
}

// fieldName matches fields that may be added: extensions and list fields, not
// the fields that the message itself sets.
var fieldName = regexp.MustCompile(`^(?i:x-[a-z0-9-]{1,60}|list-[a-z-]{1,40}|feedback-id|reply-to|precedence|auto-submitted)$`)

func parseField(s string) (name, value string, err error) {
	name, value, ok := strings.Cut(s, ":")
	value = strings.Trim(value, " ")
	if !ok || !fieldName.MatchString(name) || value == "" || !oneLine(s) || len(s) > 900 {
		return "", "", fmt.Errorf("%w: %q", ErrField, clip(s))
	}
	return name, value, nil
}

// oneLine reports whether a text has no control characters: a CR or LF would
// begin a field of the message.
func oneLine(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool {
		return r < ' ' || r == 0x7f || r == 0x85 || r == 0x2028 || r == 0x2029
	})
}

func clip(s string) string { return clean.Cut(s, 120) }
