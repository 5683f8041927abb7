package signed

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/core/outcome"
)

// linkVector is one entry of spec/links-vectors.json, which says what it means.
type linkVector struct {
	Name    string            `json:"name"`
	Comment string            `json:"comment"`
	From    string            `json:"from"`
	Host    string            `json:"host"`
	Path    string            `json:"path"`
	Keys    map[string]string `json:"keys"`
	Listed  []string          `json:"listed"`
	Now     time.Time         `json:"now"`
	Link    *linkFields       `json:"link"`
	Expect  outcome.Code      `json:"expect"`
}

type linkFields struct {
	KeyID       string `json:"key_id"`
	Expiry      int64  `json:"expiry"`
	ID          string `json:"id"`
	Destination string `json:"destination"`
	Pixel       bool   `json:"pixel"`
}

func (v *linkVector) link() Link {
	f := v.Link
	return Link{Host: v.Host, KeyID: f.KeyID, Expiry: f.Expiry, ID: f.ID, Destination: f.Destination, Pixel: f.Pixel}
}

// secret is that of the link's key, or of the key that would sign it if its key
// id were right.
func (v *linkVector) secret() []byte {
	if s, ok := v.Keys[v.Link.KeyID]; ok {
		return []byte(s)
	}
	return []byte(v.Keys["k1"])
}

// loadLinkVectors fails where there is nothing to test.
func loadLinkVectors(t testing.TB) []linkVector {
	t.Helper()
	raw, err := os.ReadFile("../spec/links-vectors.json")
	require.NoError(t, err)
	var file struct {
		About   []string     `json:"about"`
		Vectors []linkVector `json:"vectors"`
	}
	in := json.NewDecoder(strings.NewReader(string(raw)))
	in.DisallowUnknownFields()
	require.NoError(t, in.Decode(&file))
	require.NotEmpty(t, file.Vectors)
	return file.Vectors
}

func linkVectorsByName(t testing.TB) map[string]linkVector {
	t.Helper()
	byName := map[string]linkVector{}
	for _, v := range loadLinkVectors(t) {
		require.NotContains(t, byName, v.Name)
		byName[v.Name] = v
	}
	return byName
}

// linkRing is a keyring of fixed secrets.
type linkRing map[string]string

func (r linkRing) Secret(kid string) ([]byte, error) {
	s, ok := r[kid]
	if !ok {
		return nil, errors.New("no such secret")
	}
	return []byte(s), nil
}

// linkTag is the specification's tag, with HMAC from its definition (RFC 2104)
// and not from the package that Verify uses.
func linkTag(secret, signed string) string {
	if len(secret) > sha256.BlockSize {
		sum := sha256.Sum256([]byte(secret))
		secret = string(sum[:])
	}
	var inner, outer [sha256.BlockSize]byte
	copy(inner[:], secret)
	copy(outer[:], secret)
	for i := range inner {
		inner[i] ^= 0x36
		outer[i] ^= 0x5c
	}
	sum := sha256.Sum256(append(inner[:], signed...))
	sum = sha256.Sum256(append(outer[:], sum[:]...))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

func TestLinkVectors(t *testing.T) {
	for _, v := range loadLinkVectors(t) {
		t.Run(v.Name, func(t *testing.T) {
			got, code := Verify(v.Host, v.Path, v.Listed, linkRing(v.Keys), v.Now)
			require.Equal(t, v.Expect, code, v.Comment)
			if code != outcome.OK {
				require.Empty(t, got.Destination)
				require.GreaterOrEqual(t, code.Notice().Status, 400)
				return
			}
			require.Equal(t, v.link(), got)
			looked, code := Inspect(v.Host, v.Path)
			require.Equal(t, outcome.OK, code)
			require.Equal(t, got, looked)
		})
	}
}

func TestMintVectors(t *testing.T) {
	for _, v := range loadLinkVectors(t) {
		if v.Link == nil {
			continue
		}
		t.Run(v.Name, func(t *testing.T) {
			got, err := Mint(v.link(), v.secret())
			if v.Expect == outcome.OK {
				require.NoError(t, err)
				require.Equal(t, "https://"+v.Host+v.Path, got)
				return
			}
			var why *LinkError
			require.ErrorAs(t, err, &why)
			require.Equal(t, v.Expect, why.Code)
			require.Empty(t, got)
		})
	}
}

// A vector that is wrong in a second thing would pass for the wrong reason.
func TestLinkVectorsAreWrongInOneThing(t *testing.T) {
	byName := linkVectorsByName(t)
	for _, v := range byName {
		t.Run(v.Name, func(t *testing.T) {
			require.NotEmpty(t, v.Comment)
			if v.Expect == outcome.OK {
				require.NotNil(t, v.Link)
				require.Empty(t, v.From)
				return
			}
			from, ok := byName[v.From]
			require.True(t, ok, "from %q", v.From)
			require.Equal(t, outcome.OK, from.Expect)
			require.Equal(t, 1, linkDifferences(v, from))
		})
	}
}

// linkDifferences counts what differs. A tag that follows another secret is no
// second thing.
func linkDifferences(a, b linkVector) int {
	differ := []bool{
		a.Host != b.Host,
		!maps.Equal(a.Keys, b.Keys),
		!slices.Equal(a.Listed, b.Listed),
		!a.Now.Equal(b.Now),
	}
	n := 0
	for _, d := range differ {
		if d {
			n++
		}
	}
	if a.Path != b.Path && (n == 0 || len(a.Path) != len(b.Path) || a.Path[:len(a.Path)-tagText] != b.Path[:len(b.Path)-tagText]) {
		n++
	}
	return n
}

// Where the fault is not in the tag, a verifier that overlooks it must find the
// tag right.
func TestLinkVectorsAreSignedAsTheyStand(t *testing.T) {
	about := []string{"tag-", "cut-", "pixel-cut-", "then-", "pixel-then-", "no-dot"} // the tag itself is wrong in these, or gone
	byName, signed := linkVectorsByName(t), 0
	for _, v := range byName {
		aboutTag := slices.ContainsFunc(about, func(p string) bool { return strings.HasPrefix(v.Name, p) })
		if v.Expect == outcome.BadTag || v.Expect != outcome.OK && aboutTag || v.Name == "secret-missing" {
			continue
		}
		dot := strings.LastIndexByte(v.Path, '.')
		secret, ok := v.Keys[strings.SplitN(v.Path[len(LinkPrefix):], ".", 2)[0]]
		if !ok {
			secret = v.Keys[byName[v.From].Link.KeyID]
		}
		require.Equal(t, linkTag(secret, "https://"+v.Host+v.Path[:dot]), v.Path[dot+1:], v.Name)
		signed++
	}
	require.Greater(t, signed, 100)
}

// wrong_host is the one code that a request cannot bring about: the host is
// found among the sites first.
func TestLinkVectorsCoverEveryCode(t *testing.T) {
	seen := map[outcome.Code]int{}
	for _, v := range loadLinkVectors(t) {
		seen[v.Expect]++
	}
	for _, code := range []outcome.Code{outcome.OK, outcome.TooLong, outcome.Malformed, outcome.BadKeyID, outcome.BadExpiry, outcome.BadID, outcome.BadEncoding, outcome.UnknownKey, outcome.KeyUnavailable, outcome.BadTag, outcome.BadDestination, outcome.Expired} {
		require.NotZero(t, seen[code], code)
		delete(seen, code)
	}
	require.Empty(t, seen)
}

const linkTestSecret = "0123456789abcdef0123456789abcdef"

var linkTestNow = time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)

// signLink signs any path as it stands, up to its end.
func signLink(host, path string) string {
	return path + "." + linkTag(linkTestSecret, "https://"+host+path)
}

func verifyLink(host, path string) (Link, outcome.Code) {
	return Verify(host, path, []string{"k1"}, linkRing{"k1": linkTestSecret}, linkTestNow)
}

// Paths that no site would take for a link of its own: Verify must not either.
func TestVerifyRefusesOtherPaths(t *testing.T) {
	const rest = "k1.uaHR0cHM6Ly93d3cuZXhhbXBsZS5jb20v"
	for _, prefix := range []string{"", "/", "/t/", "/to", "to/", "//to/", "/./to/", "/TO/", "/To/", "/pX/", "/%74o/", "/to%2F", "/a/to/", "https://link.example.com/to/", "\x00/to/", " /to/"} {
		_, code := verifyLink("link.example.com", signLink("link.example.com", prefix+rest))
		require.Equal(t, outcome.Malformed, code, "%q", prefix)
	}
	for _, path := range []string{"", ".", "/", "/to", "/to/", "/to/.", "/px/", "/px/.", "/to/..", "/to/...", "...."} {
		_, code := verifyLink("link.example.com", path)
		require.Equal(t, outcome.Malformed, code, "%q", path)
	}
}

func TestVerifyRefusesHosts(t *testing.T) {
	const path = "/to/k1.uaHR0cHM6Ly93d3cuZXhhbXBsZS5jb20v"
	for _, host := range []string{"", "LINK.example.com", "link.example.com.", "link.example.com:443", "localhost", "192.0.2.1", "[::1]", "a@link.example.com", "link.example.com/to", "link .example.com", "línk.example.com"} {
		got, code := verifyLink(host, signLink(host, path))
		require.Equal(t, outcome.WrongHost, code, "%q", host)
		require.Equal(t, Link{Host: host}, got)
		_, err := Mint(Link{Host: host, KeyID: "k1", Destination: "https://www.example.com/"}, []byte(linkTestSecret))
		var why *LinkError
		require.ErrorAs(t, err, &why)
		require.Equal(t, outcome.WrongHost, why.Code)
	}
}

// Each byte of a link, exchanged for any other, left out, or with any other put
// before it, is another text, and no other text verifies.
func TestEveryByteOfALinkCounts(t *testing.T) {
	for _, fields := range []string{"/to/k1.ezzzzzz.iMTIzNDU.uaHR0cHM6Ly93d3cuZXhhbXBsZS5jb20v", "/px/k1.ezzzzzz.iMTIzNDU"} {
		path := signLink("link.example.com", fields)
		_, code := verifyLink("link.example.com", path)
		require.Equal(t, outcome.OK, code)
		refused := func(altered string) {
			if got, code := verifyLink("link.example.com", altered); code == outcome.OK || got != (Link{Host: "link.example.com"}) {
				t.Fatalf("%q: %s, %v", altered, code, got)
			}
		}
		for i := range len(path) {
			refused(path[:i])
			refused(path[:i] + path[i+1:])
			for c := range 256 {
				refused(path[:i] + string([]byte{byte(c)}) + path[i:])
				if path[i] != byte(c) {
					refused(path[:i] + string([]byte{byte(c)}) + path[i+1:])
				}
			}
		}
		for c := range 256 {
			refused(path + string([]byte{byte(c)}))
		}
	}
}

// The same, each time signed anew: what is refused is the form and not the tag.
func TestEveryByteOfAFieldIsChecked(t *testing.T) {
	const path = "/to/k1.ehuk80.iMTIzNDU.uaHR0cHM6Ly93d3cuZXhhbXBsZS5jb20v"
	ring, now := linkRing{}, linkTestNow
	accepted := 0
	for i := range len(path) {
		for c := range 256 {
			altered := signLink("link.example.com", path[:i]+string([]byte{byte(c)})+path[i+1:])
			kid, _, _ := strings.Cut(altered[len(LinkPrefix):], ".")
			ring[kid] = linkTestSecret
			got, code := Verify("link.example.com", altered, []string{kid}, ring, now)
			if code != outcome.OK {
				continue
			}
			accepted++
			url, err := Mint(got, []byte(linkTestSecret))
			require.NoError(t, err)
			require.Equal(t, "https://link.example.com"+altered, url)
		}
	}
	require.Greater(t, accepted, len(path)) // each byte as it was, and digits, ids and destinations that are other ones
}

func TestVerifyOrder(t *testing.T) {
	all := "/to/K1.e0.i=.u=" // wrong in every field
	steps := []struct {
		path   string
		listed []string
		ring   Keyring
		want   outcome.Code
	}{
		{all + strings.Repeat("=", contract.MaxTarget), nil, nil, outcome.TooLong},
		{"/to/K1.i=.e0.u=.=", nil, nil, outcome.Malformed},
		{all + ".=", nil, nil, outcome.BadKeyID},
		{"/to/k1.e0.i=.u=.=", nil, nil, outcome.BadExpiry},
		{"/to/k1.e1.i=.u=.=", nil, nil, outcome.BadID},
		{"/to/k1.e1.iMTIz.u=.=", nil, nil, outcome.BadEncoding},
		{"/to/k1.e1.iMTIz.uYQ.AAAAAAAAAAAAAAAAAAAAAA", nil, nil, outcome.UnknownKey},
		{"/to/k1.e1.iMTIz.uYQ.AAAAAAAAAAAAAAAAAAAAAA", []string{"k1"}, nil, outcome.KeyUnavailable},
		{"/to/k1.e1.iMTIz.uYQ.AAAAAAAAAAAAAAAAAAAAAA", []string{"k1"}, linkRing{"k1": linkTestSecret}, outcome.BadTag},
		{signLink("link.example.com", "/to/k1.e1.iMTIz.uYQ"), []string{"k1"}, linkRing{"k1": linkTestSecret}, outcome.BadDestination},
		{signLink("link.example.com", "/to/k1.e1.iMTIz.uaHR0cHM6Ly9hLmV4YW1wbGUv"), []string{"k1"}, linkRing{"k1": linkTestSecret}, outcome.Expired},
	}
	for _, s := range steps {
		_, code := Verify("link.example.com", s.path, s.listed, s.ring, linkTestNow)
		require.Equal(t, s.want, code, "%.60s", s.path)
	}
}

// What Verify returns is signed in all that it holds.
func TestVerifyReturnsNothingUnsigned(t *testing.T) {
	const host, fields = "link.example.com", "/to/k1.e1.iMTIz.uaHR0cHM6Ly9hLmV4YW1wbGUv"
	got, code := verifyLink(host, fields+".AAAAAAAAAAAAAAAAAAAAAA")
	require.Equal(t, outcome.BadTag, code)
	require.Equal(t, Link{Host: host}, got)

	got, code = verifyLink(host, signLink(host, fields))
	require.Equal(t, outcome.Expired, code)
	require.Equal(t, Link{Host: host, KeyID: "k1", Expiry: 1, ID: "MTIz"}, got)

	got, code = Inspect(host, fields+".AAAAAAAAAAAAAAAAAAAAAA")
	require.Equal(t, outcome.OK, code)
	require.Equal(t, Link{Host: host, KeyID: "k1", Expiry: 1, ID: "MTIz", Destination: "https://a.example/"}, got)

	got, code = Inspect(host, fields+".AAAA")
	require.Equal(t, outcome.BadEncoding, code)
	require.Equal(t, Link{Host: host}, got)
}

type linkBrokenRing struct{ secret []byte }

// Secret hands out a secret beside its error: the error decides.
func (r linkBrokenRing) Secret(string) ([]byte, error) {
	return r.secret, errors.New("cannot open " + string(r.secret))
}

func TestVerifyWithoutASecret(t *testing.T) {
	path := signLink("link.example.com", "/to/k1.uaHR0cHM6Ly9hLmV4YW1wbGUv")
	for name, ring := range map[string]Keyring{
		"no ring":           nil,
		"no such secret":    linkRing{},
		"secret with error": linkBrokenRing{[]byte(linkTestSecret)},
		"short":             linkRing{"k1": linkTestSecret[:MinSecret-1]},
	} {
		got, code := Verify("link.example.com", path, []string{"k1"}, ring, linkTestNow)
		require.Equal(t, outcome.KeyUnavailable, code, name)
		require.Equal(t, Link{Host: "link.example.com"}, got, name)
	}
}

func TestVerifyTime(t *testing.T) {
	const minute = 29979360
	path := signLink("link.example.com", "/to/k1.ehuk80.uaHR0cHM6Ly9hLmV4YW1wbGUv")
	for name, c := range map[string]struct {
		now  time.Time
		want outcome.Code
	}{
		"a nanosecond before": {time.Unix(minute*60, -1), outcome.OK},
		"the first second":    {time.Unix(minute*60, 0), outcome.Expired},
		"the same minute":     {time.Unix(minute*60+59, 0), outcome.Expired},
		"another zone":        {time.Unix(minute*60, 0).In(time.FixedZone("", -12*3600)), outcome.Expired},
		"1970":                {time.Unix(0, 0), outcome.OK},
		"the far future":      {time.Unix(1<<40, 0), outcome.Expired},
		"no clock":            {time.Time{}, outcome.Expired},
	} {
		_, code := Verify("link.example.com", path, []string{"k1"}, linkRing{"k1": linkTestSecret}, c.now)
		require.Equal(t, c.want, code, name)
	}
}

func TestMintRefuses(t *testing.T) {
	good := Link{Host: "link.example.com", KeyID: "k1", Destination: "https://www.example.com/"}
	pixel := Link{Host: "link.example.com", KeyID: "k1", ID: "MTIz", Pixel: true}
	with := func(l Link, change func(*Link)) Link { change(&l); return l }
	for name, c := range map[string]struct {
		link   Link
		secret string
		code   outcome.Code
		text   string
	}{
		"host":              {with(good, func(l *Link) { l.Host = "Link.example.com" }), linkTestSecret, outcome.WrongHost, `link: wrong_host: host "Link.example.com" is not a host name in lower case without port`},
		"key id":            {with(good, func(l *Link) { l.KeyID = "k.1" }), linkTestSecret, outcome.BadKeyID, `link: bad_key_id: key id "k.1" is not 1 to 8 of a-z 0-9`},
		"expiry":            {with(good, func(l *Link) { l.Expiry = MaxExpiry + 1 }), linkTestSecret, outcome.BadExpiry, `link: bad_expiry: expiry 2176782336 is not 1 to 2176782335 minutes, or 0 for none`},
		"id":                {with(good, func(l *Link) { l.ID = "a b" }), linkTestSecret, outcome.BadID, `link: bad_id: id "a b" is not the base64url of 1 to 64 bytes`},
		"id with a field":   {with(good, func(l *Link) { l.ID = "AAAA.uAAAA" }), linkTestSecret, outcome.BadID, `link: bad_id: id "AAAA.uAAAA" is not the base64url of 1 to 64 bytes`},
		"no destination":    {with(good, func(l *Link) { l.Destination = "" }), linkTestSecret, outcome.BadDestination, `link: bad_destination: destination "" is not an absolute URL that every browser reads the same way`},
		"long destination":  {with(good, func(l *Link) { l.Destination += strings.Repeat("a", 7000) }), linkTestSecret, outcome.TooLong, `link: too_long: its path is over 8192 bytes: shorten the destination`},
		"pixel, no id":      {with(pixel, func(l *Link) { l.ID = "" }), linkTestSecret, outcome.Malformed, `link: malformed: a pixel needs an id`},
		"pixel, leads away": {with(pixel, func(l *Link) { l.Destination = "a" }), linkTestSecret, outcome.Malformed, `link: malformed: a pixel has no destination: leave "a" out`},
		"short secret":      {good, "hush", outcome.KeyUnavailable, `link: key_unavailable: the secret of key id "k1" is under 32 bytes`},
	} {
		t.Run(name, func(t *testing.T) {
			dst := []byte("before")
			got, err := AppendMint(dst, c.link, []byte(c.secret))
			var why *LinkError
			require.ErrorAs(t, err, &why)
			require.Equal(t, c.code, why.Code)
			require.EqualError(t, err, c.text)
			require.Equal(t, "before", string(got))
		})
	}
}

func TestMintErrorIsShort(t *testing.T) {
	_, err := Mint(Link{Host: "link.example.com", KeyID: "k1", Destination: strings.Repeat("\n", 5000)}, []byte(linkTestSecret))
	require.Error(t, err)
	require.Less(t, len(err.Error()), 400)
}

func TestAppendMintAppends(t *testing.T) {
	l := Link{Host: "link.example.com", KeyID: "k1", Destination: "https://www.example.com/"}
	alone, err := Mint(l, []byte(linkTestSecret))
	require.NoError(t, err)
	after, err := AppendMint([]byte("href="), l, []byte(linkTestSecret))
	require.NoError(t, err)
	require.Equal(t, "href="+alone, string(after))
}

func TestEncodeID(t *testing.T) {
	for n := 1; n <= 64; n++ {
		id, err := EncodeID(make([]byte, n))
		require.NoError(t, err)
		require.True(t, isLinkID(id), n)
	}
	for _, n := range []int{0, 65, 66, 1000} {
		_, err := EncodeID(make([]byte, n))
		var why *LinkError
		require.ErrorAs(t, err, &why)
		require.Equal(t, outcome.BadID, why.Code)
	}
}

// What a click costs is the destination; minting costs HMAC-SHA256's own (two
// digests, two pads, what holds them, the sum).
func TestLinkAllocations(t *testing.T) {
	l := Link{Host: "link.example.com", KeyID: "k1", ID: "MTIzNDU", Expiry: 29979360, Destination: "https://www.example.com/"}
	url, err := Mint(l, []byte(linkTestSecret))
	require.NoError(t, err)
	path := strings.TrimPrefix(url, "https://link.example.com")
	forged, damaged := path[:len(path)-tagText]+"AAAAAAAAAAAAAAAAAAAAAA", path[:len(path)-1]
	keys, ring, buf := []string{"k2", "k1"}, Keyring(linkFixedRing(linkTestSecret)), make([]byte, 0, 512)
	secret := []byte(linkTestSecret)
	pin := func(want float64, what string, f func()) {
		t.Helper()
		require.Equal(t, want, testing.AllocsPerRun(100, f), what)
	}
	pin(1, "Verify", func() { Verify("link.example.com", path, keys, ring, linkTestNow) })
	pin(1, "Verify, bad tag", func() { Verify("link.example.com", forged, keys, ring, linkTestNow) })
	pin(0, "Verify, damaged", func() { Verify("link.example.com", damaged, keys, ring, linkTestNow) })
	pin(6, "AppendMint", func() { _, _ = AppendMint(buf, l, secret) })
}

// linkFixedRing gives the same bytes for every key id, without a copy.
type linkFixedRing []byte

func (r linkFixedRing) Secret(string) ([]byte, error) { return r, nil }

func BenchmarkVerify(b *testing.B) {
	l := Link{Host: "link.example.com", KeyID: "k1", ID: "MTIzNDU", Expiry: 29979360, Destination: "https://www.example.com/"}
	url, err := Mint(l, []byte(linkTestSecret))
	require.NoError(b, err)
	path := strings.TrimPrefix(url, "https://link.example.com")
	keys, ring := []string{"k1"}, Keyring(linkFixedRing(linkTestSecret))
	b.ReportAllocs()
	for b.Loop() {
		if _, code := Verify("link.example.com", path, keys, ring, linkTestNow); code != outcome.OK {
			b.Fatal(code)
		}
	}
}

func BenchmarkAppendMint(b *testing.B) {
	l := Link{Host: "link.example.com", KeyID: "k1", ID: "MTIzNDU", Expiry: 29979360, Destination: "https://www.example.com/"}
	buf, secret := make([]byte, 0, 512), []byte(linkTestSecret)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := AppendMint(buf, l, secret); err != nil {
			b.Fatal(err)
		}
	}
}
