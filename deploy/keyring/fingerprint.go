package keyring

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"regexp"
)

// fingerprintText precedes the key id in the text of a fingerprint. The text
// that a link's tag signs begins with "https://", so a fingerprint reveals no
// part of a tag.
const fingerprintText = "clickedge key fingerprint 1\n"

// Fingerprint is a short hash of the secret under its key id, for two people to
// compare: the first 8 bytes of HMAC-SHA256(secret, "clickedge key fingerprint
// 1\n" + id), in hexadecimal, four groups of four:
//
//	3f2a-91bc-0d4e-77a1
//
// That is enough that two keys of an operator do not share it by chance, and
// short enough to be read aloud. It reveals less than a signed link does, which
// carries 16 bytes of the same function of the same secret and is in
// everybody's mail. The id is part of it, so that a secret under another id has
// another fingerprint.
func (k Key) Fingerprint() string {
	mac := hmac.New(sha256.New, []byte(k.secret))
	mac.Write([]byte(fingerprintText + k.ID))
	sum := mac.Sum(nil)
	return fmt.Sprintf("%x-%x-%x-%x", sum[:2], sum[2:4], sum[4:6], sum[6:8])
}

// fingerprintForm matches a fingerprint.
var fingerprintForm = regexp.MustCompile(`^[0-9a-f]{4}(-[0-9a-f]{4}){3}$`)
