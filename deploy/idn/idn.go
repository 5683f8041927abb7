// Package idn says whether browsers can open a host name that has international
// labels.
//
// Start with [Check], and with [ASCII] for a host as people write it. A label that begins with "xn--" stands for a name in
// another script. Browsers decode it, and do not open one that stands for
// nothing (UTS 46, as the URL Standard uses it). A link to such a host is dead,
// so hosts that an operator writes down or signs are checked. The verifier does
// not check: it would need the tables of Unicode, which change, and a link that
// verifies must verify in every later version.
package idn

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// profile is the URL Standard's "domain to ASCII", not strict.
var profile = idna.New(idna.MapForLookup(), idna.Transitional(false), idna.BidiRule(), idna.CheckJoiners(true),
	idna.CheckHyphens(false), idna.StrictDomainName(false))

// ASCII is a host as links and logs have it: "bücher.example" is
// "xn--bcher-kva.example". What is no name, and what is ASCII, stays as it is.
func ASCII(host string) string {
	if strings.IndexFunc(host, func(r rune) bool { return r >= utf8.RuneSelf }) < 0 {
		return host
	}
	if ascii, err := profile.ToASCII(host); err == nil {
		return ascii
	}
	return host
}

// Check returns an error for a host, in ASCII, with an "xn--" label that is not
// valid.
func Check(host string) error {
	host = strings.ToLower(host)
	if !strings.Contains(host, "xn--") {
		return nil
	}
	for label := range strings.SplitSeq(host, ".") {
		if !strings.HasPrefix(label, "xn--") {
			continue
		}
		text, err := profile.ToUnicode(label)
		if err == nil {
			var back string
			if back, err = profile.ToASCII(text); err == nil && back == label {
				continue
			}
		}
		return fmt.Errorf("%q stands for no name (IDNA): browsers do not open it", label)
	}
	// Rules for text from right to left hold for the name as a whole.
	if _, err := profile.ToUnicode(host); err != nil {
		return fmt.Errorf("%q mixes scripts of both directions in a way that is not allowed (IDNA): browsers do not open it", host)
	}
	return nil
}
