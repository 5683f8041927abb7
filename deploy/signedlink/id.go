package signedlink

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"unicode"
	"unicode/utf8"
)

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
