package signedlink

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/clickedge/clickedge/core"
	"github.com/clickedge/clickedge/core/outcome"
	"github.com/clickedge/clickedge/core/signed"
	"github.com/clickedge/clickedge/deploy/codes"
	"github.com/clickedge/clickedge/deploy/expiry"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/keyring"
)

// Verified is what verify --json prints.
type Verified struct {
	Code    outcome.Code `json:"code"`
	Meaning string       `json:"meaning"`
	Link    *Minted      `json:"link,omitempty"`
	Pixel   bool         `json:"pixel,omitempty"`
	// The link's key, if its secret was given.
	KeyID       string `json:"kid,omitempty"`
	Fingerprint string `json:"fingerprint,omitempty"`
	// SignedWith is the key whose secret the tag was made with, if it is not
	// the link's key.
	SignedWith string `json:"signed_with,omitempty"`
}

// Verify checks a signed link as the module would, with the given secrets. Path
// is that of the request, without query.
func Verify(site *core.Site, path string, ring *keyring.Ring, now time.Time) (signed.Link, *Verified) {
	link, code := signed.Verify(site.Host, path, site.Keys, ring, now)
	if code == outcome.OK && !link.Pixel {
		code = site.AllowsSigned(link.Destination)
	}
	r := &Verified{Code: code, Meaning: codes.Explain(code).What, Pixel: link.Pixel}
	if link.KeyID != "" {
		m := Describe("https://"+site.Host+path, link)
		r.Link = &m
	}
	r.findKeys(site, path, ring, now)
	return link, r
}

// findKeys finds the link's key, and, if its tag is wrong, the key that it was
// really signed with.
func (r *Verified) findKeys(site *core.Site, path string, ring *keyring.Ring, now time.Time) {
	shape, code := signed.Inspect(site.Host, path)
	if code != outcome.OK || !ring.Has(shape.KeyID) {
		return
	}
	r.KeyID, r.Fingerprint = shape.KeyID, ring.Fingerprint(shape.KeyID)
	if r.Code != outcome.BadTag {
		return
	}
	for _, kid := range ring.IDs() {
		other, _ := ring.Secret(kid)
		if _, code := signed.Verify(site.Host, path, site.Keys, OneSecret(other), now); code != outcome.BadTag && kid != shape.KeyID {
			r.SignedWith = kid
		}
	}
}

// OneSecret is a ring in which every id has this secret.
type OneSecret []byte

// Secret implements signed.Keyring.
func (s OneSecret) Secret(string) ([]byte, error) { return s, nil }

// Text writes the result for people. The link is what [Verify] returned.
func (r *Verified) Text(w io.Writer, l signed.Link) {
	if r.Code != outcome.OK {
		r.refused(w)
		return
	}
	fmt.Fprintf(w, "ok\nhost         %s\nkey          %s\nfingerprint  %s\nexpires      %s\n", l.Host, l.KeyID, r.Fingerprint, expiry.Text(l.Expiry))
	if l.ID != "" {
		fmt.Fprintf(w, "id           %s\n", IDText(l.ID))
	}
	if !l.Pixel && signed.IsTrap(l.ID) {
		fmt.Fprintln(w, "trap         nobody sees it in the mail: who clicks is no person")
	}
	if l.Pixel {
		fmt.Fprintln(w, "answers      the open pixel")
		return
	}
	fmt.Fprintf(w, "destination  %s\n", l.Destination)
}

func (r *Verified) refused(w io.Writer) {
	fmt.Fprintf(w, "%s: %s\n", r.Code, r.Meaning)
	if r.Fingerprint != "" {
		fmt.Fprintf(w, "checked with key %s, fingerprint %s\n", r.KeyID, r.Fingerprint)
	}
	if r.SignedWith != "" {
		fmt.Fprintf(w, "it was signed with the secret of %s under the name of %s\n", r.SignedWith, r.KeyID)
	}
}

// Failure is the command's failure; nil for a link that verifies.
func (r *Verified) Failure() error {
	if r.Code == outcome.OK {
		return nil
	}
	advice := codes.Explain(r.Code).Advice
	if r.Code == outcome.BadTag {
		advice += "; compare the fingerprint with that of whoever signed it"
	}
	if r.Code == outcome.Recalled {
		return failure.Bad(errors.New("the link verifies, but it is recalled"), advice)
	}
	return failure.Bad(errors.New("the link does not verify"), advice)
}

// IDText writes the id of a link as in the click log, and its text if it is
// text.
func IDText(id string) string {
	raw, err := base64.RawURLEncoding.DecodeString(id)
	if err != nil || !utf8.Valid(raw) {
		return id
	}
	for _, r := range string(raw) {
		if !unicode.IsPrint(r) {
			return id
		}
	}
	return fmt.Sprintf("%s (%s)", id, strconv.Quote(string(raw)))
}
