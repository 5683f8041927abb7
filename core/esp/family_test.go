package esp

import (
	"encoding/base64"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/core/internal/linkstest"
)

func gradeOf(l *linkstest.Link) Grade {
	switch {
	case !l.Decodable:
		return Unread
	case l.Likely:
		return Likely
	}
	return Certain
}

func familyNamed(t testing.TB, name string) Family {
	t.Helper()
	for f, s := range familyNames {
		if s == name {
			return Family(f)
		}
	}
	t.Fatalf("no family is named %q", name)
	return FamilyCustom
}

func TestReadable(t *testing.T) {
	can := map[Family]bool{}
	for _, l := range linkstest.Load(t, "../testdata/links.json") {
		f := familyNamed(t, l.ESP)
		can[f] = can[f] || l.Decodable
	}
	for f := range familyNames {
		require.Equal(t, can[Family(f)], Family(f).Readable(), Family(f))
	}
	require.False(t, Family(99).Readable())
}

func TestLinksOfEveryESP(t *testing.T) {
	for _, l := range linkstest.Load(t, "../testdata/links.json") {
		t.Run(l.ESP+"/"+l.Kind, func(t *testing.T) {
			f := familyNamed(t, l.ESP)
			require.Equal(t, l.Kind, f.Kind(l.Path).String(), l.Path)
			dest, g := f.Destination(l.Path)
			require.Equal(t, gradeOf(&l), g, l.Path)
			require.Equal(t, l.Destination, dest)
			r := f.Read(l.Path)
			require.Equal(t, dest, r.Destination)
			require.Equal(t, g, r.Grade)
			require.Empty(t, r.Repaired)
		})
	}
}

func TestFamilyNames(t *testing.T) {
	for _, f := range Families() {
		require.NotEmpty(t, f.Forms(), "%s is not in shapes", f)
	}
	require.Empty(t, FamilyCustom.Forms())
	require.Equal(t, "customerio", FamilyCustomerIO.String())
	require.Equal(t, "unknown", Family(200).String())
	require.Equal(t, KindOther, Family(200).Kind("/ls/click"))
	_, g := Family(200).Destination("/ls/click")
	require.Equal(t, Unread, g)
	require.Equal(t, Gradings{}, Family(200).Gradings())
	require.Equal(t, Reading{}, Family(200).Read("/ls/click"))
}

func TestTooLongToRead(t *testing.T) {
	link := encoders[FamilyMailjet](t, "https://shop.example.com/")
	long := link + "?" + strings.Repeat("x", contract.MaxTarget-len(link)-1)
	dest, g := FamilyMailjet.Destination(long)
	require.Equal(t, Likely, g)
	require.Equal(t, "https://shop.example.com/", dest)
	_, g = FamilyMailjet.Destination(long + "x")
	require.Equal(t, Unread, g)
	r := FamilyMailjet.Read(long + "x")
	require.Equal(t, KindClick, r.Kind)
	require.Equal(t, "the link is too long", r.Doubt)
}

// TestFields pins what explain is told, and that nothing that names a person is
// passed off as harmless.
func TestFields(t *testing.T) {
	tests := []struct {
		family Family
		kind   string
		want   []Field
	}{
		{FamilyCustomerIO, "click", []Field{
			{"signature", "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", false},
			{"email_id", `"dgTESTAAAAAA"`, true},
			{"href", `"https://shop.example.com/a?b=1\u0026c=2"`, true},
			{"internal", `"e2ab0a00a235a335"`, true},
			{"link_id", "10", true},
		}},
		{FamilySES, "click", []Field{
			{"number", "1", false},
			{"message_id", testMessageID, true},
			{"signature", testSignature, false},
		}},
		{FamilySES, "open", []Field{{"message_id", testMessageID, true}}},
		{FamilySparkPost, "click", []Field{
			{"expiry", "70dbd880", false},
			{"click", "", false},
			{"destination", "https://shop.example.com/a?b=1&c=2", true},
			{"tenant", "spc", false},
			{"message_id", "00000000000000000000", true},
			{"recipient", "user@example.test", true},
			{"subaccount", "00000000", false},
		}},
		{FamilyMailgun, "click", []Field{
			{"d", "abc12", false},
			{"e", "1893456000", false},
			{"h", "00000000000000000000000000000000", true},
			{"i", "20260101.1%40mg.example.test", true},
			{"l", "https%3A%2F%2Fshop.example.com%2Fa%3Fb%3D1", true},
			{"r", "user%40example.test", true},
			{"v", "2", false},
		}},
		{FamilyMandrill, "click", []Field{
			{"u", "1234", true},
			{"v", "1", false},
			{"url", `"https:\/\/shop.example.com\/a?b=1"`, true},
			{"id", `"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"`, true},
			{"url_ids", `["bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"]`, true},
		}},
		{FamilyPostmark, "click", []Field{
			{"flags", "s", false},
			{"tail", "wmxJTyAN/Gc9Q/H5vxf8qJfE", true},
		}},
		{FamilyIterable, "click", []Field{
			{"_t", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", true},
			{"_m", "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", true},
			{"_e", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0-Pw", true},
		}},
	}
	links := linkstest.Load(t, "../testdata/links.json")
	for _, tt := range tests {
		t.Run(tt.family.String()+"/"+tt.kind, func(t *testing.T) {
			i := slices.IndexFunc(links, func(l linkstest.Link) bool { return l.ESP == tt.family.String() && l.Kind == tt.kind })
			require.GreaterOrEqual(t, i, 0)
			require.Equal(t, tt.want, tt.family.Read(links[i].Path).Fields)
		})
	}
}

// TestUnknownTag: a tag that is not known may be personal.
func TestUnknownTag(t *testing.T) {
	stream := append([]byte{0x60, 1, 0xab, 0x44, 10}, "http://a.b"...)
	link := "/f/a/EREREReREREREREREREREQ~~/AAAAAQA~/" + base64.RawURLEncoding.EncodeToString(stream)
	r := FamilySparkPost.Read(link)
	require.Equal(t, "http://a.b", r.Destination)
	require.Equal(t, []Field{{"tag_20", "ab", true}, {"destination", "http://a.b", true}}, r.Fields)
}

func TestRegion(t *testing.T) {
	tests := map[string]string{
		"0100": "us-east-1", "0101": "us-west-2", "0102": "eu-west-1", "0103": "sa-east-1",
		"0106": "ap-northeast-1", "0107": "eu-central-1", "0108": "ap-southeast-2", "0109": "ap-south-1",
		"010b": "eu-west-2", "010c": "ap-northeast-2", "010e": "ap-southeast-1", "010f": "us-east-2",
		"0104": "", "ffff": "",
	}
	for digits, want := range tests {
		id := digits + testMessageID[4:]
		require.Equal(t, want, FamilySES.Read("/CL0/https:%2F%2Fshop.example.com/1/"+id+"/"+testSignature).Region)
		require.Equal(t, want, FamilySES.Read("/I0/"+id+"/"+testSignature).Region)
	}
}

// TestReadingAllocates pins what a click may cost: the kind nothing, the
// destination its own text, and once more where something had to be repaired,
// or a scheme put before it or in lower case.
func TestReadingAllocates(t *testing.T) {
	for _, name := range []string{"links.json", "links-damaged.json"} {
		for _, l := range linkstest.Load(t, "../testdata/"+name) {
			f := familyNamed(t, l.ESP)
			require.Zero(t, testing.AllocsPerRun(20, func() { _ = f.Kind(l.Path) }), l.Path)
			most := 1.0
			if l.Repaired != "" || f == FamilyMailgun || strings.Contains(l.Note, "scheme upper-cased") {
				most = 2
			}
			got := testing.AllocsPerRun(20, func() { _, _ = f.Destination(l.Path) })
			require.LessOrEqual(t, got, most, "%s: %s", l.ESP, l.Note)
		}
	}
}
