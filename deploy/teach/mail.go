package teach

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/mail"
	"regexp"
	"strings"

	"github.com/emersion/go-message"
	_ "github.com/emersion/go-message/charset" // texts in other charsets than UTF-8
	"golang.org/x/net/html"
)

// Mail is what a mail has that is of interest.
type Mail struct {
	// To are the addresses of its recipients.
	To []string
	// URLs are those of its links, each once, in their order.
	URLs []string

	seen map[string]bool
}

// The limits of a mail. No mailing has as many links, and one that has is no
// mail that somebody sent.
const (
	mostDepth = 20
	mostURLs  = 10_000
)

// errManyURLs stops the reading of a mail.
var errManyURLs = fmt.Errorf("it has more than %d links", mostURLs)

// ReadMail reads a mail as it is saved to a file (.eml): parts in any nesting,
// in quoted-printable or base64, and mails that are attached to it, as when it
// was forwarded.
func ReadMail(text []byte) (*Mail, error) {
	e, err := message.Read(bytes.NewReader(text))
	if err != nil && !message.IsUnknownCharset(err) && !message.IsUnknownEncoding(err) {
		return nil, fmt.Errorf("not a mail: %w", err)
	}
	if !e.Header.Has("From") && !e.Header.Has("Content-Type") {
		return nil, errors.New("not a mail: it has neither From nor Content-Type")
	}
	m := &Mail{seen: map[string]bool{}}
	return m, m.mail(e, 0)
}

// mail reads a mail, or one that is attached to it.
func (m *Mail) mail(e *message.Entity, depth int) error {
	for _, field := range []string{"To", "Cc", "Delivered-To"} {
		list, _ := mail.ParseAddressList(e.Header.Get(field)) // what cannot be read names nobody
		for _, a := range list {
			m.To = append(m.To, a.Address)
		}
	}
	return m.part(e, depth)
}

func (m *Mail) part(e *message.Entity, depth int) error {
	if depth > mostDepth {
		return errors.New("its parts are nested too deep")
	}
	if r := e.MultipartReader(); r != nil {
		for {
			p, err := r.NextPart()
			switch {
			case err == io.EOF:
				return nil
			case err != nil && !message.IsUnknownCharset(err) && !message.IsUnknownEncoding(err):
				return fmt.Errorf("a part of it is damaged: %w", err)
			}
			if err := m.part(p, depth+1); err != nil {
				return err
			}
		}
	}
	return m.leaf(e, depth)
}

// leaf reads a part that has no parts.
func (m *Mail) leaf(e *message.Entity, depth int) error {
	kind := mediaType(e.Header.Get("Content-Type"))
	if kind == "message/rfc822" {
		inner, err := message.Read(e.Body)
		if err != nil && !message.IsUnknownCharset(err) && !message.IsUnknownEncoding(err) {
			return fmt.Errorf("a mail that is attached to it is damaged: %w", err)
		}
		return m.mail(inner, depth+1)
	}
	if kind != "text/html" && kind != "text/plain" {
		return nil
	}
	body, err := io.ReadAll(e.Body)
	if err != nil {
		return fmt.Errorf("a part of it is damaged: %w", err)
	}
	if kind == "text/html" {
		m.html(body)
	} else {
		m.plain(string(body))
	}
	if len(m.URLs) > mostURLs {
		return errManyURLs
	}
	return nil
}

// mediaType is that of a Content-Type, in lower case. Mail programs also read one
// whose parameters are damaged.
func mediaType(field string) string {
	if kind, _, err := mime.ParseMediaType(field); err == nil {
		return kind
	}
	kind, _, _ := strings.Cut(field, ";")
	return cmp.Or(strings.ToLower(strings.TrimSpace(kind)), "text/plain")
}

// add adds a URL, without the line ends that browsers drop from one, too.
func (m *Mail) add(url string) {
	url = lineEnds.Replace(strings.TrimSpace(url))
	if len(m.URLs) <= mostURLs && !m.seen[url] {
		m.seen[url] = true
		m.URLs = append(m.URLs, url)
	}
}

var lineEnds = strings.NewReplacer("\r", "", "\n", "", "\t", "")

// html takes the links of a page, as a reader can click on them.
func (m *Mail) html(body []byte) {
	for z := html.NewTokenizer(bytes.NewReader(body)); z.Next() != html.ErrorToken; {
		t := z.Token()
		if t.Type != html.StartTagToken && t.Type != html.SelfClosingTagToken || t.Data != "a" && t.Data != "area" {
			continue
		}
		for _, a := range t.Attr {
			if a.Key == "href" {
				m.add(a.Val)
			}
		}
	}
}

// plainURL is a URL in plain text, up to what usually ends one there.
var plainURL = regexp.MustCompile(`(?i)https?://[^\s<>"')\]]+`)

func (m *Mail) plain(text string) {
	for _, url := range plainURL.FindAllString(text, -1) {
		m.add(strings.TrimRight(url, ".,;:!?"))
	}
}
