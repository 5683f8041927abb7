package signedlink

import "html"

// Snippet is the HTML by which a trap stands in a mail: people neither see it nor
// come to it with the keyboard, and screen readers pass it by. Mail programs
// drop style sheets, so each property is in the element.
func Snippet(url string) string {
	return `<a href="` + html.EscapeString(url) + `" aria-hidden="true" tabindex="-1" style="display:none;mso-hide:all;font-size:0;line-height:0;max-height:0;overflow:hidden"></a>`
}
