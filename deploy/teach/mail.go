package teach

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/mail"
	"regexp"
	"slices"
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
}

// mostDepth is how deep parts may be nested.
const mostDepth = 20

// ReadMail reads a mail as it is saved to a file (.eml): parts in any nesting,
// in quoted-printable or base64.
func ReadMail(text []byte) (*Mail, error) {
	e, err := message.Read(bytes.NewReader(text))
	if err != nil && !message.IsUnknownCharset(err) && !message.IsUnknownEncoding(err) {
		return nil, fmt.Errorf("not a mail: %w", err)
	}
	if !e.Header.Has("From") && !e.Header.Has("Content-Type") {
		return nil, errors.New("not a mail: it has neither From nor Content-Type")
	}
	m := &Mail{}
	for _, field := range []string{"To", "Cc", "Delivered-To"} {
		list, _ := mail.ParseAddressList(e.Header.Get(field)) // what cannot be read names nobody
		for _, a := range list {
			m.To = append(m.To, a.Address)
		}
	}
	return m, m.part(e, 0)
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
	kind, _, err := mime.ParseMediaType(e.Header.Get("Content-Type"))
	if err != nil {
		kind = "text/plain"
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
	return nil
}

func (m *Mail) add(url string) {
	if url = strings.TrimSpace(url); !slices.Contains(m.URLs, url) {
		m.URLs = append(m.URLs, url)
	}
}

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
