package doctortest_test

import (
	"encoding/base64"
	"regexp"
	"strings"
)

// decoded reads every part of a target that is base64, cut ones included.
func decoded(target string) string {
	var b strings.Builder
	for _, part := range strings.FieldsFunc(target, func(r rune) bool { return strings.ContainsRune("/?&=.", r) }) {
		if raw, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(part, "~=%")); err == nil {
			b.Write(raw)
			b.WriteByte(' ')
		}
	}
	return b.String()
}

// sesZero is a message id of SES that is zeros but for its region.
var sesZero = regexp.MustCompile(`/01[0-9a-f]{2}0{12}-00000000-0000-4000-8000-0{12}-000000/`)
