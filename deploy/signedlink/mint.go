package signedlink

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/clean"
	"github.com/clickedge/clickedge/core/destination"
	"github.com/clickedge/clickedge/core/outcome"
	"github.com/clickedge/clickedge/core/signed"
	"github.com/clickedge/clickedge/deploy/codes"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/files"
	"github.com/clickedge/clickedge/deploy/idn"
	"github.com/clickedge/clickedge/deploy/keyring"
	"github.com/clickedge/clickedge/deploy/output"
)

// MaxLine bounds a line of destinations, in bytes.
const MaxLine = 1 << 20

// Minter has what all links of one call have in common.
type Minter struct {
	Site *core.Site
	Link signed.Link // without its destination
	Key  keyring.Key
	Now  time.Time
	// Respelt are the destinations that were normalised before signing.
	Respelt []string
}

// Minted is a link as --json prints it.
type Minted struct {
	URL         string `json:"url"`
	Host        string `json:"host"`
	KeyID       string `json:"kid"`
	Expires     string `json:"expires,omitempty"`
	ID          string `json:"id,omitempty"`
	Trap        bool   `json:"trap,omitempty"`
	Destination string `json:"destination,omitempty"`
}

// MintLines makes a link for each line of in, or none if one is refused: a
// partial list could be taken for a whole one.
func (m *Minter) MintLines(in io.Reader) ([]Minted, error) {
	var links []Minted
	var refused []string
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, MaxLine)
	n := 1
	for ; lines.Scan(); n++ {
		text := lines.Text() // without its line end, "\r\n" included
		if text == "" {
			continue
		}
		link, err := m.Mint(text)
		if err != nil {
			refused = append(refused, fmt.Sprintf("line %d: %v", n, err))
		}
		links = append(links, link)
	}
	if err := lines.Err(); errors.Is(err, bufio.ErrTooLong) {
		return nil, failure.Bad(fmt.Errorf("line %d of the destinations goes on after %s, which is all that is read; nothing was signed", n, files.Size(MaxLine)), "one URL a line")
	} else if err != nil {
		return nil, failure.Bad(fmt.Errorf("cannot read the destinations: %w", err), "one URL a line")
	}
	return links, m.refusals(links, refused)
}

func (m *Minter) refusals(links []Minted, refused []string) error {
	switch {
	case len(links) == 0:
		return failure.Usage(errors.New("no destinations on standard input"), "one URL a line")
	case len(refused) == 0:
		return nil
	}
	f := failure.Bad(fmt.Errorf("%d of %s refused; nothing was signed", len(refused), output.Count(len(links), "destination")), m.allowed())
	f.Detail = strings.Join(refused, "\n")
	return f
}

// Mint makes one link and reads it back the way the module will.
func (m *Minter) Mint(to string) (Minted, error) {
	link := m.Link
	if sent, ok := destination.Sendable(to); ok && sent != to && !link.Pixel {
		m.Respelt, to = append(m.Respelt, sent), sent
	}
	link.Destination = to
	if !link.Pixel {
		if d, ok := destination.Parse(to); ok {
			if err := idn.Check(d.Host); err != nil {
				return Minted{}, failure.Bad(fmt.Errorf("destination %q: %w", clean.Cut(to, 80), err), "write the name as DNS has it")
			}
		}
		if code := m.Site.AllowsSigned(to); code != outcome.OK {
			return Minted{}, m.refuse(to, code)
		}
	}
	url, err := signed.Mint(link, []byte(m.Key.Secret()))
	if err != nil {
		return Minted{}, failure.Bad(err, "")
	}
	ring := keyring.NewRing(m.Key)
	path := strings.TrimPrefix(url, "https://"+link.Host)
	if _, code := signed.Verify(link.Host, path, m.Site.Keys, ring, m.Now); code != outcome.OK {
		return Minted{}, failure.Bad(fmt.Errorf("internal error: the signed link does not verify (%s)", code), "please report this")
	}
	return Describe(url, link), nil
}

// Describe writes a link as --json prints it.
func Describe(url string, l signed.Link) Minted {
	m := Minted{URL: url, Host: l.Host, KeyID: l.KeyID, ID: l.ID, Trap: !l.Pixel && signed.IsTrap(l.ID), Destination: l.Destination}
	if l.Expiry != 0 {
		m.Expires = time.Unix(l.Expiry*60, 0).UTC().Format(time.RFC3339)
	}
	return m
}

func (m *Minter) refuse(destination string, code outcome.Code) error {
	why := codes.Explain(code)
	hint := why.Advice
	if code == outcome.UnlistedDestination {
		hint = m.allowed()
	}
	return failure.Bad(fmt.Errorf("%q: %s (%s)", clean.Cut(destination, 200), why.What, code), hint)
}

// allowed says which destinations the site allows.
func (m *Minter) allowed() string {
	var list []string
	for _, p := range m.Site.Destinations {
		list = append(list, p.String())
	}
	scheme := "https://"
	if m.Site.AllowHTTP {
		scheme = "https:// or http://"
	}
	if m.Site.SignedAnywhere {
		return m.Site.Host + " signs links to any host, with " + scheme
	}
	return m.Site.Host + " allows " + scheme + " and " + strings.Join(list, ", ")
}
