package output

import (
	"crypto/sha256"
	"encoding/base64"
	"strings"
)

// PageWithHashes puts into a page's content security policy what the page itself
// holds: for 'hash-style' and 'hash-script' the hash of its first <style> and its
// last <script>. The page must be whole: a hash is that of each byte.
func PageWithHashes(page string) string {
	_, style, _ := strings.Cut(page, "<style>")
	script := page[strings.LastIndex(page, "<script>")+1:]
	_, script, _ = strings.Cut(script, ">")
	style, _, _ = strings.Cut(style, "</style>")
	script, _, _ = strings.Cut(script, "</script>")
	return strings.NewReplacer("'hash-style'", PolicyHash(style), "'hash-script'", PolicyHash(script)).Replace(page)
}

// PolicyHash is the source expression by which a content security policy allows
// this text and no other (https://www.w3.org/TR/CSP3/#grammardef-hash-source).
func PolicyHash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}
