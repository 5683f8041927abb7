package esp

import "strings"

// Mautic, listmonk and Postal are run by the sender. A link of theirs names a
// row of their database, so only they know where it leads. The forms are those
// of their public sources.

// Mautic's links name a redirect, its opens and unsubscribes a sent mail. Below
// /email/ there are pages for readers as well.
func mauticShape(i int) shape {
	switch i {
	case 0:
		return shape{"/r/", under, KindClick, asOpaque}
	case 1:
		return shape{"/redirect/", under, KindClick, asOpaque}
	case 2:
		return shape{"/email/unsubscribe/", under, KindUnsubscribe, asOpaque}
	case 3:
		return shape{"/email/dnc/", under, KindUnsubscribe, asOpaque}
	case 4:
		return shape{"/email/", image, KindOpen, asOpaque}
	}
	return shape{}
}

// A link of listmonk's names itself, the campaign and the subscriber. Below
// /subscription/ are forms by which one subscribes as well.
func listmonkShape(i int) shape {
	switch i {
	case 0:
		return shape{"/link/", under, KindClick, asOpaque}
	case 1:
		return shape{"/campaign/", image, KindOpen, asOpaque}
	case 2:
		return shape{"/subscription/form", whole, KindOther, asNothing}
	case 3:
		return shape{"/subscription/optin/", under, KindOther, asNothing}
	case 4:
		return shape{"/subscription/export/", under, KindOther, asNothing}
	case 5:
		return shape{"/subscription/wipe/", under, KindOther, asNothing}
	case 6:
		return shape{"/subscription/", under, KindUnsubscribe, asOpaque}
	}
	return shape{}
}

// A link of Postal's names a mail server and itself, each a word of letters,
// digits and hyphens.
func postalShape(i int) shape {
	switch i {
	case 0:
		return shape{"/img/", pair, KindOpen, asOpaque}
	case 1:
		return shape{"/", pair, KindClick, asOpaque}
	}
	return shape{}
}

// isImage reports whether a path ends as an image does.
func isImage(rest string) bool {
	path, _, _ := strings.Cut(rest, "?")
	return strings.HasSuffix(path, ".gif") || strings.HasSuffix(path, ".png")
}

// isPair reports whether a target goes on with two words, which have a slash
// between them. Postal ignores what follows.
func isPair(rest string) bool {
	first := wordLen(rest)
	return first > 0 && first < len(rest) && rest[first] == '/' && wordLen(rest[first+1:]) > 0
}

func wordLen(s string) int {
	i := 0
	for i < len(s) && (s[i] >= 'a' && s[i] <= 'z' || s[i] >= 'A' && s[i] <= 'Z' || s[i] >= '0' && s[i] <= '9' || s[i] == '-') {
		i++
	}
	return i
}
