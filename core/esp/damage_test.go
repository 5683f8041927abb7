package esp

import (
	"fmt"
	"math/rand/v2"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/core/destination"
)

// The property that readings are held to: whatever becomes of a link on its
// way, it is read as what it was made of, or not read. Likely readings may be
// wrong where the URL stands last and something was lost: no such form shows
// its end.

// linkForm makes links of one form.
type linkForm struct {
	family Family
	name   string
	make   func(t testing.TB, dest string) string
	// clear: the URL stands in the link as text. Nobody but the ESP can see
	// there that a letter is missing.
	clear bool
	// open: nothing in the link shows where the URL ends.
	open bool
}

var linkForms = []linkForm{
	{family: FamilyCustomerIO, name: "signed", make: encoders[FamilyCustomerIO]},
	{family: FamilyCustomerIO, name: "unsigned", make: func(t testing.TB, dest string) string {
		link := encoders[FamilyCustomerIO](t, dest)
		return link[:strings.LastIndexByte(link, '/')] + "="
	}},
	{family: FamilySES, name: "own domain", make: encoders[FamilySES], clear: true},
	{family: FamilySES, name: "as SES escapes", make: func(_ testing.TB, dest string) string {
		return "/CL0/" + strings.NewReplacer("%3A", ":", "%3D", "=", "%2520", "%2520").Replace(url.QueryEscape(dest)) +
			"/1/" + testMessageID + "/4HgTtSiVTwr7rn4VkjrgITLQ2NvgXHB3Hq9c7WGCQEI=439"
	}, clear: true},
	{family: FamilySparkPost, name: "stream", make: encoders[FamilySparkPost]},
	{family: FamilySparkPost, name: "stream and target", make: func(t testing.TB, dest string) string {
		return encoders[FamilySparkPost](t, dest) + "?target=" + strings.ReplaceAll(url.QueryEscape(dest), "+", "%20")
	}, clear: true, open: true},
	{family: FamilySparkPost, name: "target", make: func(_ testing.TB, dest string) string {
		return "/f/a/EhISEhISEhISEhISEhISEg~~/AAAAARA~/CzBVep_E6Q4zWH2ix-wRNluApcrvFDleg6jN8hc8YYar0PUaP2SJrtP4HUJnjLHW-yBFao-02f4jSG2St9wBJg~~?target=" +
			strings.ReplaceAll(url.QueryEscape(dest), "+", "%20")
	}, clear: true, open: true},
	{family: FamilyMailgun, name: "zlib", make: encoders[FamilyMailgun]},
	{family: FamilyMandrill, name: "click", make: encoders[FamilyMandrill]},
	{family: FamilyMailjet, name: "lnk", make: encoders[FamilyMailjet], open: true},
	{family: FamilyPostmark, name: "three fields", make: encoders[FamilyPostmark], clear: true},
	{family: FamilyPostmark, name: "six fields", make: func(t testing.TB, dest string) string {
		link := strings.TrimSuffix(encoders[FamilyPostmark](t, dest), "/wmxJTyAN/Gc9Q/H5vxf8qJfE")
		return link + "/rRchaB/1D-azIcD/AQ/c885ae15-2460-36f5-112f-ef2ec4a5500b/1/cPolPvxag_"
	}, clear: true},
}

// damage is something that mail software, a gateway or a person does to a link.
type damage struct {
	name string
	do   func(r *rand.Rand, link string, f *linkForm) string
	// alone: with another damage on top nothing may be left that shows it.
	alone bool
	// cuts: something is gone from the end, or anywhere in the link.
	cuts bool
	// stray: a byte is added that a URL in clear text may have of its own.
	stray bool
}

var (
	escape  = regexp.MustCompile(`%[0-9A-Fa-f]{2}`)
	slashes = regexp.MustCompile(`/+`)
	soft    = regexp.MustCompile(`=[0-9A-F]{2}`)
)

func unescapeAll(link string, but string) string {
	return escape.ReplaceAllStringFunc(link, func(e string) string {
		if but != "" && strings.EqualFold(e, but) {
			return e
		}
		text, _ := url.PathUnescape(e)
		return text
	})
}

// asClient is what a client sends of a link: nothing from a raw "#" on.
func asClient(link string) string {
	before, _, _ := strings.Cut(link, "#")
	return before
}

// lossy returns where a letter may be lost for the property to hold: anywhere,
// or, where the URL stands in clear, behind it.
func lossy(r *rand.Rand, link string, f *linkForm) int {
	from := 1
	if f.clear {
		if from = strings.LastIndexByte(link, '%') + 3; from < 4 || from >= len(link) || f.open {
			return -1
		}
		if i := strings.IndexByte(link[from:], '/'); i >= 0 {
			from += i
		}
	}
	return from + r.IntN(len(link)-from)
}

// onlyPath reports whether a link's destination has escapes of its own and no
// query. Decoded but for its slashes, as Apache does with "AllowEncodedSlashes
// NoDecode", such a link looks like one of a destination without those escapes,
// and nothing shows it; to a server the two are the same path as a rule. A "?"
// shows it.
func onlyPath(link string) bool {
	return strings.Contains(link, "%25") && !strings.Contains(link, "%3F") && !strings.Contains(link, "%3f")
}

var damages = []damage{
	{name: "nothing", do: func(_ *rand.Rand, link string, _ *linkForm) string { return link }},
	{name: "cut", do: func(r *rand.Rand, link string, _ *linkForm) string { return link[:1+r.IntN(len(link)-1)] }, cuts: true},
	{name: "cut near the end", do: func(r *rand.Rand, link string, _ *linkForm) string {
		return link[:max(1, len(link)-1-r.IntN(12))]
	}, cuts: true},
	{name: "cut and an ellipsis", do: func(r *rand.Rand, link string, _ *linkForm) string {
		return link[:1+r.IntN(len(link)-1)] + [...]string{"...", "..", "%E2%80%A6"}[r.IntN(3)]
	}, cuts: true},
	{name: "letter lost", do: func(r *rand.Rand, link string, f *linkForm) string {
		if i := lossy(r, link, f); i >= 0 && i < len(link) {
			return link[:i] + link[i+1:]
		}
		return link
	}, cuts: true},
	{name: "letter changed, checksum", do: func(r *rand.Rand, link string, f *linkForm) string {
		if f.family != FamilyMailgun || len(link) < 4 {
			return link
		}
		i := 3 + r.IntN(len(link)-3)
		return link[:i] + string("ABCabc019-_"[r.IntN(11)]) + link[i+1:]
	}},
	{name: "sentence ends", do: func(r *rand.Rand, link string, _ *linkForm) string {
		return link + [...]string{".", ",", ")", "%29", ">", "\"", "'", "]", "!", "%2E", ").", "\u201d"}[r.IntN(12)]
	}},
	{name: "sentence goes on", do: func(r *rand.Rand, link string, _ *linkForm) string {
		return link + [...]string{" now", "%20now", "%20and%20more", "\u00a0x"}[r.IntN(4)]
	}},
	{name: "white space behind", do: func(r *rand.Rand, link string, _ *linkForm) string {
		return link + [...]string{" ", "%20", "%0A", "%0D%0A", "\u00a0"}[r.IntN(5)]
	}},
	{name: "white space inside", do: func(r *rand.Rand, link string, f *linkForm) string {
		i := 1 + r.IntN(len(link)-1)
		if f.family == FamilySES {
			return link // its URLs have spaces of their own
		}
		return link[:i] + [...]string{" ", "%0D%0A", "=%0D%0A", "%20", "\t"}[r.IntN(5)] + link[i:]
	}},
	{name: "parameters added", do: func(r *rand.Rand, link string, _ *linkForm) string {
		sep := "?"
		if strings.Contains(link, "?") {
			sep = "&"
		}
		return link + sep + [...]string{"utm_source=mail", "fbclid=Ab1", "gclid=x&_hsmi=2"}[r.IntN(3)]
	}},
	{name: "parameters added without a question mark", do: func(_ *rand.Rand, link string, _ *linkForm) string { return link + "&fbclid=x" }},
	{name: "decoded", do: func(_ *rand.Rand, link string, _ *linkForm) string { return asClient(unescapeAll(link, "")) }},
	{name: "decoded twice", do: func(_ *rand.Rand, link string, _ *linkForm) string {
		return asClient(unescapeAll(unescapeAll(link, ""), ""))
	}},
	{name: "slashes decoded", do: func(_ *rand.Rand, link string, _ *linkForm) string {
		return strings.NewReplacer("%2F", "/", "%2f", "/").Replace(link)
	}},
	{name: "decoded but for slashes", do: func(_ *rand.Rand, link string, _ *linkForm) string {
		if onlyPath(link) {
			return link
		}
		return asClient(unescapeAll(link, "%2F"))
	}, alone: true},
	{name: "decoded and slashes merged", do: func(_ *rand.Rand, link string, _ *linkForm) string {
		path, query, asked := strings.Cut(asClient(unescapeAll(link, "")), "?")
		path = slashes.ReplaceAllString(path, "/")
		if asked {
			path += "?" + query
		}
		return path
	}},
	{name: "decoded, then each segment encoded", do: func(_ *rand.Rand, link string, _ *linkForm) string {
		path, query, asked := strings.Cut(asClient(unescapeAll(link, "")), "?")
		segments := strings.Split(path, "/")
		for i, segment := range segments {
			segments[i] = strings.ReplaceAll(url.QueryEscape(segment), "+", "%20")
		}
		if path = strings.Join(segments, "/"); asked {
			path += "?" + query
		}
		return path
	}},
	{name: "encoded once more", do: func(_ *rand.Rand, link string, _ *linkForm) string { return strings.ReplaceAll(link, "%", "%25") }},
	{name: "encoded once more, all of it", do: func(_ *rand.Rand, link string, _ *linkForm) string {
		return strings.NewReplacer("%2F", "/", "%3F", "?").Replace(url.QueryEscape(link))
	}},
	{name: "first escape encoded once more", do: func(_ *rand.Rand, link string, _ *linkForm) string {
		if onlyPath(link) {
			return link
		}
		return strings.Replace(link, "%", "%25", 1)
	}, alone: true},
	{name: "equal sign of a soft line break", do: func(r *rand.Rand, link string, f *linkForm) string {
		i := 1 + r.IntN(len(link)-1)
		return link[:i] + "=" + link[i:]
	}, alone: true, stray: true},
	{name: "escapes in lower case", do: func(_ *rand.Rand, link string, _ *linkForm) string {
		return escape.ReplaceAllStringFunc(link, strings.ToLower)
	}},
	{name: "escapes in upper case", do: func(_ *rand.Rand, link string, _ *linkForm) string {
		return escape.ReplaceAllStringFunc(link, strings.ToUpper)
	}},
	{name: "lower-cased", do: func(_ *rand.Rand, link string, _ *linkForm) string { return strings.ToLower(link) }},
	{name: "upper-cased", do: func(_ *rand.Rand, link string, _ *linkForm) string { return strings.ToUpper(link) }},
	{name: "upper-cased behind the first field", do: func(_ *rand.Rand, link string, _ *linkForm) string {
		cut := strings.IndexByte(link[1:], '/') + 2
		return link[:cut] + strings.ToUpper(link[cut:])
	}},
	{name: "lower-cased behind the first field", do: func(_ *rand.Rand, link string, f *linkForm) string {
		if f.family == FamilySES {
			return link // what stands in front shows it
		}
		cut := strings.IndexByte(link[1:], '/') + 2
		return link[:cut] + strings.ToLower(link[cut:])
	}},
	{name: "quoted-printable", do: func(_ *rand.Rand, link string, _ *linkForm) string { return strings.ReplaceAll(link, "=", "=3D") }},
	{name: "quoted-printable decoded", do: func(_ *rand.Rand, link string, _ *linkForm) string {
		return soft.ReplaceAllStringFunc(link, func(e string) string {
			return string([]byte{HexDigit(e[1])<<4 | HexDigit(e[2])})
		})
	}},
	{name: "plus becomes a space", do: func(_ *rand.Rand, link string, _ *linkForm) string {
		return strings.NewReplacer("+", " ").Replace(link)
	}},
	{name: "space becomes plus", do: func(_ *rand.Rand, link string, _ *linkForm) string {
		return strings.NewReplacer("%20", "+", " ", "+").Replace(link)
	}},
	{name: "HTML", do: func(_ *rand.Rand, link string, _ *linkForm) string { return strings.ReplaceAll(link, "&", "&amp;") }},
	{name: "padding lost", do: func(_ *rand.Rand, link string, _ *linkForm) string { return strings.TrimRight(link, "=~") }, cuts: true},
	{name: "padding added", do: func(r *rand.Rand, link string, f *linkForm) string {
		if f.clear {
			return link
		}
		return link + [...]string{"=", "==", "%3D", "=3D", "%253D"}[r.IntN(5)]
	}},
	{name: "a segment more", do: func(_ *rand.Rand, link string, _ *linkForm) string { return link + "/x" }},
}

// destinationsToDamage are those of which something is easily lost, then
// made-up ones.
func destinationsToDamage(r *rand.Rand) string {
	fixed := [...]string{
		"https://shop.example.com", "https://shop.example.com/", "https://shop.example.com/cart", "https://shop.example.com/Sale/Summer/Shoes?utm_source=Mail",
		"https://shop.example.com/a%2Fb/c%2Fd?e=%252F", "https://shop.example.com/?q=a%20b&c=20off&d=3D", "https://shop.example.com/Forever%20Sale/",
		"http://old.example.com/x?next=https%3A%2F%2Fshop.example.com%2F%3Fy%3D1", "https://shop.example.com/a/b/C#top", "https://shop.example.com/1/2/3",
		"https://shop.example.com/caf%C3%A9?x=%2B1&y=1+2", "https://shop.example.com?x=1", "https://Shop.Example.com/A/B/C/D?e=f==", "HTTPS://shop.example.com/upper",
		"https://shop.example.com/Forever Sale/now", "https://shop.example.com:443/Sale/Summer/Shoes-2026?x=1", "https://shop.example.com:443", "https://shop.example.com/p/x=41y=20z",
	}
	if n := r.IntN(2 * len(fixed)); n < len(fixed) {
		return fixed[n]
	}
	var b strings.Builder
	b.WriteString([...]string{"https://", "https://", "http://"}[r.IntN(3)] + [...]string{"shop.example.com", "www.example.org", "a.b.example.net"}[r.IntN(3)])
	pieces := [...]string{"/", "/Sale", "/summer", "/AQ", "/12", "/x-1", "?a=b", "&c=D", "=", "%20", "%2F", "%2B", "+", ".", "~", "_", "!", "(1)", "Zz", "=41", "=3D", ";", ",", "@"}
	if r.IntN(8) > 0 {
		b.WriteByte('/')
		for range r.IntN(12) {
			b.WriteString(pieces[r.IntN(len(pieces))])
		}
	}
	return b.String()
}

// sameTarget reports whether a browser goes to the same place: an empty path is
// "/", and letter case means nothing in a scheme. Several slashes and nothing
// else, escaped or not, count as one: no mail leads there.
func sameTarget(a, b string) bool {
	return browserForm(a) == browserForm(b)
}

func browserForm(s string) string {
	s, _ = destination.Sendable(destination.LowerScheme(s))
	_, rest, _ := strings.Cut(s, "://")
	if host := strings.TrimRight(strings.NewReplacer("%2F", "/", "%2f", "/").Replace(rest), "/"); destination.IsHost(host) {
		return s[:len(s)-len(rest)] + host + "/"
	}
	return s
}

// hides reports whether nothing in a damaged link can show what became of it,
// so that a likely reading may be wrong.
func (f *linkForm) hides(dest, got, names string, cuts, stray bool) bool {
	switch {
	case f.open && cuts: // that the link is whole
		return true
	case !f.clear:
		// whether a stream that was cut behind its URL lost a letter of it
		return cuts && f.family == FamilySparkPost
	case stray: // a "=" that the URL may have of its own
		return true
	case cuts && strings.Contains(names, "quoted-printable decoded"): // that "=41" was not taken for an "A"
		return soft.MatchString(dest)
	}
	// a path of a few letters that joined the field behind it
	return cuts && f.family == FamilyPostmark && strings.HasPrefix(dest, got) && len(dest) <= len(got)+6
}

// checkDamage damages a link in up to two ways and holds the reading to the
// truth.
func checkDamage(t testing.TB, r *rand.Rand, f *linkForm, dest string, ways ...damage) (read bool) {
	link := f.make(t, dest)
	names, cuts, stray := "", false, false
	for _, w := range ways {
		if len(link) < 2 {
			return false
		}
		if w.stray && ambiguous.MatchString(dest) {
			continue // "?ab" with a "=" more is like "?a=b"
		}
		link, names, cuts = w.do(r, link, f), names+", "+w.name, cuts || w.cuts
		stray = stray || w.stray
	}
	if len(link) > contract.MaxTarget {
		return false
	}
	got, g := f.family.Destination(link)
	if g == Unread || sameTarget(dest, got) {
		return g != Unread
	}
	if _, ok := destination.Sendable(got); !ok {
		return false // goes nowhere
	}
	if g == Likely && f.hides(dest, got, names, cuts, stray) {
		return true
	}
	require.Fail(t, "read as something else", "%v, %s%s\nmade of %q\nread as %q, %v\n%s", f.family, f.name, names, dest, got, g, link)
	return false
}

func TestDamagedInEveryWay(t *testing.T) {
	const rounds = 40
	for i := range linkForms {
		f := &linkForms[i]
		t.Run(fmt.Sprintf("%v/%s", f.family, f.name), func(t *testing.T) {
			read, whole := 0, 0
			r := rand.New(rand.NewPCG(1, uint64(i)))
			for _, one := range damages {
				for range rounds {
					if checkDamage(t, r, f, destinationsToDamage(r), one) {
						read++
						if one.name == "nothing" {
							whole++
						}
					}
				}
				for _, two := range damages {
					if one.alone || two.alone {
						continue
					}
					for range rounds / 20 {
						checkDamage(t, r, f, destinationsToDamage(r), one, two)
					}
				}
			}
			want := rounds * 9 / 10
			if f.clear && f.family != FamilySES {
				want = rounds * 8 / 10 // nor are those with a space
			}
			require.Greater(t, whole, want, "undamaged links are read")
			require.Greater(t, read, rounds*3, "damage that does no harm is read around")
		})
	}
}

// FuzzDamage does the same to destinations that nobody thought of.
func FuzzDamage(f *testing.F) {
	for i, dest := range []string{
		"https://shop.example.com/Sale/Summer/Shoes?utm_source=Mail", "https://shop.example.com/cart", "https://shop.example.com",
		"https://shop.example.com/a%2Fb?c=%2520d+e", "HTTPS://shop.example.com/Forever Sale", "http://old.example.com/?x=41&y=3D",
	} {
		f.Add(dest, uint64(i), uint8(3*i), uint8(5*i))
	}
	f.Fuzz(func(t *testing.T, dest string, seed uint64, one, two uint8) {
		if to, ok := destination.Sendable(destination.LowerScheme(dest)); !ok || !isPlain(to) {
			t.Skip()
		}
		for i := range linkForms {
			r := rand.New(rand.NewPCG(seed, uint64(i)))
			first, then := damages[int(one)%len(damages)], damages[int(two)%len(damages)]
			if first.alone || then.alone {
				then = damages[0]
			}
			checkDamage(t, r, &linkForms[i], dest, first, then)
		}
	})
}
