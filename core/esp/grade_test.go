package esp

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The sentences of Gradings, as far as they name links that can be made here.
func TestGradings(t *testing.T) {
	const dest = "https://shop.example.com/a?b=1&c=2"
	for f := range familyNames {
		f := Family(f)
		says := f.Gradings()
		require.NotEqual(t, Gradings{}, says, f)
		require.Equal(t, f.Readable(), says.Certain+says.Likely != "", f)
		if encode := encoders[f]; encode != nil {
			_, g := f.Destination(encode(t, dest))
			want := map[Grade]string{Certain: says.Certain, Likely: says.Likely}[g]
			require.Regexp(t, "^(whole|those whose|all)", want, "%v: the first that is said of %v", f, g)
		}
	}
	for _, tt := range []struct {
		f     Family
		words string
		link  string
	}{
		{FamilySparkPost, "target=", linkForms[6].make(t, dest)},
		{FamilySES, "signature is cut", strings.TrimSuffix(encoders[FamilySES](t, dest), "AAAAAAAAAAAAAAAAAAAAAAAAA=452")},
		{FamilySES, "encoded twice", strings.ReplaceAll(encoders[FamilySES](t, dest), "%", "%25")},
		{FamilyPostmark, "bare host", encoders[FamilyPostmark](t, "https://shop.example.com")},
		{FamilyPostmark, "to http", encoders[FamilyPostmark](t, "http://shop.example.com/a")},
		{FamilyPostmark, "cut in their signature", strings.TrimSuffix(encoders[FamilyPostmark](t, dest), "8qJfE")},
		{FamilyPostmark, "escaped delimiter", encoders[FamilyPostmark](t, "https://shop.example.com/a%2Fb")},
		{FamilySES, "has not exactly one", encoders[FamilySES](t, "https://shop.example.com/?a&b=c")},
		{FamilySES, "quoted-printable", strings.ReplaceAll(linkForms[3].make(t, dest), "=", "=3D")},
		{FamilyPostmark, "encoded twice", strings.ReplaceAll(encoders[FamilyPostmark](t, dest), "%", "%25")},
		{FamilyMailjet, "stands last", encoders[FamilyMailjet](t, dest)},
	} {
		require.Contains(t, tt.f.Gradings().Likely, tt.words)
		_, g := tt.f.Destination(tt.link)
		require.Equal(t, Likely, g, "%s: %s", tt.words, tt.f.Read(tt.link).Doubt)
	}
	for _, tt := range []struct {
		f     Family
		words string
		link  string
	}{
		{FamilySES, "decoded", unescapeAll(encoders[FamilySES](t, dest), "")},
		{FamilyPostmark, "decoded", unescapeAll(encoders[FamilyPostmark](t, dest), "")},
		{FamilyPostmark, "cut before", strings.TrimSuffix(encoders[FamilyPostmark](t, dest), "/Gc9Q/H5vxf8qJfE")},
		{FamilyPostmark, "a space", encoders[FamilyPostmark](t, "https://shop.example.com/Forever Sale")},
		{FamilyMailgun, "lost part", encoders[FamilyMailgun](t, dest)[:60]},
	} {
		require.Contains(t, tt.f.Gradings().Unread, tt.words)
		_, g := tt.f.Destination(tt.link)
		require.Equal(t, Unread, g, tt.link)
	}
}
