package signed

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core/base64url"
	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/core/destination"
	"github.com/clickedge/clickedge/core/outcome"
)

// linkOneRing has one secret, whatever the key id.
type linkOneRing string

func (r linkOneRing) Secret(string) ([]byte, error) { return []byte(r), nil }

// FuzzVerify: what verifies is minted again to the same bytes, has the form
// that spec/links.md gives as a regular expression, leads where every browser
// agrees, and verifies on no other host; what does not verify has no
// destination. Each path is tried as it is and with the tag that it would need,
// so that the fuzzer gets past the tag.
func FuzzVerify(f *testing.F) {
	form := linkRegexp(f)
	for _, v := range loadLinkVectors(f) {
		kid, _, _ := strings.Cut(v.Path[len(LinkPrefix):], ".")
		secret, ok := v.Keys[kid]
		if !ok {
			secret = linkTestSecret
		}
		f.Add(v.Host, v.Path, secret, v.Now.Unix())
		if end := strings.LastIndexByte(v.Path, '.'); end >= 0 {
			f.Add(v.Host, v.Path[:end], secret, v.Now.Unix())
		}
	}
	f.Fuzz(func(t *testing.T, host, path, secret string, now int64) {
		at := time.Unix(now, 0)
		checkLink(t, form, host, path, secret, at)
		checkLink(t, form, host, path+"."+linkTag(secret, "https://"+host+path), secret, at)
		if end := strings.LastIndexByte(path, '.'); end >= 0 {
			checkLink(t, form, host, path[:end]+"."+linkTag(secret, "https://"+host+path[:end]), secret, at)
		}
	})
}

func checkLink(t *testing.T, form *regexp.Regexp, host, path, secret string, now time.Time) {
	seen, structure := Inspect(host, path)
	if isLinkHost(host) && len(path) <= contract.MaxTarget {
		require.Equal(t, form.MatchString(path), structure == outcome.OK, "%q", path)
	}
	got, code := Verify(host, path, []string{seen.KeyID}, linkOneRing(secret), now)
	if structure != outcome.OK {
		require.Equal(t, structure, code)
	}
	if code != outcome.OK {
		require.Empty(t, got.Destination)
		return
	}
	require.Equal(t, seen, got)
	require.True(t, got.Expiry == 0 || now.Unix() < got.Expiry*60)
	_, leads := destination.Parse(got.Destination)
	require.True(t, leads || got.Pixel)
	again, err := Mint(got, []byte(secret))
	require.NoError(t, err)
	require.Equal(t, "https://"+host+path, again)
	_, code = Verify("x"+host, path, []string{seen.KeyID}, linkOneRing(secret), now)
	require.Contains(t, []outcome.Code{outcome.BadTag, outcome.WrongHost}, code)
	_, code = Verify(host, path, nil, linkOneRing(secret), now)
	require.Equal(t, outcome.UnknownKey, code)
	_, code = Verify(host, path, []string{seen.KeyID}, linkOneRing("another"+secret), now)
	require.Equal(t, outcome.BadTag, code)
}

// FuzzMint: what is minted verifies as what went in until it expires, and what
// Mint refuses does not verify either when somebody else mints it.
func FuzzMint(f *testing.F) {
	for _, v := range loadLinkVectors(f) {
		if v.Link != nil {
			l := v.link()
			f.Add(l.Host, l.KeyID, l.Expiry, l.ID, l.Destination, l.Pixel, string(v.secret()))
		}
	}
	f.Fuzz(func(t *testing.T, host, kid string, expiry int64, id, destination string, pixel bool, secret string) {
		l := Link{Host: host, KeyID: kid, Expiry: expiry, ID: id, Destination: destination, Pixel: pixel}
		before, after := time.Unix(expiry*60-1, 0), time.Unix(expiry*60, 0)
		url, err := Mint(l, []byte(secret))
		if err != nil {
			var why *LinkError
			require.True(t, errors.As(err, &why) && why.Code != outcome.OK)
			got, code := Verify(host, mintLinkUnchecked(l, secret), []string{kid}, linkOneRing(secret), time.Unix(1, 0))
			require.False(t, code == outcome.OK && got == l, "%v: refused by Mint, taken by Verify", err)
			return
		}
		path := strings.TrimPrefix(url, "https://"+host)
		got, code := Verify(host, path, []string{kid}, linkOneRing(secret), before)
		require.Equal(t, outcome.OK, code)
		require.Equal(t, l, got)
		require.Equal(t, path, mintLinkUnchecked(l, secret))
		if expiry != 0 {
			_, code = Verify(host, path, []string{kid}, linkOneRing(secret), after)
			require.Equal(t, outcome.Expired, code)
		}
	})
}

// mintLinkUnchecked is what a stranger's program does who reads the
// specification and checks nothing. It returns the path.
func mintLinkUnchecked(l Link, secret string) string {
	path := map[bool]string{false: LinkPrefix, true: PixelPrefix}[l.Pixel] + l.KeyID
	if l.Expiry != 0 {
		path += ".e" + strconv.FormatInt(l.Expiry, 36)
	}
	if l.ID != "" {
		path += ".i" + l.ID
	}
	if !l.Pixel || l.Destination != "" {
		path += ".u" + base64.RawURLEncoding.EncodeToString([]byte(l.Destination))
	}
	return path + "." + linkTag(secret, "https://"+l.Host+path)
}

// FuzzLinkText: the strict decoder takes what encoding/base64 makes, and
// nothing else.
func FuzzLinkText(f *testing.F) {
	for _, s := range []string{"", "A", "AA", "AB", "AAA", "AAB", "AAAA", "AA==", "AAA=", "A\nAAA", "AAAA\r\n", "-_-_", "+/+/", "MTIzNDU", "MTIzNDV"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		want, err := base64.RawURLEncoding.Strict().DecodeString(s)
		require.Equal(t, err == nil && !strings.ContainsAny(s, "\r\n"), base64url.Is(s))
		for _, room := range [][]byte{nil, make([]byte, len(s)*3/4), make([]byte, len(s)+9)} {
			got, ok := base64url.Decode(room, s)
			require.Equal(t, base64url.Is(s), ok)
			if ok {
				require.Equal(t, string(want), got)
			}
		}
		text := base64.RawURLEncoding.EncodeToString([]byte(s))
		require.True(t, base64url.Is(text))
		got, ok := base64url.Decode(nil, text)
		require.True(t, ok)
		require.Equal(t, s, got)
	})
}

// linkRegexp is the regular expression of spec/links.md.
func linkRegexp(t testing.TB) *regexp.Regexp {
	t.Helper()
	spec, err := os.ReadFile("../spec/links.md")
	require.NoError(t, err)
	blocks := linkFences(string(spec), "regexp")
	require.Len(t, blocks, 1)
	return regexp.MustCompile(strings.TrimSuffix(blocks[0], "\n"))
}

// FuzzLinkMAC: what is put together from two sums is HMAC-SHA256.
func FuzzLinkMAC(f *testing.F) {
	f.Add([]byte("0123456789abcdef0123456789abcdef"), "link.example.com", "/to/k1.uaHR0cA")
	f.Add([]byte(strings.Repeat("k", 64)), "a.example", "")
	f.Add([]byte(strings.Repeat("k", 65)), "", strings.Repeat("/long", 500))
	f.Fuzz(func(t *testing.T, secret []byte, host, signed string) {
		mac := hmac.New(sha256.New, secret)
		mac.Write([]byte("https://" + host + signed))
		sum := linkMAC(secret, host, signed, nil)
		require.Equal(t, mac.Sum(nil), sum[:])
		for _, lead := range []int{0, 64, 64 + len("https://"+host), 400} {
			raw := append(bytes.Repeat([]byte{'x'}, lead), signed...)
			whole := bytes.Clone(raw)
			require.Equal(t, sum, linkMAC(secret, host, signed, raw), "%d bytes in front", lead)
			require.Equal(t, whole, raw, "is put back")
		}
		for i := range tagBytes {
			other := sum
			require.True(t, sameTag(sum[:tagBytes], other[:tagBytes]))
			other[i] ^= 1 << (i % 8)
			require.False(t, sameTag(sum[:tagBytes], other[:tagBytes]))
		}
	})
}
