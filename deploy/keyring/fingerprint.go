package keyring

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// fingerprintText precedes the key id in the text of a fingerprint. The text
// that a link's tag signs begins with "https://", so a fingerprint reveals no
// part of a tag.
const fingerprintText = "clickedge key fingerprint 1\n"

// fingerprintBytes is how much of the HMAC is shown: enough that two keys of an
// operator do not share it by chance, and short enough to be read aloud.
const fingerprintBytes = 8

// Fingerprint is a short hash of a secret under a key id, for two people to
// compare: the first 8 bytes of HMAC-SHA256(secret, "clickedge key fingerprint
// 1\n" + id), in hexadecimal, four groups of four:
//
//	3f2a-91bc-0d4e-77a1
//
// It reveals less than a signed link does, which carries 16 bytes of the same
// function of the same secret and is in everybody's mail. The id is part of it,
// so that a secret under another id has another fingerprint.
func Fingerprint(id, secret string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(fingerprintText + id))
	digits := hex.EncodeToString(mac.Sum(nil)[:fingerprintBytes])
	groups := make([]string, 0, len(digits)/4)
	for ; digits != ""; digits = digits[4:] {
		groups = append(groups, digits[:4])
	}
	return strings.Join(groups, "-")
}

// isFingerprint reports whether s has the form of one.
func isFingerprint(s string) bool {
	const form = "0000-0000-0000-0000"
	if len(s) != len(form) {
		return false
	}
	for i := range len(s) {
		switch {
		case form[i] == '-' && s[i] != '-':
			return false
		case form[i] == '0' && (s[i] < '0' || s[i] > '9') && (s[i] < 'a' || s[i] > 'f'):
			return false
		}
	}
	return true
}
