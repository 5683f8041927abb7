package esp

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/core/destination"
	"github.com/clickedge/clickedge/core/internal/linkstest"
)

// Encoders that make a click link the way each ESP does, for round trips.

const (
	testMessageID = "010001a0a01d5872-5c963d3e-2a09-4018-8d07-d0f0737cf930-000000"
	testSignature = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=452"
)

var encoders = map[Family]func(t testing.TB, dest string) string{
	FamilyCustomerIO: func(t testing.TB, dest string) string {
		text, err := json.Marshal(map[string]any{"email_id": "dgTESTAAAAA=", "href": dest, "link_id": 10})
		require.NoError(t, err)
		return "/e/c/" + base64.RawURLEncoding.EncodeToString(text) + "/" + strings.Repeat("0123456789abcdef", 4)
	},
	FamilySES: func(_ testing.TB, dest string) string {
		return "/CL0/" + url.QueryEscape(strings.ReplaceAll(dest, " ", "%20")) + "/1/" + testMessageID + "/" + testSignature
	},
	FamilySparkPost: func(_ testing.TB, dest string) string {
		stream := []byte{0x46, 4, 0x70, 0xdb, 0xd8, 0x80, 0x3f, 0x84, byte(len(dest)), byte(len(dest) >> 8)}
		stream = append(stream, dest...)
		stream = append(stream, 0x57, 3, 's', 'p', 'c')
		return "/f/a/EREREREREREREREREREREQ~~/AAAAAQA~/" + base64.RawURLEncoding.EncodeToString(stream) + "~"
	},
	FamilyMailgun: func(t testing.TB, dest string) string {
		var b bytes.Buffer
		w := zlib.NewWriter(&b)
		_, err := w.Write([]byte("d=abc12&i=1%40mg.example.test&l=" + url.QueryEscape(dest) + "&r=user%40example.test&v=2"))
		require.NoError(t, err)
		require.NoError(t, w.Close())
		return "/c/" + base64.RawURLEncoding.EncodeToString(b.Bytes())
	},
	FamilyMandrill: func(t testing.TB, dest string) string {
		inner, err := json.Marshal(map[string]any{"u": 1234, "v": 1, "url": dest, "url_ids": []string{"b"}})
		require.NoError(t, err)
		outer, err := json.Marshal(map[string]any{"s": "A", "v": 1, "p": strings.ReplaceAll(string(inner), "/", `\/`)})
		require.NoError(t, err)
		return "/track/click/1234/" + string(hostOf([]byte(dest))) + "?p=" + base64.RawURLEncoding.EncodeToString(outer)
	},
	FamilyMailjet: func(_ testing.TB, dest string) string {
		return "/lnk/AAECAwQFBgc/6/AAAAAAAAAAAAAAAAAAAAAA/" + base64.RawURLEncoding.EncodeToString([]byte(dest))
	},
	FamilyPostmark: func(_ testing.TB, dest string) string {
		flag, rest := "/3s/", strings.TrimPrefix(dest, "https://")
		if strings.HasPrefix(dest, "http://") {
			flag, rest = "/3/", strings.TrimPrefix(dest, "http://")
		}
		return flag + strings.ReplaceAll(url.QueryEscape(rest), "+", "%20") + "/wmxJTyAN/Gc9Q/H5vxf8qJfE"
	},
}

// isPlain reports whether dest is a URL that every ESP would take: the encoders
// promise a round trip for these.
func isPlain(dest string) bool {
	_, ok := destination.Parse(dest)
	return ok && len(dest) < 2000
}

// wholeGrade is the grade of an undamaged link of these encoders.
func wholeGrade(f Family, dest string) Grade {
	_, bare, _ := strings.Cut(dest, "://")
	if host, port, ok := strings.Cut(bare, ":"); ok && port != "" && strings.Trim(port, "0123456789") == "" {
		bare = host
	}
	clear := f == FamilyPostmark || f == FamilySES
	switch {
	case f == FamilyMailjet,
		f == FamilyPostmark && (destination.IsHost(bare) || strings.HasPrefix(dest, "http:")),
		clear && ambiguous.MatchString(dest):
		return Likely
	}
	return Certain
}

// ambiguous finds what [isRegular] does: "=" or an escaped delimiter before the
// first "?", a parameter that has not one "=", or a
// fragment that has one.
var ambiguous = regexp.MustCompile(`^[^?#]*(=|%(2[3Ff]|3[Ff]|25[0-9A-Fa-f]{2}))` +
	`|^[^?#]*\?([^&#]*&)*([^&=#]*|[^&=#]*=[^&=#]*=[^&#]*)(&|#|$)` + `|#.*=`)

func TestEncodersRoundTrip(t *testing.T) {
	for _, dest := range []string{
		"https://shop.example.com",
		"https://shop.example.com/",
		"https://shop.example.com/a?b=1&c=2#d",
		"https://shop.example.com/%2Fa%252Fb?u=https%3A%2F%2Fb.example.com%2F%3Fx=3D",
		"http://old.example.com/x~y!$'()*,;:@[]{}|\"<>^`+",
		"https://shop.example.com/?q=" + strings.Repeat("x", 1500),
	} {
		for f, encode := range encoders {
			target := encode(t, dest)
			got, g := f.Destination(target)
			require.Equal(t, wholeGrade(f, dest), g, "%v %s: %s", f, target, f.Read(target).Doubt)
			require.Equal(t, dest, got, "%v", f)
			require.Equal(t, KindClick, f.Kind(target))
		}
	}
}

// TestCutLinks: a link that lost its end leads where the whole one leads, or
// nowhere. Mailjet's URL and SparkPost's target stand last and cannot be told
// from shorter ones.
func TestCutLinks(t *testing.T) {
	links := append(linkstest.Load(t, "../testdata/links.json"), linkstest.Load(t, "../testdata/links-damaged.json")...)
	for f, encode := range encoders {
		links = append(links, linkstest.Link{ESP: f.String(), Path: encode(t, "https://shop.example.com/Path/A?b=1&c=2")})
	}
	for _, l := range links {
		f := familyNamed(t, l.ESP)
		if f == FamilyMailjet || strings.Contains(l.Path, "target=") {
			continue
		}
		want, whole := f.Destination(l.Path)
		for n := range l.Path {
			got, g := f.Destination(l.Path[:n])
			if g != Unread && whole != Unread {
				require.Equal(t, want, got, l.Path[:n])
			}
		}
	}
}

// TestLetterCase: a link whose letters all changed case leads nowhere.
func TestLetterCase(t *testing.T) {
	const dest = "https://shop.example.com/Path/A?b=C&d=E"
	for f, encode := range encoders {
		target := encode(t, dest)
		cut := strings.IndexByte(target[1:], '/') + 1
		if f == FamilySES {
			cut = 0 // "/CL0/" shows it; nothing behind it must
		}
		for _, changed := range []string{
			strings.ToUpper(target), strings.ToLower(target),
			target[:cut] + strings.ToUpper(target[cut:]), target[:cut] + strings.ToLower(target[cut:]),
		} {
			_, g := f.Destination(changed)
			require.Equal(t, Unread, g, changed)
		}
	}
	sparkPost := "/f/a/EREREReREREREREREREREQ~~/AAAAARA~/CzBVep_E6Q4zWH2ix-wRNluApcrv?target=" + url.QueryEscape(dest)
	_, g := FamilySparkPost.Destination(sparkPost)
	require.Equal(t, Likely, g)
	_, g = FamilySparkPost.Destination(strings.ToLower(sparkPost))
	require.Equal(t, Unread, g)
}

// FuzzReadStable: reading twice says the same, Read agrees with Destination,
// and a destination that was read can be put into a link again and comes out of
// it.
func FuzzReadStable(f *testing.F) {
	for _, name := range []string{"links.json", "links-damaged.json"} {
		for _, l := range linkstest.Load(f, "../testdata/"+name) {
			f.Add(uint8(familyNamed(f, l.ESP)), l.Path)
		}
	}
	f.Fuzz(func(t *testing.T, family uint8, link string) {
		fam := Family(family)
		dest, g := fam.Destination(link)
		again, gAgain := fam.Destination(link)
		require.Equal(t, dest, again)
		require.Equal(t, g, gAgain)
		r := fam.Read(link)
		require.Equal(t, r, fam.Read(link))
		require.Equal(t, g, r.Grade)
		require.Equal(t, dest, r.Destination)
		require.Equal(t, fam.Kind(link), r.Kind)
		if g == Unread {
			require.Empty(t, dest)
			return
		}
		require.True(t, isWeb(dest), "%q", dest)
		require.LessOrEqual(t, len(link), contract.MaxTarget)
		if encode := encoders[fam]; encode != nil && isPlain(dest) {
			back, g := fam.Destination(encode(t, dest))
			require.Equal(t, wholeGrade(fam, dest), g, dest)
			require.Equal(t, dest, back)
		}
	})
}

// FuzzRoundTrip: whatever plain URL goes into a link comes out of it.
func FuzzRoundTrip(f *testing.F) {
	f.Add("https://shop.example.com/a?b=1&c=2")
	f.Add("http://old.example.com:80?=3D%2F%252F#%")
	f.Add("https://x.example/https%3A%2F%2Fy.example")
	f.Fuzz(func(t *testing.T, dest string) {
		if !isPlain(dest) {
			t.Skip()
		}
		for fam, encode := range encoders {
			got, g := fam.Destination(encode(t, dest))
			require.Equal(t, wholeGrade(fam, dest), g, "%v %q: %s", fam, dest, fam.Read(encode(t, dest)).Doubt)
			require.Equal(t, dest, got, "%v", fam)
		}
	})
}
